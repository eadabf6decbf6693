"""`make redrive`: puts what is in the dead-letter queues back into their queues, after a repair.

On AWS it is `aws sqs start-message-move-task`, which the local cloud does not have: here, each message is sent to its
queue and taken out of the other after that, so that an end in between leaves it twice rather than not at all.
"""

import time
from typing import Any

from tests.local.stack import Stack

DEAD = "-dead"
HIDDEN = 60  # seconds that a message which is being moved is nobody else's
WAIT = 1  # seconds for a message


def redrive(stack: Stack) -> dict[str, int]:
    """How many messages went back into each queue that has a dead-letter queue of its own."""
    sqs, queues = stack.client("sqs"), stack.queues
    pairs = {name: (queues[name + DEAD], url) for name, url in queues.items() if name + DEAD in queues}
    return {name: move(sqs, dead, url) for name, (dead, url) in pairs.items()}


def move(sqs: Any, source: str, destination: str) -> int:
    """Move what is in a queue now; what comes while this is at work, because it failed again, stays."""
    begun, moved, newer = time.time() * 1000, 0, []
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
