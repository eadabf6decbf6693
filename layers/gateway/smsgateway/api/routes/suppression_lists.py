"""Lists of numbers that are not to be texted, in and out: `GET /suppressions`, `POST /suppressions`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from smsgateway.api import spreadsheet
from smsgateway.api.schemas import resources, responses
from smsgateway.api.schemas.moments import moment
from smsgateway.api.schemas.parameters import Limit, Next, Since, moment_at, number_at
from smsgateway.api.schemas.requests import CLIENT_NAME
from smsgateway.api.schemas.suppression_bodies import StopEntry, StopList
from smsgateway.api.serving import cursors
from smsgateway.api.serving.context import api_key_of, client_of, new_router
from smsgateway.api.serving.gateway import gateway_of
from smsgateway.api.serving.problems import Problem, invalid
from smsgateway.api.suppression_rights import Whose, forbidden, named_by, no_room, problems_of, signatures_of, unknown
from smsgateway.api.suppression_view import Shown
from smsgateway.clock import Millis, sortable
from smsgateway.store import listing
from smsgateway.store.numbers import Suppression, load_number
from smsgateway.store.stops import NumberFull
from smsgateway.store.stops_import import Entry, put_entries
from smsgateway.text import normalise_number, problem_with_number

NUMBERS = 100  # on a page, unless the client says otherwise
LATEST = 10**13 - 1  # milliseconds since the epoch in 13 digits, by which numbers are listed
CLOCKS_APART: Millis = 60_000  # that a client's clock may be ahead of ours

router = new_router()


def _both(described: dict[int, Any]) -> dict[int, Any]:
    """The responses of an operation that answers as CSV, too."""
    described[200]["content"][spreadsheet.CSV] = {"schema": {"type": "string"}}
    return described


@router.get(
    "/suppressions",
    summary="Numbers that are not to be texted",
    tags=["Suppressions"],
    operation_id="listSuppressions",
    responses=_both(
        responses.described({200: ("The oldest first", resources.ListOf[resources.SuppressionEntry])}, 403)
    ),
)
def list_view(
    number: Annotated[str | None, Query(max_length=64, description="of this number alone")] = None,
    owner: Annotated[
        str | None, Query(alias="client", pattern=CLIENT_NAME, description="about this client's marketing alone")
    ] = None,
    purpose: Annotated[Literal["marketing", "all"] | None, Query(description="of this purpose alone")] = None,
    since: Since = None,
    limit: Limit = NUMBERS,
    following: Next = None,
    form: Annotated[
        Literal["json", "csv"] | None, Query(alias="format", description="`csv`, as with `Accept: text/csv`")
    ] = None,
) -> Response[Any]:
    """Lists what stands against texts to numbers, the oldest first: a sender sees what is about its own marketing or
    everybody's, an administrator all. A number that is stopped again meanwhile comes at the end.

    `limit` counts numbers, each with all of its entries. The list is a moment old at most; that of one `number` is not.

    As CSV, the first page begins with a byte order mark and the names of the columns. The header `Link` leads to the
    next page, which goes on without them: all pages one after the other are the whole list.
    """
    gateway, client = gateway_of(router), client_of(router)
    if not client.administrator and owner not in (None, client.name):
        raise Problem(403, "a sender sees its own entries alone", [("client", "is another client's")])
    earliest = min(max(0, moment_at("since", since)), LATEST) if since is not None else 0
    shown = Shown(None if client.administrator else client.name, owner, purpose, earliest)
    one = number_at("number", number) if number is not None else ""
    of = cursors.list_of(api_key_of(router), "suppressions", one, owner or "", purpose or "", str(earliest))
    start = cursors.read(following, listing.BY_LIST_POSITION, of)
    if one:
        states, after = [load_number(gateway.table, one)], None
    else:
        first = sortable(earliest) if earliest else ""
        states, after = listing.limited_numbers(
            gateway.table, lambda state: bool(shown.entries(state)), first, limit, start
        )
    entries = [entry for state in states for entry in shown.entries(state)]
    cursor = cursors.written(after, of)
    if form == "csv" or (form is None and spreadsheet.CSV in (router.current_event.headers.get("accept") or "")):
        return _as_csv(entries, cursor, first=following is None)
    return Response(200, "application/json", {"items": entries, "next": cursor})


def _as_csv(entries: list[dict[str, Any]], cursor: str | None, *, first: bool) -> Response[Any]:
    given: dict[str, str] = dict(router.current_event.query_string_parameters or {})
    headers = {"Content-Disposition": 'attachment; filename="suppressions.csv"'}
    if cursor:
        query = urlencode({**given, "format": "csv", "next": cursor})
        headers["Link"] = f'<{router.context["base_url"]}/suppressions?{query}>; rel="next"'
    body = spreadsheet.written(entries, first=first)
    return Response(200, f"{spreadsheet.CSV}; charset=utf-8", body, headers=dict(headers))


@router.post(
    "/suppressions",
    summary="Stop texts to many numbers",
    tags=["Suppressions"],
    operation_id="importSuppressions",
    responses=responses.described({200: ("All of them hold from now on", resources.Imported)}, 400, 413, 503),
)
def import_view(body: Annotated[StopList, Body()]) -> dict[str, Any]:
    """Stops texts to many numbers, at most 10,000 entries at once: a sender its own marketing, an administrator any.

    As JSON, or with the header `Content-Type: text/csv` as CSV in UTF-8 (`text/csv; charset=gbk` for GBK) with a first
    row of column names: `number`, and any of `purpose`, `client`, `signature`, `reason`, `at`; the other columns of an
    export may stand there. In an error `items[0]` is the first row below the names; blank rows do not count.

    Every entry is checked before any is written, but for whether its number has room for another stop: where a 422 says
    that it has none, other entries may be written. Doing it again changes nothing: what stands already is counted as
    `already`. Should time run out (503), repeat the request.

    What an administrator imports may be about clients that there are no more, as an export has it, or signatures that
    a client has no more: `unknown_clients` counts such entries, among which a wrong name would be, too.
    """
    gateway, client = gateway_of(router), client_of(router)
    now = gateway.now()
    places = enumerate(forbidden(client, entry) for entry in body.items)
    if errors := [(f"items[{index}].{loc}", msg) for index, found in places for loc, msg in found]:
        raise Problem(403, "a sender may stop its own marketing alone", errors)
    about = [named_by(client, entry.client, entry.signature) for entry in body.items]
    signatures = signatures_of(gateway.table, client, {whose.client for whose in about} - {""})
    strangers = [client.administrator and unknown(whose, signatures) for whose in about]
    if errors := list(_problems(body, about, strangers, signatures, now)):
        raise invalid(errors)
    entries = [_entry(each, whose, now) for each, whose in zip(body.items, about, strict=True)]
    try:
        counts = put_entries(gateway.table, entries, now, gateway.time_is_over)
        return {**counts, "unknown_clients": sum(strangers)}
    except NumberFull as full:
        index = next(index for index, entry in enumerate(entries) if entry.stop is full.stop)
        loc, msg = no_room(full)
        raise invalid([(f"items[{index}].{loc}", msg)]) from None
    except TimeoutError:
        detail = "there was not time enough for all of it: repeat the request, and what was written counts as `already`"
        raise Problem(503, detail, headers={"Retry-After": "1"}) from None


def _problems(
    body: StopList,
    about: Sequence[Whose],
    strangers: Sequence[bool],
    signatures: Mapping[str, tuple[str, ...]],
    now: Millis,
) -> Iterator[tuple[str, str]]:
    """What is wrong with the entries of an import: places, each with what belongs there."""
    for index, (entry, whose, stranger) in enumerate(zip(body.items, about, strangers, strict=True)):
        if normalise_number(entry.number) is None:
            yield f"items[{index}].number", problem_with_number(entry.number)
        if entry.at is not None and moment(entry.at) > now + CLOCKS_APART:
            yield f"items[{index}].at", "is in the future"
        if stranger and entry.purpose == "marketing":
            continue
        for loc, msg in problems_of(entry, whose, signatures):
            yield f"items[{index}].{loc}", msg


def _entry(entry: StopEntry, whose: Whose, now: Millis) -> Entry:
    all_purposes = entry.purpose == "all"
    stop = Suppression(
        at=min(now, max(0, moment(entry.at))) if entry.at is not None else now,
        reason=entry.reason or "",
        source="import",
        reply_id=entry.reply_id or "",
        account=entry.account or "",
        client="" if all_purposes else whose.client,
        signature="" if all_purposes else whose.signature,
    )
    return Entry(normalise_number(entry.number) or "", stop, all_purposes)
