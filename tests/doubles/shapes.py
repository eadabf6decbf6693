"""What AWS would refuse of a request before it looks at anything else.

Requests are held to botocore's own service models, and to DynamoDB's rules for expressions and items
(tests/doubles/aws.py). The table and the queues in memory do not go through botocore. Each form that a request takes
(its parameters, its expressions) is looked at when it first comes; with thousands of schedules, these are all forms
that there are.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import StructureShape
from botocore.validate import ParamValidator

from tests.doubles import aws

SERVICES = ("dynamodb", "sqs", "events")
EXPRESSIONS = (*aws.EXPRESSIONS, "ProjectionExpression", "IndexName")

type Form = tuple[Any, ...]

seen: set[Form] = set()


@cache
def _inputs() -> Mapping[str, tuple[str, StructureShape]]:
    """The method of a boto3 client → its service and the shape of its request."""
    session = botocore.session.get_session()
    found: dict[str, tuple[str, StructureShape]] = {}
    for service in SERVICES:
        model = session.get_service_model(service)
        for name in model.operation_names:
            shape = model.operation_model(name).input_shape
            if shape is not None:
                found[xform_name(name)] = service, shape
    return found


class Refused(BaseException):
    """Not a failure that the code under test may deal with: a mistake in it."""


def check(method: str, request: Mapping[str, Any]) -> None:
    """Raises Refused for a request that AWS, or boto3, would refuse."""
    form = _form(method, request)
    if form in seen:
        return
    service, shape = _inputs()[method]
    report = ParamValidator().validate(dict(request), shape)
    if report.has_errors():
        raise Refused(f"{method}: {report.generate_report()}")
    if service == "dynamodb":
        try:
            aws.check_request(dict(request))
        except AssertionError as error:
            raise Refused(f"{method}: {error}") from None
    seen.add(form)


def _form(method: str, request: Mapping[str, Any]) -> Form:
    parts = [request, *(body for action in request.get("TransactItems", ()) for body in action.values())]
    return (
        method,
        *(tuple((name, _told(name, part[name])) for name in sorted(part)) for part in parts),
        *sorted({tuple(sorted(each)) for each in request.get("Entries", ())}),
        *sorted({str(each.get("Statement")) for each in request.get("Statements", ())}),
        *(type(content).__name__ for content in request.get("RequestItems", {}).values()),
    )


def _told(name: str, value: object) -> object:
    """What tells one form of a parameter from another: an expression's words, else the kind of its value."""
    return value if name in EXPRESSIONS else type(value).__name__
