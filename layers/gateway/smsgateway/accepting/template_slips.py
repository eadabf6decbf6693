"""Slips in a template: what is allowed and probably not meant, such as other systems' ways of writing a variable."""

import re
from collections.abc import Iterator

from smsgateway.unseen import trimmed

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_SIGN_BEFORE = re.compile(rf"([$#%＄＃％\\])\{{({_NAME})\}}")
_DOUBLED = re.compile(rf"(?<!\{{)\{{\{{ *({_NAME}) *\}}\}}(?!\}})")
_BETWEEN_SIGNS = re.compile(rf"([#%$])({_NAME})\1")
_FULL_WIDTH = re.compile(r"｛[^｛｝]*｝")
_SIGNED_BY_VARIABLE = re.compile(rf"【[^【】]*\{{{_NAME}\}}[^【】]*】")


def slips(template_text: str) -> list[str]:
    """The slips in a template's text, each once, in words fit to be shown. The text is one that `variables` takes."""
    return list(dict.fromkeys(_slips(template_text)))


def _slips(template_text: str) -> Iterator[str]:
    """The slips in a template's text, one as often as it stands there."""
    for sign, name in _SIGN_BEFORE.findall(template_text):
        yield f"the {sign} in front of {{{name}}} is sent as it stands: if it is not meant, take it out"
    for name in _DOUBLED.findall(template_text):
        yield f"{{{{{name}}}}} is sent as {{{name}}}: a variable has single braces here"
    for sign, name in _BETWEEN_SIGNS.findall(template_text):
        yield f"{sign}{name}{sign} is sent as it stands: a variable is written {{{name}}} here"
    if _FULL_WIDTH.search(template_text):
        yield "what is between full-width braces ｛｝ is sent as it stands: a variable has { and } here"
    if _SIGNED_BY_VARIABLE.match(trimmed(template_text)):
        yield "the 【…】 at its beginning is no signature, for a variable is in it: the account's goes in front"
