"""Templates: `GET /templates`, and `GET`, `PUT`, `DELETE /templates/{name}`. An administrator writes them."""

from collections.abc import Iterator
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from smsgateway import text
from smsgateway.accepting.template_slips import slips
from smsgateway.api.schemas import resources, responses
from smsgateway.api.schemas.parameters import NamePath
from smsgateway.api.schemas.requests import TemplateBody
from smsgateway.api.serving.context import new_router
from smsgateway.api.serving.gateway import gateway_of
from smsgateway.api.serving.problems import invalid, not_found
from smsgateway.codecs import VENDORS
from smsgateway.config.settings import Settings
from smsgateway.model import Template, TemplateCode
from smsgateway.store import templates

router = new_router()


@router.get(
    "/templates",
    summary="The templates",
    tags=["Templates"],
    operation_id="listTemplates",
    responses=responses.described({200: ("All, by name", resources.ListOf[resources.Template])}),
)
def list_templates() -> dict[str, Any]:
    """Lists all templates, by name. The list is a moment old at most."""
    return {"items": [_view(template) for template in templates.list_templates(gateway_of(router).table)], "next": None}


@router.get(
    "/templates/<name>",
    summary="One template",
    tags=["Templates"],
    operation_id="getTemplate",
    responses=responses.described({200: ("The template", resources.Template)}, 404),
)
def show_template(name: NamePath) -> dict[str, Any]:
    """Shows a template: its text, its variables, and how vendors know it."""
    template = templates.load_template(gateway_of(router).table, name)
    if template is None:
        raise not_found("template")
    return _view(template)


@router.put(
    "/templates/<name>",
    summary="Register a template",
    tags=["Templates"],
    operation_id="putTemplate",
    responses=responses.described({200: ("It is registered", resources.Template)}, 400, 404, 413, 503),
)
def put_template(name: NamePath, body: Annotated[TemplateBody, Body()]) -> dict[str, Any]:
    """Registers a template, or replaces the template of the same name.

    Messages that were accepted before keep the text that they were made of. For administrators.
    """
    gateway = gateway_of(router)
    if errors := list(_template_errors(body, gateway.accounts.get())):
        raise invalid(errors)
    codes = {account: TemplateCode(code.code, tuple(code.params)) for account, code in body.vendor_templates.items()}
    template = Template(name, body.text, codes, body.lengths)
    templates.put_template(gateway.table, template)
    return _view(template)


@router.delete(
    "/templates/<name>",
    status_code=204,
    summary="Remove a template",
    tags=["Templates"],
    operation_id="deleteTemplate",
    responses=responses.described({204: ("It is gone", None)}, 404),
)
def delete_template(name: NamePath) -> Response[str]:
    """Removes a template. Messages that were accepted with it are sent all the same. For administrators."""
    table = gateway_of(router).table
    if templates.load_template(table, name) is None:
        raise not_found("template")
    templates.delete_template(table, name)
    return Response(204, body="")


def _template_errors(body: TemplateBody, settings: Settings) -> Iterator[tuple[str, str]]:
    """Place and problem of what cannot be registered."""
    try:
        names = text.variables(body.text)
    except ValueError as error:
        yield "text", str(error)
        return
    for variable in body.lengths:
        if variable not in names:
            yield f"lengths.{variable}", "the text has no such variable"
    for account_name, code in body.vendor_templates.items():
        place = f"vendor_templates.{account_name}"
        account = settings.accounts.get(account_name)
        if account is None:
            yield place, "there is no such account"
        elif not VENDORS[account.vendor].profile.needs_template:
            yield place, f"{account.vendor} takes texts and no codes: leave it out"
        for index, variable in enumerate(code.params):
            if variable not in names:
                yield f"{place}.params[{index}]", "the text has no such variable"


def _view(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "text": template.text,
        "params": list(text.variables(template.text)),
        "vendor_templates": {
            account: {"code": code.code, "params": list(code.params)}
            for account, code in template.vendor_templates.items()
        },
        "lengths": dict(template.lengths),
        "warnings": slips(template.text),
    }
