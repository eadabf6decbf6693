"""Says at the end of a test run how many schedules of the state machine were checked."""

from typing import Any

from tests.unit.state import invariants


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if invariants.schedules_checked:
        terminalreporter.write_line(f"{invariants.schedules_checked} schedules ended as they must")
