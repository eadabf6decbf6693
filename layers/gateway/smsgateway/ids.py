"""The gateway's ids and the table keys that follow from them.

A message is `msg_` and 26 characters of base 32. Its submissions are numbered; one that had to be split for an account
with a smaller limit has children, and its *path* grows by three digits a generation: `00003`, `00003001`. From
`BLOCK_ROOTS` submissions on they are numbered in *blocks*, each under a partition key of its own, which takes only so
many writes a second: `b`, two characters of base 32 for the block and two for the place in it, `b01fk`. The
*reference* of a submission is the message's 26 characters followed by the path: letters and digits only and at most 50
characters, so that vendors that carry an id of the sender's (hbsmservice, infocloud) carry this one, and a report that
brings it back names its submission without a mapping. They carry it with an `s` behind it if the message is to one
number: such a report need not be looked up to be applied. Where each number of a request has an id of its own, an `i`
and its place in the request stand behind the reference.

A *reroute* (`resend.undelivered`) is a submission to one recipient whom another submission has failed. Its path is the
root, an `r` and twelve characters that follow from that other one and the recipient: whoever decides on a reroute
gives it this path, and nobody can read the number in it.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol
from zlib import crc32

from smsgateway.clock import Millis

BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
ID_LENGTH = 26
LONGEST_REFERENCE = 50
ROOT_LENGTH = 5
BLOCK = "b"
BLOCK_LENGTH = 2  # characters of a block's name, and of the place in it
BLOCK_ROOTS = 500  # submissions under one partition key, which takes 1000 writes a second; at most 32 * 32
CHILD_DIGITS = 3
MOST_CHILDREN = 10**CHILD_DIGITS  # of one submission
TO_ONE = "s"
ITEM = "i"
ITEM_DIGITS = 3
REROUTE = "r"
TOKEN_LENGTH = 12  # characters: 60 bits
DUE_SHARDS = 8
BUCKET_RECIPIENTS = 1000  # rows of one message under one partition key

_ROOT_TO_ONE = re.compile(f"[0-9]{{{ROOT_LENGTH}}}{TO_ONE}")
_ITEM = re.compile(f"{ITEM}[0-9]{{{ITEM_DIGITS}}}$")
_ROOT = f"([0-9]{{{ROOT_LENGTH}}}|{BLOCK}[{BASE32}]{{{2 * BLOCK_LENGTH}}})"
_PATH = re.compile(f"{_ROOT}(([0-9]{{{CHILD_DIGITS}}})*|{REROUTE}[{BASE32}]{{{TOKEN_LENGTH}}})")


class SubmissionKey(NamedTuple):
    """The name of one submission: its message's id, and its path in the message."""

    message_id: str
    path: str

    @property
    def reference(self) -> str:
        """The text by which vendors carry this key for us."""
        return self.message_id.removeprefix("msg_") + self.path

    @property
    def root(self) -> str:
        """The path of the submission that `send` cut; recipients' rows are filed under it, wherever they move."""
        return self.path[:ROOT_LENGTH]

    @property
    def partition(self) -> str:
        """The partition key that the submissions of this one's root stand under, but for reroutes."""
        if not self.path.startswith(BLOCK):
            return self.message_id
        return _partition(self.message_id, self.path[len(BLOCK) : len(BLOCK) + BLOCK_LENGTH])

    def child(self, index: int) -> "SubmissionKey":
        """The key of a submission that this one is split into. `index` counts from 0."""
        return SubmissionKey(self.message_id, f"{self.path}{index:0{CHILD_DIGITS}d}")

    def reroute(self, owner: str, number: str) -> "SubmissionKey":
        """The reroute to a recipient whom this submission failed. `owner`: of its mark, which is random."""
        digest = hashlib.sha256(f"{owner}\n{number}".encode()).digest()
        token = base32(int.from_bytes(digest[:16]))[-TOKEN_LENGTH:]
        return SubmissionKey(self.message_id, f"{self.root}{REROUTE}{token}")

    @property
    def rerouted(self) -> bool:
        """True if this is the key of a reroute."""
        return self.path[ROOT_LENGTH : ROOT_LENGTH + 1] == REROUTE

    @property
    def token(self) -> str:
        """What tells a reroute from others of its root; empty for any other submission."""
        return self.path[ROOT_LENGTH + 1 :] if self.rerouted else ""


class Randomness(Protocol):
    """Who gives random numbers; `random.Random` is one."""

    def getrandbits(self, bits: int, /) -> int:
        """A number of so many random bits."""
        ...

    def randrange(self, stop: int, /) -> int:
        """A random number from 0 to below `stop`."""
        ...


def owner(source: Randomness) -> str:
    """The random name that a worker gives itself for a mark, a claim or a lease: 64 bits, in hexadecimal."""
    return f"{source.getrandbits(64):016x}"


def nonce(source: Randomness) -> str:
    """Twenty random digits, for a vendor's request that needs something unique."""
    return f"{source.randrange(10**20):020d}"


def base32(number: int) -> str:
    """The 26 characters of a 128-bit number."""
    return "".join(BASE32[number >> shift & 31] for shift in range(125, -1, -5))


def message_id(now: Millis, randomness: int) -> str:
    """A new message's id; ids sort by time. `randomness` is 80 random bits."""
    return "msg_" + base32(now << 80 | randomness)


def keyed_message_id(client: str, idempotency_key: str) -> str:
    """The id of the one message that a client's Idempotency-Key can make."""
    digest = hashlib.sha256(f"{client}\n{idempotency_key}".encode()).digest()
    return "msg_" + base32(int.from_bytes(digest[:16]))


def root_path(index: int, roots: int = BLOCK_ROOTS) -> str:
    """The path of a message's submission, which was cut as number `index`. `roots` submissions stand in a block.

    Paths of the first block have no block in them, as all had before there were blocks.
    """
    block, place = divmod(index, roots)
    return f"{BLOCK}{_short(block)}{_short(place)}" if block else f"{index:0{ROOT_LENGTH}d}"


def blocks_of(count: int, roots: int = BLOCK_ROOTS) -> int:
    """How many blocks so many submissions take."""
    return -(-count // roots)


def partitions(message_id: str, blocks: int) -> list[str]:
    """The partition keys of a message's submissions, in the order of their paths."""
    return [message_id, *(_partition(message_id, _short(block)) for block in range(1, blocks))]


def in_turn[T](roots: Sequence[T], size: int = BLOCK_ROOTS) -> list[T]:
    """Whatever there is one of for each submission of a message, in another order: neighbours are of different blocks.

    Written in this order, blocks share the load.
    """
    return [root for place in range(min(size, len(roots))) for root in roots[place::size]]


def _short(number: int) -> str:
    return base32(number)[-BLOCK_LENGTH:]


def _partition(message_id: str, block: str) -> str:
    return f"{message_id}#B#{block}"


def names_one(reference: str) -> bool:
    """Whether a reference that a vendor carried says that its message is to one number."""
    return bool(_ROOT_TO_ONE.fullmatch(reference[ID_LENGTH:]))


def item_references(reference: str, count: int) -> list[str]:
    """A reference for each number of a request. All are the request's own where they would be longer than may be."""
    if count == 1 or len(reference) + len(ITEM) + ITEM_DIGITS > LONGEST_REFERENCE:
        return [reference] * count
    return [f"{reference}{ITEM}{place:0{ITEM_DIGITS}d}" for place in range(count)]


def parse_reference(reference: str) -> SubmissionKey | None:
    """The submission that a reference names, or that of its number's, or None if it is not one of ours."""
    message, path = reference[:ID_LENGTH], reference[ID_LENGTH:]
    path = path.removesuffix(TO_ONE) if names_one(reference) else _ITEM.sub("", path)
    if len(reference) <= LONGEST_REFERENCE and _PATH.fullmatch(path) and set(message) <= set(BASE32):
        return SubmissionKey(f"msg_{message}", path)
    return None


def shard(key: str, shards: int) -> int:
    """An even, stable spread of keys over `shards`."""
    return crc32(key.encode()) % shards
