"""A message that is known to be possible, for fewer recipients: some were set apart last of all, as they were counted.

Nothing is encoded anew: what an account can carry to all, it can carry to some.
"""

from dataclasses import replace

from smsgateway.accepting.acceptor import Routed
from smsgateway.accepting.contents import contents_of, kept_place
from smsgateway.accepting.recipients import check_somebody, landlines_of, set_apart, without
from smsgateway.model import Reason, SetApart


def without_apart(routed: Routed, apart: SetApart) -> Routed:
    """The message for those of its recipients who are not set apart. Raises Refusal when nobody is left."""
    draft = routed.draft
    post = draft.checked.post
    recipients = set_apart(draft.checked.recipients, apart, post)
    if routed.message.mobiles_only:
        recipients = without(recipients, landlines_of(recipients), Reason.LANDLINE, post)
    check_somebody(recipients, apart, draft.limits.now)
    payload, common = contents_of(post, draft.template, recipients)
    message = replace(
        routed.message,
        recipients=len(payload.numbers),
        content=common,
        signature_place=kept_place(draft.template, (common,) if common else payload.contents),
    )
    carriages = [replace(carriage, message=message, payload=payload) for carriage in routed.carriages]
    message = replace(message, segments=carriages[0].segments_of(payload))
    fewer = replace(draft, recipients=recipients, payload=payload, message=message, apart=apart)
    return replace(routed, draft=fewer, message=message, carriages=carriages)
