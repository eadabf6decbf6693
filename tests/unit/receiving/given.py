"""Pushes as API Gateway hands them over, good and bad, and the notes that are left of them."""

import base64
import json
from typing import Any

from smsgateway.handlers import webhook
from smsgateway.queues import parse_vendor_bytes
from tests.doubles.stack import TOKEN, Context, Stack, sample


def push(event: dict[str, Any]) -> tuple[int, str]:
    answer = webhook.handler(event, Context())  # type: ignore[arg-type]
    assert answer["headers"] == {"Content-Type": "text/plain"}
    return answer["statusCode"], answer["body"]


def with_body(event: dict[str, Any], body: bytes) -> dict[str, Any]:
    return event | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def at(event: dict[str, Any], **path: str) -> dict[str, Any]:
    return event | {"pathParameters": event["pathParameters"] | path}


def from_ip(event: dict[str, Any], address: str) -> dict[str, Any]:
    context = event["requestContext"]
    return event | {"requestContext": context | {"identity": context["identity"] | {"sourceIp": address}}}


REPORTS = sample("webhook-hbsmservice-reports")
NOTHING = {"headers": None, "multiValueQueryStringParameters": None, "body": None, "isBase64Encoded": False}


def notes(stack: Stack, queue: str = "receipts") -> list[tuple[str, str]]:
    """What was noted of whom; nothing else may be in the queue."""
    stored = [parse_vendor_bytes(json.dumps(body)) for body in stack.bodies(queue)]
    assert all(receipt.source in ("tried", "refused") for receipt in stored)
    return [(receipt.account, receipt.source) for receipt in stored]


REFUSED = {
    "a wrong token": at(REPORTS, token="x" * 32),
    "no token": at(REPORTS, token=""),
    "a part of the token": at(REPORTS, token=TOKEN[:-1]),
    "a token that is not ASCII": at(REPORTS, token="İ" * 32),
    "half a character": at(REPORTS, token="\ud800" * 32),
    "a wrong address": from_ip(REPORTS, "203.0.114.1"),
    "a wrong IPv6 address": from_ip(REPORTS, "2001:db9::1"),
    "a wrong mapped address": from_ip(REPORTS, "::ffff:203.0.114.1"),
    "no address": from_ip(REPORTS, ""),
    "what is no address": from_ip(REPORTS, "203.0.113.7, 10.0.0.1"),
}
