"""A client of the simulators' control address, for tests and the demo; standard library only."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

type Document = dict[str, Any]

OPENER = build_opener(ProxyHandler({}))


class ControlError(Exception):
    """The control address refused a request; the text says why."""


class ControlClient:
    """Asks and tells the simulators behind `url` (the ready file's `control`)."""

    def __init__(self, url: str) -> None:
        self.url = url

    # -- questions ---------------------------------------------------------------------------------------------

    def messages(self, **query: object) -> list[Document]:
        """What phones got, oldest first; by vendor, account, number, our_id, vendor_id, text, after, limit."""
        found: list[Document] = self._get("messages", query)["messages"]
        return found

    def message_count(self, **query: object) -> int:
        return int(self._get("messages", {**query, "limit": 0})["total"])

    def duplicates(self, **query: object) -> list[Document]:
        """Numbers that got the same text more than once: `number`, `text`, `times`."""
        found: list[Document] = self._get("duplicates", query)["duplicates"]
        return found

    def log(self, **query: object) -> list[Document]:
        """Requests, oldest first; by vendor, account, operation, fault, after, limit; `secrets=1` unmasks."""
        found: list[Document] = self._get("log", query)["requests"]
        return found

    def pushes(self, **query: object) -> list[Document]:
        """Tries of pushes, oldest first; by vendor, account, kind, result, limit."""
        found: list[Document] = self._get("pushes", query)["pushes"]
        return found

    def pacing(self) -> list[Document]:
        """Who asked too soon."""
        found: list[Document] = self._get("pacing", {})["violations"]
        return found

    def accounts(self) -> list[Document]:
        """Entries for the gateway's accounts document."""
        found: list[Document] = self._get("accounts", {})["accounts"]
        return found

    def state(self) -> Document:
        return self._get("state", {})

    # -- orders ------------------------------------------------------------------------------------------------

    def script(
        self, fault: str, *, vendor: str, operation: str = "*", account: str = "", times: int = 1, **how: object
    ) -> None:
        """The next `times` matching calls meet this fault; `how` are its fields (seconds, status, code, …)."""
        where = {"vendor": vendor, "operation": operation, "account": account, "times": times}
        self._post("script", {**where, "fault": {"kind": fault, **how}})

    def inbound(self, account: str, number: str, text: str, extension: str = "", **more: object) -> list[Document]:
        """A phone writes; `parts` (langyu), `raw` (hbsmservice), `times`."""
        document = {"account": account, "number": number, "text": text, "extension": extension, **more}
        written: list[Document] = self._post("inbound", document)["inbound"]
        return written

    def report(self, account: str, number: str, status: str, **more: object) -> Document:
        """A report in the vendor's words; `vendor_id`, `our_id`, `description`, `sub_seq`, `times`."""
        return self._post("report", {"account": account, "number": number, "status": status, **more})

    def raw(self, account: str, kind: str, **page: object) -> Document:
        """One push, or the next poll's answer, as written: `body` or `body_base64`, `query`, `method`, `content_type`;
        or a `shape` of the vendor's for `numbers`, with `status` or `text`, and `at`, `vendor_id`, `our_id`."""
        return self._post("raw", {"account": account, "kind": kind, **page})

    def push(
        self,
        account: str,
        *,
        reports_url: str | None = None,
        inbound_url: str | None = None,
        credentials: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> None:
        """Sets where an account's pushes go; None leaves a value as it is, "" ends pushing."""
        given = {"reports_url": reports_url, "inbound_url": inbound_url, "credentials": credentials, "method": method}
        self._post("push", {"account": account, **{name: value for name, value in given.items() if value is not None}})

    def settings(self, **changes: object) -> Document:
        return self._post("settings", changes)

    def add_account(self, name: str, vendor: str, credentials: Mapping[str, str], **more: object) -> Document:
        """Adds or replaces an account; returns its entry for the gateway's accounts document."""
        return self._post("accounts", {"name": name, "vendor": vendor, "credentials": credentials, **more})

    def add_template(self, code: str, text: str = "", **more: object) -> None:
        """An infocloud template; `variables` (a count) and `max_lengths` where the text does not say."""
        self._post("templates", {"code": code, "text": text, **more})

    def reset(self) -> None:
        self._post("reset", {})

    # -- waiting -----------------------------------------------------------------------------------------------

    def wait_for_messages(self, count: int, timeout: float = 10.0, **query: object) -> list[Document]:
        """The messages, once there are `count`; TimeoutError after `timeout` seconds."""
        wait_until(lambda: self.message_count(**query) >= count, timeout, f"{count} messages")
        return self.messages(**query)

    def wait_until_idle(self, timeout: float = 10.0) -> None:
        """Until nothing is planned and nothing waits to be pushed."""
        wait_until(lambda: bool(self.state()["idle"]), timeout, "idle simulators")

    # -- transport ---------------------------------------------------------------------------------------------

    def _get(self, what: str, query: Mapping[str, object]) -> Document:
        return self._exchange(Request(f"{self.url}/control/{what}?{urlencode(query)}"))

    def _post(self, what: str, document: Mapping[str, object]) -> Document:
        body = json.dumps(document).encode()
        return self._exchange(Request(f"{self.url}/control/{what}", body, {"Content-Type": "application/json"}))

    def _exchange(self, request: Request) -> Document:
        try:
            with OPENER.open(request, timeout=30) as answer:
                document: Document = json.load(answer)
                return document
        except HTTPError as error:
            with error:
                raise ControlError(json.load(error)["error"]) from None


def wait_until(condition: Callable[[], bool], timeout: float, what: str) -> None:
    """Asks every 20 ms; TimeoutError names what did not come."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout:g} s")
        time.sleep(0.02)
