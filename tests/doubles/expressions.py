"""DynamoDB's expressions, as far as the gateway's store writes them, compiled to functions.

Source: the DynamoDB developer guide, "Condition and filter expressions" and "Update expressions". Values are DynamoDB's
typed JSON throughout.

Grammars: conditions with AND, OR, NOT, parentheses, comparisons, IN, BETWEEN, attribute_exists, attribute_not_exists,
begins_with, contains, size, and members of maps
(`message.purpose`); updates with SET (values, if_not_exists, list_append, +), REMOVE, ADD and DELETE.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

type WireValue = dict[str, Any]
type WireItem = dict[str, WireValue]
type Names = Mapping[str, str]
type Values = Mapping[str, WireValue]
type Operand = Callable[[WireItem, Names, Values], WireValue | None]
type Condition = Callable[[WireItem, Names, Values], bool]
type Change = Callable[[WireItem, Names, Values], tuple[str, WireValue | None]]

_TOKEN = re.compile(r"\s*([#:]?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?|<>|<=|>=|[=<>(),+])")


class _Tokens:
    """The words of an expression, taken one by one."""

    def __init__(self, expression: str) -> None:
        self.words = _TOKEN.findall(expression)
        if "".join(self.words) != re.sub(r"\s", "", expression):
            raise ValueError(f"not an expression: {expression}")
        self.place = 0

    def peek(self) -> str:
        return self.words[self.place] if self.place < len(self.words) else ""

    def take(self, expected: str = "") -> str:
        word = self.peek()
        if not word or (expected and word != expected):
            raise ValueError(f"{expected or 'a word'} expected instead of {word or 'the end'}")
        self.place += 1
        return word


def used_words(expression: str) -> set[str]:
    """The names (`#state`) and values (`:now`) that an expression uses."""
    return {word for word in _TOKEN.findall(expression) if word[0] in "#:"}


@lru_cache
def condition(expression: str) -> Condition:
    """A condition expression as a function of an item, names and values."""
    tokens = _Tokens(expression)
    result = _or(tokens)
    if tokens.peek():
        raise ValueError(f"{tokens.peek()} is left over in {expression}")
    return result


def _or(tokens: _Tokens) -> Condition:
    alternatives = [_and(tokens)]
    while tokens.peek() == "OR":
        tokens.take()
        alternatives.append(_and(tokens))
    return lambda item, names, values: any(one(item, names, values) for one in alternatives)


def _and(tokens: _Tokens) -> Condition:
    parts = [_not(tokens)]
    while tokens.peek() == "AND":
        tokens.take()
        parts.append(_not(tokens))
    return lambda item, names, values: all(one(item, names, values) for one in parts)


def _not(tokens: _Tokens) -> Condition:
    if tokens.peek() == "NOT":
        tokens.take()
        inner = _not(tokens)
        return lambda item, names, values: not inner(item, names, values)
    if tokens.peek() == "(":
        tokens.take()
        grouped = _or(tokens)
        tokens.take(")")
        return grouped
    return _call(tokens) if tokens.peek() in _FUNCTIONS else _comparison(tokens)


def _call(tokens: _Tokens) -> Condition:
    function = _FUNCTIONS[tokens.take()]
    tokens.take("(")
    arguments = [_operand(tokens)]
    while tokens.peek() == ",":
        tokens.take()
        arguments.append(_operand(tokens))
    tokens.take(")")
    return lambda item, names, values: function(*[one(item, names, values) for one in arguments])


def _comparison(tokens: _Tokens) -> Condition:
    left, sign = _operand(tokens), tokens.take()
    if sign == "IN":
        tokens.take("(")
        choices = [_operand(tokens)]
        while tokens.peek() == ",":
            tokens.take()
            choices.append(_operand(tokens))
        tokens.take(")")
        return lambda item, names, values: (
            left(item, names, values) in [choice(item, names, values) for choice in choices]
        )
    if sign == "BETWEEN":
        first, _, last = _operand(tokens), tokens.take("AND"), _operand(tokens)
        within = _COMPARISONS["<="]
        return lambda item, names, values: (
            within(first(item, names, values), left(item, names, values))
            and within(left(item, names, values), last(item, names, values))
        )
    compare, right = _COMPARISONS[sign], _operand(tokens)
    return lambda item, names, values: compare(left(item, names, values), right(item, names, values))


def _operand(tokens: _Tokens) -> Operand:
    word = tokens.take()
    if word == "size":
        tokens.take("(")
        sized = _operand(tokens)
        tokens.take(")")
        return lambda item, names, values: _size(sized(item, names, values))
    if word[0] == ":":
        return lambda _item, _names, values: values[word]
    whole, _, member = word.partition(".")  # `message.purpose`: a member of a map
    if member:
        return lambda item, _names, _values: item.get(whole, {}).get("M", {}).get(member)
    return lambda item, names, _values: item.get(names[word] if word[0] == "#" else word)


def _size(value: WireValue | None) -> WireValue | None:
    """How many elements a list has, which is all that is asked here."""
    return None if value is None else {"N": str(len(value["L"]))}


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[WireValue | None, WireValue | None], bool]:
    """A comparison that is false unless both sides are there and of one type."""

    def compare(left: WireValue | None, right: WireValue | None) -> bool:
        if left is None or right is None or left.keys() != right.keys():
            return False
        ((kind, first),) = left.items()
        (second,) = right.values()
        return test(int(first), int(second)) if kind == "N" else test(first, second)

    return compare


def _contains(whole: WireValue | None, part: WireValue | None) -> bool:
    if whole is None or part is None:
        return False
    return part in whole["L"] if "L" in whole else part.get("S", "\0") in whole.get("S", "")


def _begins(whole: WireValue | None, part: WireValue | None) -> bool:
    return whole is not None and part is not None and bool(whole["S"].startswith(part["S"]))


_COMPARISONS: dict[str, Callable[[WireValue | None, WireValue | None], bool]] = {
    "=": lambda left, right: left is not None and left == right,
    "<>": lambda left, right: left != right,
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
}
_FUNCTIONS: dict[str, Callable[..., bool]] = {
    "attribute_exists": lambda value: value is not None,
    "attribute_not_exists": lambda value: value is None,
    "begins_with": _begins,
    "contains": _contains,
}


@lru_cache
def update(expression: str) -> tuple[Change, ...]:
    """An update expression as functions, each of which gives an attribute and its new value (None: it goes)."""
    tokens = _Tokens(expression)
    changes = []
    while tokens.peek():
        clause = tokens.take()
        changes.append(_CHANGES[clause](tokens))
        while tokens.peek() == ",":
            tokens.take()
            changes.append(_CHANGES[clause](tokens))
    return tuple(changes)


def _set(tokens: _Tokens) -> Change:
    target = tokens.take()
    tokens.take("=")
    value = _sum(tokens)

    def change(item: WireItem, names: Names, values: Values) -> tuple[str, WireValue | None]:
        new = value(item, names, values)
        if new is None:
            raise ValueError("a value of the update refers to an attribute that is not there")
        return names.get(target, target), new

    return change


def _sum(tokens: _Tokens) -> Operand:
    left = _value(tokens)
    if tokens.peek() != "+":
        return left
    tokens.take()
    right = _value(tokens)
    return lambda item, names, values: _added(left(item, names, values), right(item, names, values))


def _added(left: WireValue | None, right: WireValue | None) -> WireValue:
    if left is None or right is None:
        raise ValueError("a sum refers to an attribute that is not there")
    return {"N": str(int(left["N"]) + int(right["N"]))}


def _value(tokens: _Tokens) -> Operand:
    if tokens.peek() not in ("if_not_exists", "list_append"):
        return _operand(tokens)
    function = tokens.take()
    tokens.take("(")
    first = _value(tokens)
    tokens.take(",")
    second = _value(tokens)
    tokens.take(")")
    if function == "if_not_exists":
        return lambda item, names, values: first(item, names, values) or second(item, names, values)
    return lambda item, names, values: _appended(first(item, names, values), second(item, names, values))


def _appended(left: WireValue | None, right: WireValue | None) -> WireValue:
    if left is None or right is None:
        raise ValueError("a list_append refers to an attribute that is not there")
    return {"L": [*left["L"], *right["L"]]}


def _remove(tokens: _Tokens) -> Change:
    target = tokens.take()
    return lambda _item, names, _values: (names.get(target, target), None)


def _add(tokens: _Tokens) -> Change:
    target, amount = tokens.take(), tokens.take()

    def change(item: WireItem, names: Names, values: Values) -> tuple[str, WireValue | None]:
        name, added = names.get(target, target), values[amount]
        if "SS" in added:
            return name, {"SS": sorted({*item.get(name, {"SS": []})["SS"], *added["SS"]})}
        return name, _added(item.get(name, {"N": "0"}), added)

    return change


def _delete(tokens: _Tokens) -> Change:
    target, amount = tokens.take(), tokens.take()

    def change(item: WireItem, names: Names, values: Values) -> tuple[str, WireValue | None]:
        name = names.get(target, target)
        left = sorted({*item.get(name, {"SS": []})["SS"]} - {*values[amount]["SS"]})
        return name, {"SS": left} if left else None

    return change


_CHANGES: dict[str, Callable[[_Tokens], Change]] = {"SET": _set, "REMOVE": _remove, "ADD": _add, "DELETE": _delete}
