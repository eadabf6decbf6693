"""The words by which people stop texts, and ask for them again, however a phone writes them.

Folded, a text is its letters and digits alone: width, case, accents, blanks, punctuation, emoji and characters that
nobody sees make no difference. A reply is a word if it is that word and nothing else: a word in a sentence is no wish
of anybody's. The text that is answered may be quoted below a word that means stop.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Literal

_STOP_LETTERS = "t|td|n|r|qx|stop|unsubscribe"
_STOP_CHINESE = "退订|退定|退訂|取消|取消订阅|取消訂閱|拒收"
_STOP_SHORT = "退|t退|n退|r退"
_STOP_POLITE = "请退订|請退訂|我要退订|我要退訂|退订谢谢|退訂謝謝|请退订谢谢|請退訂謝謝"
STOP_WORDS = frozenset("|".join((_STOP_LETTERS, _STOP_CHINESE, _STOP_SHORT, _STOP_POLITE)).split("|"))
# None of these answers a question: whoever writes 1, Y or 是 may mean anything, and has not asked for advertising.
_START_LETTERS = "dy|start|unstop|subscribe|resubscribe"
_START_CHINESE = "订阅|訂閱|重新订阅|重新訂閱|恢复|恢復|恢复订阅|恢復訂閱|恢复接收|恢復接收|取消退订|取消退訂"
START_WORDS = frozenset((*_START_LETTERS.split("|"), *_START_CHINESE.split("|")))
# Texts say 回复TD退订 or 拒收请回复R, and some answer with the whole of it, or with more of it than the word.
_REPLY_WITH = "请?回[复復覆]"
_STOP = re.compile(
    f"(?:{_REPLY_WITH})?(?:{_STOP_LETTERS}|{_STOP_SHORT}|{_STOP_POLITE}|(?:{_STOP_LETTERS})?(?:{_STOP_CHINESE}))"
    f"|(?:{_STOP_CHINESE})(?:{_REPLY_WITH})?(?:{_STOP_LETTERS})|回(?:{_STOP_LETTERS})(?:{_STOP_CHINESE}|退)?"
)
_START = re.compile(
    f"(?:{_REPLY_WITH})?(?:{_START_LETTERS}|(?:{_START_LETTERS})?(?:{_START_CHINESE}))"
    f"|(?:{_START_CHINESE})(?:{_REPLY_WITH})?(?:{_START_LETTERS})|回(?:{_START_LETTERS})(?:{_START_CHINESE})?"
)
_ASKED_FOR = re.compile(f"(?:{_REPLY_WITH})?(.+)")
_LOOKS_LIKE_T = str.maketrans("т", "t")  # a Cyrillic letter
# What phones and mail programs put in front of the text that somebody answers, or a text under its signature.
_QUOTED = re.compile(
    r"[>＞|｜]|[-—_=*]{3,}+(?:\s*$|[^\n]*original)"
    r"|(?:原文|原短信|原消息|原信息|引用|original(?: message)?)\s*[:：]|.*【[^【】]+】",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)

Wish = Literal["stop", "start"]


def folded(text: str) -> str:
    """Returns the letters and digits of a text in the one form in which words are compared; empty if it has none."""
    letters = filter(str.isalnum, unicodedata.normalize("NFKD", text).casefold())
    return "".join(letters).translate(_LOOKS_LIKE_T)


def usual_wish(text: str) -> Wish | None:
    """Returns what a text asks for if it is one of the usual words; None if it is not."""
    letters = folded(text)
    if _STOP.fullmatch(letters):
        return "stop"
    return "start" if _START.fullmatch(letters) else None


def wish_of(text: str, own_stop: Iterable[str] = (), own_start: Iterable[str] = ()) -> Wish | None:
    """Returns what a reply asks for: no more advertising, advertising again, or neither.

    An account's own words count beside the usual ones, also behind 回复. What means stop by any of them means stop,
    also as the first line of a reply with a quoted text below it.
    """
    stop_words = set(map(folded, own_stop))
    if any(usual_wish(said) == "stop" or _is_one_of(said, stop_words) for said in (text, _above_quote(text))):
        return "stop"
    return "start" if usual_wish(text) == "start" or _is_one_of(text, set(map(folded, own_start))) else None


def _is_one_of(text: str, words: Collection[str]) -> bool:
    """True if a text is one of these words, also behind 回复."""
    said = _ASKED_FOR.fullmatch(folded(text))
    return said is not None and (said[0] in words or said[1] in words)


def _above_quote(text: str) -> str:
    """The first line of a reply if what is below it is a quoted text; otherwise empty."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0] if _QUOTED.match("\n".join(lines[1:])) else ""
