"""Replies that ask for no more messages: the usual words, however a phone writes them."""

import unicodedata

WORDS = frozenset({"t", "td", "n", "r", "qx", "stop", "unsubscribe", "退", "退订", "退定", "退訂", "取消", "拒收"})
# Texts say 回复TD退订, and some answer with the whole of it.
_REPLY_WITH = ("回复", "回復", "回覆")


def is_opt_out(text: str) -> bool:
    """Whether a reply is one of the words, and nothing else: a word in a sentence is no wish of anybody's.

    Width, case, accents, blanks, punctuation, emoji and characters that nobody sees make no difference.
    """
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text).casefold()))
    return letters in WORDS or (letters.startswith(_REPLY_WITH) and letters[2:] in WORDS)
