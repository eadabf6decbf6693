"""Replies that ask for no more messages: the usual words, however a phone writes them."""

import re
import unicodedata

_LETTERS = "t|td|n|r|qx|stop|unsubscribe"
_CHINESE = "退订|退定|退訂|取消|取消订阅|取消訂閱|拒收"
WORDS = frozenset((*_LETTERS.split("|"), *_CHINESE.split("|"), "退"))
# Texts say 回复TD退订 or 拒收请回复R, and some answer with the whole of it, or with more of it than the word.
_REPLY_WITH = "请?回[复復覆]"
_OPT_OUT = re.compile(
    f"(?:{_REPLY_WITH})?(?:{_LETTERS}|退|(?:{_LETTERS})?(?:{_CHINESE}))"
    f"|(?:{_CHINESE})(?:{_REPLY_WITH})?(?:{_LETTERS})|回(?:{_LETTERS})(?:{_CHINESE})?"
)


def is_opt_out(text: str) -> bool:
    """Whether a reply is one of the words, and nothing else: a word in a sentence is no wish of anybody's.

    Width, case, accents, blanks, punctuation, emoji and characters that nobody sees make no difference.
    """
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text).casefold()))
    return _OPT_OUT.fullmatch(letters) is not None
