"""Ids of 微信 and QQ in a text as it is read, under the names by which senders try to get them past a filter.

The name alone is no finding: 微信支付 and QQ音乐 stand in many a notice. An id or a number directly behind it is one.
"""

import re
from collections.abc import Iterator

from smsgateway.model import FindingCode
from smsgateway.preflight.folding import Folded

_WECHAT = "微 ?信|薇 ?信|威 ?信|徽 ?信|微 ?❤|薇 ?心|v ?信|v ?心|卫 ?星号?|wei ?xin|wechat"
_LETTERS = "w ?x|v ?x|v"  # with 加 before them or a colon behind, for orders and versions have them, too
_SYLLABLES = "微|薇|威"  # with 加 before them
_QQ = "q ?q|扣 ?扣|抠 ?抠|球 ?球|企 ?鹅|q(?=[群号:])"
_ADD = r"(?:[加➕+]|添加|搜索?) ?"
_LINK = "(?:号码?|账号|帐号|群号?|公众号|客服|[:=]|是|为|搜索?|添?加|咨询|联系|[- ])"  # between the name and the id
_STRONG = "(?:号码?|账号|帐号|群号?|公众号|[:=]|是|为|搜索?|添?加)"
_ID = "(?:[a-z][a-z0-9_-]{5,19}|[0-9]{5,12})"
_MIXED = "(?:(?=[a-z0-9_-]{0,18}[0-9_-])[a-z][a-z0-9_-]{5,19}|[0-9]{5,12})"  # no word of a language
_EDGE = "(?<![a-z0-9_])"
_CLOSED = "(?![a-z0-9_])(?![-.][0-9])"

_NAMES = f"{_WECHAT}|{_LETTERS}|{_SYLLABLES}"
_WECHAT_IDS = (
    rf"{_ADD}(?:{_NAMES}){_LINK}{{0,4}}(?P<added>{_MIXED}|(?<=[: 号加])[a-z][a-z_-]{{5,19}})",
    rf"(?:{_EDGE}|(?<=[0-9]))(?:{_WECHAT}){_LINK}{{0,3}}(?:{_STRONG} ?(?P<named>{_ID})|(?P<plain>{_MIXED}))",
    rf"{_EDGE}(?:{_LETTERS})(?:号码?|[:=]){_LINK}{{0,2}}(?P<lettered>{_ID})",
    rf"{_EDGE}(?P<own>wxid_[a-z0-9]{{6,20}})",
)
_IDS = {
    FindingCode.WECHAT_ID: re.compile(f"(?:{'|'.join(_WECHAT_IDS)}){_CLOSED}"),
    FindingCode.QQ_ID: re.compile(
        rf"(?:{_EDGE}|(?<=[加+]))(?:{_QQ}){_LINK}{{0,4}}(?P<plain>[1-9][0-9]{{4,11}}){_CLOSED}"
    ),
}
# Versions have a V before digits; amounts and dates stand behind 微信 now and then.
_NO_ID_BEFORE = re.compile(r"(?:版本号?|型号|规格|编号|电压|version)[:是为 ]{0,2}$")
_UNIT = re.compile(" ?(?:[元块角分秒天日月年折%次个件位人名张条份积万亿步:]|版)")
_DATE = re.compile("20[0-9]{2}[-]?(?:0[1-9]|1[0-2])[-]?(?:0[1-9]|[12][0-9]|3[01])")
_LOOKED_BACK = 8

# One of these is in every text that has an id.
_SIGNS = re.compile("[微薇威徽v] ?[信心❤]|卫 ?星|加 ?[微薇威]|[扣抠球企] ?[扣抠球鹅]|[qvw]")


def ids(text: Folded) -> Iterator[tuple[FindingCode, int, int]]:
    """The ids of a text, each with the name before it, and their places in what is read."""
    if not _SIGNS.search(text.read):
        return
    for code, pattern in _IDS.items():
        for match in pattern.finditer(text.read):
            if not _is_something_else(text, match):
                yield code, *match.span()


def _is_something_else(text: Folded, match: re.Match[str]) -> bool:
    """Whether what stands behind a name is an amount, a date or a version."""
    before = text.read[max(0, match.start() - _LOOKED_BACK) : match.start()]
    account = next(group for group in match.groups() if group)
    return bool(
        _NO_ID_BEFORE.search(before)
        or _DATE.fullmatch(account)
        or (account.isdecimal() and _UNIT.match(text.read, match.end()))
    )
