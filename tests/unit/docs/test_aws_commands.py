"""The pages' commands of the AWS CLI exist: each is held to the service's own model, as botocore has it."""

import re
from collections.abc import Iterator

import botocore.session
import pytest
from botocore import xform_name

from tests.tools.pages import OPERATING, PAGES

# Of the CLI itself, version 2.
GLOBAL = {"query", "output", "cli-binary-format", "cli-read-timeout"}
SESSION = botocore.session.get_session()


def commands() -> Iterator[tuple[str, str, dict[str, str]]]:
    """(service, operation, option → what follows it) of every command."""
    text = "".join(block for page in PAGES for block in page.blocks("sh")).replace("\\\n", " ")
    for command in re.split(r"\baws (?=[a-z-]+ [a-z-]+ )", text)[1:]:
        service, operation, rest = command.split(" ", 2)
        own = re.split(r" \||; | #|\n", rest, maxsplit=1)[0]
        if (service, operation) != ("cloudformation", "deploy"):  # the CLI's own
            yield service, operation, dict(re.findall(r"--([a-z-]+) *(\S*)", own))


COMMANDS = list(commands())


@pytest.mark.parametrize(("service", "operation", "options"), COMMANDS)
def test_a_command_names_an_operation_with_its_parameters(
    service: str, operation: str, options: dict[str, str]
) -> None:
    model = SESSION.get_service_model(service)
    (name,) = [name for name in model.operation_names if xform_name(name, "-") == operation]
    shape = model.operation_model(name).input_shape
    assert shape is not None
    known = {xform_name(member, "-") for member in shape.members}
    required = {xform_name(member, "-") for member in shape.required_members}
    assert set(options) <= known | GLOBAL
    assert required <= set(options)


def test_commands_are_found() -> None:
    assert len(COMMANDS) > 12
    assert ("events", "delete-rule") in {(service, operation) for service, operation, _ in COMMANDS}


def test_an_invocation_is_waited_for() -> None:
    """A run takes up to five minutes, and the CLI gives up after one, and calls again."""
    invocations = [options for service, operation, options in COMMANDS if (service, operation) == ("lambda", "invoke")]
    assert len(invocations) >= 2
    assert {options["cli-read-timeout"] for options in invocations} == {"0"}


def test_rules_go_before_the_bus_they_hang_on() -> None:
    (removal,) = [block for block in OPERATING.blocks("sh") if "sam delete" in block]
    order = [removal.index(step) for step in ("remove-targets", "delete-rule", "sam delete", "delete-table")]
    assert order == sorted(order)
