"""An opt-out from the phone to the next post: it acts at once, is shown and told, and can be undone."""

import time

from tests.e2e.conftest import PATIENCE, Gateway
from tests.local.events import Event

SALE = "大减价，拒收请回复R"


def opting(gateway: Gateway, type_: str, number: str) -> list[Event]:
    """The events of this kind about a number's marketing."""
    return gateway.tap.wait_for(
        lambda event: event["detail-type"] == type_ and event["detail"].get("number") == number, 1, PATIENCE
    )


def test_an_opt_out_acts_at_once_and_can_be_undone(gateway: Gateway) -> None:
    """GIVEN marketing WHEN its reader writes TD THEN it is listed and told, the next marketing is refused, and a
    password is not; WHEN it is lifted THEN marketing goes on."""
    number = gateway.number("9201")
    message_id = gateway.send(to=number, text=SALE, account="ly-1", purpose="marketing")
    reply = gateway.event("Message Received", message_id)[0]["detail"]
    told = opting(gateway, "Opted Out", number)[0]["detail"]

    (entry,) = gateway.api.get(f"/suppressions/{number}").body["entries"]
    (listed,) = gateway.api.get(f"/suppressions?number={number}").body["items"]
    refused = gateway.api.post("/messages", {"to": number, "text": SALE, "purpose": "marketing", "account": "ly-1"})
    password = gateway.api.post("/messages", {"to": number, "text": "验证码1234", "purpose": "otp", "account": "ly-1"})

    assert (reply["opt_out"], reply["text"]) == (True, "TD")
    assert told["reply_id"] == reply["inbound_id"] == entry["reply_id"]
    assert (told["purpose"], told["reason"], told["source"], told["account"]) == (
        *("marketing", "opt_out", "reply", "ly-1"),
    )
    assert entry == listed
    assert entry["client"] == told["client"] == "administrator"
    assert (refused.status, password.status) == (422, 202)

    lifted = gateway.api.delete(f"/suppressions/{number}?purpose=marketing&client=administrator")
    assert lifted.status == 204, lifted
    assert opting(gateway, "Opted In", number)[0]["detail"]["source"] == "api"
    assert gateway.api.get(f"/suppressions/{number}").status == 404


def test_lists_go_in_and_out_as_csv(gateway: Gateway) -> None:
    first, second = gateway.numbers(2)
    text = f"number,reason\r\n{first},旧名单\r\n{second},=1+1\r\n"

    answer = gateway.api.call("POST", "/suppressions", text.encode(), {"Content-Type": "text/csv"})
    assert (answer.status, answer.body) == (200, {"added": 2, "already": 0, "outdated": 0, "unknown_clients": 0})
    deadline = time.monotonic() + PATIENCE
    while True:
        exported = gateway.api.get("/suppressions?format=csv&limit=1000")
        assert exported.status == 200, exported
        if second in str(exported.body):
            break
        assert time.monotonic() < deadline
    assert f"{first},marketing,,,旧名单,import," in str(exported.body)
    assert f"{second},marketing,,,'=1+1,import," in str(exported.body)
