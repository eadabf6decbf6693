"""A verification begins, or its code goes out again: what a request for a code leads to.

The verification is written first, and then the message with its code is accepted like any other, under a key that
follows from the verification and from how many messages it has had. So whoever comes after a request that died between
the two, or asks twice, posts the same message once: a repeated request makes sure of it. A code that nobody got,
because its first message was refused, is withdrawn.

A client is charged for each message once: by the request that begins the verification, or notes that the code goes out
again. Whoever posts that message later, in the place of that request, is charged nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from smsgateway.accepting.accept import accept, keys_of_one
from smsgateway.accepting.acceptor import ReadBefore
from smsgateway.accepting.post import Post, Refusal
from smsgateway.clock import Millis, millis
from smsgateway.ids import SubmissionKey, owner, root_path
from smsgateway.model import Client, Template
from smsgateway.store import conversions, verifications
from smsgateway.store.counted_keys import read_counted
from smsgateway.store.keys import counted_key, submission_key, template_key, verification_key
from smsgateway.store.submissions import read_submission
from smsgateway.store.table import ConditionFailed, Item, Key
from smsgateway.store.templates import read_template
from smsgateway.store.verifications import Verification, read_verification
from smsgateway.text import normalise_number, problem_with_number
from smsgateway.verifying import limits, magic
from smsgateway.verifying.challenge import challenge, keys_to_judge
from smsgateway.verifying.codes import Name, code_hash, code_of, digest_of, key_digest, new_nonce
from smsgateway.verifying.verifier import Verifier
from smsgateway.verifying.view import message_ids, name_of, post_key
from smsgateway.verifying.wanted import CODE, Wanted, check_template, filled

FIRST_PAUSE: Millis = 61_000  # until a code may go out again: an operator's minute, and a second for the way to it
LONGEST_PAUSE: Millis = 900_000
TRIES = 5  # of a request that others for the same number overtake


@dataclass(frozen=True, slots=True)
class _Case:
    """A request for a code, with what follows from it alone. `keys`: by kind, the digest that it is counted under."""

    verifier: Verifier
    client: Client
    wanted: Wanted
    number: str
    digest: str
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Reads:
    """What is read before anything is decided, in one request to the table."""

    items: Mapping[Key, Item]
    now: Millis
    template: Template
    standing: Verification | None  # whose code may be approved

    @property
    def first(self) -> bool:
        """True if a verification is to begin."""
        return self.standing is None


def start(verifier: Verifier, client: Client, wanted: Wanted) -> Verification:
    """Begin a verification, repeat the code of one that lives, or make sure that its message was posted.

    Returns the verification. Raises Refusal: then nothing of this request is sent.
    """
    case = _case_of(verifier, client, wanted)
    charged: _Reads | None = None  # of the try that was counted
    for _ in range(TRIES):
        reads = _read_first(case)
        again = reads.standing is None or reads.now >= reads.standing.post_again_at
        if again and charged is None:
            _charge(case, reads)
            charged = reads
        try:
            issued = _issue(case, reads)
        except ConditionFailed:
            continue  # another request for the same number was first: what it has written counts
        try:
            _post(case, reads, issued)
        except Refusal:
            # Of a message that later requests may still post, the charge stays: they are not charged for it.
            withdrawn = issued.posts == 1 and verifications.withdraw(verifier.table, issued)
            if withdrawn or not again:
                _not_sent(case, charged)
            raise
        if not again:
            _not_sent(case, charged)
        return issued
    _not_sent(case, charged)
    raise Refusal(409, "In progress", "codes for this number are being asked for: repeat it in 1 s", retry_after=1)


def _case_of(verifier: Verifier, client: Client, wanted: Wanted) -> _Case:
    """The case of a request. Raises Refusal if its number is none, or not one that the client may verify."""
    number, pepper = normalise_number(wanted.to), verifier.pepper()
    if number is None:
        problem = problem_with_number(wanted.to)
        raise Refusal(422, "No recipient", "the number is none that can be sent to", [("to", problem)])
    if client.test:
        magic.check(number, challenged=wanted.challenged)
    digest = digest_of(pepper, client.name, number, wanted.template)
    keys = {kind: key_digest(pepper, client.name, kind, value) for kind, value in wanted.keys.items()}
    return _Case(verifier, client, wanted, number, digest, keys)


def _read_first(case: _Case) -> _Reads:
    """Read what stands. Raises Refusal for a template that cannot carry the code."""
    now, table = case.verifier.now(), case.verifier.table
    own, template = verification_key(case.digest), template_key(case.wanted.template)
    keys = [own, template, *map(counted_key, case.keys.values())]
    if not case.client.test:
        settings = case.verifier.settings()
        route = [entry.name for entry in settings.route_of("otp").accounts]
        keys += keys_to_judge(case.client.name, now)
        keys += keys_of_one(_blank(case), settings, route, case.number)  # what accepting the message will ask for
    items = table.get_many(keys)
    found = read_verification(items[own]) if own in items else None
    return _Reads(
        items,
        now,
        check_template(read_template(items[template]) if template in items else None, case.wanted),
        found if found and found.living(now) else None,
    )


def _blank(case: _Case) -> Post:
    """The message that carries the code, as far as it is the same for every code."""
    wanted = case.wanted
    return Post(
        purpose="otp",
        to=(case.number,),
        template=wanted.template,
        signature=wanted.signature,
        reference=wanted.reference,
        secret=CODE,
    )


def _charge(case: _Case, reads: _Reads) -> None:
    """Count a request that will have a message posted. Raises Refusal if it may not."""
    verifier, client = case.verifier, case.client
    if reads.first and not client.test:
        challenge(verifier, client, case.number, reads.items, reads.now, challenged=case.wanted.challenged)
    caps = verifier.settings().verifications
    keys = {kind: read_counted(reads.items.get(counted_key(digest)), digest) for kind, digest in case.keys.items()}
    limits.charge_keys(verifier.table, keys, caps, reads.now)
    if not client.test:
        limits.charge_client(verifier.table, client.name, caps, reads.now, first=reads.first)


def _not_sent(case: _Case, charged: _Reads | None) -> None:
    """Count a request no more for its client, because nothing is posted on its account."""
    if charged and not case.client.test:
        conversions.take_back(case.verifier.table, case.client.name, charged.now, first=charged.first)


def _issue(case: _Case, reads: _Reads) -> Verification:
    """Write what this request is about to post. Raises ConditionFailed if another request has written meanwhile."""
    table, now, standing = case.verifier.table, reads.now, reads.standing
    if standing is None:
        begun = _new(case, now)
        verifications.begin(table, begun, now)
        return begun
    if now < standing.post_again_at:
        return verifications.try_again(table, standing)
    again_at = _pause_end(now, standing.expires_at, standing.posts + 1)
    return verifications.post_again(table, standing, owner(case.verifier.random), now, again_at)


def _new(case: _Case, now: Millis) -> Verification:
    """The verification that begins now."""
    pepper, wanted = case.verifier.pepper(), case.wanted
    name = Name(case.digest, new_nonce(case.verifier.random))
    gone = case.client.test and magic.expires_at_once(case.number)
    expires_at = now + (0 if gone else millis(wanted.ttl))
    code = magic.code(wanted.length) if case.client.test else code_of(pepper, name, wanted.length)
    return Verification(
        digest=name.digest,
        nonce=name.nonce,
        client=case.client.name,
        template=wanted.template,
        masked=f"{case.number[:-8]}****{case.number[-4:]}",
        length=wanted.length,
        code_hash=code_hash(pepper, name, code),
        created_at=now,
        expires_at=expires_at,
        post_again_at=_pause_end(now, expires_at, 1),
        test=case.client.test,
    )


def _pause_end(now: Millis, expires_at: Millis, posts: int) -> Millis:
    """When the code may go out again after so many messages: ever later, and anew when it has expired."""
    pause = min(FIRST_PAUSE << min(posts - 1, 10), LONGEST_PAUSE)
    return min(expires_at, now + pause)


def _post(case: _Case, reads: _Reads, issued: Verification) -> None:
    """Have the newest message of a verification accepted, unless it was. Raises Refusal if it is refused."""
    if issued.test:
        return
    left = max(1000, issued.expires_at - case.verifier.now())
    code = code_of(case.verifier.pepper(), name_of(issued), issued.length)
    key = post_key(issued, issued.posts)
    post = replace(
        _blank(case),
        params=filled(reads.template, case.wanted, code, left),
        valid_for=left // 1000,
        idempotency_key=key,
        body_hash=key,  # what is posted under a key of ours is always the same
        asked=_asked(case, issued),
    )
    template = template_key(case.wanted.template)
    # A message of a verification that begins now cannot stand there yet.
    read = ReadBefore(reads.items if reads.first else {template: reads.items[template]}, reads.now, reads.first)
    try:
        accept(case.verifier, case.client, post, read)
    except Refusal as refusal:
        raise refusal.at({"to[0]": "to"}) from None


def _asked(case: _Case, issued: Verification) -> tuple[str, ...]:
    """The accounts that earlier messages of a verification went to, in this order: the next goes elsewhere."""
    if issued.posts == 1:
        return ()
    keys = [submission_key(SubmissionKey(each, root_path(0))) for each in message_ids(issued)[:-1]]
    items = case.verifier.table.get_many(keys)
    found = [read_submission(items[key]) for key in keys if key in items]
    return tuple(name for submission in found for name in (*submission.tried, submission.account))
