"""What is missing of a vendor, in words: its files, and what they hold (layers/gateway/smsgateway/codecs/ADDING.md)."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import get_args, get_type_hints

from smsgateway.codecs import VENDORS
from smsgateway.codecs.base import Vendor
from tests.doubles.samples import missing
from tests.simulators.registry import VENDORS as SIMULATED

ROOT = Path(__file__).parents[2]


def lacking(name: str) -> Iterator[str]:
    """Sentences; none when nothing is missing."""
    yield from _of_codec(name)
    yield from filter(None, [missing(name)])
    cases = ROOT / "tests/cases" / name
    for file, what in (
        ("SOURCES.md", "where each sample comes from"),
        ("codes.document.txt", "the document's codes and words: place, code and words, with tabs between"),
    ):
        if not (cases / file).is_file():
            yield f"tests/cases/{name}/{file} is missing: {what}"
    for folder, of in (("codecs", "codec"), ("simulators", "simulator")):
        tests = ROOT / "tests/unit" / folder
        if not [*tests.glob(f"test_{name}.py"), *tests.glob(f"{name}/test_*.py")]:
            yield f"tests/unit/{folder}/test_{name}.py, or a folder {name} of such, is missing: the tests of the {of}"
    if name not in SIMULATED:
        yield f"tests/simulators/vendors/{name}.py is missing, or has no Vendor whose name is {name}"


def _of_codec(name: str) -> Iterator[str]:
    module = f"smsgateway.codecs.{name}"
    if find_spec(module) is None:
        yield f"layers/gateway/smsgateway/codecs/{name}.py is missing, though codecs/__init__.py registers {name}"
        return
    vendor = VENDORS[name]
    for capability, hint in get_type_hints(Vendor).items():
        registered = getattr(vendor, capability)
        if registered is None:
            continue
        if registered.__name__ != module:
            yield f"codecs/__init__.py takes {capability} of {name} from {registered.__name__}"
        protocol = next(kind for kind in (get_args(hint) or (hint,)) if kind is not type(None))
        for member in sorted(protocol.__protocol_attrs__):
            if not hasattr(registered, member):
                yield f"codecs/{name}.py lacks {member}, which {protocol.__name__} in codecs/base.py asks for"
