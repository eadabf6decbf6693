"""The environment's variables: each is named when it is missing, or is not what it must be."""

from collections.abc import Mapping

import pytest

from smsgateway.config.environment import Environment
from smsgateway.errors import ConfigurationError
from tests.unit.config.given import (
    SECRET,
)

TEXT_VARIABLES = [
    "STACK_NAME",
    "TABLE_NAME",
    "URGENT_QUEUE_URL",
    "BULK_QUEUE_URL",
    "RECEIPT_QUEUE_URL",
    "PARKED_QUEUE_URL",
    "EVENT_BUS_NAME",
    "ACCOUNTS_SECRET",
    "ADMIN_KEY_SECRET",
    "PEPPER_SECRET",
    "USAGE_PLAN_PARAMETER",
]


@pytest.mark.parametrize("name", TEXT_VARIABLES)
def test_variable_is_read_when_asked_for_and_its_absence_named(name: str) -> None:
    assert getattr(Environment({name: "x"}), name.lower()) == "x"
    for variables in ({}, {name: ""}):
        with pytest.raises(ConfigurationError) as caught:
            getattr(Environment(variables), name.lower())
        assert caught.value.path == name


def test_retention_is_a_number_of_days() -> None:
    assert Environment({"RETENTION_DAYS": "90"}).retention_days == 90
    for value in ("", "0", "-1", "90.0", "x", "９０", "90\n"):
        with pytest.raises(ConfigurationError, match="RETENTION_DAYS"):
            _ = Environment({"RETENTION_DAYS": value}).retention_days


@pytest.mark.parametrize(("variables", "allowed"), [({}, False), ({"ALLOW_LOOPBACK_VENDORS": "false"}, False)])
def test_loopback_vendors_are_not_allowed_by_default(variables: Mapping[str, str], allowed: bool) -> None:
    assert Environment(variables).allow_loopback_vendors is allowed


def test_loopback_vendors_are_allowed_by_the_word_true_only() -> None:
    assert Environment({"ALLOW_LOOPBACK_VENDORS": "true"}).allow_loopback_vendors is True
    for value in ("", "True", "1", "yes"):
        with pytest.raises(ConfigurationError, match="ALLOW_LOOPBACK_VENDORS"):
            _ = Environment({"ALLOW_LOOPBACK_VENDORS": value}).allow_loopback_vendors


def test_no_repr_shows_a_secret() -> None:
    assert SECRET not in repr(Environment({"X": SECRET}))
