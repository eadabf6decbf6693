"""The gateway's API as a client calls it: JSON over HTTP, with a key."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

KEY_TRIES = 120  # a second apart
OPENER = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """`body` is the parsed JSON, or the text where it is none."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True)
class Api:
    """Calls below `url` with `key`."""

    url: str
    key: str
    timeout: float = 60.0  # seconds

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: object, **headers: str) -> Answer:
        return self.call("POST", path, body, headers)

    def put(self, path: str, body: object) -> Answer:
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)

    def call(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        """`body` is sent as JSON, or as it is when it is bytes."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        all_headers = {"x-api-key": self.key, "Content-Type": "application/json"} | (headers or {})
        request = Request(self.url + path, data, all_headers, method=method)
        try:
            with OPENER.open(request, timeout=self.timeout) as answer:
                return Answer(answer.status, parsed(answer.read()), dict(answer.headers))
        except HTTPError as error:
            with error:
                return Answer(error.code, parsed(error.read()), dict(error.headers))


def parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode(errors="replace")


def await_key(api: Api, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Wait until API Gateway knows a new key, to which it answers 403 before. Whether it does."""
    for _ in range(KEY_TRIES):
        if api.get("/accounts").status != 403:
            return True
        sleep(1)
    return False
