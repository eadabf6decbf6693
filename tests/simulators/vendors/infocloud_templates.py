"""infocloud's templates (第一步：创建短信模板, 短信签名FAQ), and what is wrong with a request's values."""

import json
import re
from collections.abc import Sequence
from typing import Any

from tests.simulators.model import Template

VARIABLE = re.compile(r"\$?\{([^{},]*)(?:,([0-9]+))?\}")
DYNAMIC_SIGNATURE = "动态签名"


class RefusalError(Exception):
    """A call that is answered with this code, and a message where the code's own says too little."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code, self.message = code, message


def inner(text: str, code: str) -> list[Any]:
    """A list that is JSON inside a JSON string, or a refusal with `code`."""
    try:
        value = json.loads(text)
    except ValueError:
        raise RefusalError(code) from None
    if not isinstance(value, list):
        raise RefusalError(code)
    return value


def template(code: str, text: str, variables: int | None = None, max_lengths: Sequence[int | None] = ()) -> Template:
    """A template; variables and their lengths are read from `{name,max}` in the text unless given."""
    found = VARIABLE.findall(text)
    if text:
        lengths = tuple(int(most) if most else None for _, most in found)
    else:
        lengths = (None,) * (variables or 0)
        text = "".join("{" + str(number) + "}" for number in range(1, len(lengths) + 1))
    if max_lengths:
        if len(max_lengths) != len(lengths):
            raise ValueError("max_lengths: one for each variable")
        lengths = tuple(max_lengths)
    if variables is not None and variables != len(lengths):
        raise ValueError("variables: not the number of variables in the text")
    return Template(code, text, lengths)


def rendered(template: Template, values: object) -> str:
    """The text a phone shows: variables replaced in order, a dynamic signature in 【】."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise RefusalError("60006")
    if values == [""] and not template.max_lengths:
        values = []
    if len(values) != len(template.max_lengths):
        raise RefusalError("60003")
    if any(most is not None and len(value) > most for value, most in zip(values, template.max_lengths, strict=True)):
        raise RefusalError("60004")
    if values and not any(values):
        raise RefusalError("60005")
    remaining = iter(values)
    return VARIABLE.sub(
        lambda found: f"【{next(remaining)}】" if found[1] == DYNAMIC_SIGNATURE else next(remaining), template.text
    )


TEMPLATES = (
    template("free-text-1", "{内容,1000}"),
    template("free-text-2", f"{{{DYNAMIC_SIGNATURE},20}}{{内容,1000}}"),
)
