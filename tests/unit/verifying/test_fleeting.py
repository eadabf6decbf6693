"""The text of a verification: nothing of it is left once its sending has ended, whatever ended it, and it is sent."""

import base64
import json
from typing import Any

import pytest

from smsgateway.model import State
from smsgateway.publishing.stream import Publisher, publish
from smsgateway.store.messages import FLEETING
from smsgateway.store.submissions import load_submissions, read_submission
from smsgateway.store.transitions import NextAttempt, bury, mark, waiting
from tests.doubles.seam import Fault, Seam
from tests.doubles.vendors import behaviours
from tests.doubles.world import DISPATCH_TIME, MINUTE, VISIBILITY, accounts_document
from tests.unit.verifying.given import DOCUMENT, NUMBER, Verifying, verifying

ALIKE = accounts_document((("a", "hbsmservice", 0), ("b", "hbsmservice", 0)))


def everything(case: Verifying) -> str:
    """All that the table, the queues and the bus hold, as text; what is packed, unpacked."""
    world = case.world
    events = [str(event) for event in world.events()]
    return json.dumps(
        [list(world.db.items.values()), [each.body for each in world.queues.waiting], events], default=repr
    )


def assert_nothing_is_left(case: Verifying, id_: str) -> None:
    code, left = case.code(id_), everything(case)
    assert code not in left
    assert "验证码" not in left.replace("您的验证码是{code}", "")
    assert json.dumps("验证码")[1:-1] not in left.replace(json.dumps("您的验证码是{code}")[1:-1], "")
    assert base64.b64encode(code.encode()).decode().rstrip("=") not in left


def started(*script: str, document: str = DOCUMENT) -> tuple[Verifying, str]:
    case = verifying(*script, document=document)
    assert case.start()
    (id_,) = case.ids
    assert case.code(id_) in everything(case)  # so that the search finds it where it is
    return case, id_


@pytest.mark.parametrize("script", behaviours("hbsmservice"))
def test_nothing_is_left_whatever_vendors_answer(script: str) -> None:
    """GIVEN vendors that answer in one way for good WHEN the message has its end THEN its text is nowhere."""
    case, id_ = started(script, document=ALIKE)
    case.world.settle()
    (message,) = case.messages()
    assert message["state"] not in (State.QUEUED, State.WAITING, State.SENDING)
    assert_nothing_is_left(case, id_)


def test_it_is_sent_before_it_goes() -> None:
    case, id_ = started("account", "account", "accepted")
    case.world.settle()
    assert [seen.behaviour for seen in case.world.vendors.requests_for(NUMBER)] == ["account", "account", "accepted"]
    (message,) = case.messages()
    assert message["state"] == State.SUBMITTED
    assert_nothing_is_left(case, id_)


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.TWICE, Fault.ERROR_AFTER])
@pytest.mark.parametrize("step", range(6))
def test_nothing_is_left_wherever_a_worker_dies(step: int, fault: Fault) -> None:
    case, id_ = started("not sent", "accepted")
    (wake_up,) = case.world.queues.waiting
    case.world.queues.waiting.clear()
    message_id = json.loads(wake_up.body)["message_id"]
    (submission,) = load_submissions(case.world.table, message_id)
    case.world.dispatch(submission.key, Seam({step: fault}))
    case.world.now += VISIBILITY
    case.world.dispatch(submission.key)
    case.world.settle()
    assert_nothing_is_left(case, id_)


def test_nothing_is_left_when_it_expires_or_is_canceled() -> None:
    case, id_ = started()
    case.world.queues.waiting.clear()  # its wake-up is lost
    case.world.now += 10 * MINUTE
    case.world.settle()
    assert case.messages()[0]["state"] == State.EXPIRED
    assert_nothing_is_left(case, id_)
    canceled, id_ = started()
    canceled.world.cancel(canceled.messages()[0]["pk"])
    assert canceled.messages()[0]["state"] == State.CANCELED
    canceled.world.queues.waiting.clear()
    assert_nothing_is_left(canceled, id_)


def test_whoever_was_buried_too_early_brings_the_text_back() -> None:
    """GIVEN a worker that counts as dead, so that the text went WHEN it comes back with a call that certainly reached
    nobody THEN another worker can send the text after all."""
    case, id_ = started("accepted")
    (item,) = case.messages()
    submission = read_submission(item)
    table = case.world.table
    marked = mark(table, submission, "slow", case.world.now + DISPATCH_TIME, case.world.now)
    case.world.now += DISPATCH_TIME + MINUTE
    bury(table, marked, case.world.now)
    assert FLEETING not in case.messages()[0]
    attempt = {"at": case.world.now, "account": "a", "outcome": "not sent"}
    waiting(table, marked, attempt, NextAttempt("b", "heji", case.world.now))
    case.world.settle()
    assert [seen.account for seen in case.world.vendors.requests_for(NUMBER)] == ["b"]
    assert_nothing_is_left(case, id_)


def test_the_text_is_in_no_queue_of_failures() -> None:
    """GIVEN a change of a verification's message that nobody can publish WHEN it is set aside THEN without the text."""
    case, id_ = started()
    old, new = case.world.db.stream[-1]
    for image in (old, new):
        assert image is None or isinstance(image, dict)
    broken: dict[str, Any] = {**case.world.db.items[case.messages()[0]["pk"], case.messages()[0]["sk"]]}
    assert FLEETING in broken
    broken["state"] = {"S": "SUBMITTED"}
    broken["attempt"] = {"S": "?"}
    broken["vendor_ids"] = {"N": "1"}
    aside: list[str] = []
    publisher = Publisher(
        case.world.table, lambda events: [*events].clear(), aside.append, lambda *_, **__: None, lambda *_, **__: None
    )
    record = {
        "dynamodb": {"NewImage": broken, "OldImage": broken, "ApproximateCreationDateTime": 1, "SequenceNumber": "1"}
    }
    publish(publisher, [record])
    (body,) = aside
    assert case.code(id_) not in body
    assert "验证码" not in body
    assert json.loads(body)["Records"][0]["dynamodb"]["NewImage"]["to"] == {"S": NUMBER}
