"""Phone numbers in a text as it is read: mobiles, landlines and service numbers (400, 800, 95, 96 and short ones).

Digits stand in nearly every text: codes, amounts, dates, orders, tracking numbers. So a number counts by its own form
only where that is a phone number's alone. One that any code could be (95588) counts behind a word such as 电话 or 致电.
"""

import re
from collections.abc import Iterator

from smsgateway.model import FindingCode
from smsgateway.preflight.folding import TAKEN, Folded

_SEPARATOR = "[-. ]{1,2}"
_GROUPS_OF_A_MOBILE = ("344", "335", "434", "443", "38", "74", "56")  # as people write its eleven digits
_NOT_INSIDE = "(?<![a-z0-9_])(?<![0-9][-.])"  # a word, a longer number, a decimal
_CLOSED = "(?![0-9_*])(?![-.][0-9])(?:(?![a-z])|(?=[vw]x|wei|同))"
_ABROAD = r"(?:(?:\+ ?|00)?86[- ]?)?"


def _grouped(groups: str) -> str:
    """A pattern for the digits of a mobile, in groups of these sizes."""
    first = f"1[3-9][0-9]{{{int(groups[0]) - 2}}}"
    return first + "".join(f"{_SEPARATOR}[0-9]{{{size}}}" for size in groups[1:])


_ONE_BY_ONE = "1(?P<between>[-. ])[3-9](?:(?P=between)[0-9]){9}"
_MOBILES = "|".join(["1[3-9][0-9]{9}", *map(_grouped, _GROUPS_OF_A_MOBILE), _ONE_BY_ONE])
_MOBILE = re.compile(rf"(?:{_NOT_INSIDE}|(?<=tel)|(?<=phone)|(?<=mobile)|(?<=call)){_ABROAD}(?:{_MOBILES}){_CLOSED}")
# Area codes: 10 and 2x have eight digits behind them, the others seven or eight.
_EIGHT = "[2-9][0-9]{3}[- ]?[0-9]{4}"
_SEVEN = f"(?:{_EIGHT}|[2-9][0-9]{{2}}[- ]?[0-9]{{4}})"
_LANDLINE = re.compile(
    rf"{_NOT_INSIDE}(?:\(?0(?:10|2[0-9])\)?[- ]{{0,2}}{_EIGHT}|\(?0[3-9][0-9]{{2}}\)?[- ]{{0,2}}{_SEVEN}"
    rf"|(?:\+ ?|00)86[- ]?(?:(?:10|2[0-9])[- ]?{_EIGHT}|[3-9][0-9]{{2}}[- ]?{_SEVEN})){_CLOSED}"
)
_SERVICE = re.compile(
    rf"{_NOT_INSIDE}[48]00(?:[0-9]{{7}}|[-. ]?[0-9]{{1,4}}(?:[-. ][0-9]{{2,5}}){{1,2}}|[-. ][0-9]{{7}}){_CLOSED}"
)
_SERVICE_DIGITS = 10

_IN_CHINESE = "〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖"
_CHINESE_DIGITS = f"0-9{_IN_CHINESE}"
_IN_WORDS = re.compile(
    rf"(?<![{_CHINESE_DIGITS}])(?:[1一幺壹][- ]?[3-9三四五六七八九叁肆伍陆柒捌玖](?:[- ]?[{_CHINESE_DIGITS}]){{9}}"
    rf"|[4四肆][- ]?(?:[0零〇][- ]?){{2}}[{_CHINESE_DIGITS}](?:[- ]?[{_CHINESE_DIGITS}]){{6}})(?![{_CHINESE_DIGITS}])"
)
_IN_ARABIC = re.compile("[- 0-9]*")

_LEADING = "(?:号码|号|电话|热线|专线|是|为|至|到|请|或|及|[:.()、/,+ ])"
_CALL = (
    "电话|致电|拨打|拨通|请拨|可拨|热线|来电|回电|请电|可电|电联|电询|电洽|专线|座机|固话|联系方式|联系号码"
    "|tel|phone|hotline"
)
_CALLED = re.compile(rf"(?:{_CALL}){_LEADING}{{0,4}}(?P<number>[0-9](?:[- ]?[0-9]){{2,11}}){_CLOSED}")
# Weaker words: they say of a service number that it is one, and nothing of other digits.
_WEAK = (
    "客服|咨询|详询|联系|详情|投诉|举报|挂失|人工|银行|[工农中建交招光发浦兴华平本我]行|(?<![充用停供节漏耗放])电|拨|请打"
    "|询"
)
_SERVED = re.compile(
    rf"(?:(?:{_CALL}|{_WEAK}){_LEADING}{{0,4}}|{TAKEN}[或、/, 及]{{1,2}})(?P<number>9[56][0-9]{{3,6}}){_CLOSED}"
)

# Words before a number by which it is something else, and units behind it.
_NAMED_OTHERWISE = re.compile(
    "(?:单号|订单|编号|流水|卡号|票号|券号|序列号|运单|快递|账单|凭证|合同号?|保单|受理|工单|案号|批次|尾号|验证码|校验码|动态码|口令|密码"
    r"|会员[号卡]|户号|[学工考税桌序批]号|设备号|车架号|准考证|身份证|证件|[编代条]码|imei|sn|id"
    "|取件码|提货码|核销码|兑换码|激活码|邀请码|识别码|[¥￥$€]|rmb|人民币|order|no)[号码]?[:.#是为 ]{0,3}$"
)
_UNIT = re.compile(
    " ?(?:[元块角分秒天日月年楼层室期折%‰克斤千公里米升毫次个件位人名台款张条份页集笔周岁万亿路站排级度倍积吨瓦:]|小时"
    "|(?:kg|km|g|ml|mb|gb)(?![a-z]))"
)
_DATE = re.compile("20[0-9]{2}[-./ ]?(?:0?[1-9]|1[0-2])[-./ ]?(?:0?[1-9]|[12][0-9]|3[01])")
_LOOKED_BACK = 10  # characters before a number that say what it is

# One of these is in every text that has a number of the forms beside it.
_SIGNS = re.compile(r"(?<![0-9])(?:1[-. ]?[3-9]|\(?0[1-9]|[48]00|86)(?:[-. ()]{0,2}[0-9]){5}")
_SIGNS_IN_WORDS = re.compile(f"[{_IN_CHINESE}](?:[- ]?[{_CHINESE_DIGITS}]){{2}}")
_SIGNS_OF_A_CALL = re.compile(f"(?:{_CALL}){_LEADING}{{0,4}}[0-9]|9[56][0-9]{{3}}")


def numbers(text: Folded) -> Iterator[tuple[FindingCode, int, int]]:
    """The phone numbers of a text, with their places in what is read, none in another."""
    for signs, forms in _BY_FORM.items():
        if not signs.search(text.read):
            continue
        for pattern, code in forms.items():
            for start, end in _places(pattern, text):
                if _is_number(pattern, text, start, end):
                    text = text.without(start, end)
                    yield code, start, end


def _places(pattern: re.Pattern[str], text: Folded) -> Iterator[tuple[int, int]]:
    """Where a pattern, or the number in it, fits."""
    group = "number" if "number" in pattern.groupindex else 0
    for match in pattern.finditer(text.read):
        yield match.span(group)


def _is_number(pattern: re.Pattern[str], text: Folded, start: int, end: int) -> bool:
    """Whether what has a number's form is one, by what stands around it."""
    number = text.read[start:end]
    if pattern is _SERVICE and len(re.sub("[^0-9]", "", number)) != _SERVICE_DIGITS:
        return False
    if pattern is _IN_WORDS and _IN_ARABIC.fullmatch(number):
        return False  # the others know better
    if pattern is _CALLED and _DATE.fullmatch(number):
        return False
    before = text.read[max(0, start - _LOOKED_BACK) : start]
    return not (_NAMED_OTHERWISE.search(before) or _UNIT.match(text.read, end))


_BY_FORM = {
    _SIGNS: {
        _MOBILE: FindingCode.PHONE_NUMBER,
        _LANDLINE: FindingCode.PHONE_NUMBER,
        _SERVICE: FindingCode.SERVICE_NUMBER,
    },
    _SIGNS_IN_WORDS: {_IN_WORDS: FindingCode.PHONE_NUMBER},
    _SIGNS_OF_A_CALL: {_SERVED: FindingCode.SERVICE_NUMBER, _CALLED: FindingCode.PHONE_NUMBER},
}
