"""Alerts about accounts: what the operator must know. They are stored, and published from the table's stream."""

from dataclasses import dataclass

from smsgateway.clock import Millis
from smsgateway.store.keys import alert_key
from smsgateway.store.table import ConditionFailed, Table

HOUR = 3_600_000  # milliseconds


@dataclass(frozen=True, slots=True)
class Alert:
    """What has happened to an account. `raised_at` in epoch milliseconds, `ttl` in epoch seconds."""

    account: str
    vendor: str
    kind: str
    detail: str
    raised_at: Millis
    ttl: int


def raise_alert(table: Table, alert: Alert, occasion: str = "") -> None:
    """Store an alert, once in each hour of the clock for the same kind, or once for its `occasion`."""
    pk, sk = alert_key(alert.account, alert.kind, occasion or str(alert.raised_at // HOUR))
    item = {
        "pk": pk,
        "sk": sk,
        "account": alert.account,
        "vendor": alert.vendor,
        "alert": alert.kind,
        "detail": alert.detail,
        "raised_at": alert.raised_at,
        "ttl": alert.ttl,
    }
    try:
        table.put(item, "attribute_not_exists(pk)")
    except ConditionFailed:
        return
