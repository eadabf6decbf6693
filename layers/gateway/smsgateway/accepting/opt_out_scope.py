"""Whose marketing somebody stops who answers a message with stop, and whose stops count against it."""

from collections.abc import Iterator, Sequence

from smsgateway import text
from smsgateway.accepting.contents import signature_place_of
from smsgateway.accepting.post import Post
from smsgateway.model import Account, Client, Template
from smsgateway.store.numbers import scope_of

SEVERAL = 2  # signatures of a client, from which on each is stopped by itself


def scope_of_post(client: Client, post: Post, template: Template | None, accounts: Sequence[Account]) -> str:
    """The scope of a post's marketing: its client, or its signature with a client that has several.

    The signature is the one that its contents bring, that it asks for, or of the accounts that may carry it. Where
    there may be several (its contents bring different ones, or bring none while the accounts have different ones),
    nobody knows which of them a recipient will read: then it is the client, whose stops all count
    (`numbers.refusal_to`). So no failover goes past a stop.
    """
    if post.opt_out_scope:
        return post.opt_out_scope
    if len(client.signatures) < SEVERAL:
        return client.name
    put_in_front = {account.signature for account in accounts} if post.signature is None else {post.signature}
    place = signature_place_of(template)
    found = {
        text.compose(content, signature, place).signature
        for content in _contents(post, template)
        for signature in put_in_front
    }
    return scope_of(client.name, found.pop() if len(found) == 1 else "")


def _contents(post: Post, template: Template | None) -> Iterator[str]:
    """What a post reads, as far as its signature stands in it: a template brings the same whatever its variables."""
    if template:
        yield template.text
    elif post.personal:
        yield from (entry.text or "" for entry in post.personal)
    else:
        yield post.text or ""
