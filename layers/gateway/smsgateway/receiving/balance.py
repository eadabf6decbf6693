"""What is left of an account: asked for, stored, and told of when it is low."""

from typing import Any

from smsgateway.clock import seconds, utc
from smsgateway.codecs import VENDORS, bounded
from smsgateway.errors import DecodeError, TransportError
from smsgateway.model import Account, Refused
from smsgateway.receiving.poller import Poller, call_at, wait_for_moment
from smsgateway.store import accounts, polling
from smsgateway.store.polling import Lease

BALANCE_EVERY = 600_000  # milliseconds


def poll_balance(poller: Poller, account: Account, lease: Lease) -> dict[str, Any]:
    """Ask for an account's balance and store it. An amount below the account's `balance_alert` raises `balance_low`.

    Returns what `poll` returns: `{"balance": […]}`, `{"skipped": "pace", …}` or `{"problem": …}`.
    """
    codec = VENDORS[account.vendor].balance
    if (moment := wait_for_moment(poller, account, "balance")) < 0:
        return {"skipped": "pace", "again_in": seconds(-moment)}
    try:
        request = codec.encode_balance(account, utc(poller.now()), poller.nonce())
        response = call_at(poller, account, "balance", request, moment)
        balances = bounded.balances(codec.decode_balance(account, response))
    except (TransportError, DecodeError) as error:
        return {"problem": error.problem}
    polling.fulfil(poller.table, lease, poller.now())
    if isinstance(balances, Refused):
        poller.tell_refusal(account, balances)
        return {"problem": balances.vendor_status}
    accounts.put_balance(poller.table, account.name, balances, poller.now())
    for balance in balances:
        if account.balance_alert is not None and balance.amount < account.balance_alert:
            poller.tell(account, "balance_low", f"{balance.product or 'balance'}: {balance.amount} left")
    return {"balance": [{"product": balance.product, "amount": str(balance.amount)} for balance in balances]}
