"""The bench's own judgement: what is met or missed, which bytecode counts, and that its page shows its counts."""

import compileall
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

from tests.bench import build, counts, cpu
from tests.bench.gateway import passes_filter
from tests.bench.table import Row, markdown
from tests.tools.pages import BENCH


@pytest.mark.parametrize(
    ("row", "verdict", "shown"),
    [
        (Row("calls", 10, most=10), "ok", "| calls | 10 | ≤ 10 | ok |"),
        (Row("calls", 11, most=10), "missed", "| calls | 11 | ≤ 10 | missed |"),
        (Row("slope", 0.89, most=1.05, least=0.9), "missed", "| slope | 0.89 | 0.90 to 1.05 | missed |"),
        (Row("ratio", 1.149, "×", 1.15), "ok", "| ratio | 1.15× | ≤ 1.15× | ok |"),
        (Row("requests", 1234.5), "", "| requests | 1,234 |  |  |"),
        (Row("prices", "1.00 / 2.00", "US$"), "", "| prices | 1.00 / 2.00 US$ |  |  |"),
    ],
)
def test_a_row_says_whether_its_goal_is_met(row: Row, verdict: str, shown: str) -> None:
    assert row.verdict == verdict
    assert markdown([row]).splitlines()[-1] == shown


@pytest.mark.parametrize(
    ("mode", "valid"),
    [
        (PycInvalidationMode.UNCHECKED_HASH, True),
        (PycInvalidationMode.CHECKED_HASH, False),
        (PycInvalidationMode.TIMESTAMP, False),
    ],
)
def test_bytecode_counts_that_is_loaded_without_a_look_at_the_source(
    tmp_path: Path, mode: PycInvalidationMode, valid: bool
) -> None:
    source = tmp_path / "module.py"
    source.write_text("A = 1\n", encoding="utf-8")
    assert build.without_bytecode(tmp_path) == [source]
    compileall.compile_dir(tmp_path, quiet=1, invalidation_mode=mode)
    assert (build.without_bytecode(tmp_path) == []) is valid
    source.write_text("A = 2\n", encoding="utf-8")
    assert build.without_bytecode(tmp_path) == [source]


def test_the_streams_filter_is_the_templates() -> None:
    assert passes_filter({"status": {"S": "delivered"}})
    assert passes_filter({"state": {"S": "SUBMITTED"}})
    assert passes_filter({"pk": {"S": "mo_1"}})
    assert not passes_filter({"state": {"S": "SENDING"}, "pk": {"S": "msg_1"}})
    assert not passes_filter(None)


def test_linear_time_has_the_slope_one() -> None:
    linear = {str(size): size * 2e-4 for size in cpu.SIZES}
    square = {str(size): size**2 * 1e-8 for size in cpu.SIZES}
    assert cpu.slope(linear) == pytest.approx(1.0)
    assert cpu.slope(square) == pytest.approx(2.0)


def test_a_straight_line_has_no_bend() -> None:
    assert cpu.bend([(10, 103), (20, 113), (40, 133)]) == 0
    assert cpu.bend([(10, 103), (20, 113), (40, 134)]) > 0


def test_the_page_shows_the_counts() -> None:
    table = BENCH.text.partition("<!-- bench -->")[2].partition("<!-- end of bench -->")[0]
    for line in markdown(counts.rows()).splitlines():
        assert line in table
