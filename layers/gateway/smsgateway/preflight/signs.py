"""Signs in a text that have a meaning of their own: brackets, what no eye sees, a variable's sign; and the way out."""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

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

# What a text promises to whoever does what it says.
_NO_MORE = "退订|退定|退訂|拒收|拒订|拒絕|拒绝|取消(?:订阅|訂閱|接收|推送)|不再接收|免打扰|退(?![款货貨票換换房费])"
# Words that are obeyed as a reply (rules/keywords.py).
_OBEYED = "退订|退定|退訂|拒收|取消(?:订阅|訂閱)|退(?![款货貨票換换房费])"
_USUAL_WORDS = ("unsubscribe", "stop", "td", "qx", "t", "n", "r")
_REPLY = "回[复復覆]?|发送?|發送?|reply"
_QUOTE = "[\"'“”‘’「」]?"


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


def says_the_way_out(text: Folded, own_words: Collection[str] = ()) -> bool:
    """Whether a text says how to get no more of its kind, so that whoever does what it says is obeyed.

    That is 拒收请回复R, 回复TD退订 and the like, or a link behind such a word. `own_words`: those that mean stop in a
    reply beside the usual ones, as letters and digits without blanks. A digit is a way out only if it is one of these.
    """
    chinese, english = _ways_out(frozenset(own_words))
    return bool(chinese.search(text.read.replace(" ", "")) or english.search(text.read))


@lru_cache(maxsize=64)
def _ways_out(own_words: frozenset[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What a way out looks like in a Chinese text without blanks, and in an English one."""
    words = "|".join(map(re.escape, sorted({*_USUAL_WORDS, *own_words}, key=lambda word: (-len(word), word))))
    word = f"(?:{words})(?![a-z0-9恤])"
    chinese = (
        f"(?:{_NO_MORE}|不[想愿需再][^,.!]{{0,6}})[请請可:,]*(?:{_REPLY}){_QUOTE}(?:{word}|{_OBEYED})"
        f"|(?:{_REPLY}){_QUOTE}(?:{_OBEYED}|(?:{words}){_QUOTE}(?:即可|可以|可|以|来|便可|则)?(?:{_NO_MORE}))"
        f"|(?<![a-z])(?:td|t|n|r)(?:{_NO_MORE})|(?:退订|退訂|拒收)[请請可:]*(?:{word}|点击|https?)"
    )
    reply = rf"(?:reply|text|send)\s*(?:with\s*)?{_QUOTE}"
    english = (
        rf"(?<![a-z]){reply}{word}(?!-[a-z])|(?:unsubscribe|opt[ -]?out)[\s:,.-]*"
        rf"(?:(?:{reply})?{word}(?!-[a-z])|(?:at|via|click|here|https?)(?![a-z]))"
    )
    return re.compile(chinese), re.compile(english)
