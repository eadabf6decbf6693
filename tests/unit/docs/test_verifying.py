"""The page about verifying a number: its answers and tables are the code's."""

import re

from pydantic import BaseModel

from smsgateway.api.schemas.requests import NewVerification
from smsgateway.api.schemas.responses import Checked, Problem, Verification
from smsgateway.verifying.magic import MAGIC
from tests.tools.pages import VERIFYING as PAGE
from tests.tools.pages import statuses, the_ticked


def checked_by(model: type[BaseModel], sign: str) -> None:
    answer = PAGE.json_with(sign)
    model.model_validate(answer)
    assert set(answer) <= set(model.model_fields)


def test_the_answers_are_what_the_api_describes() -> None:
    checked_by(Verification, "resend_after")
    checked_by(Problem, "challenge_required")


def test_every_answer_of_a_check_is_explained() -> None:
    rows = [the_ticked(row["a check answers"]) for row in PAGE.table_with("a check answers")]
    status = Checked.model_json_schema()["properties"]["status"]
    assert sorted(rows) == sorted(status["enum"])


def test_the_magic_numbers_are_those_of_the_code() -> None:
    shown = [the_ticked(row["number"]) for row in PAGE.table_with("number", "what comes of it")]
    assert shown == list(MAGIC)


def test_each_command_says_its_status() -> None:
    for block in PAGE.blocks("sh"):
        calls = block.count("curl -s") + block.count("again '") - block.count("again() {")
        assert len(statuses(block)) == calls, block


def test_the_bodies_are_valid() -> None:
    bodies = re.findall(r"(?:again|-d) '(\{.*?\})'", "".join(PAGE.blocks("sh")), flags=re.DOTALL)
    wanted = [body for body in bodies if '"template"' in body]
    for body in wanted:
        NewVerification.model_validate_json(body)
    assert len(wanted) == 6
