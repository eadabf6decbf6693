"""What became of messages: statuses from submissions, payloads and rows; pages; other clients' messages; cancelling."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from smsgateway.calling.carriage import Carriage
from smsgateway.ids import SubmissionKey
from smsgateway.model import Accepted, Payload, Reason, Rejection, Report, ReportStatus, State
from smsgateway.store import claims, recipients, report_writes, submissions, transitions
from smsgateway.store.messages import is_canceled, load_message, load_payload, put_payload
from smsgateway.store.report_writes import PlacedReport
from smsgateway.store.submissions import StoredSubmission
from smsgateway.store.table import Table
from tests.unit.api.conftest import ADMINISTRATOR_KEY, NOW, Answer, Api, sample

FIVE = [f"1380013800{index}" for index in range(5)]
REFUSED = {"account": "hb-main", "outcome": "refused", "reason": "account_closed", "vendor_status": "103"}


def post(api: Api, numbers: list[str], *, key: str = ADMINISTRATOR_KEY, **fields: Any) -> str:
    """The id of a new message."""
    answer = api.post({"to": numbers, "text": "您的包裹已到", **fields}, key=key)
    assert answer.status == 202
    message_id: str = answer.json["id"]
    return message_id


def show(api: Api, message_id: str, *, key: str = ADMINISTRATOR_KEY, **query: str) -> Answer:
    return api.call("GET", "/messages/{id}", id=message_id, query=query, key=key)


def marked(api: Api, message_id: str, path: str = "00000") -> StoredSubmission:
    """The submission, as the worker has it that may send it; its rows are written."""
    submission = submissions.load_submission(api.table, SubmissionKey(message_id, path))
    assert submission
    if not submission.own_message and not submission.tried:
        loaded = load_message(api.table, message_id)
        assert loaded
        payload = load_payload(api.table, submission.key)
        account = api.accounts.get().accounts[submission.account]
        recipients.put_rows(api.table, loaded[0], submission, Carriage(account, loaded[0], payload).segments)
    return transitions.mark(api.table, submission, "worker", NOW + 60_000, NOW)


def sent(api: Api, message_id: str, path: str = "00000", answer: Accepted | None = None) -> StoredSubmission:
    """The submission, which the vendor took."""
    submission = marked(api, message_id, path)
    transitions.submitted(api.table, submission, answer or Accepted((f"v-{path}",)))
    stored = submissions.load_submission(api.table, submission.key)
    assert stored
    return stored


def report(api: Api, submission: StoredSubmission, number: str, status: ReportStatus = ReportStatus.DELIVERED) -> None:
    reason = None if status == ReportStatus.DELIVERED else Reason.UNREACHABLE
    at = datetime.fromtimestamp(NOW / 1000 + 5, UTC)
    said = Report("v-00000", number, status, status.value.upper(), reason, reported_at=at)
    report_writes.apply_reports(api.table, [PlacedReport(submission, number, said)], NOW + 6000)


def test_a_message_to_one_number_from_end_to_end(api: Api) -> None:
    message_id = post(api, FIVE[:1], reference="order-1")
    queued = show(api, message_id)
    submission = sent(api, message_id)
    submitted = show(api, message_id)
    report(api, submission, FIVE[0])
    delivered = show(api, message_id)

    assert queued.status == 200
    assert queued.json == {
        "id": message_id,
        "status": "queued",
        "account": "hb-main",
        "segments": 1,
        "created_at": "2026-01-22T09:30:26.000Z",
        "reference": "order-1",
        "purpose": "notice",
        "send_at": None,
        "postponed": None,
        "valid_until": "2026-01-25T09:30:26.000Z",
        "counts": {"queued": 1},
        "uncounted": 0,
        "recipients": [
            {
                "to": FIVE[0],
                "status": "queued",
                "reason": None,
                "vendor_status": None,
                "account": "hb-main",
                "vendor_id": None,
                "segments": 1,
                "submitted_at": None,
                "reported_at": None,
                "history": [],
            }
        ],
        "next": None,
    }
    assert submitted.json["status"] == "submitted"
    (recipient,) = submitted.json["recipients"]
    assert (recipient["status"], recipient["vendor_id"]) == ("submitted", "v-00000")
    assert recipient["submitted_at"] == "2026-01-22T09:30:26.000Z"
    assert delivered.json["counts"] == {"delivered": 1}
    (recipient,) = delivered.json["recipients"]
    assert recipient["reported_at"] == "2026-01-22T09:30:31.000Z"
    assert recipient["history"] == [
        {"at": recipient["reported_at"], "account": "hb-main", "status": "delivered", "vendor_status": "DELIVERED"}
    ]


def test_a_long_history_says_what_it_has_left_out(api: Api) -> None:
    """GIVEN more reports than are kept THEN the first and the last are shown, and how many were between them."""
    message_id = post(api, FIVE[:1])
    submission = sent(api, message_id)
    for index in range(25):
        at = datetime.fromtimestamp(NOW / 1000 + index, UTC)
        said = Report("v-00000", FIVE[0], ReportStatus.UNKNOWN, f"word {index}", reported_at=at)
        report_writes.apply_reports(api.table, [PlacedReport(submission, FIVE[0], said)], NOW)
        (recipient,) = show(api, message_id).json["recipients"]
        assert recipient.get("history_left_out", 0) == max(0, index - 19)
    words = [entry["vendor_status"] for entry in recipient["history"]]
    assert words == [f"word {index}" for index in (*range(10), *range(15, 25))]


def test_pages_follow_the_order_of_the_post(api: Api) -> None:
    message_id = post(api, FIVE, account="ly-bulk")  # three submissions

    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(5):
        page = show(api, message_id, limit="2", **cursor).json
        seen += [recipient["to"] for recipient in page["recipients"]]
        if page["next"] is None:
            break
        cursor = {"next": page["next"]}

    assert seen == FIVE
    assert [len(show(api, message_id, limit=str(limit)).json["recipients"]) for limit in (1, 4, 5, 1000)] == [
        1,
        4,
        5,
        5,
    ]
    assert show(api, message_id, limit="5").json["next"] is None


def test_counts_are_of_all_recipients(api: Api) -> None:
    message_id = post(api, FIVE, account="ly-bulk")
    first = sent(api, message_id)
    refused = marked(api, message_id, "00001")
    transitions.ended(api.table, refused, State.REFUSED, "107 nope", Reason.SENSITIVE_CONTENT)
    report(api, first, FIVE[1], ReportStatus.UNDELIVERED)

    shown = show(api, message_id, limit="3").json

    assert shown["counts"] == {"queued": 1, "submitted": 1, "undelivered": 1, "rejected": 2}
    assert shown["status"] == "queued"
    assert [recipient["status"] for recipient in shown["recipients"]] == ["submitted", "undelivered", "rejected"]
    assert shown["recipients"][2]["reason"] == "sensitive_content"
    assert shown["recipients"][2]["vendor_status"] == "107 nope"


def test_numbers_that_the_vendor_rejected_while_it_took_the_rest(api: Api) -> None:
    message_id = post(api, FIVE)
    answer = Accepted(("v-00000",), (Rejection(FIVE[2], Reason.BLACKLISTED, "black"),))
    sent(api, message_id, answer=answer)

    shown = show(api, message_id).json

    assert shown["counts"] == {"submitted": 4, "rejected": 1}
    assert [recipient["reason"] for recipient in shown["recipients"]] == [None, None, "blacklisted", None, None]


def test_finished_messages_say_what_their_recipients_share(api: Api) -> None:
    message_id = post(api, FIVE[:2])
    submission = sent(api, message_id)
    report(api, submission, FIVE[0])
    half = show(api, message_id).json["status"]
    report(api, submission, FIVE[1])
    delivered = show(api, message_id).json["status"]

    other = post(api, FIVE[:2])
    submission = sent(api, other, answer=Accepted(("v-2",)))
    report(api, submission, FIVE[0])
    report(api, submission, FIVE[1], ReportStatus.UNDELIVERED)

    assert (half, delivered, show(api, other).json["status"]) == ("submitted", "delivered", "done")


def test_recipients_that_moved_are_shown_once(api: Api) -> None:
    """Refused by an account that takes 200 at once, they went on in parts of two."""
    message_id = post(api, FIVE)
    parent = moved(api, message_id)
    before = show(api, message_id).json
    _add_child(api, parent, 0, FIVE[:2])
    meanwhile = show(api, message_id).json
    _add_child(api, parent, 1, FIVE[2:4])
    _add_child(api, parent, 2, FIVE[4:])
    report(api, sent(api, message_id, "00000001"), FIVE[3])
    after = show(api, message_id).json

    for shown in (before, meanwhile, after):
        assert sorted(recipient["to"] for recipient in shown["recipients"]) == FIVE
        assert sum(shown["counts"].values()) == 5
    assert [recipient["to"] for recipient in after["recipients"]] == FIVE
    assert after["counts"] == {"queued": 3, "submitted": 1, "delivered": 1}
    delivered = after["recipients"][3]
    assert delivered["account"] == "ly-bulk"
    assert [entry["status"] for entry in delivered["history"]] == ["refused", "delivered"]
    assert delivered["history"][0]["reason"] == "account_closed"


def _add_child(api: Api, parent: StoredSubmission, index: int, numbers: list[str]) -> None:
    loaded = load_message(api.table, parent.key.message_id)
    assert loaded
    key, count = parent.key.child(index), len(numbers)
    put_payload(api.table, key, Payload(tuple(numbers)), parent.ttl)
    item = submissions.new_submission(
        key, loaded[0], submissions.Share("ly-bulk", "langyu", count, count), ttl=parent.ttl, now=NOW
    )
    submissions.put_child(api.table, item | {"tried": ["hb-main"], "buckets": parent.buckets})


def test_segments_of_personal_messages_before_anything_is_sent(api: Api) -> None:
    long = "长" * 80
    entries = [{"to": FIVE[0], "text": "短"}, {"to": FIVE[1], "text": long}]

    message_id = api.post({"messages": entries}).json["id"]

    shown = show(api, message_id).json
    assert [recipient["segments"] for recipient in shown["recipients"]] == [1, 2]
    assert shown["segments"] == 3


def test_messages_are_shown_without_any_accounts(api: Api) -> None:
    message_id = post(api, FIVE)
    other = Api(api.table, document="not JSON")

    assert len(show(other, message_id).json["recipients"]) == 5


def test_another_clients_message_does_not_exist(api: Api) -> None:
    mine, theirs = api.sender("shop"), api.sender("bank")
    single, several = post(api, FIVE[:1], key=mine), post(api, FIVE, key=mine)

    for message_id in (single, several):
        assert show(api, message_id, key=mine).status == 200
        assert show(api, message_id).status == 200
        assert show(api, message_id, key=theirs).status == 404
        assert api.call("DELETE", "/messages/{id}", id=message_id, key=theirs).status == 404
        assert show(api, message_id).json["status"] == "queued"


def test_two_clients_with_the_same_idempotency_key_have_two_messages(api: Api) -> None:
    mine, theirs = api.sender("shop"), api.sender("bank")
    body, headers = {"to": "13800138000", "text": "您好"}, {"Idempotency-Key": "order-1"}

    first = api.post(body, key=mine, headers=headers)
    second = api.post(body | {"text": "别的"}, key=theirs, headers=headers)

    assert (first.status, second.status) == (202, 202)
    assert first.json["id"] != second.json["id"]
    assert show(api, first.json["id"], key=theirs).status == 404


@pytest.mark.parametrize("message_id", ["msg_" + "0" * 26, "account#hb-main", "client#x", "msg_", "mo_1"])
def test_what_is_no_message(api: Api, message_id: str) -> None:
    assert show(api, message_id).status == 404


def test_an_unfinished_acceptance_is_no_message(api: Api) -> None:
    message_id = post(api, FIVE)
    item = api.table.get((message_id, "M"))
    assert item
    api.table.put(item | {"accepting_until": NOW + 1})

    assert show(api, message_id).status == 404
    assert api.call("GET", "/messages", query={"to": FIVE[0]}).json["items"] == []


def test_what_is_too_old_is_gone_before_it_is_deleted(api: Api) -> None:
    message_id = post(api, FIVE[:1])
    api.clock[0] += 91 * 86_400_000

    assert show(api, message_id).status == 404
    assert api.call("GET", "/messages", query={"to": FIVE[0]}).json["items"] == []


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"next": "x"}, "next"),
        ({"next": "中"}, "next"),
        ({"next": "W1tdXQ"}, "next"),
        ({"next": "eyJwYXRoIjoiIiwib2Zmc2V0IjoiMSJ9"}, "next"),
        ({"lmit": "1"}, "lmit"),
    ],
)
def test_queries_that_are_not_understood(api: Api, query: dict[str, str], place: str) -> None:
    answer = show(api, post(api, FIVE), **query)

    assert (answer.status, answer.places) == (422, [place])


def test_messages_to_a_number_are_newest_first(api: Api) -> None:
    ids = []
    for index in range(3):
        api.clock[0] = NOW + index
        ids.append(post(api, FIVE[:1] if index else FIVE, reference=f"r{index}"))
    sent(api, ids[0])
    api.clock[0] = NOW + 10

    first = api.call("GET", "/messages", query={"to": "+86 138-0013-8000", "limit": "2"}).json
    second = api.call("GET", "/messages", query={"to": FIVE[0], "limit": "2", "next": first["next"]}).json

    assert [item["id"] for item in first["items"]] == [ids[2], ids[1]]
    assert [item["id"] for item in second["items"]] == [ids[0]]
    assert second["next"] is None
    assert second["items"][0]["status"] == "submitted"
    assert second["items"][0]["to"] == FIVE[0]
    assert first["items"][0]["reference"] == "r2"


def test_a_number_shows_a_sender_its_own_messages_only(api: Api) -> None:
    mine, theirs = api.sender("shop"), api.sender("bank")
    own = []
    for index in range(6):
        api.clock[0] = NOW + index
        message_id = post(api, FIVE[:1], key=theirs if index % 2 else mine)
        own += [] if index % 2 else [message_id]

    first = api.call("GET", "/messages", query={"to": FIVE[0], "limit": "2"}, key=mine).json
    rest = api.call("GET", "/messages", query={"to": FIVE[0], "limit": "2", "next": first["next"]}, key=mine).json

    assert [item["id"] for item in first["items"] + rest["items"]] == own[::-1]
    assert rest["next"] is None


@pytest.mark.parametrize("query", [{}, {"to": "12"}, {"to": "138001Ж38000"}, {"to": "1" * 65}])
def test_numbers_that_are_none(api: Api, query: dict[str, str]) -> None:
    answer = api.call("GET", "/messages", query=query)

    assert (answer.status, answer.places) == (422, ["to"])


def test_cancelling_what_was_not_sent(api: Api) -> None:
    message_id = post(api, FIVE, account="ly-bulk")
    sent(api, message_id)

    answer = api.call("DELETE", "/messages/{id}", id=message_id)
    again = api.call("DELETE", "/messages/{id}", id=message_id)

    assert answer.status == again.status == 200
    assert answer.json["counts"] == {"submitted": 2, "canceled": 3}
    assert answer.json["recipients"][4]["reason"] == "canceled_by_client"
    states = [submission.state for submission in submissions.load_submissions(api.table, message_id)]
    assert states == [State.SUBMITTED, State.CANCELED, State.CANCELED]


def test_a_message_whose_submissions_stand_in_blocks(api: Api) -> None:
    """It is shown and cancelled as any other, page by page."""
    api.acceptor = replace(api.acceptor, block=1)
    message_id = post(api, FIVE, account="ly-bulk")
    sent(api, message_id)
    pages, cursor = list[list[str]](), dict[str, str]()
    while True:
        page = show(api, message_id, limit="2", **cursor).json
        pages.append([recipient["to"] for recipient in page["recipients"]])
        if page["next"] is None:
            break
        cursor = {"next": page["next"]}
    assert pages == [FIVE[:2], FIVE[2:4], FIVE[4:]]
    assert page["counts"] == {"submitted": 2, "queued": 3}
    assert [key.path for key in api.wake_ups.keys] == ["00000", "b0100", "b0200"]
    answer = api.call("DELETE", "/messages/{id}", id=message_id)
    assert answer.json["counts"] == {"submitted": 2, "canceled": 3}


def test_cancelling_too_late(api: Api) -> None:
    message_id = post(api, FIVE[:1])
    marked(api, message_id)

    assert api.call("DELETE", "/messages/{id}", id=message_id).status == 409


def moved(api: Api, message_id: str) -> StoredSubmission:
    """Its one submission, refused by an account that takes 200 at once; its children are not there yet."""
    transitions.moved(
        api.table, marked(api, message_id), {"at": NOW + 1, **REFUSED}, transitions.Split("ly-bulk", "langyu", 100)
    )
    return load(api, message_id)


def cancel(api: Api, message_id: str) -> Answer:
    return api.call("DELETE", "/messages/{id}", id=message_id)


def test_recipients_on_their_way_to_another_account_are_canceled_before_they_are_there(api: Api) -> None:
    """A worker writes the children one after the other: none is sent behind the back of who was told `canceled`."""
    message_id = post(api, FIVE)
    parent = moved(api, message_id)
    answers = [cancel(api, message_id)]
    _add_child(api, parent, 0, FIVE[:2])
    answers.append(cancel(api, message_id))
    _add_child(api, parent, 1, FIVE[2:4])
    _add_child(api, parent, 2, FIVE[4:])
    transitions.look_no_more(api.table, parent)
    answers.append(cancel(api, message_id))

    for answer in answers:
        assert (answer.status, answer.json["counts"]) == (200, {"canceled": 5})


def test_a_cancellation_that_takes_too_long_says_when_to_repeat_it(api: Api) -> None:
    """GIVEN workers that have submissions in their hands WHEN there is no time to see what becomes of them THEN the
    message is canceled all the same, and the answer is to be asked for again."""
    message_id = post(api, FIVE)
    claims.claim_rows(api.table, load(api, message_id), "worker", NOW + 75_000, NOW)
    api.gateway = replace(api.gateway, until=NOW + 1)
    hurried = cancel(api, message_id)
    api.gateway = replace(api.gateway, until=0)

    assert (hurried.status, hurried.headers["Retry-After"]) == (409, ["1"])
    assert is_canceled(api.table, message_id)
    assert (cancel(api, message_id).json["counts"]) == {"canceled": 5}


def load(api: Api, message_id: str) -> StoredSubmission:
    submission = submissions.load_submission(api.table, SubmissionKey(message_id, "00000"))
    assert submission
    return submission


def test_recipients_that_move_while_they_are_canceled(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a worker that moves the recipients between the reading and the writing of a cancellation."""
    message_id = post(api, FIVE)
    cancels = transitions.ended_unsent
    meets: list[StoredSubmission] = []

    def first_moved(table: Table, submission: StoredSubmission, *rest: Any) -> None:
        if not meets:
            meets.append(moved(api, message_id))
            _add_child(api, meets[0], 0, FIVE)
            transitions.look_no_more(table, meets[0])
        cancels(table, submission, *rest)

    monkeypatch.setattr(transitions, "ended_unsent", first_moved)

    answer = cancel(api, message_id)

    assert (answer.status, answer.json["counts"]) == (200, {"canceled": 5})


def test_a_message_that_takes_too_long_to_count_says_so(api: Api) -> None:
    """GIVEN more submissions than a request can read WHEN its message is asked for THEN what was not counted is said,
    and pages are as long as there was time for, and lead to all recipients."""
    message_id = api.post({"messages": [{"to": to, "text": to} for to in FIVE], "account": "ly-bulk"}).json["id"]
    whole = show(api, message_id).json
    hurried = Api(api.table, clock=api.clock)
    hurried.gateway = replace(api.gateway, until=api.clock[0] + 3_000 + 7_000)
    uncounted = show(hurried, message_id).json
    hurried.gateway = replace(api.gateway, until=api.clock[0] + 1)

    found: list[str] = []
    following: str | None = None
    for _ in FIVE:
        query = {"next": following} if following else None
        page = hurried.call("GET", "/messages/{id}", id=message_id, query=query).json
        found += [recipient["to"] for recipient in page["recipients"]]
        following = page["next"]

    assert (whole["counts"], whole["uncounted"]) == ({"queued": 5}, 0)
    assert (uncounted["counts"], uncounted["uncounted"], uncounted["status"]) == ({}, 5, "queued")
    assert [recipient["to"] for recipient in uncounted["recipients"]] == FIVE
    assert found == FIVE
    assert following is None


def test_a_scheduled_message_can_be_cancelled(api: Api) -> None:
    message_id = post(api, FIVE[:1], send_at="2026-01-23T08:00:00+08:00")
    scheduled = show(api, message_id).json

    answer = api.call("DELETE", "/messages/{id}", id=message_id)

    assert scheduled["status"] == "scheduled"
    assert scheduled["send_at"] == "2026-01-23T00:00:00.000Z"
    assert answer.json["status"] == "canceled"


@pytest.mark.parametrize("name", ["query-get-message", "query-cancel-message"])
def test_the_samples_name_a_message_that_is_not_there(api: Api, name: str) -> None:
    assert api.serve(sample(name)).status == 404


def test_the_sample_of_a_number(api: Api) -> None:
    message_id = post(api, ["13800138000"])

    assert [item["id"] for item in api.serve(sample("query-list-messages")).json["items"]] == [message_id]
