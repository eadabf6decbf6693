"""What every request to the API passes through: cleaned, its client known, routed, and each failure a problem."""

import json
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from smsgateway.api.serving import bodies
from smsgateway.api.serving.authenticator import Authenticator, key_of
from smsgateway.api.serving.problems import Problem, invalid, problem_response, validation_problem
from smsgateway.errors import ConfigurationError
from smsgateway.model import Client

OPEN = frozenset({"/openapi.json", "/docs"})  # what anybody may read
# What every client may do; of suppressions, with what is its own. Anything else is for administrators, whatever else is
# wrong with a request.
EVERYBODY = frozenset(
    {
        ("POST", "/messages"),
        ("GET", "/messages"),
        ("GET", "/messages/{id}"),
        ("DELETE", "/messages/{id}"),
        ("GET", "/inbound"),
        ("GET", "/templates"),
        ("GET", "/templates/{name}"),
        ("GET", "/suppressions"),
        ("POST", "/suppressions"),
        ("GET", "/suppressions/{number}"),
        ("PUT", "/suppressions/{number}"),
        ("DELETE", "/suppressions/{number}"),
        ("POST", "/verifications"),
        ("GET", "/verifications/{id}"),
        ("DELETE", "/verifications/{id}"),
        ("POST", "/verifications/{id}/check"),
        ("GET", "/signatures"),
    }
)

logger = Logger()


def resolver(routers: Sequence[APIGatewayRouter]) -> APIGatewayRestResolver:
    """A resolver for the routes, which turns every exception into a problem."""
    app = APIGatewayRestResolver(enable_validation=True, json_body_deserializer=bodies.parse, serializer=_json)
    for router in routers:
        app.include_router(router)
    app.exception_handler(Problem)(problem_response)
    app.exception_handler(RequestValidationError)(lambda error: _not_valid(app, error))
    app.exception_handler(ConfigurationError)(_without_accounts)
    app.exception_handler(NotFoundError)(lambda _: problem_response(_no_route(app)))
    app.exception_handler(Exception)(_unexpected)
    app.use([_known_query])
    return app


def _json(body: object) -> str:
    """Chinese as it is, for whoever reads it."""
    return json.dumps(body, ensure_ascii=False)


def serve(
    app: APIGatewayRestResolver,
    authenticator: Authenticator,
    collaborators: object,
    event: Mapping[str, Any],
    context: Any,
    address: str = "",
) -> dict[str, Any]:
    """Answer one request of API Gateway.

    `collaborators` is what the routes of `app` work with. `address` is the API's own, if it is not only known from
    requests.
    """
    logger.set_correlation_id(event["requestContext"]["requestId"])
    try:
        plain = bodies.cleaned(event)
        api_key = "" if event["resource"] in OPEN else key_of(plain)
        client = authenticator.client(api_key) if api_key else None
        _may(client, event)
    except Problem as problem:
        return _logged(event, None, _proxied(problem_response(problem)))
    except Exception as error:  # whatever it is, the client gets an answer that shows nothing of it
        return _logged(event, None, _proxied(_unexpected(error)))
    app.context.update(client=client, api_key=api_key, base_url=address or base_url(plain), collaborators=collaborators)
    return _logged(event, client, app.resolve(plain, context))


def _may(client: Client | None, event: Mapping[str, Any]) -> None:
    """Raise Problem if only an administrator may do what is asked, before anybody looks at how it is asked."""
    if client and not client.administrator and (event["httpMethod"], event["resource"]) not in EVERYBODY:
        raise Problem(403, "only an administrator may do this")


def _logged(event: Mapping[str, Any], client: Client | None, answer: dict[str, Any]) -> dict[str, Any]:
    """Log a line about an answer, and return it. Without a body it gets an empty one: not everybody takes null."""
    answer["body"] = answer["body"] or ""
    logger.info(
        "answered",
        method=event["httpMethod"],
        resource=event["resource"],
        status=answer["statusCode"],
        client=client.name if client else None,
    )
    return answer


def base_url(event: Mapping[str, Any]) -> str:
    """The API's address as this request used it, without a slash at its end."""
    context = event["requestContext"]
    host = context.get("domainName") or event["headers"].get("host", "")
    scheme = event["headers"].get("x-forwarded-proto", "https")
    prefix = str(context["path"]).removesuffix(event["path"])
    return f"{scheme}://{host}{prefix}".rstrip("/")


def _known_query(app: APIGatewayRestResolver, following: Any) -> Response[Any]:
    """Refuse query parameters that the route does not have: a misspelt filter must not show everything."""
    route = app.context["_route"]
    known = {field.alias for field in route.dependant.query_params}
    given = app.current_event.get("queryStringParameters") or {}
    served = route.responses is not None  # or it stands for a path that there is not
    if served and (unknown := [name for name in given if name not in known]):
        msg = f"unknown; known here: {', '.join(sorted(known))}" if known else "unknown; nothing is known here"
        raise invalid([(name, msg) for name in unknown])
    answer: Response[Any] = following(app)
    return answer


def _no_route(app: APIGatewayRestResolver) -> Problem:
    """The problem of a route that there is not: 404, or 405 with the methods that the path takes."""
    path = app.current_event.path
    routes = [*app._static_routes, *app._dynamic_routes]  # nothing public tells
    methods = sorted({route.method for route in routes if route.rule.match(path)})
    if not methods:
        return Problem(404, "there is no such path")
    return Problem(405, f"this path takes {', '.join(methods)}", headers={"Allow": ", ".join(methods)})


def _not_valid(app: APIGatewayRestResolver, error: RequestValidationError) -> Response[str]:
    """The answer to RequestValidationError, which Powertools raises for wrong requests and wrong answers of ours."""
    errors = error.errors()
    if any(each["loc"][0] == "response" for each in errors):
        return _unexpected(error)
    bodies_of_route = [field.type_ for field in app.context["_route"].dependant.body_params]
    return problem_response(validation_problem(errors, next(iter(bodies_of_route), None)))


def _without_accounts(error: ConfigurationError) -> Response[str]:
    """The answer while there never was a good accounts document. Where it is wrong is logged, for the administrator."""
    logger.error("the configuration is wrong", path=error.path, problem=error.problem)
    return problem_response(Problem(503, "the gateway is not configured; its administrator must look at the accounts"))


def _unexpected(error: Exception) -> Response[str]:
    """The answer to an exception that nobody expected. Only its place is logged, for its text may hold numbers."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    logger.error("unexpected", error=type(error).__name__, where=where[-8:])
    return problem_response(Problem(500, "something went wrong here; it has been logged"))


def _proxied(response: Response[str]) -> dict[str, Any]:
    """The response as API Gateway takes it, for what never reaches the resolver."""
    headers = {name: value if isinstance(value, list) else [value] for name, value in response.headers.items()}
    return {
        "statusCode": response.status_code,
        "body": response.body,
        "isBase64Encoded": False,
        "multiValueHeaders": headers,
    }
