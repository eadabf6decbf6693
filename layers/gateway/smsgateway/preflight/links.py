"""Links, bare domains and IP addresses in a text as it is read, as far as a reader would take them for one.

A dot stands in many a text that has no address: in versions, amounts, dates, names of files and lists. So a bare domain
is told by its last label alone, and where that is also a word, or the name of a file, only if nothing else is likely.
"""

import re
from collections.abc import Iterator

from smsgateway.model import FindingCode
from smsgateway.preflight.domains import CHINESE, NO_HOSTS, PLAIN, SHORTENERS, SUREST, WITH_PATH, WORDS
from smsgateway.preflight.folding import PROSE_DOTS, Folded

_LABEL = "[a-z0-9-]{1,63}"
_BEGINS, _ENDS = "(?<![a-z0-9@_.-])", "(?![a-z0-9-])"  # a host does
_LETTERED = "(?=[0-9-]*[a-z])"  # not of digits alone
_EMAIL = re.compile(rf"(?<![a-z0-9._%+-])[a-z0-9._%+-]{{1,64}}+@(?:{_LABEL}\.){{1,8}}[a-z]{{2,24}}")
_SCHEME = re.compile("(?<![a-z0-9])(?:h ?[tx] ?[tx] ?p(?: ?s)?|[a-z][a-z0-9+-]{1,19}) ?: ?/ ?/")
_WWW = re.compile(rf"(?<![a-z0-9])w ?w ?w ?\. ?{_LABEL}(?:\.{_LABEL})*")
_HOST = re.compile(rf"{_BEGINS}(?:{_LABEL}\.){{1,8}}(?P<last>[a-z]{{2,24}}){_ENDS}")
_BLANKED = re.compile(
    rf"{_BEGINS}{_LETTERED}(?:{_LABEL}\.){{0,7}}{_LABEL}"
    r"(?: {1,3}\. {0,3}(?:c ?o ?m|c ?n|n ?e ?t|o ?r ?g|cc|xyz|icu|top|vip)|\. {1,3}(?:com|cn)|\.(?:c o ?m|co m|c n))"
    rf"(?:\.cn)?{_ENDS}"
)
_SPELT = re.compile(
    rf"{_BEGINS}{_LETTERED}{_LABEL} ?(?:[点點,]| dot |[(\[{{] ?(?:dot|[点點]|\.) ?[)\]}}]) ?"
    rf"(?:com|cn|net|org|cc|top|vip|xyz){_ENDS}"
)
_VISIT = "登录|登陆|访问|网址|打开|官网|域名|浏览|链接"  # two characters each, before a name in Chinese alone
_NAMED_IN_CHINESE = re.compile(
    rf"(?:{_BEGINS}(?=[0-9-]*[a-z][a-z0-9-]*\.)|(?<={_VISIT})[:是为 ]{{0,2}})"
    rf"(?P<host>[\u4e00-\u9fffa-z0-9-]{{1,15}}\.(?:{CHINESE}))(?![\u4e00-\u9fffa-z0-9])"
)
_CHINESE_BEFORE = re.compile(rf"[\u4e00-\u9fff]{{1,10}}\.(?:com|cn|net)(?:\.cn)?{_ENDS}")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IP = re.compile(rf"(?<![0-9a-z.])(?<![0-9]-)(?:{_OCTET}\.){{3}}{_OCTET}(?![0-9a-z]|\.[0-9])")
_BEFORE_VERSION = re.compile(
    r"(?:版本号?|版|升级[至到为]?|更新[至到为]?|固件|系统|第|\bv|\bver\.?|version|ios|android)[:是为 ]{0,2}$"
)
_AFTER_VERSION = re.compile(" ?(?:版|条|款|节|章|项)")
_TAIL = re.compile(r"(?::[0-9]{1,5})?(?:[/?#][A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]*)?")  # port and path, as it is written
_REST = re.compile("[a-z0-9.-]*")  # of an address behind its scheme, as far as its path
_CLOSING = ".,;:!?'()"  # what a sentence has behind an address
_LOOKED_BACK = 12  # characters before a number that say what it is

# One of these is in every text that has an address.
_SIGNS = re.compile(
    r"[a-z0-9] {0,3}\. {0,3}[a-z]|\. ?[0-9]{1,3}\. ?[0-9]{1,3}\.|: ?/ ?/|[点點)\]},] ?[cntvox]| dot "
    rf"|[\u4e00-\u9fff]\.[cn]|\.(?:{CHINESE})"
)
_SIGNS_OF_OTHERS = re.compile(rf" \.|\. |\.c ?o? |[点點)\]}},] ?[cntvox]| dot |[\u4e00-\u9fff]\.[cn]|\.(?:{CHINESE})")


def links(text: Folded) -> Iterator[tuple[FindingCode, int, int]]:
    """The links of a text, with their places in what is read, none in another."""
    if not _SIGNS.search(text.read):
        return
    left = text
    for found in (_with_scheme, _hosts, _others):
        for start, end in list(found(left)):
            left = left.without(start, end)
            yield _code_of(text.read[start:end]), start, end


def without_emails(text: Folded) -> Folded:
    """The text without its e-mail addresses, whose hosts are no links, and whose digits are no numbers."""
    for match in _EMAIL.finditer(text.read) if "@" in text.read else ():
        text = text.without(*match.span())
    return text


def _code_of(address: str) -> FindingCode:
    """Whether an address hides where it leads to. `address`: as it is read."""
    host = re.sub("^.*?://|^www\\.", "", address.replace(" ", ""))
    hides = SHORTENERS.fullmatch(re.split("[:/?#]", host, maxsplit=1)[0])
    return FindingCode.SHORT_LINK if hides else FindingCode.LINK


def _with_scheme(text: Folded) -> Iterator[tuple[int, int]]:
    """Addresses that say so: `https://…`, and with any other scheme, for these open an app."""
    behind = 0
    for match in _SCHEME.finditer(text.read):
        if match.start() >= behind:
            behind = _with_tail(text, match.end(), _REST)
            yield match.start(), behind


def _hosts(text: Folded) -> Iterator[tuple[int, int]]:
    """`www.…`, bare domains and IP addresses, each with its port and path."""
    behind = 0
    found = [*_WWW.finditer(text.read), *_HOST.finditer(text.read), *_IP.finditer(text.read)]
    for match in sorted(found, key=lambda each: (each.start(), -each.end())):
        end = _with_tail(text, match.end())
        if match.start() >= behind and _is_address(text, match, has_path=end > match.end()):
            behind = end
            yield match.start(), end


def _is_address(text: Folded, match: re.Match[str], *, has_path: bool) -> bool:
    if match.re is _WWW:
        return True
    if match.re is _IP:
        before = text.read[max(0, match.start() - _LOOKED_BACK) : match.start()]
        return has_path or not (_BEFORE_VERSION.search(before) or _AFTER_VERSION.match(text.read, match.end()))
    return _is_domain(text, match, has_path=has_path)


def _is_domain(text: Folded, match: re.Match[str], *, has_path: bool) -> bool:
    """Whether labels with dots between them are a host, by the last of them and how it is written."""
    last, (start, _) = match["last"], match.span("last")
    labels = match[0].split(".")
    if NO_HOSTS.fullmatch(match[0]):
        return False
    if SHORTENERS.fullmatch(match[0]) and has_path:
        return True
    if text.written[start - 1] in PROSE_DOTS:
        return bool(SUREST.fullmatch(last)) and not labels[-2].isdecimal()
    if labels[-2].isdecimal():  # or a point of a list, an amount, a version
        return bool(SUREST.fullmatch(last)) and (has_path or len(labels[-2]) > 1)
    written = text.written[start : match.end()]
    as_a_host = written.islower() or written.isupper()
    return bool(
        PLAIN.fullmatch(last) or (as_a_host and WORDS.fullmatch(last)) or (has_path and WITH_PATH.fullmatch(last))
    )


def _others(text: Folded) -> Iterator[tuple[int, int]]:
    """Domains that hide from a filter by blanks or words in them, and those of Chinese registries."""
    if not _SIGNS_OF_OTHERS.search(text.read):
        return
    behind = 0
    found = [match.span() for pattern in (_BLANKED, _SPELT, _CHINESE_BEFORE) for match in pattern.finditer(text.read)]
    found = [(start, end) for start, end in found if not PROSE_DOTS & set(text.written[start:end])]
    found += [match.span("host") for match in _NAMED_IN_CHINESE.finditer(text.read)]
    for start, end in sorted(found):
        if start >= behind:
            behind = end
            yield start, end


def _with_tail(text: Folded, start: int, rest: re.Pattern[str] | None = None) -> int:
    """Where an address ends whose host, or the scheme before it, ends at `start`: behind its port and path, and before
    the signs with which a sentence goes on. `rest`: what belongs to it before its port."""
    host = rest.match(text.read, start) if rest else None
    tail = _TAIL.match(text.written, host.end() if host else start)
    end = tail.end() if tail else start
    while end > start and text.written[end - 1] in _CLOSING:
        end -= 1
    return end
