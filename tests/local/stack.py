"""A deployed stack, as everything that drives it from outside needs to know it (.local/stack.json)."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import boto3

from tests.local.cloud import ACCESS_KEY, SECRET_KEY
from tests.local.process import LOCAL

STACK_FILE = LOCAL / "stack.json"


@dataclass(frozen=True)
class Stack:
    """`queues` is name → URL: `urgent`, `bulk`, `receipts`, `replies`, and the dead-letter queues, `<name>-dead`."""

    api_url: str
    api_key: str
    endpoint_url: str
    region: str
    stack_name: str
    table: str
    event_bus: str
    accounts_secret: str
    queues: dict[str, str]
    simulators: str = ""  # their control address, where there are any

    def client(self, service: str) -> Any:
        """A boto3 client of the local cloud, with every right."""
        return local_client(service, self.endpoint_url, self.region)

    def read_accounts(self) -> dict[str, Any]:
        """The accounts document that is in place."""
        secret = self.client("secretsmanager").get_secret_value(SecretId=self.accounts_secret)
        document: dict[str, Any] = json.loads(secret["SecretString"])
        return document

    def write_accounts(self, document: dict[str, Any]) -> None:
        """Puts the accounts document in place. Functions may use the old one for a minute more."""
        text = json.dumps(document, ensure_ascii=False)
        self.client("secretsmanager").put_secret_value(SecretId=self.accounts_secret, SecretString=text)

    def save(self, path: Path = STACK_FILE) -> None:
        """Writes the file at once, readable by us alone: it holds the key."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)

    @classmethod
    def load(cls, path: Path = STACK_FILE) -> Self:
        """The stack that `make up` left."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def local_client(service: str, endpoint_url: str, region: str) -> Any:
    """A boto3 client that ignores the user's own AWS settings."""
    # Untyped: the stubs want the service's name as a literal.
    session: Any = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=region)
    return session.client(service, endpoint_url=endpoint_url)
