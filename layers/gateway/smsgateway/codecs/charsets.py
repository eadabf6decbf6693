"""Which charset an account of a Chinese vendor writes in, and what that vendor's bytes are read as.

Vendors say GB2312 and mean GBK (hbsmservice.txt, 1.2 and 8; protocols/README.md, hbsmservice 5 and qixintong 1).
"""

from collections.abc import Mapping

from smsgateway.errors import ConfigurationError
from smsgateway.model import Account

# What `options.charset` may be, and how answers are then read: GB18030 is the superset of its two elders.
READ_AS: Mapping[str, str] = {"gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030", "utf-8": "utf-8"}


def written_in(account: Account) -> str:
    """The charset of what we send, GBK unless the account says otherwise: a key of READ_AS."""
    charset = (account.options.charset or "gbk").lower()
    if charset not in READ_AS:
        raise ConfigurationError(f"{account.name}.options.charset", f"not one of {', '.join(READ_AS)}")
    return charset


def read_as(account: Account) -> str:
    """The charset of what comes back."""
    return READ_AS[written_in(account)]
