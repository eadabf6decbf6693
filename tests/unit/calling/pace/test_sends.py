"""Ten minutes of several workers' sends by the simulators' own judgement.

No account gets more requests in a second than its option says, and nobody gets a text twice.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count

import pytest

from smsgateway.accepting.post import Post
from tests.doubles.pace.cloud import MINUTE, SECOND, Cloud, Latency
from tests.simulators.model import Message

RATES = {"ly-1": 4, "ic-1": 2}  # requests a second
WORKERS = {"urgent": 4, "bulk": 10}
BACKLOG = 60  # submissions that wait for an account, kept up for the whole run
# A network that now and then takes a third of a second longer has a vendor see requests closer together than they were
# sent, whatever we do: it refuses them for the moment, and they are sent again.
EVEN = Latency(base=15, jitter=8)


def sent(cloud: Cloud, account: str, prefix: str = "") -> list[Message]:
    return cloud.engine.messages(lambda message: message.account == account and message.number.startswith(prefix))


def broadcasts(cloud: Cloud, account: str) -> None:
    """There is always something to send."""
    for first in count(step=20):
        cloud.accept(
            Post(
                purpose="marketing",
                to=tuple(f"139{number:08d}" for number in range(first, first + 20)),
                text="您好",
                account=account,
            )
        )
        while first + 20 - len(sent(cloud, account, "139")) > BACKLOG:
            cloud.clock.sleep(SECOND)


def passwords(cloud: Cloud, account: str) -> None:
    """One-time passwords, now and then more at once than the account may send in a second, to a number each."""
    numbers = count(list(RATES).index(account) * 10_000_000)
    while True:
        cloud.clock.sleep(cloud.random.uniform(0, 20 * SECOND))
        for _ in range(cloud.random.randint(1, 3 * RATES[account])):
            number = f"137{next(numbers):08d}"
            cloud.accepted[account, number] = cloud.clock.now
            cloud.accept(Post(purpose="otp", to=(number,), text="验证码1234", account=account))


@pytest.fixture(scope="module")
def ten_minutes() -> Cloud:
    options = {
        account: {"requests_per_second": rate, "recipients_per_request": 1, "in_flight": 100}
        for account, rate in RATES.items()
    }
    cloud = Cloud(way=EVEN, options=options)
    for account, rate in RATES.items():
        cloud.account(account).requests_per_second = rate
        cloud.clock.start(partial(broadcasts, cloud, account))
        cloud.clock.start(partial(passwords, cloud, account))
    for queue, concurrency in WORKERS.items():
        cloud.workers(queue, concurrency)
    cloud.run(10 * MINUTE)
    assert not cloud.failures
    return cloud


def test_no_account_gets_more_requests_than_it_may(ten_minutes: Cloud) -> None:
    assert ten_minutes.engine.pacing.violations() == []
    for account, rate in RATES.items():
        times = [message.at for message in sent(ten_minutes, account)]
        busiest = max(later_index - index for index, later_index in seconds(times))
        assert busiest <= rate, f"{busiest} requests of {account} in a second"


def seconds(times: list[float]) -> Iterator[tuple[int, int]]:
    """For each request its index, and that of the first one a second later."""
    end = 0
    for index, at in enumerate(times):
        while end < len(times) and times[end] < at + 1.0:
            end += 1
        yield index, end


@pytest.mark.parametrize("account", RATES)
def test_most_of_what_it_may_is_sent(ten_minutes: Cloud, account: str) -> None:
    """Broadcasts come again at random, and so leave some moments free."""
    share = len(sent(ten_minutes, account)) / (600 * RATES[account])
    assert share >= 0.9, f"{share:.1%} of what the account may send"


def test_nobody_gets_a_text_twice(ten_minutes: Cloud) -> None:
    for account in RATES:
        assert max(Counter(message.number for message in sent(ten_minutes, account)).values()) == 1


def test_a_password_hardly_waits_for_a_broadcast(ten_minutes: Cloud) -> None:
    """It waits for passwords before it, which come faster than they may be sent."""
    for account in RATES:
        waits = sorted(
            message.at * SECOND - ten_minutes.accepted[account, message.number]
            for message in sent(ten_minutes, account, "137")
        )
        assert waits[len(waits) // 2] < 2 * SECOND, f"half of {account}'s wait for {waits[len(waits) // 2]:.0f} ms"


def test_no_worker_sleeps_longer_than_two_seconds(ten_minutes: Cloud) -> None:
    assert ten_minutes.longest_sleep <= 2.0
