"""Numbers as vendors name them: one or many in one text, as they like to write them."""

import re
from collections.abc import Mapping

from smsgateway.text import matches_mask, said_number

_BETWEEN = re.compile("[,，、;；|\\[\\]\"'\t\r\n]+")
_LONGEST = 40  # characters of a number, however it is written
_DIGITS = re.compile("[0-9*]{5,20}")
_NEVER_WITHIN = re.compile("[:/#@]")  # a time, an address, a separator


def is_number(said: str) -> bool:
    """Whether a text can name a number: 5 to 20 digits, in any width, with what people write around and between them;
    masked ones (`187****8801`) too."""
    number = said_number(said).lower().removeprefix("tel:") if len(said) <= _LONGEST else ""
    digits = "".join(character for character in number if character.isalnum() or character == "*")
    return bool(_DIGITS.fullmatch(digits)) and not _NEVER_WITHIN.search(number)


def named_numbers(said: str) -> Mapping[str, str]:
    """The numbers that a text names, in the one form in which numbers are looked for, each with how it is written.

    They stand between commas and the like, of any width; between blanks only where the whole would be no number.
    """
    found: dict[str, str] = {}
    for part in _BETWEEN.split(said):
        pieces = part.split()
        for name in [part] if len(pieces) < 2 or is_number(part) else pieces:
            if number := said_number(name):
                found.setdefault(number, name.strip())
    return found


def meant(said: str, numbers: tuple[str, ...]) -> list[str]:
    """Which of some numbers a vendor's can be: one, if it is among them; several, if it is masked; else none."""
    if "*" not in said:
        return [said] if said in numbers else []
    return [number for number in numbers if matches_mask(number, said)]
