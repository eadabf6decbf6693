"""What tests of several rooms share: the stack, or its table alone, in moto. And how many schedules were checked."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from moto import mock_aws

from smsgateway.ids import BLOCK_ROOTS
from smsgateway.store.table import Table
from tests.doubles import aws, invariants, world
from tests.doubles.stack import log, module_stack, stack  # noqa: F401  fixtures

SCHEDULES = pytest.StashKey[int]()

# Nothing is judged by its speed; the first text that hypothesis makes on a new machine takes it more than a second.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture
def in_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """moto in place of AWS, for as long as the test runs."""
    for name, value in aws.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


@pytest.fixture
def table(in_aws: None) -> Table:
    """The template's table, behind a client that refuses what DynamoDB refuses."""
    return aws.create_table(aws.dynamodb())


@pytest.fixture(params=[BLOCK_ROOTS, 1], ids=["one block", "a block each"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How submissions stand in the table: all under one partition key, or each of a large message under its own."""
    monkeypatch.setattr(world, "BLOCK_ROOTS", request.param)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker process tells how many schedules it has checked."""
    if output := getattr(session.config, "workeroutput", None):
        output["schedules"] = invariants.schedules_checked


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    told = getattr(node, "workeroutput", {}).get("schedules", 0)
    node.config.stash[SCHEDULES] = node.config.stash.get(SCHEDULES, 0) + told


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if checked := invariants.schedules_checked + config.stash.get(SCHEDULES, 0):
        terminalreporter.write_line(f"{checked} schedules ended as they must")
