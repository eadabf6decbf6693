"""A function's environment variables, as template.yaml gives them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from smsgateway.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment variables of a function, which has only those that it needs.

    Reading a variable that is missing, or is not what it must be, raises ConfigurationError with its name.
    """

    variables: Mapping[str, str] = field(repr=False)

    @property
    def stack_name(self) -> str:
        """The stack's name, for names of API keys."""
        return self._required("STACK_NAME")

    @property
    def table_name(self) -> str:
        """The name of the table."""
        return self._required("TABLE_NAME")

    @property
    def urgent_queue_url(self) -> str:
        """The queue of wake-ups of passwords and single notices."""
        return self._required("URGENT_QUEUE_URL")

    @property
    def bulk_queue_url(self) -> str:
        """The queue of all other wake-ups."""
        return self._required("BULK_QUEUE_URL")

    @property
    def receipt_queue_url(self) -> str:
        """The queue of vendor bytes that hold delivery reports."""
        return self._required("RECEIPT_QUEUE_URL")

    @property
    def reply_queue_url(self) -> str:
        """The queue of vendor bytes that hold replies."""
        return self._required("REPLY_QUEUE_URL")

    @property
    def parked_queue_url(self) -> str:
        """The queue of vendor bytes that nobody can read."""
        return self._required("PARKED_QUEUE_URL")

    @property
    def failures_queue_url(self) -> str:
        """The queue of the table's changes that nobody can publish."""
        return self._required("FAILURES_QUEUE_URL")

    @property
    def event_bus_name(self) -> str:
        """The name of the event bus."""
        return self._required("EVENT_BUS_NAME")

    @property
    def accounts_secret(self) -> str:
        """The id or ARN of the secret that holds the accounts document."""
        return self._required("ACCOUNTS_SECRET")

    @property
    def admin_key_secret(self) -> str:
        """The id or ARN of the secret that holds the administrator's API key."""
        return self._required("ADMIN_KEY_SECRET")

    @property
    def pepper_secret(self) -> str:
        """The id or ARN of the secret that verifications' codes, ids and hashes follow from."""
        return self._required("PEPPER_SECRET")

    @property
    def usage_plan_parameter(self) -> str:
        """The name of the parameter that holds the usage plan's id."""
        return self._required("USAGE_PLAN_PARAMETER")

    @property
    def public_url(self) -> str:
        """The API's address, stage included, without a slash at its end; empty if it is only known from requests."""
        return self.variables.get("PUBLIC_URL", "").rstrip("/")

    @property
    def retention_days(self) -> int:
        """How many days texts and numbers are kept."""
        days = self._required("RETENTION_DAYS")
        if not re.fullmatch("[1-9][0-9]{0,3}", days):
            raise ConfigurationError("RETENTION_DAYS", "must be a number of days from 1 to 9999")
        return int(days)

    @property
    def caller(self) -> str:
        """Who waits for the function's answer: a `client`, a `vendor`, or a `queue`, which has time."""
        caller = self.variables.get("CALLER", "queue")
        if caller not in ("client", "vendor", "queue"):
            raise ConfigurationError("CALLER", "must be client, vendor or queue")
        return caller

    @property
    def allow_loopback_vendors(self) -> bool:
        """Whether a vendor may be on this machine, as the simulators are: only if the variable says `true`."""
        value = self.variables.get("ALLOW_LOOPBACK_VENDORS", "false")
        if value not in ("true", "false"):
            raise ConfigurationError("ALLOW_LOOPBACK_VENDORS", "must be true or false")
        return value == "true"

    def _required(self, name: str) -> str:
        value = self.variables.get(name, "")
        if not value:
            raise ConfigurationError(name, "this environment variable is missing")
        return value
