"""Verifications: one item for each client, number and template. It holds the newest, over or not.

What was read may be behind: every write depends on the nonce, which is another with each verification, and on whatever
must still be so. The SDK may repeat a write that has succeeded; where a function knows its own writing again, that is a
success.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from smsgateway.clock import Millis, epoch_seconds
from smsgateway.store.change import Change
from smsgateway.store.keys import verification_key
from smsgateway.store.table import EXPIRED, ConditionFailed, Item, Table

KEPT_FOR = 86_400  # seconds after its end, so that it can still be said what became of it
MOST_ATTEMPTS = 5

PENDING, APPROVED, CANCELED = "pending", "approved", "canceled"

# There is one, and its code may still be approved.
_LIVING = "#nonce = :seen_nonce AND #stage = :pending"


@dataclass(frozen=True, slots=True)
class Verification:
    """A verification as it stands in the table. It holds neither the number nor the code."""

    digest: str  # of its client, number and template (verifying/codes.py)
    nonce: str
    client: str
    template: str
    masked: str  # the number as it may be shown
    length: int  # digits of the code
    code_hash: str
    created_at: Millis
    expires_at: Millis
    post_again_at: Millis  # until then a request posts nothing
    stage: str = PENDING
    posts: int = 1  # messages that carry the code, the one being posted included
    tries: int = 1  # requests that have posted the newest of them, or have died over it
    attempts: int = 0  # codes that were compared, the one being compared included
    poster: str = ""  # whoever had the newest message posted, unless it was the first
    checker: str = ""  # whoever counted the newest attempt
    ended_at: Millis | None = None  # when it was approved or canceled
    test: bool = False  # its client's key is for tests: no message carries its code

    @property
    def left(self) -> int:
        """How many codes may still be compared."""
        return max(0, MOST_ATTEMPTS - self.attempts)

    def living(self, now: Millis) -> bool:
        """True while its code can be approved."""
        return self.stage == PENDING and now < self.expires_at and self.left > 0


_STORED = {field.name for field in fields(Verification)} - {"digest"}


def read_verification(item: Item) -> Verification:
    """The verification in an item."""
    values = {name: item[name] for name in _STORED if name in item}
    return Verification(digest=str(item["pk"]).partition("#")[2], **values)


def load_verification(table: Table, digest: str) -> Verification | None:
    """The newest verification under a digest, if it is still kept."""
    item = table.get(verification_key(digest))
    return read_verification(item) if item else None


def begin(table: Table, verification: Verification, now: Millis) -> None:
    """Put a verification in the place of one that is over. Raises ConditionFailed with one that lives."""
    pk, sk = verification_key(verification.digest)
    values = asdict(verification)
    del values["digest"]
    over = f"{EXPIRED} OR #stage <> :pending OR expires_at <= :now OR attempts >= :most"
    given = {"seconds": epoch_seconds(now), "pending": PENDING, "now": now, "most": MOST_ATTEMPTS}
    item = {"pk": pk, "sk": sk, **values, "ttl": epoch_seconds(verification.expires_at) + KEPT_FOR}
    try:
        table.put(item, f"attribute_not_exists(pk) OR {over}", given)
    except ConditionFailed as failed:
        if not (failed.item and failed.item["nonce"] == verification.nonce):
            raise


def try_again(table: Table, seen: Verification) -> Verification:
    """Note that another request posts what may not have been posted: nobody withdraws it meanwhile.

    Returns the verification after the write. Raises ConditionFailed when it has gone on.
    """
    return _changed(table, _while_living(seen).add(tries=1).when("posts = :seen_posts", seen_posts=seen.posts))


def post_again(table: Table, seen: Verification, poster: str, now: Millis, again_at: Millis) -> Verification:
    """Note that the code is posted once more. Of several requests, one does. `poster`: this one's own random name.

    Returns the verification after the write. Raises ConditionFailed when it has gone on.
    """
    change = _while_living(seen).set(posts=seen.posts + 1, tries=1, post_again_at=again_at, poster=poster)
    change = change.when("posts = :seen_posts AND expires_at > :now", seen_posts=seen.posts, now=now)
    return _changed(table, change, poster=poster)


def withdraw(table: Table, seen: Verification) -> bool:
    """Delete a verification whose first message was refused. Returns False if another request is posting it."""
    values = {"seen_nonce": seen.nonce, "pending": PENDING, "one": 1, "tries": seen.tries}
    try:
        table.delete(verification_key(seen.digest), f"{_LIVING} AND posts = :one AND tries = :tries", values)
    except ConditionFailed:
        return False
    return True


def count_attempt(table: Table, digest: str, nonce: str, client: str | None, checker: str, now: Millis) -> Verification:
    """Count an attempt, before anything is compared. `client`: whose it must be; None: anybody's.

    `checker` is this check's own random name. Returns the verification after the write. Raises ConditionFailed with
    what stands there, if no attempt is left, or it is over, or not the client's.
    """
    change = _own(Change(verification_key(digest)), nonce, client).add(attempts=1).set(checker=checker)
    change = change.when("#stage = :pending AND expires_at > :now", pending=PENDING, now=now)
    change = change.when("attempts < :most", most=MOST_ATTEMPTS).when("checker <> :again", again=checker)
    return _changed(table, change, checker=checker, stage=PENDING)


def approve(table: Table, counted: Verification, now: Millis) -> None:
    """Write that the code was right, once. Raises ConditionFailed with what stands there instead."""
    change = Change(verification_key(counted.digest)).set(stage=APPROVED, ended_at=now, approver=counted.checker)
    change = change.when(_LIVING, seen_nonce=counted.nonce, pending=PENDING)
    _changed(table, change, stage=APPROVED, approver=counted.checker)


def cancel(table: Table, digest: str, nonce: str, client: str | None, now: Millis) -> Verification:
    """Write that the code counts no more. Raises ConditionFailed with what stands there, if it is over or another's."""
    change = _own(Change(verification_key(digest)), nonce, client).set(stage=CANCELED, ended_at=now)
    return _changed(table, change.when("#stage = :pending AND expires_at > :now", pending=PENDING, now=now))


def _own(change: Change, nonce: str, client: str | None) -> Change:
    change = change.when("#nonce = :seen_nonce", seen_nonce=nonce)
    return change if client is None else change.when("#client = :client", client=client)


def _while_living(seen: Verification) -> Change:
    return Change(verification_key(seen.digest)).when(_LIVING, seen_nonce=seen.nonce, pending=PENDING)


def _changed(table: Table, change: Change, **written: Any) -> Verification:
    """Make a change. `written`: what tells our own earlier success, which is a success."""
    try:
        return read_verification(table.update(change))
    except ConditionFailed as failed:
        if not (written and failed.item and _says(failed.item, written)):
            raise
        return read_verification(failed.item)


def _says(item: Item, written: Mapping[str, Any]) -> bool:
    return all(item.get(name) == value for name, value in written.items())
