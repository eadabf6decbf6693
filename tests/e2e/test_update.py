"""An update that changes layers and code one after the other: handlers of the version before on today's layers."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Gateway
from tests.template import FUNCTIONS, ROOT


def zipped(path: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.write(path, path.name)
    return content.getvalue()


def give_code(gateway: Gateway, folder: Path) -> None:
    functions = gateway.world.stack.client("lambda")
    for name in FUNCTIONS:
        code = zipped(folder / name / "app.py")
        functions.update_function_code(FunctionName=f"{gateway.world.stack.stack_name}-{name}", ZipFile=code)


@pytest.fixture
def halfway(gateway: Gateway) -> Iterator[Gateway]:
    """The layers are new, and the code is still that of the version that had its handlers in it."""
    give_code(gateway, ROOT / "tests" / "previous")
    yield gateway
    give_code(gateway, ROOT / "functions")


@pytest.mark.parametrize("account", ["hb-1", "qx-1"])
def test_a_password_goes_its_way_in_the_midst_of_an_update(halfway: Gateway, account: str) -> None:
    """By a vendor that pushes, and by one that must be asked: what it has to say comes only once it says so."""
    message_id = halfway.send(to=halfway.number("0051"), text="更新之中的验证码1234", purpose="otp", account=account)
    assert halfway.event("Message Submitted", message_id)
    if account == "qx-1":
        halfway.vendors.wait_until_idle()
        assert "errorMessage" not in halfway.poll(account, "reports")
    assert halfway.event("Message Delivered", message_id)
    assert halfway.sweep()["failed"] == 0
    assert halfway.api.get(f"/messages/{message_id}").body["status"] == "delivered"
