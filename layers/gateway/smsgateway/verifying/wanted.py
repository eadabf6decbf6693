"""What a client asks for: the body of `POST /verifications`, and whether its template can carry a code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from smsgateway import text
from smsgateway.accepting.post import Refusal
from smsgateway.clock import Millis
from smsgateway.model import Template

CODE, MINUTES = "code", "minutes"  # the variables that the gateway fills
MINUTE: Millis = 60_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """The body of `POST /verifications`, well formed but not yet understood."""

    to: str
    template: str
    length: int = 6  # digits
    ttl: int = 300  # seconds
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    signature: str | None = None
    reference: str = ""
    challenged: bool = False


def check_template(template: Template | None, wanted: Wanted) -> Template:
    """The template that a code shall go out in. Raises Refusal if there is none, or it cannot carry this code."""
    if template is None:
        errors = [("template", "no template has this name")]
        raise Refusal(422, "Unknown template", f"there is no template {wanted.template}", errors)
    if CODE not in text.variables(template.text):
        errors = [("template", "has no variable {code}, where the code would stand")]
        raise Refusal(422, "No place for a code", f"template {template.name} has no variable {{code}}", errors)
    if errors := list(_problems(template, wanted)):
        named = "; ".join(f"{place}: {problem}" for place, problem in errors)
        raise Refusal(422, "Wrong variables", f"template {template.name}: {named}", errors)
    return template


def _problems(template: Template, wanted: Wanted) -> Iterator[tuple[str, str]]:
    """Places and problems of what does not fill the template."""
    longest = template.lengths.get(CODE, wanted.length)
    if wanted.length > longest:
        yield "length", f"longer than the {longest} characters that the template allows for its code"
    own = {CODE, MINUTES} & set(text.variables(template.text))
    for name in sorted(own & set(wanted.params)):
        yield f"params.{name}", "is filled by the gateway: leave it out"
    said = {"missing": "the template needs this variable", "unknown": "the template has no such variable"}
    for name, problem in text.template_problems(template.text, {**wanted.params, **dict.fromkeys(own, "")}):
        yield f"params.{name}", said[problem]


def filled(template: Template, wanted: Wanted, code: str, left: Millis) -> dict[str, str]:
    """The variables of the template with their values. `left`: how long the code can be approved yet; a minute that
    has begun counts as one."""
    own = {CODE: code, MINUTES: str(max(1, -(-left // MINUTE)))}
    names = text.variables(template.text)
    return {**wanted.params, **{name: value for name, value in own.items() if name in names}}
