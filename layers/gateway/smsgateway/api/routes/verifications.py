"""Verifications: `POST /verifications`, `GET` and `DELETE /verifications/{id}`, `POST /verifications/{id}/check`.

What they need is loaded with the first of them: a cold start of `send` for a message goes without.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, cast

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from smsgateway.accepting.post import Refusal
from smsgateway.api.schemas import responses
from smsgateway.api.schemas.requests import NewVerification, TypedCode
from smsgateway.api.serving.context import client_of, new_router
from smsgateway.api.serving.problems import refused

if TYPE_CHECKING:
    from smsgateway.verifying.verifier import Verifier

VerificationId = Annotated[str, Path(max_length=64, description="ver_ and 42 letters and digits")]

router = new_router()


@router.post(
    "/verifications",
    status_code=202,
    summary="Send a code",
    tags=["Verifications"],
    operation_id="startVerification",
    responses=responses.described(
        {202: ("The code is on its way, or was sent a moment ago", responses.Verification)},
        400, 409, 413, 429, 503,
        said={
            403: "The key is unknown, or its client may not do this; or, with `challenge_required`, the person must"
            " pass a challenge first",
            409: "Codes for this number are being asked for by other requests: repeat it after `Retry-After`",
            422: "The request is not valid, or the number cannot be sent to: `errors` has the places",
            429: "The number, a key (`cap`) or the client, in this hour of the clock, has had as many codes as it may,"
            " or there are too many requests: see `Retry-After`",
        },
    ),
)  # fmt: skip
def start_verification(wanted: Annotated[NewVerification, Body()]) -> Response[dict[str, Any]]:
    """Has a code sent to a number, as a message of the purpose `otp`, in a registered template.

    The same request may be repeated at any time. Until `resend_after` it gets the same answer, and nothing is sent
    twice. From then on the same code goes out again, through the next account of the route, and `resend_after` moves
    on: by a minute after the first message, then by two, four, and at most 15 minutes. When the code has expired, was
    approved or canceled, or five wrong codes were checked, the request begins anew.

    While a code lives, it stays as it began: a request with another `length` or `ttl` gets the same code, and
    `expires_at` stays. Other `params`, another `signature` or `reference` hold for the messages that are yet to be
    sent, not for those that were.

    Everything that holds for a message of this purpose holds here: the client's rights and daily segments, caps and
    suppressions of the number, signatures, routes. What refuses the message refuses the request, and everything is as
    it was before: no code begins, an earlier verification of the number can still be asked for, and a code that should
    go out again keeps its `resend_after`.

    While far fewer of a client's codes are typed in than the day before, and many more are asked for, somebody may be
    earning money with the texts. Then numbers that were never texted get a 403 with `challenge_required`: have the
    person pass a CAPTCHA, and repeat the request with `challenged`.
    """
    from smsgateway.verifying import start, view  # noqa: PLC0415  as said above
    from smsgateway.verifying.wanted import Wanted  # noqa: PLC0415

    body = Wanted(
        to=wanted.to,
        template=wanted.template,
        length=wanted.length,
        ttl=wanted.ttl,
        keys=wanted.keys.model_dump(exclude_none=True),
        params=wanted.params,
        signature=wanted.signature,
        reference=wanted.reference,
        challenged=wanted.challenged,
    )
    verifier = _verifier()
    begun = _answered(lambda: start.start(verifier, client_of(router), body))
    return Response(202, "application/json", view.view(begun, verifier.now()))


@router.post(
    "/verifications/<id>/check",
    summary="Check a code",
    tags=["Verifications"],
    operation_id="checkVerification",
    responses=responses.described(
        {200: ("What comes of the code", responses.Checked)},
        400, 404, 409, 413,
        said={409: "The code was approved before: no code is approved twice"},
    ),
)  # fmt: skip
def check_verification(id: VerificationId, body: Annotated[TypedCode, Body()]) -> dict[str, Any]:  # noqa: A002
    """Checks what somebody typed: `approved`, once; `wrong`, with how many codes may yet be checked; or why there is
    nothing to check any more: `expired`, `exhausted`, `canceled`.

    A check that got no answer may have approved the code: `GET /verifications/{id}` says so.
    """
    from smsgateway.verifying import check  # noqa: PLC0415

    return _answered(lambda: check.check(_verifier(), client_of(router), id, body.code))


@router.get(
    "/verifications/<id>",
    summary="What became of a verification",
    tags=["Verifications"],
    operation_id="getVerification",
    responses=responses.described({200: ("The verification", responses.Verification)}, 404),
)
def show_verification(id: VerificationId) -> dict[str, Any]:  # noqa: A002
    """Tells what became of a verification, until a day after its end, or until a newer one takes its place."""
    from smsgateway.verifying import check  # noqa: PLC0415

    return _answered(lambda: check.show(_verifier(), client_of(router), id))


@router.delete(
    "/verifications/<id>",
    summary="Cancel a verification",
    tags=["Verifications"],
    operation_id="cancelVerification",
    responses=responses.described(
        {200: ("The code counts no more", responses.Verification)}, 404, 409, said={409: "The code was approved"}
    ),
)
def cancel_verification(id: VerificationId) -> dict[str, Any]:  # noqa: A002
    """Has a code count no more. A message that is on its way is sent all the same. One that has expired stays so."""
    from smsgateway.verifying import check  # noqa: PLC0415

    return _answered(lambda: check.cancel(_verifier(), client_of(router), id))


def _verifier() -> "Verifier":
    """What the request's route works with."""
    return cast("Verifier", router.context["collaborators"])


def _answered[T](answer: Callable[[], T]) -> T:
    """The answer. Raises Problem where it is a refusal."""
    try:
        return answer()
    except Refusal as refusal:
        raise refused(refusal) from None
