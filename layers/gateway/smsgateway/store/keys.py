"""The grammar of the table's keys: what stands where, made here and taken apart here, and nowhere else.

A key is a partition key and a sort key, of parts that `#` separates. README.md, "The items of the table", has the list.
"""

from enum import Enum, auto

from smsgateway.ids import SubmissionKey
from smsgateway.store.table import Key

BLOCK_ENDING = 2  # characters of a vendor's id that a block of ids does not share

_MESSAGE = "msg_"
_SUBMISSION = "S#"
_ROWS = "#R#"
_REPLY = "mo_"
_REPLY_PARTS = "parts#"
_PART = "P#"
_ACCOUNT = "account#"
_NUMBER = "suppressed#"

# Sort keys beside an account's partition key, or how these begin.
BALANCE_SK = "balance"
BREAKER_SK = "calls"
DAYS = "day#"
ALERTS = "alert#"
SIGNATURES = "signature#"


class Kind(Enum):
    """What an item is, as far as anybody asks who has only its key."""

    SUBMISSION = auto()  # of a message to one number it is the message and the recipient's row, too
    RECIPIENT = auto()
    REPLY = auto()
    REPLY_PART = auto()  # and the claim of whoever joins the parts
    ALERT = auto()
    NUMBER = auto()  # what limits texts to it
    OTHER = auto()


def kind_of(key: Key) -> Kind:
    """What stands at a key."""
    pk, sk = key
    if is_submission(key):
        return Kind.SUBMISSION
    if pk.startswith(_MESSAGE):
        return Kind.RECIPIENT if _ROWS in pk else Kind.OTHER
    if pk.startswith(_REPLY):
        return Kind.REPLY
    if pk.startswith(_REPLY_PARTS):
        return Kind.REPLY_PART
    if pk.startswith(_NUMBER):
        return Kind.NUMBER
    return Kind.ALERT if pk.startswith(_ACCOUNT) and sk.startswith(ALERTS) else Kind.OTHER


# Messages


def message_key(message_id: str) -> Key:
    """Where a message to several numbers stands."""
    return message_id, "M"


def submission_key(key: SubmissionKey) -> Key:
    """Where a submission stands: in its block, but for reroutes, of which there may be as many as recipients."""
    pk = f"{key.message_id}#S#{key.path}" if key.rerouted else key.partition
    return pk, submission_sk(key.path)


def submission_sk(path: str) -> str:
    """The sort key of a submission; with the beginning of a path, the beginning of the sort keys of all below it."""
    return f"{_SUBMISSION}{path}"


def is_submission(key: Key) -> bool:
    """True for a submission's own item, and so also for the row of a message to one number, which is that item."""
    return key[1].startswith(_SUBMISSION)


def submission_at(key: Key) -> SubmissionKey:
    """The submission that stands at a key."""
    return SubmissionKey(key[0].split("#")[0], key[1].removeprefix(_SUBMISSION))


def payload_pk(key: SubmissionKey) -> str:
    """The partition key of a submission's payload."""
    return f"{key.message_id}#P#{key.path}"


def chunk_sk(index: int) -> str:
    """The sort key of a piece of what does not fit one item; the first piece has index 0."""
    return f"{index:03d}"


def set_apart_pk(message_id: str, digest: str) -> str:
    """The partition key of the numbers of a post that its message does not go to, where these are many."""
    return f"{message_id}#X#{digest}"


def rows_pk(message_id: str, root: str, bucket: int) -> str:
    """The partition key of recipients' rows, each of which has its number as its sort key."""
    return f"{message_id}{_ROWS}{root}#{bucket}"


def root_at(row: Key) -> SubmissionKey:
    """The submission that the recipient of a row was cut for when its message was accepted."""
    message_id, _, root, _ = row[0].split("#")
    return SubmissionKey(message_id, root)


def message_at(key: Key) -> str:
    """The id of the message that a submission or a row belongs to."""
    return key[0].split("#")[0]


# What vendors say


def vendor_key(account: str, vendor_id: str) -> Key:
    """Where the mapping of a vendor's id stands, if it stands alone."""
    return vendor_pk(account, vendor_id), "map"


def vendor_pk(account: str, vendor_id: str) -> str:
    """The partition key of what is known of a vendor's id, early reports included."""
    return f"vid#{account}#{vendor_id}"


def block_key(account: str, vendor_id: str) -> Key:
    """Where the mapping of a vendor's id stands, if it stands among those of neighbouring ids."""
    return vendor_pk(account, vendor_id[:-BLOCK_ENDING]), "block"


def early_sk(identity: str) -> str:
    """The sort key of a report that has no place yet; without an identity, the beginning of all such sort keys."""
    return f"early#{identity}"


def page_pk(name: str) -> str:
    """The partition key of bytes that no queue takes; their chunks are the sort keys."""
    return f"page#{name}"


def reply_id(digits: str) -> str:
    """The id of a reply, which is its partition key."""
    return _REPLY + digits


def reply_key(reply: str) -> Key:
    """Where the reply with this id stands."""
    return reply, "I"


def reply_parts_pk(account: str, number: str, access_number: str, part_id: str, total: int | str) -> str:
    """The partition key of the parts of one long reply, and of others to which the phone gives the same id."""
    return f"{_REPLY_PARTS}{account}#{number}#{access_number}#{part_id}#{total}"


def account_of_parts(pk: str) -> str:
    """The account that the parts under a partition key came to."""
    return pk.split("#")[1]


def number_of_parts(pk: str) -> str:
    """The number that wrote the parts under a partition key."""
    return pk.split("#")[2]


def total_of_parts(pk: str) -> int:
    """How many parts the replies under a partition key have."""
    return int(pk.rsplit("#", 1)[1])


def part_sk(number: int, digest: str) -> str:
    """The sort key of a part of a long reply."""
    return f"{_PART}{number:05d}#{digest}"


def is_part(sk: str) -> bool:
    """True for a part of a long reply, and not for what else stands beside it."""
    return sk.startswith(_PART)


CLAIM_SK = "J"  # of whoever joins the parts of a long reply


# Accounts


def account_pk(account: str) -> str:
    """The partition key of all that is known of an account."""
    return f"{_ACCOUNT}{account}"


def poll_key(account: str, kind: str) -> Key:
    """Where an account's lease for one kind of poll stands."""
    return account_pk(account), poll_sk(kind)


def poll_sk(kind: str) -> str:
    """The sort key of an account's lease for one kind of poll."""
    return f"poll#{kind}"


def pace_key(account: str, operation: str, turn: int | None = None) -> Key:
    """Where an account's next free moment stands; `turn`: which of several items, if there are several."""
    return account_pk(account), f"pace#{operation}" if turn is None else f"pace#{operation}#{turn}"


def breaker_key(account: str) -> Key:
    """Where an account's breaker stands."""
    return account_pk(account), BREAKER_SK


def push_key(account: str, kind: str) -> Key:
    """Where it stands when an account's pushes of one kind were last understood."""
    return account_pk(account), push_sk(kind)


def push_sk(kind: str) -> str:
    """The sort key of what is known of an account's pushes of one kind."""
    return f"push#{kind}"


def silence_key(account: str) -> Key:
    """Where the count of an account's submissions without a report stands."""
    return account_pk(account), "silence"


def balance_key(account: str) -> Key:
    """Where an account's balance stands."""
    return account_pk(account), BALANCE_SK


def day_key(account: str, day: str) -> Key:
    """Where a vendor's statistics of a day (yyyy-MM-dd) stand."""
    return account_pk(account), f"{DAYS}{day}"


def signature_key(account: str, carrier: str, signature: str) -> Key:
    """Where it stands what was learned of a signature with an account's vendor and a carrier."""
    return account_pk(account), f"{SIGNATURES}{carrier}#{signature}"


def alert_key(account: str, alert: str, occasion: str) -> Key:
    """Where an alert about an account stands, for one occasion."""
    return account_pk(account), f"{ALERTS}{alert}#{occasion}"


# Clients


def client_key(key_hash: str) -> Key:
    """Where a client stands, by the SHA-256 of its API key."""
    return f"client#{key_hash}", "C"


def client_name_key(name: str) -> Key:
    """Where the claim of a client's name stands."""
    return f"client-name#{name}", "C"


def template_key(name: str) -> Key:
    """Where a template stands."""
    return f"template#{name}", "T"


def suppression_key(number: str) -> Key:
    """Where it stands what limits texts to a number."""
    return f"{_NUMBER}{number}", "X"


def limited_number(key: Key) -> str:
    """The number whose limits stand at a key."""
    return key[0].removeprefix(_NUMBER)


def stops_key(client: str) -> Key:
    """Where it stands when somebody last stopped a client's marketing; `*`: everybody's."""
    return f"stops#{client}", "L"


def spent_key(client: str, day: str) -> Key:
    """Where a client's segments of a day (yyyy-MM-dd) stand."""
    return f"spent#{client}#{day}", "D"


# Verifications


def verification_key(digest: str) -> Key:
    """Where the newest verification of a client, a number and a template stands."""
    return f"verification#{digest}", "V"


def counted_key(digest: str) -> Key:
    """Where it is counted how often codes were asked for under one of a client's keys, such as an address."""
    return f"verification-key#{digest}", "K"


def conversions_key(client: str, hour: str) -> Key:
    """Where a client's verifications of an hour are counted."""
    return f"conversions#{client}", hour
