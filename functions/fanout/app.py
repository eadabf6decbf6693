"""All of a function's code that is not in the layers: smsgateway/handlers says why it never changes."""

from smsgateway.handlers.fanout import handler

__all__ = ["handler"]
