"""Signs in a text that have a meaning of their own: brackets, what no eye sees, a variable's sign; and the way out."""

import re
from collections.abc import Iterator, Mapping

from smsgateway.preflight.folding import Folded
from smsgateway.unseen import UNSEEN

_BRACKETS = re.compile("【[^【】]{0,60}】|[【】]")
# An emoji may be made of several characters: a style, or a joint to the next, that nobody sees by itself.
_PICTURE = "\u00a9\u00ae\u203c-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_OF_A_PICTURE = rf"(?<=[{_PICTURE}0-9#*])[\ufe0e\ufe0f]|(?<=[{_PICTURE}\ufe0f])\u200d(?=[{_PICTURE}])"
_UNSEEN = re.compile(rf"(?:(?!{_OF_A_PICTURE})(?!\s)[{UNSEEN}])+")
_SIGN_BEFORE_BRACE = re.compile(r"[$#%][{｛][^{}｛｝\s]{1,64}[}｝]")
_SIGN_BEFORE_VARIABLE = re.compile(r"[$#%＄＃％](?=\{[A-Za-z_][A-Za-z0-9_]*\})")
_NAME = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")

_NO_MORE = "退订|退定|退訂|拒收|拒订|拒絕|拒绝|取消(?:订阅|訂閱|接收|推送)|不再接收|免打扰|退(?![款货貨票换換房费])"
_REPLY = "回[复復覆]?|发送?|發送?|reply"
_WORD = "td|t|n|r|qx|td退订|stop|[0-9]{1,4}"
_WAY_OUT = re.compile(
    rf"(?:{_NO_MORE}|不[想愿需再][^,.!]{{0,6}})[请請可:,]*(?:{_REPLY})[\"'“”「]?(?:{_WORD})(?![a-z0-9恤])"
    rf"|(?:{_REPLY})[\"'“”「]?(?:{_WORD})?[\"'“”」]?(?:即可|可以|可|以|来|便可|则)?(?:{_NO_MORE})"
    rf"|(?<![a-z])(?:td|t|n|r)(?:{_NO_MORE})|(?:退订|退訂|拒收)[请請可:]*(?:td|t|n|r|点击|https?)(?![a-z0-9])"
    r"|unsubscribe|optout|opt-out|reply(?:\"|')?(?:stop|td|t|n|r|no|end|quit)|(?:text|send)stop"
)


def brackets(text: str) -> Iterator[tuple[int, int]]:
    """The places of 【…】 in a text, and of each bracket without its other."""
    for match in _BRACKETS.finditer(text) if "【" in text or "】" in text else ():
        yield match.span()


def unseen(text: str) -> Iterator[tuple[int, int]]:
    """The places of what no eye sees in a text and takes no space, but for that of which an emoji is made."""
    for match in _UNSEEN.finditer(text):
        yield match.span()


def signs_before_braces(text: Folded) -> Iterator[tuple[int, int]]:
    """The places of `${code}` and its kin in what is read of a text: of a variable that nobody fills."""
    for match in _SIGN_BEFORE_BRACE.finditer(text.read) if "{" in text.read else ():
        yield match.span()


def signs_before_variables(template_text: str, params: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """The places of signs before a template's variables, in the text that it makes with these values."""
    for sign in _SIGN_BEFORE_VARIABLE.finditer(template_text):
        before = _NAME.sub(lambda name: params[name[1]] if name[1] else name[0][0], template_text[: sign.start()])
        yield len(before), len(before) + 1


def says_the_way_out(text: Folded) -> bool:
    """Whether a text says how to get no more of its kind: 拒收请回复R, 回复TD退订 and the like."""
    return _WAY_OUT.search(text.read.replace(" ", "")) is not None
