"""Scripted faults: what a test may ask a simulator to do wrong with its next answers (kinds: README.md)."""

import base64
import gzip
import threading
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any

from tests.simulators.model import Answer

# kind → whether the request is carried out (messages accepted, pages handed out) before the fault shows
KINDS: Mapping[str, bool] = {
    "hang_before": False,  # waits `seconds`, then closes the connection
    "hang_after": True,  # waits `seconds`, then answers
    "slow": True,  # waits `seconds` first, then carries out and answers
    "reset_before": False,  # RST without reading the body
    "reset_after": True,  # RST instead of an answer
    "close_before": False,
    "close": True,  # FIN instead of an answer
    "truncate": True,  # only the first `keep` bytes of the body, then FIN
    "trickle": True,  # `bytes_per_second`, headers included
    "html": False,
    "status": False,  # `status`
    "redirect": False,  # `status` (302, 307) to `location`
    "code": False,  # the vendor's own refusal `code`
    "body": False,  # `body` or `body_base64`, `content_type`, `status`, `headers`
    "partial": True,  # only the first `count` recipients are accepted
    "no_id": True,  # accepted, but the answer has no id
    "gzip_bomb": True,  # `size` bytes of blanks, compressed
    "charset": True,  # the answer in another `charset`
    "huge": True,  # a body of `size` bytes
}
PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx/1.18.0</body></html>"


@dataclass(frozen=True)
class Fault:
    kind: str
    accept: bool
    seconds: float = 30.0
    status: int = 502
    location: str = ""
    code: str = ""
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: int = 1
    bytes_per_second: float = 2.0
    count: int = 0
    size: int = 50_000_000
    charset: str = "utf-16"

    @classmethod
    def parsed(cls, document: Mapping[str, Any]) -> "Fault":
        """A fault from the control API; ValueError says what is wrong."""
        values = dict(document)
        kind = str(values.get("kind"))
        if kind not in KINDS:
            raise ValueError(f"kind: one of {', '.join(KINDS)}")
        if "body_base64" in values:
            values["body"] = base64.b64decode(values.pop("body_base64"), validate=True)
        elif "body" in values:
            values["body"] = str(values["body"]).encode()
        if kind == "redirect":
            values.setdefault("status", 302)
        if kind == "body":
            values.setdefault("status", 200)
        unknown = values.keys() - cls.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        fault = cls(**{"accept": KINDS[kind], **values})
        for field_ in fields(cls):
            given, default = values.get(field_.name), field_.default
            expected = (int, float) if isinstance(default, float) else (type(default),)
            if given is not None and default is not MISSING and not isinstance(given, expected):
                raise ValueError(f"{field_.name}: expected {expected[-1].__name__}")
        return fault


@dataclass(frozen=True)
class Script:
    """`fault` for the next `times` calls of an operation; `*` and an empty account match any."""

    vendor: str
    operation: str
    account: str
    times: int
    fault: Fault

    def matches(self, vendor: str, operation: str, account: str) -> bool:
        return (
            self.vendor in ("*", vendor)
            and self.operation in ("*", operation)
            and (not self.account or self.account == account)
        )


class Scripts:
    """The faults still to come, first scripted first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scripts: list[Script] = []

    def add(self, script: Script) -> None:
        with self._lock:
            self._scripts.append(script)

    def clear(self) -> None:
        with self._lock:
            self._scripts.clear()

    def pending(self) -> list[Script]:
        with self._lock:
            return list(self._scripts)

    def take(self, vendor: str, operation: str, account: str, *, unread: bool = False) -> Fault | None:
        """The fault for this call, if any. With `unread` (the body is still on the wire) only a `reset_before`."""
        with self._lock:
            for index, script in enumerate(self._scripts):
                if not script.matches(vendor, operation, account):
                    continue
                if unread and (script.fault.kind != "reset_before" or script.account):
                    return None
                if script.times > 1:
                    self._scripts[index] = replace(script, times=script.times - 1)
                else:
                    del self._scripts[index]
                return script.fault
        return None


def instead(fault: Fault, answer: Answer | None, charset: str) -> Answer | None:
    """The answer a fault puts in place of the vendor's own; `charset` is the vendor's."""
    match fault.kind:
        case "html":
            return Answer(PAGE.format("系统维护中").encode(), 200, "text/html; charset=utf-8")
        case "status":
            return Answer(PAGE.format(f"{fault.status} Error").encode(), fault.status, "text/html; charset=utf-8")
        case "redirect":
            return Answer(b"", fault.status, headers={"Location": fault.location})
        case "body":
            return Answer(fault.body, fault.status, fault.content_type, fault.headers)
        case "gzip_bomb":
            return Answer(gzip.compress(b" " * fault.size), 200, headers={"Content-Encoding": "gzip"})
        case "huge":
            return Answer(b"x" * fault.size)
        case "charset" if answer is not None:
            return replace(answer, body=answer.body.decode(charset, "replace").encode(fault.charset, "replace"))
        case _:
            return answer
