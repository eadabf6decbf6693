"""`make redrive`: puts what is in the dead-letter queues back into their queues, after a repair.

SQS has a task for it (StartMessageMoveTask), but not in China, nor in the local cloud. So each message is sent to its
queue and taken out of the other after that: an end in between leaves it twice rather than not at all.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

DEAD = "-dead"
HIDDEN = 60  # seconds that a message which is being moved is nobody else's
WAIT = 1  # seconds for a message
ROUNDING = 2  # seconds that two clocks which agree may seem apart


class Queued(Protocol):
    """A stack: its queues by name, and clients of the AWS that it is on."""

    @property
    def queues(self) -> dict[str, str]: ...

    def client(self, service: str, /) -> Any: ...


def redrive(stack: Queued) -> dict[str, int]:
    """How many messages went back into each queue that has a dead-letter queue of its own."""
    sqs, queues = stack.client("sqs"), stack.queues
    pairs = {name: (queues[name + DEAD], url) for name, url in queues.items() if name + DEAD in queues}
    return {name: move(sqs, dead, url) for name, (dead, url) in pairs.items()}


def move(sqs: Any, source: str, destination: str) -> int:
    """Move what is in a queue now; what comes while this is at work, because it failed again, stays."""
    begun, moved, newer = now_there(sqs, source), 0, []
    while messages := receive(sqs, source):
        for message in messages:
            if int(message["Attributes"]["SentTimestamp"]) >= begun:
                newer.append(message["ReceiptHandle"])
                continue
            sqs.send_message(QueueUrl=destination, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    for handle in newer:
        sqs.change_message_visibility(QueueUrl=source, ReceiptHandle=handle, VisibilityTimeout=0)
    return moved


def now_there(sqs: Any, source: str) -> float:
    """Epoch milliseconds by the clock of SQS, which stamps the messages: ours may be minutes off."""
    answer = sqs.get_queue_attributes(QueueUrl=source, AttributeNames=["QueueArn"])
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    here = datetime.now(UTC).timestamp()
    there = parsedate_to_datetime(said).timestamp() if said else here  # in whole seconds
    return (there if abs(there - here) > ROUNDING else here) * 1000


def receive(sqs: Any, source: str) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=source,
        MaxNumberOfMessages=10,
        VisibilityTimeout=HIDDEN,
        WaitTimeSeconds=WAIT,
        AttributeNames=["SentTimestamp"],
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages
