"""Imports go one way, each kind of input and output has one door, and nothing happens at import."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from smsgateway.codecs import VENDORS
from tests.bench import imports as cold
from tests.bench.processes import fresh
from tests.doubles import aws

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "gateway"
PACKAGE = LAYER / "smsgateway"
FUNCTIONS = ROOT / "functions"

# Each room of the package, from the ground up: a folder, or a module that lies flat, with the rooms that it may import.
GROUND = "clock model errors ids text unseen written"
ROOMS: Mapping[str, frozenset[str]] = {
    room: frozenset(below.split())
    for room, below in {
        "clock": "",
        "model": "clock",
        "errors": "model",
        "ids": "clock",
        "unseen": "",
        "written": "unseen",
        "text": "model unseen written",
        "rules": "clock model",
        "preflight": "model unseen",
        "queues": "clock model ids",
        "events": "clock",
        "codecs": GROUND,
        "store": f"{GROUND} rules queues",
        "config": f"{GROUND} rules codecs",
        "routing": f"{GROUND} config",
        "publishing": f"{GROUND} events store",
        "runtime": f"{GROUND} queues store config",
        "core": "clock queues store config",
        "calling": f"{GROUND} rules codecs store config routing",
        "accepting": f"{GROUND} rules preflight core queues codecs store config routing calling",
        "receiving": f"{GROUND} core queues codecs store config routing calling",
        "settling": f"{GROUND} rules core queues codecs store routing calling accepting",
        "sending": f"{GROUND} rules core queues store config routing calling settling",
        "watching": f"{GROUND} core queues codecs store settling sending",
        "verifying": f"{GROUND} store config routing accepting",
        "api": f"{GROUND} rules codecs store config runtime calling accepting verifying",
        "handlers": f"{GROUND} queues runtime publishing calling verifying receiving settling sending watching api",
    }.items()
}
# Parameters and fields that are times: `now`, `until`, `created_at`, `busy_since`.
TIME = re.compile(r"(\w+_)?(now|at|until|deadline|moment|since|arrived|earliest)|after|last_report|counted_to")
NO_IO = {"boto3", "botocore", "requests", "os", "time", "random", "secrets", "socket", "uuid", "pathlib", "subprocess"}
DYNAMODB_CALLS = {
    *("get_item", "put_item", "update_item", "delete_item", "batch_get_item", "batch_write_item", "scan"),
    *("transact_get_items", "transact_write_items", "execute_statement", "batch_execute_statement"),
}
# What costs a cold start, or opens a door: none of it may be loaded while a vendor waits.
HEAVY = (
    *("requests", "pydantic", "pydantic_core", "defusedxml", "msgspec"),
    *("aws_lambda_powertools", "aws_xray_sdk"),
)


def module_name(path: Path) -> str:
    """`smsgateway.store.table`, `functions.send.app`."""
    base = LAYER if path.is_relative_to(LAYER) else ROOT
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


SOURCES = {module_name(path): path for base in (PACKAGE, FUNCTIONS) for path in sorted(base.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in SOURCES.items()}
CODECS = sorted(name for name in SOURCES if name.startswith("smsgateway.codecs"))


def imports(tree: ast.AST) -> Iterator[str]:
    """Every name that is imported, wherever it stands: `requests.adapters`, `smsgateway.store.accounts`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(name: str) -> set[str]:
    """The modules of ours that a module imports."""
    found = set()
    for imported in imports(TREES[name]):
        if imported.split(".")[0] in ("smsgateway", "functions"):
            found.add(imported if imported in SOURCES else imported.rpartition(".")[0])
    return found - {name}


def tops(name: str) -> set[str]:
    return {imported.split(".")[0] for imported in imports(TREES[name])}


def room_of(name: str) -> str:
    """`store` of `smsgateway.store.table`, `ids` of `smsgateway.ids`."""
    return name.split(".")[1]


def importers_of(*packages: str) -> set[str]:
    return {name for name in SOURCES if tops(name) & set(packages)}


def test_every_room_has_its_place() -> None:
    assert {room_of(name) for name in SOURCES if name.startswith("smsgateway.")} == set(ROOMS)


def test_rooms_stand_above_what_they_may_import() -> None:
    order = list(ROOMS)
    for room, below in ROOMS.items():
        assert not [name for name in below if order.index(name) >= order.index(room)], room


def test_nothing_is_allowed_that_nobody_does() -> None:
    ground = set(GROUND.split())
    for room, below in ROOMS.items():
        modules = [name for name in SOURCES if name.startswith("smsgateway.") and room_of(name) == room]
        used = {room_of(imported) for name in modules for imported in own_imports(name) if imported.count(".")}
        assert below - ground <= used, f"{room} may import what it does not"


def test_few_modules_lie_flat() -> None:
    assert len([room for room in ROOMS if f"smsgateway.{room}" in SOURCES and not (PACKAGE / room).is_dir()]) <= 12


@pytest.mark.parametrize("folder", sorted(path.parent for path in PACKAGE.rglob("__init__.py")), ids=str)
def test_a_folder_begins_with_a_map_of_its_files(folder: Path) -> None:
    """Only the registry of codecs is code that stands in such a file, for what it loads must be named in one place."""
    body = ast.parse((folder / "__init__.py").read_text(encoding="utf-8")).body
    assert isinstance(body[0], ast.Expr)
    assert folder.name == "codecs" or folder.parent.name == "codecs" or len(body) == 1


@pytest.mark.parametrize("name", [name for name in SOURCES if name.count(".") > 0 and name.startswith("smsgateway.")])
def test_a_room_imports_only_what_stands_below_it(name: str) -> None:
    for imported in own_imports(name):
        assert imported in SOURCES, f"{name} imports {imported}"
        if imported.count(".") and room_of(imported) != room_of(name):
            assert room_of(imported) in ROOMS[room_of(name)], f"{name} imports {imported}"


def test_no_two_modules_import_each_other() -> None:
    TopologicalSorter({name: own_imports(name) for name in SOURCES}).prepare()  # raises CycleError


@pytest.mark.parametrize("name", sorted(path.name for path in FUNCTIONS.iterdir() if path.is_dir()))
def test_a_functions_own_code_never_changes(name: str) -> None:
    """GIVEN an update, which changes layers and code one after the other WHEN a release changes no code THEN no call
    meets new layers and old code, or the other way round. These are the bytes of every release."""
    assert (FUNCTIONS / name / "app.py").read_bytes().decode() == (
        '"""All of a function\'s code that is not in the layers: smsgateway/handlers says why it never changes."""\n\n'
        f"from smsgateway.handlers.{name} import handler\n\n"
        '__all__ = ["handler"]\n'
    )


def test_a_function_is_one_file_that_no_one_imports() -> None:
    assert sorted(
        path.relative_to(FUNCTIONS).as_posix()
        for path in FUNCTIONS.glob("*/**/*")
        if path.suffix and path.suffix != ".pyc"
    ) == sorted(path for path in (f"{name.split('.')[1]}/app.py" for name in SOURCES if name.startswith("functions.")))
    assert not [name for name in SOURCES if any(used.startswith("functions") for used in own_imports(name))]


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith("smsgateway.")])
def test_times_are_milliseconds_by_their_type(name: str) -> None:
    """GIVEN a parameter or a field with the name of a time WHEN it is a whole number THEN its type is `Millis`, so that
    nobody takes it for seconds: those have names that say so (clock.py)."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            called = node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)
            plain = re.search(r"\bint\b", ast.unparse(node.annotation))
            assert not (plain and TIME.fullmatch(called)), f"{name}: {called}: {ast.unparse(node.annotation)}"


@pytest.mark.parametrize("name", CODECS)
def test_codecs_do_no_io(name: str) -> None:
    assert not tops(name) & NO_IO
    attributes = {node.attr for node in ast.walk(TREES[name]) if isinstance(node, ast.Attribute)}
    assert not attributes & {"now", "today", "utcnow", "urandom"}
    called = {node.func.id for node in ast.walk(TREES[name]) if _is_plain_call(node)}  # type: ignore[attr-defined]
    assert not called & {"open", "print", "input", "exec", "eval"}


def _is_plain_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def test_routing_and_texts_are_pure() -> None:
    for name in ("model", "errors", "text", "ids", "routing", "calling.encoding", "calling.carriage"):
        assert not tops(f"smsgateway.{name}") & NO_IO


def test_what_a_post_says_and_what_a_vendor_is_told_needs_no_table() -> None:
    assert not {name for name in own_imports("smsgateway.accepting.post") if room_of(name) == "store"}
    for name in ("encoding", "carriage"):
        assert not {used for used in own_imports(f"smsgateway.calling.{name}") if room_of(used) == "store"}


def test_one_module_speaks_dynamodb() -> None:
    speaking = {
        name
        for name, tree in TREES.items()
        if {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & DYNAMODB_CALLS
    }
    assert speaking == {"smsgateway.store.table"}
    made = {name for name, path in SOURCES.items() if 'client("dynamodb"' in path.read_text(encoding="utf-8")}
    assert made == {"smsgateway.runtime"}


def test_one_module_speaks_http() -> None:
    clients = ("requests", "urllib3", "httpx", "aiohttp", "http.client", "urllib.request", "socketserver", "ftplib")
    speaking = {name for name, tree in TREES.items() if any(used.startswith(clients) for used in imports(tree))}
    assert speaking == {"smsgateway.calling.transport"}


def test_one_module_parses_xml() -> None:
    assert importers_of("defusedxml", "xml", "lxml") == {"smsgateway.codecs.xml"}


def test_who_makes_clients_of_aws() -> None:
    handlers = {name for name in importers_of("boto3", "botocore") if name.startswith("smsgateway.handlers.")}
    assert handlers == {"smsgateway.handlers.poll", "smsgateway.handlers.fanout"}
    shared = importers_of("boto3", "botocore") - handlers
    assert shared == {"smsgateway.runtime", "smsgateway.api.runtime", "smsgateway.store.table"}


def test_the_environment_is_read_in_one_place() -> None:
    assert importers_of("os") == {"smsgateway.runtime"}


# At import


def run(code: str) -> str:
    """Run code in a fresh interpreter that has nothing in its environment: no region, no credentials, no settings."""
    environment = {"PYTHONPATH": f"{ROOT}:{LAYER}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_nothing_of_the_environment_is_needed_at_import() -> None:
    names = sorted(SOURCES)
    code = f"import importlib, socket\nsocket.socket.connect = None\n[importlib.import_module(n) for n in {names!r}]"
    assert run(code) == ""


# Codecs load some of what they need when they decode. A push is verified only.
VERIFYING = """
import sys, functions.webhook.app
from smsgateway.codecs import VENDORS
from smsgateway.model import Account, Push
for name, vendor in VENDORS.items():
    if vendor.report_push:
        account = Account(name, name, "http://vendor.example", dict.fromkeys(vendor.profile.credentials, "key"))
        for kind in ("reports", "inbound"):
            vendor.report_push.verify_push(account, Push("POST", body=b'{"apiKey": "key", "data": []}'), kind)
            vendor.report_push.acknowledgement(account, kind)
print(*sys.modules)
"""


def test_webhook_loads_nothing_heavy() -> None:
    loaded = set(run(VERIFYING).split())
    assert "smsgateway.receiving.push" in loaded
    assert not [name for name in loaded if name in HEAVY or name.startswith(tuple(f"{heavy}." for heavy in HEAVY))]
    ours = {name for name in loaded if name.startswith("smsgateway.")}
    assert not {"calling", "sending", "settling", "accepting", "api"} & {room_of(name) for name in ours}
    assert {name for name in ours if name.startswith("smsgateway.handlers.")} == {"smsgateway.handlers.webhook"}


def test_webhook_loads_few_modules() -> None:
    code = cold.MEASURE.format(code=cold.LOADED.format(module="functions.webhook.app"))
    loaded = fresh(["-c", code], aws.CREDENTIALS | {"PYTHONDONTWRITEBYTECODE": "1"})
    assert loaded["modules"] <= cold.MOST_MODULES


def test_only_the_vendors_that_are_asked_for_are_loaded() -> None:
    code = (
        "import sys, functions.webhook.app\nfrom smsgateway.codecs import VENDORS\nVENDORS['heji']\nprint(*sys.modules)"
    )
    loaded = set(run(code).split())
    assert [name for name in VENDORS if f"smsgateway.codecs.{name}" in loaded] == ["heji"]


@pytest.mark.parametrize("name", ["webhook", "dispatch", "send", "query", "ingest"])
def test_the_collector_rests_while_a_function_loads_what_is_large(name: str) -> None:
    code = f"""
import gc, sys
loaded = []
gc.callbacks.append(lambda *_: loaded.append("boto3" in sys.modules and not gc.get_freeze_count()))
import functions.{name}.app
gc.callbacks.clear()
print(any(loaded), gc.isenabled(), gc.get_freeze_count() > 10_000)
"""
    assert run(code).split() == ["False", "True", "True"]


def test_functions_without_an_api_load_no_validation() -> None:
    names = ["dispatch", "poll", "webhook", "ingest", "fanout", "sweep"]
    code = "import sys\n" + "\n".join(f"import functions.{name}.app" for name in names) + "\nprint(*sys.modules)"
    loaded = set(run(code).split())
    assert not loaded & {"pydantic", "aws_lambda_powertools.event_handler"}


# Beside the product


def test_the_simulators_know_nothing_of_the_gateway() -> None:
    for path in sorted((ROOT / "tests" / "simulators").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own = {imported for imported in imports(tree) if imported.startswith(("smsgateway", "functions"))}
        assert own == set(), path.name


def test_the_gateway_knows_nothing_of_its_tests() -> None:
    assert importers_of("tests", "pytest", "moto") == set()
