"""Single numbers that a vendor refuses while it takes the rest of a request."""

import pytest

from smsgateway.calling import encoding
from smsgateway.model import About, Accepted, Reason, Rejection, Status
from tests.doubles import invariants
from tests.doubles.world import accounts_document, begun, numbers

TAKEN, REJECTED = numbers(2)


@pytest.mark.parametrize(
    ("rejection", "alerts"),
    [
        (Rejection(REJECTED, Reason.INVALID_NUMBER, "2"), []),
        (Rejection(REJECTED, Reason.BALANCE_EXHAUSTED, "3", About.ACCOUNT), ["balance_low"]),
    ],
)
def test_one_for_the_accounts_sake_raises_the_accounts_alert(
    rejection: Rejection, alerts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN an account whose balance runs out within a request WHEN the answer says so of a number THEN the operator is
    told, and the number ends as rejected."""
    world, key = begun(accounts_document((("main", "infocloud", 0),)), 2)
    monkeypatch.setattr(encoding, "decode", lambda *_, **_options: Accepted(("id1",), (rejection,)))
    world.dispatch(key)
    assert [item["alert"] for item in world.items("account#main") if "alert" in item] == alerts
    assert invariants.statuses(world, key.message_id) == {TAKEN: Status.SUBMITTED, REJECTED: Status.REJECTED}
