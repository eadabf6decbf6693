"""A broadcast on a young table, beside one-time passwords: its rows leave room for them."""

from collections import Counter
from functools import partial

import pytest
from botocore.exceptions import ClientError

from smsgateway.accepting.post import Post
from tests.doubles.pace.cloud import SECOND, Cloud
from tests.doubles.pace.dynamo import YoungDynamoDB
from tests.simulators.model import Message

ACCOUNT = "ic-1"
RECIPIENTS = 30_000  # 30 requests
WORKERS = {"urgent": 8, "bulk": 50}
PASSWORDS = 150
LENGTH = 30 * SECOND


def broadcast(cloud: Cloud) -> None:
    numbers = tuple(f"1990{index:07d}" for index in range(RECIPIENTS))
    cloud.accept(Post(purpose="marketing", to=numbers, text="您好", account=ACCOUNT), cloud.table(tries=3))


def passwords(cloud: Cloud) -> None:
    """Ten a second, for longer than the broadcast takes."""
    for index in range(PASSWORDS):
        cloud.clock.start(partial(password, cloud, f"1991{index:07d}"))
        cloud.clock.sleep(cloud.random.uniform(0, 200))


def password(cloud: Cloud, number: str) -> None:
    """Of a client that counts the errors it gets, and posts again."""
    cloud.accepted[ACCOUNT, number] = cloud.clock.now
    post = Post(purpose="otp", to=(number,), text="验证码1234", account=ACCOUNT, idempotency_key=number, body_hash="1")
    while True:
        try:
            cloud.accept(post, cloud.table(tries=3))
        except ClientError as error:
            cloud.failures[error.response["Error"]["Code"]] += 1
            cloud.clock.sleep(SECOND)
        else:
            return


@pytest.fixture(scope="module")
def young() -> Cloud:
    cloud = Cloud(options={ACCOUNT: {"in_flight": 1000}}, table=YoungDynamoDB)
    cloud.clock.start(partial(broadcast, cloud), SECOND)
    cloud.clock.start(partial(passwords, cloud))
    for queue, concurrency in WORKERS.items():
        cloud.workers(queue, concurrency)
    cloud.run(LENGTH)
    return cloud


def sent(cloud: Cloud, prefix: str) -> list[Message]:
    return cloud.engine.messages(lambda message: message.number.startswith(prefix))


def test_the_table_is_busy(young: Cloud) -> None:
    """So that what follows says something."""
    assert isinstance(young.db, YoungDynamoDB)
    assert young.db.refused["write", "", ""] > 1000


def test_most_rows_are_written_at_the_first_try(young: Cloud) -> None:
    assert isinstance(young.db, YoungDynamoDB)
    assert young.db.refused["write", "", ""] < RECIPIENTS / 2


def test_a_password_does_not_wait_for_rows(young: Cloud) -> None:
    """GIVEN fifty workers that file a broadcast's rows on a table that takes 4000 writes a second THEN every password
    is with its vendor within two seconds of its client's first try."""
    waits = {
        message.number: message.at * SECOND - young.accepted[ACCOUNT, message.number] for message in sent(young, "1991")
    }
    assert len(waits) == PASSWORDS
    assert max(waits.values()) < 2 * SECOND, sorted(waits.values())[-10:]


def test_nothing_fails(young: Cloud) -> None:
    """Neither a client's request, nor a worker, which would come again later."""
    assert not young.failures


def test_the_whole_broadcast_is_sent_and_nobody_gets_a_text_twice(young: Cloud) -> None:
    counted = Counter(message.number for message in sent(young, ""))
    assert set(counted.values()) == {1}
    assert len(counted) == RECIPIENTS + PASSWORDS
