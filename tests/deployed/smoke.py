"""`make smoke`: a stack of its own is deployed, tried, updated and deleted; what held, and what did not.

It shows on AWS what no emulator can. The tests run the same steps against the local cloud.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from smsgateway.config.accounts import parse_accounts
from smsgateway.errors import ConfigurationError
from tests.deployed.preflight import problem_with_name
from tests.deployed.sam import deploy_to_aws, remove_from_aws
from tests.deployed.stack import Deployed, clients, deployed, described
from tests.local.api import Answer, Api
from tests.local.process import StartError
from tests.local.redrive import redrive

PATIENCE = 180.0  # seconds for anything to happen
PAUSE = 0.5  # seconds between two looks
CHANGED = {"LogLevel": "WARNING"}  # an update of every function's configuration, which is all that a release changes
NO_ANSWER = 0  # in place of a status
UNREADABLE = b"\xff\xfe smoke"


class DidNotHoldError(Exception):
    """A step did not come out as it should."""


@dataclass
class Trial:
    """A stack that comes and goes. `deploy` makes or updates it with parameters; `remove` deletes it."""

    name: str
    document: Mapping[str, Any]  # accounts; the first that takes pushes is tried
    to: str
    deploy: Callable[[Mapping[str, str]], Deployed]
    remove: Callable[[], None]
    timeout: float = 60.0  # seconds for an answer of the API; API Gateway itself has 29
    stack: Deployed = field(init=False)

    @classmethod
    def on_aws(cls, name: str, accounts: Path, to: str) -> Self:
        """Raises StartError for a stack that there is already: it would be deleted at the end."""
        if wrong := problem_with_name(name):
            raise StartError(wrong)
        try:
            text = accounts.read_text(encoding="utf-8")
            parse_accounts(text)
        except (OSError, UnicodeDecodeError, ConfigurationError) as error:
            raise StartError(f"{accounts}: {error}") from None
        client = clients()
        if described(name, client):
            raise StartError(f"there is a stack {name} already, and smoke deletes what it has tried: name another")

        def deploy(parameters: Mapping[str, str]) -> Deployed:
            deploy_to_aws(name, parameters)
            return deployed(name, client)

        return cls(name, json.loads(text), to, deploy, lambda: remove_from_aws(name))

    @property
    def account(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = next(each for each in self.document["accounts"] if "push" in each)
        return found

    @property
    def api(self) -> Api:
        secret = self.stack.client("secretsmanager").get_secret_value(SecretId=self.stack.outputs["AdminKeySecret"])
        return Api(self.stack.api_url, secret["SecretString"], self.timeout)

    @property
    def stranger(self) -> Api:
        """The API for whoever has no key."""
        return Api(self.stack.api_url, "", self.timeout)


def smoke(trial: Trial) -> int:
    """Take every step, in order, and print what held; the exit status."""
    if not any("push" in each for each in trial.document["accounts"]):
        raise StartError("smoke tries a push: one account of the document needs `push`")
    try:
        failed = [name for name, problem in outcomes(trial) if problem]
    except BaseException:
        print(f"the stack {trial.name} may be there still: .local/sam/bin/sam delete --stack-name {trial.name}")
        raise
    print(f"{len(STEPS) - len(failed)} of {len(STEPS)} steps held" + (f"; not: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def outcomes(trial: Trial) -> Iterator[tuple[str, str]]:
    """(step, why it did not hold or nothing), each as it comes. A step that does not hold keeps no other from its try,
    and the stack is deleted whatever happened."""
    for name, step in STEPS.items():
        yield name, _problem(trial, name, step)


def _problem(trial: Trial, name: str, step: Callable[[Trial], str]) -> str:
    begun = time.monotonic()
    try:
        said, problem = step(trial), ""
    except Exception as error:
        said = problem = f"{type(error).__name__}: {error}"
    print(f"{'DID NOT HOLD' if problem else 'held'}: {name} ({time.monotonic() - begun:.0f} s): {said}", flush=True)
    return problem


# --- The steps: each says what it saw, or raises.


def deploy(trial: Trial) -> str:
    trial.stack = trial.deploy({})
    return trial.stack.api_url


def accounts(trial: Trial) -> str:
    """Before anybody asks: a function keeps what it has read for a minute."""
    secrets = trial.stack.client("secretsmanager")
    document = json.dumps(trial.document, ensure_ascii=False)
    secrets.put_secret_value(SecretId=trial.stack.outputs["AccountsSecret"], SecretString=document)
    return f"{len(trial.document['accounts'])} written"


def new_key(trial: Trial) -> str:
    """The administrator's API key, which API Gateway may not know at once."""
    begun = time.monotonic()
    answer = until(lambda: trial.api.get(f"/accounts/{trial.account['name']}"), lambda answer: answer.status == 200)
    expect(answer.status == 200, f"{answer.status} {answer.body}")
    return f"accepted after {time.monotonic() - begun:.1f} s"


def own_answers(trial: Trial) -> str:
    """What API Gateway answers by itself, to whom no function has answered."""
    refused, lost = trial.stranger.get("/accounts"), trial.api.get("/nothing/of/the/kind")
    for answer, status in ((refused, 403), (lost, 404)):
        shown = f"{answer.status} {answer.headers} {answer.body}"
        expect(answer.status == status, shown)
        expect({name.lower(): value for name, value in answer.headers.items()}["content-type"] == PROBLEM, shown)
        expect(isinstance(answer.body, dict) and answer.body.get("status") == status, shown)
    return "403 and 404 are problems"


def one_password(trial: Trial) -> str:
    text, account = "您的验证码是482913，5分钟内有效。", trial.account
    body = {"to": trial.to, "text": text, "purpose": "otp", "account": account["name"]}
    if "signature" not in account:
        body["signature"] = "示例"
    # `send` may have the accounts of a minute ago.
    answer = until(lambda: trial.api.post("/messages", body), lambda answer: answer.status not in (422, 503))
    expect(answer.status == 202, f"{answer.status} {answer.body}")
    path = f"/messages/{answer.body['id']}"
    shown = until(lambda: trial.api.get(path), lambda answer: answer.body.get("status") not in ("queued", "sending"))
    recipient = shown.body["recipients"][0]
    said = f"{recipient['status']} {recipient['reason']} {recipient['vendor_status']}"
    expect(recipient["status"] in ("submitted", "delivered", "undelivered"), said)
    return said


def push(trial: Trial) -> str:
    """Bytes that nobody understands, with the right token: stored, acknowledged, parked."""
    status = send_push(trial)
    expect(status == 200, f"answered {status}")
    wait_for_parked(trial)
    return "stored and parked"


def put_back(trial: Trial) -> str:
    moved = redrive(trial.stack)
    expect(moved["receipts"] >= 1, f"moved {moved}")
    wait_for_parked(trial)  # it makes no more sense than before
    return f"moved {moved['receipts']}"


def update(trial: Trial) -> str:
    """While every function changes, clients and vendors notice nothing."""
    ended, seen, api = threading.Event(), list[int](), trial.api
    dry = {"to": trial.to, "text": "您好", "signature": "示例", "dry_run": True}

    def ask() -> None:
        while not ended.is_set():
            try:
                seen.append(api.post("/messages", dry).status)
                seen.append(send_push(trial))
            except Exception as error:  # no answer, or none that is one: as bad as an error's
                said = error if isinstance(error, DidNotHoldError) else type(error).__name__
                print(f"during the update: {said}")
                seen.append(NO_ANSWER)
            ended.wait(PAUSE)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        trial.deploy(CHANGED)
    finally:
        ended.set()
        asking.join()
    expect(set(seen) == {200}, f"answers {sorted(set(seen))} of {len(seen)}")
    return f"{len(seen)} requests answered 200 meanwhile"


def delete(trial: Trial) -> str:
    """What was sent and the accounts stay; then they go too, because they are this trial's own."""
    if not hasattr(trial, "stack"):
        trial.remove()
        raise DidNotHoldError("the stack was never whole; what there was of it is deleted")
    table, secret = (trial.stack.outputs[name] for name in ("Table", "AccountsSecret"))
    dynamodb, secrets = trial.stack.client("dynamodb"), trial.stack.client("secretsmanager")
    trial.remove()
    expect(dynamodb.describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE", "the table did not stay")
    secrets.describe_secret(SecretId=secret)
    dynamodb.delete_table(TableName=table)
    secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    return "table and accounts stayed, and are deleted now"


STEPS: Mapping[str, Callable[[Trial], str]] = {
    "deploy": deploy,
    "the accounts document": accounts,
    "a new key": new_key,
    "API Gateway's own answers": own_answers,
    "a one-time password": one_password,
    "a push": push,
    "redrive": put_back,
    "update": update,
    "delete": delete,
}
PROBLEM = "application/problem+json"


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DidNotHoldError(otherwise)


def until[Seen](look: Callable[[], Seen], enough: Callable[[Seen], bool]) -> Seen:
    """What was seen when it was enough, or last."""
    deadline = time.monotonic() + PATIENCE
    while not enough(seen := look()) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return seen


def send_push(trial: Trial) -> int:
    """Push something that is no report to the address that the gateway shows; the status."""
    account = trial.api.get(f"/accounts/{trial.account['name']}")
    expect(account.status == 200, f"the account was answered {account.status} {account.body}")
    shown = account.body["push"]["reports"]
    path = shown[shown.index("/push/") :]
    answer: Answer = trial.stranger.call("POST", path, UNREADABLE)
    return answer.status


def wait_for_parked(trial: Trial) -> None:
    sqs, url = trial.stack.client("sqs"), trial.stack.queues["receipts-dead"]

    def parked() -> int:
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    expect(until(parked, bool) > 0, "nothing was parked")
