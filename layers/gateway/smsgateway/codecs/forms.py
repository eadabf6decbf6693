"""What several vendors' protocols have in common: form requests and pushes, checks before encoding."""

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from smsgateway.codecs.base import Profile
from smsgateway.codecs.charsets import patched, unmarked, unpatched
from smsgateway.codecs.records import is_damaged
from smsgateway.errors import DecodeError, EncodeError
from smsgateway.model import Account, Push, Reason, Request
from smsgateway.text import LANDLINE
from smsgateway.unseen import visible

_ADDRESS_LIMIT = 8000  # characters of a GET address; common servers refuse more than 8 KB
_FIELDS_LIMIT = 100  # of a push
_NO_FORM = ("{", "[", "<")  # what begins a body of another kind
_NAMED_LIMIT = 20  # characters named in one problem
_NUMBERS = re.compile("[0-9]{5,20}(?:,[0-9]{5,20}+)*+")


def address(account: Account, profile: Profile, operation: str) -> str:
    """The absolute address of an operation: the account's own path, else the document's, below its base_url.

    A base_url that already ends in the folder of the document's path (`http://…/msg`) does not get it twice.
    """
    if operation in account.options.paths:
        return account.base_url + account.options.paths[operation]
    folder, slash, name = profile.paths[operation].rpartition("/")
    return account.base_url.removesuffix(folder) + folder + slash + name


def form_request(
    url: str,
    fields: Sequence[tuple[str, str]],
    *,
    charset: str = "utf-8",
    method: Literal["POST", "GET"] = "POST",
    statuses: frozenset[int] = frozenset({200}),
) -> Request:
    """A form in a charset, as the body of a POST or the query of a GET, and the statuses of the vendor's own answers.

    Raises EncodeError with the name of a field that does not fit.
    """
    encoded = []
    for name, value in fields:
        try:
            encoded.append((name, value.encode(charset)))
        except UnicodeEncodeError:
            problem = f"{name} has characters that {charset} cannot carry"
            raise EncodeError(Reason.CONTENT_NOT_ENCODABLE, problem) from None
    form = urlencode(encoded)
    if method == "POST":
        content_type = f"application/x-www-form-urlencoded; charset={charset.upper()}"
        return Request("POST", url, {"Content-Type": content_type}, form.encode("ascii"), statuses=statuses)
    whole = f"{url}{'&' if '?' in url else '?'}{form}"
    if len(whole) > _ADDRESS_LIMIT:
        raise EncodeError(
            Reason.PARAMETER_REFUSED,
            f"as a GET the request is {len(whole)} characters long, the limit is {_ADDRESS_LIMIT}",
        )
    return Request("GET", whole, statuses=statuses)


def unencodable(text: str, charset: str) -> str:
    """The characters of a text that a charset cannot carry, each once."""
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return "".join(dict.fromkeys(character for character in text if not _encodes(character, charset)))
    return ""


def _encodes(character: str, charset: str) -> bool:
    try:
        character.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def check_encodable(text: str, charset: str = "utf-8") -> None:
    """EncodeError, naming the characters, if a charset cannot carry a text. Half a character fits none."""
    if characters := unencodable(text, charset):
        named = " ".join(c if c.isprintable() and visible(c) else f"U+{ord(c):04X}" for c in characters[:_NAMED_LIMIT])
        raise EncodeError(Reason.CONTENT_NOT_ENCODABLE, f"characters that {charset.upper()} cannot carry: {named}")


def check_numbers(numbers: Sequence[str], limit: int, *, landlines: bool = False) -> None:
    """EncodeError unless there are 1…limit numbers of ASCII digits (a separator in one would make it two), all of them
    mobiles' unless the vendor takes landlines."""
    if not 1 <= len(numbers) <= limit:
        raise EncodeError(Reason.PARAMETER_REFUSED, f"{len(numbers)} numbers in one request, the limit is {limit}")
    # As one text: there may be 50 000.
    text = ",".join(numbers)
    if text.count(",") >= len(numbers) or not _NUMBERS.fullmatch(text):
        raise EncodeError(Reason.INVALID_NUMBER, "a number is not made of digits")
    if not landlines and (others := f",{text}".count(f",{LANDLINE}")):
        raise EncodeError(Reason.LANDLINE, f"takes mobile numbers only; landlines among them: {others}")


def check_extension(extension: str, limit: int) -> None:
    """EncodeError unless an extension is empty or at most `limit` ASCII digits."""
    if extension and not re.fullmatch("[0-9]+", extension):
        raise EncodeError(Reason.EXTENSION_REFUSED, "the extension is not made of digits")
    if len(extension) > limit:
        raise EncodeError(Reason.EXTENSION_REFUSED, f"the extension has {len(extension)} digits, the limit is {limit}")


def push_fields(push: Push) -> dict[str, str]:
    """The fields of a push, of its query and of its form body (UTF-8); the body's count where both have one.

    Bytes that are no UTF-8 stand in them as `charsets.patched` has them: they cost the field that they are in.
    """
    text = patched(*unmarked(push.body, "utf-8"))
    try:
        body = parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=_FIELDS_LIMIT)
    except ValueError:
        raise DecodeError("the body of the push is not a form", push_raw(push)) from None
    if text.lstrip().startswith(_NO_FORM):
        raise DecodeError("the body of the push is JSON or XML, and not a form", push_raw(push))
    return dict(push.query) | dict(body)


def push_raw(push: Push) -> bytes:
    """The bytes that a push consists of: its body, or its query as a form."""
    return push.body or form_text(push.query).encode("ascii")


def form_text(fields: Iterable[tuple[str, str]] | Mapping[str, str]) -> str:
    """Fields as one line of text, whatever they hold: the raw record of a report or reply."""
    pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
    return urlencode([(_bytes(name), _bytes(value)) for name, value in pairs])


def _bytes(text: str) -> bytes:
    try:
        return unpatched(text, "utf-8")
    except UnicodeEncodeError:  # half of a character that no byte was
        return text.encode("utf-8", "surrogatepass")


def maybe_right(fields: Mapping[str, str], wrong: Collection[str]) -> bool:
    """Whether fields that are not what they should be may have been so, before the push was damaged."""
    anything = any(is_damaged(text) for pair in fields.items() for text in pair)
    return anything and all(name not in fields or is_damaged(fields[name]) for name in wrong)


def secret_matches(expected: Iterable[str], given: str) -> bool:
    """Whether what was given is one of the expected secrets: in constant time, for any text, never an empty one."""
    digest = _digest(given)
    matches = [hmac.compare_digest(_digest(secret), digest) for secret in expected if secret]
    return any(matches)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
