"""`next` of every list: good for the list and the client that it was given to, and nothing else."""

import base64
import json

from smsgateway.model import Reply
from smsgateway.store.replies import put_reply
from tests.unit.api.conftest import ADMINISTRATOR_KEY, NOW, Answer, Api

FIVE = [f"1380013800{index}" for index in range(5)]


def post(api: Api, numbers: list[str], *, key: str = ADMINISTRATOR_KEY) -> str:
    """The id of a new message."""
    message_id: str = api.post({"to": numbers, "text": "您的包裹已到"}, key=key).json["id"]
    return message_id


def show(api: Api, message_id: str, **query: str) -> Answer:
    return api.call("GET", "/messages/{id}", id=message_id, query=query)


def cursors_of_all_lists(api: Api) -> dict[str, tuple[str, dict[str, str], str]]:
    """A cursor of each list that this client can page through, with the path and query that it came from."""
    ids = [post(api, FIVE) for _ in range(2)]
    for _ in range(2):
        post(api, FIVE[:1])
        post(api, FIVE[1:2])
    for index in range(2):
        reply = Reply(f"mo_{index}", "hb-main", "hbsmservice", FIVE[0], "1069", "", "好", NOW + index)
        put_reply(api.table, reply, NOW // 1000 + 86_400)
    asked: dict[str, tuple[str, dict[str, str]]] = {
        "recipients": (ids[0], {}),
        "recipients of another": (ids[1], {}),
        "messages": ("", {"to": FIVE[0]}),
        "messages to another": ("", {"to": FIVE[1]}),
        "inbound": ("", {"list": "inbound"}),
        "inbound from one": ("", {"list": "inbound", "from": FIVE[0]}),
    }
    found = {name: ask(api, *of, limit="1").json["next"] for name, of in asked.items()}
    assert all(found.values())
    return {name: (*asked[name], found[name]) for name in asked}


def ask(api: Api, message_id: str, query: dict[str, str], **more: str) -> Answer:
    if message_id:
        return show(api, message_id, **more)
    path = "/inbound" if "list" in query else "/messages"
    return api.call("GET", path, query={name: value for name, value in query.items() if name != "list"} | more)


def test_a_cursor_is_good_for_its_own_list_alone(api: Api) -> None:
    made = cursors_of_all_lists(api)
    fresh = Api(api.table)  # another process

    for of, (message_id, query, _) in made.items():
        for origin, (_, _, cursor) in made.items():
            answer = ask(fresh, message_id, query, next=cursor)
            assert answer.status == (200 if of == origin else 422), (of, origin)


def test_a_forged_cursor_is_refused(api: Api) -> None:
    for message_id, query, cursor in cursors_of_all_lists(api).values():
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        seal, position = packed[:12], json.loads(packed[12:])
        changed = [
            position | {name: value + 1 if isinstance(value, int) else f"{value}0"} for name, value in position.items()
        ]
        forged = [
            *(base64.urlsafe_b64encode(start + json.dumps(each, separators=(",", ":")).encode()).decode().rstrip("=")
              for each in changed for start in (seal, b"")),
            *(cursor + more for more in ("A", "=", "!", ".", " ")),
            *(cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :] for at in (0, 8, 20, -2)),
            cursor[:-1], "A" * 40, "A" * 16, "e30",
        ]  # fmt: skip
        for each in forged:
            answer = ask(api, message_id, query, next=each)
            assert (answer.status, answer.places) == (422, ["next"]), each


def test_another_clients_cursor_is_refused(api: Api) -> None:
    mine, theirs = api.sender("shop"), api.sender("bank")
    for _ in range(3):
        post(api, FIVE[:1], key=mine)
    page = api.call("GET", "/messages", query={"to": FIVE[0], "limit": "1"}, key=mine).json
    following = {"to": FIVE[0], "limit": "1", "next": page["next"]}

    assert len(api.call("GET", "/messages", query=following, key=mine).json["items"]) == 1
    assert api.call("GET", "/messages", query=following, key=theirs).places == ["next"]
