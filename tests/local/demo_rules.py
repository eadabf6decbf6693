"""What the demonstration shows of the law's and the carriers' rules, and of verifications: each with what it came to.

Every function here tries one rule through the API, says what was answered, and returns what was wrong, in sentences.
"""

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.local.api import Answer, Api
from tests.local.events import EventTap
from tests.local.running import World

PATIENCE = 60.0  # seconds for what goes through a vendor and comes back
BEIJING = timezone(timedelta(hours=8))
STOPPING = "13700009201"  # the simulators answer TD to a message to it
ASKING = "13700000002"
VERIFIED = "13700000003"
OTHERWISE_SIGNED = "试验"  # refused at the first account, by the accounts document
ADVERTISEMENT = "会员日全场五折，拒收请回复R"


def show_rules(world: World, api: Api, tap: EventTap) -> list[str]:
    """Try each rule. Returns what is missing."""
    print("\nRules for texts in China:", flush=True)
    return [
        *opt_out(api, tap),
        *quiet_hours(api),
        *caps(api),
        *preflight(api),
        *filing(api),
        *verification(world, api),
    ]


def line(what: str, said: str) -> None:
    print(f"  {what:13} {said}", flush=True)


def expected(answer: Answer, status: int, what: str) -> Iterator[str]:
    """A sentence, unless an answer has this status."""
    if answer.status != status:
        yield f"{what} was answered {answer.status} in place of {status}: {answer.body}"


def opt_out(api: Api, tap: EventTap) -> Iterator[str]:
    """Somebody answers TD: no marketing any more, and passwords all the same."""
    asked = api.post("/messages", {"to": STOPPING, "text": "您的订单已发货。", "signature": "示例"})
    yield from expected(asked, 202, "the message that is answered with TD")
    try:
        tap.wait_for(lambda event: event["detail-type"] == "Opted Out", 1, PATIENCE)
    except AssertionError:
        yield "the reply TD brought no event Opted Out"
        return
    refused = api.post("/messages", {"to": STOPPING, "text": ADVERTISEMENT, "purpose": "marketing"})
    yield from expected(refused, 422, "marketing to somebody who opted out")
    code = {"to": STOPPING, "text": "您的验证码是482913。", "purpose": "otp", "signature": "示例"}
    yield from expected(api.post("/messages", code), 202, "a password to somebody who opted out of marketing")
    listed = api.get("/suppressions").body["items"]
    line("opt-out", f"{STOPPING} answered TD: marketing is refused, passwords go out; suppressed now: {len(listed)}")


def quiet_hours(api: Api) -> Iterator[str]:
    """Marketing that would go out at 22:00 in Beijing waits for the morning; passwords would not."""
    night = datetime.now(BEIJING).replace(hour=22, minute=0, second=0, microsecond=0) + timedelta(days=1)
    body = {"to": ASKING, "text": ADVERTISEMENT, "purpose": "marketing", "send_at": night.isoformat(), "dry_run": True}
    asked = api.post("/messages", body)
    yield from expected(asked, 200, "a dry run of marketing at night")
    postponed = asked.body.get("postponed") or {}
    if asked.body.get("status") != "scheduled" or postponed.get("reason") != "quiet_hours":
        yield f"marketing at night was not postponed: {asked.body}"
        return
    until = datetime.fromisoformat(postponed["until"]).astimezone(BEIJING)
    line("quiet hours", f"marketing for {night:%H:%M} waits until {until:%H:%M}, Beijing")


def caps(api: Api) -> Iterator[str]:
    """A second password within a minute is too frequent."""
    body = {"to": ASKING, "text": "您的验证码是105934。", "purpose": "otp", "signature": "示例"}
    yield from expected(api.post("/messages", body), 202, "a first password")
    second = api.post("/messages", body)
    yield from expected(second, 429, "a second password within a minute")
    wait = second.headers.get("Retry-After", second.headers.get("retry-after", "?"))
    line("caps", f"a second password within a minute is too_frequent: again in {wait} s")


def preflight(api: Api) -> Iterator[str]:
    """A link and a missing way to opt out are found before anything is stored."""
    body = {"to": ASKING, "text": "新品上市，详见t.cn/A6xyz", "purpose": "marketing", "dry_run": True}
    found = [warning["code"] for warning in api.post("/messages", body).body.get("warnings", [])]
    if {"short_link", "no_opt_out"} - set(found):
        yield f"preflight found {found} in an advertisement with a link and no way to opt out"
    line("preflight", f"found in 新品上市，详见t.cn/A6xyz: {', '.join(found)}")


def filing(api: Api) -> Iterator[str]:
    """An account with which the signature is refused is passed over, and the dry run says so."""
    body = {"to": ASKING, "text": "您好", "signature": OTHERWISE_SIGNED, "dry_run": True}
    plan: dict[str, Any] = api.post("/messages", body).body.get("plan", {})
    excluded = [entry["account"] for entry in plan.get("excluded", ())]
    route = [entry["account"] for entry in plan.get("route", ())]
    if "hb-1" not in excluded or not route:
        yield f"the signature that is refused at hb-1 has the plan {plan}"
        return
    line("filing", f"【{OTHERWISE_SIGNED}】 is refused at {', '.join(excluded)}: it goes through {route[0]}")


def verification(world: World, api: Api) -> Iterator[str]:
    """A code is asked for, read on the phone, typed wrong once and right once."""
    template = {"text": "您的验证码是{code}，{minutes}分钟内有效。"}
    yield from expected(api.put("/templates/demo-code", template), 200, "the template of a verification")
    begun = api.post("/verifications", {"to": VERIFIED, "template": "demo-code", "keys": {"ip": "203.0.113.7"}})
    yield from expected(begun, 202, "a verification")
    code = code_on_phone(world)
    if begun.status != 202 or code is None:
        yield "the code of a verification did not reach its phone"
        return
    check = f"/verifications/{begun.body['id']}/check"
    wrong = api.post(check, {"code": str((int(code) + 1) % 10**6).zfill(6)}).body
    right = api.post(check, {"code": code}).body
    if (wrong.get("status"), right.get("status")) != ("wrong", "approved"):
        yield f"a wrong code was answered {wrong}, the right one {right}"
    line(
        "verification",
        f"{begun.body['id'][:12]}… {wrong.get('status')} ({wrong.get('left')} left), {right.get('status')}",
    )


def code_on_phone(world: World) -> str | None:
    """The six digits that the phone got, once it has."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for message in world.simulators.control.messages(number=VERIFIED):
            if found := re.search("[0-9]{6}", message["text"]):
                return found[0]
        time.sleep(0.2)
    return None
