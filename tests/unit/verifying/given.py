"""A World in which numbers are verified: requests, checks and cancellations with a seam each, and what came of them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from smsgateway.accepting.post import Refusal
from smsgateway.model import Client, Template
from smsgateway.store import templates
from smsgateway.store.table import Item
from smsgateway.store.verifications import Verification, load_verification
from smsgateway.verifying import check, start
from smsgateway.verifying.codes import Name, code_of, digest_of, name_in
from smsgateway.verifying.verifier import Verifier
from smsgateway.verifying.view import message_ids, view
from smsgateway.verifying.wanted import Wanted
from tests.doubles.seam import AwsError, Crash, Seam
from tests.doubles.world import SECOND, World, accounts_document

PEPPER = b"EXAMPLE-pepper"
SHOP = Client("shop", "sender")
NUMBER = "13800138000"
TEXT = "您的验证码是{code}，{minutes}分钟内有效。"
DOCUMENT = accounts_document((("a", "hbsmservice", 0), ("b", "heji", 0), ("c", "langyu", 0)))
PACKED = '"caps": null, "purpose"'  # a route without caps: how often a code goes out is the verification's alone


def uncapped(document: str) -> str:
    """The accounts document with a route that has no caps."""
    return document.replace('"purpose"', PACKED)


@dataclass
class Told:
    """What clients were told, by the id of the verification."""

    approved: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Verifying:
    """Requests about one number, in a world that decides when they crash."""

    world: World
    told: Told = field(default_factory=Told)
    ids: list[str] = field(default_factory=list)  # that were answered, the newest last

    def verifier(self, seam: Seam) -> Verifier:
        return Verifier(
            table=self.world._table(seam),
            wake_ups=self.world._wake_ups(seam),
            settings=self.world.settings,
            now=lambda: self.world.now,
            random=self.world._random(),
            retention=self.world.retention,
            pepper=lambda: PEPPER,
        )

    # Each returns None where the client got no answer, or an error.

    def start(self, seam: Seam | None = None, **fields: Any) -> Verification | None:
        wanted = Wanted(**{"to": NUMBER, "template": "otp", **fields})
        begun = _tried(lambda: start.start(self.verifier(seam or Seam()), SHOP, wanted))
        if begun:
            shown = view(begun, self.world.now)["id"]
            self.ids += [shown] if shown not in self.ids else []
        return begun

    def check(self, id_: str, code: str, seam: Seam | None = None) -> str | None:
        answer = _tried(lambda: check.check(self.verifier(seam or Seam()), SHOP, id_, code))
        if answer and answer["status"] == "approved":
            assert code == self.code(id_), "a wrong code was approved"
            self.told.approved.append(id_)
        if answer and answer["status"] == "wrong":
            self.told.wrong.append(id_)
        return answer["status"] if answer else None

    def cancel(self, id_: str, seam: Seam | None = None) -> str | None:
        answer = _tried(lambda: check.cancel(self.verifier(seam or Seam()), SHOP, id_))
        return str(answer["status"]) if answer else None

    # What there is

    def code(self, id_: str, length: int = 6) -> str:
        name = name_in(id_)
        assert name
        return code_of(PEPPER, name, length)

    def standing(self) -> Verification | None:
        return load_verification(self.world.table, digest_of(PEPPER, SHOP.name, NUMBER, "otp"))

    def messages(self) -> list[Item]:
        return [item for item in self.world.items("msg_") if "message" in item]

    def posted(self, verification: Verification) -> list[Item]:
        """The messages of a verification that are stored."""
        ids = message_ids(verification)
        return [item for item in self.messages() if item["pk"] in ids]

    def passed(self, seconds: float) -> None:
        self.world.now += int(seconds * SECOND)


def _tried[T](ask: Callable[[], T]) -> T | None:
    with suppress(Refusal, Crash, AwsError):
        return ask()
    return None


def verifying(*script: str, document: str = DOCUMENT) -> Verifying:
    """A world with a template, whose vendors follow a script."""
    world = World(document, script or ("accepted",))
    templates.put_template(world.table, Template("otp", TEXT))
    return Verifying(world)


def history(world: World) -> dict[str, list[Item]]:
    """Every version of every verification, by its id, from the table's stream."""
    found: dict[str, list[Item]] = {}
    for _, new in world.db.stream:
        if new and new["pk"]["S"].startswith("verification#"):
            name = Name(new["pk"]["S"].partition("#")[2], new["nonce"]["S"])
            found.setdefault(name.id, []).append(new)
    return found
