"""The words by which people stop texts, and ask for them again, however a phone writes them.

Folded, a text is its letters and digits alone: width, case, accents, blanks, punctuation, emoji and characters that
nobody sees make no difference. A reply is a word if it is that word and nothing else: a word in a sentence is no wish
of anybody's.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

_STOP_LETTERS = "t|td|n|r|qx|stop|unsubscribe"
_STOP_CHINESE = "退订|退定|退訂|取消|取消订阅|取消訂閱|拒收"
STOP_WORDS = frozenset((*_STOP_LETTERS.split("|"), *_STOP_CHINESE.split("|"), "退"))
# None of these answers a question: whoever writes 1, Y or 是 may mean anything, and has not asked for advertising.
_START_LETTERS = "dy|start|unstop|subscribe|resubscribe"
_START_CHINESE = "订阅|訂閱|重新订阅|重新訂閱|恢复|恢復|恢复订阅|恢復訂閱|恢复接收|恢復接收|取消退订|取消退訂"
START_WORDS = frozenset((*_START_LETTERS.split("|"), *_START_CHINESE.split("|")))
# Texts say 回复TD退订 or 拒收请回复R, and some answer with the whole of it, or with more of it than the word.
_REPLY_WITH = "请?回[复復覆]"
_STOP = re.compile(
    f"(?:{_REPLY_WITH})?(?:{_STOP_LETTERS}|退|(?:{_STOP_LETTERS})?(?:{_STOP_CHINESE}))"
    f"|(?:{_STOP_CHINESE})(?:{_REPLY_WITH})?(?:{_STOP_LETTERS})|回(?:{_STOP_LETTERS})(?:{_STOP_CHINESE})?"
)
_START = re.compile(
    f"(?:{_REPLY_WITH})?(?:{_START_LETTERS}|(?:{_START_LETTERS})?(?:{_START_CHINESE}))"
    f"|(?:{_START_CHINESE})(?:{_REPLY_WITH})?(?:{_START_LETTERS})|回(?:{_START_LETTERS})(?:{_START_CHINESE})?"
)
_ASKED_FOR = re.compile(f"(?:{_REPLY_WITH})?(.+)")

Wish = Literal["stop", "start"]


def folded(text: str) -> str:
    """Returns the letters and digits of a text in the one form in which words are compared; empty if it has none."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text).casefold()))


def usual_wish(text: str) -> Wish | None:
    """Returns what a text asks for if it is one of the usual words; None if it is not."""
    letters = folded(text)
    if _STOP.fullmatch(letters):
        return "stop"
    return "start" if _START.fullmatch(letters) else None


def wish_of(text: str, own_stop: Iterable[str] = (), own_start: Iterable[str] = ()) -> Wish | None:
    """Returns what a reply asks for: no more advertising, advertising again, or neither.

    An account's own words count beside the usual ones, also behind 回复. What means stop by any of them means stop.
    """
    said = _ASKED_FOR.fullmatch(folded(text))
    words = {said[0], said[1]} if said else set()
    if words & set(map(folded, own_stop)):
        return "stop"
    if usual := usual_wish(text):
        return usual
    return "start" if words & set(map(folded, own_start)) else None
