"""A new API key, which API Gateway may not know at once."""

import pytest

from tests.local import api
from tests.local.api import Answer, Api, await_key


@pytest.mark.parametrize(("refused", "known"), [(0, True), (3, True), (api.KEY_TRIES, False)])
def test_it_is_waited_for(refused: int, known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    slept: list[float] = []

    def get(_self: Api, path: str) -> Answer:
        asked.append(path)
        return Answer(403 if len(asked) <= refused else 200, {}, {})

    monkeypatch.setattr(Api, "get", get)
    assert await_key(Api("https://sms.example", "new"), slept.append) == known
    assert len(slept) == refused
