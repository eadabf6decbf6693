"""The control address: what a test or a demo may ask and tell the simulators (README.md lists it)."""

import json
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.simulators.accounts import entry, with_balances
from tests.simulators.engine import Engine
from tests.simulators.faults import Fault, Script
from tests.simulators.journal import Entry
from tests.simulators.model import KINDS, Account, Inbound, Kind, Message, PushTarget, Raw, Report
from tests.simulators.pushing import Item
from tests.simulators.settings import changed
from tests.simulators.sms import iso, masked
from tests.simulators.vendor import Vendor
from tests.simulators.vendors.infocloud_templates import template

type Document = Mapping[str, Any]
OPERATIONS = ("send", "send_batch", "reports", "inbound", "balance", "statistics", "health", "unknown", "*")
MODES = ("auto", "push", "poll", "both", "none")
DEFAULT_LIMIT = 1000


class Control:
    """Routes control requests; a ValueError or KeyError of a request is its 400."""

    def __init__(self, engine: Engine, vendors: Mapping[str, Vendor], addresses: Mapping[str, str]) -> None:
        self.engine, self.vendors, self.addresses = engine, vendors, addresses
        self._gets: Mapping[str, Callable[[Document], object]] = {
            "/control/log": self.log,
            "/control/messages": self.messages,
            "/control/duplicates": self.duplicates,
            "/control/pushes": self.pushes,
            "/control/state": self.state,
            "/control/pacing": lambda query: {"violations": self.engine.pacing.violations()},
            "/control/accounts": lambda query: {"accounts": self.entries()},
            "/control/settings": lambda query: asdict(self.engine.settings),
        }
        self._posts: Mapping[str, Callable[[Document], object]] = {
            "/control/script": self.script,
            "/control/settings": self.settings,
            "/control/inbound": self.inbound,
            "/control/report": self.report,
            "/control/raw": self.raw,
            "/control/push": self.push,
            "/control/accounts": self.add_account,
            "/control/templates": self.add_template,
            "/control/reset": self.reset,
        }

    def answer(self, method: str, address: str, body: bytes) -> tuple[int, object]:
        """Status and JSON document for one control request."""
        url = urlsplit(address)
        routes = self._gets if method == "GET" else self._posts if method == "POST" else {}
        if url.path not in routes:
            return 404, {"error": f"no {method} {url.path}"}
        try:
            document = dict(parse_qsl(url.query)) if method == "GET" else json.loads(body or b"{}")
            if not isinstance(document, dict):
                return 400, {"error": "a JSON object is expected"}
            return 200, routes[url.path](document)
        except KeyError as error:
            return 400, {"error": f"unknown or missing: {error}"}
        except (ValueError, TypeError) as error:
            return 400, {"error": str(error)}

    # -- questions ---------------------------------------------------------------------------------------------

    def log(self, query: Document) -> object:
        """The requests, newest last; `secrets=1` unmasks."""
        entries = self.engine.journal.requests(matching(query, "vendor", "account", "operation", "fault"))
        entries = [found for found in entries if int(str(found["seq"])) > int(query.get("after", 0))]
        if query.get("secrets") != "1":
            entries = [{**found, "fields": self._masked(found)} for found in entries]
        return {"requests": entries[-int(query.get("limit", DEFAULT_LIMIT)) :]}

    def _masked(self, found: Entry) -> dict[str, str]:
        fields: dict[str, str] = dict(found["fields"])  # type: ignore[call-overload]
        return masked(fields, self.vendors[str(found["vendor"])].secret_fields)

    def messages(self, query: Document) -> object:
        """What phones got, oldest first; `total` counts all that match."""
        found = self._found(query)
        limit = int(query.get("limit", DEFAULT_LIMIT))
        return {"total": len(found), "messages": [shown(message) for message in found[:limit]]}

    def _found(self, query: Document) -> list[Message]:
        names = [name for name in ("vendor", "account", "our_id", "vendor_id", "text") if name in query]
        return self.engine.messages(
            lambda message: all(getattr(message, name) == query[name] for name in names),
            query.get("number", ""),
            int(query.get("after", 0)),
        )

    def duplicates(self, query: Document) -> object:
        """Phones that got the same text more than once, at any vendor."""
        counts = Counter((message.number, message.text) for message in self._found(query))
        return {
            "duplicates": [
                {"number": number, "text": text, "times": times}
                for (number, text), times in counts.items()
                if times > 1
            ]
        }

    def pushes(self, query: Document) -> object:
        """Every try of every push, oldest first."""
        found = self.engine.journal.pushes(matching(query, "vendor", "account", "kind", "result"))
        return {"pushes": found[-int(query.get("limit", DEFAULT_LIMIT)) :]}

    def state(self, query: Document) -> object:
        """Queues, lanes, balances and concurrency; `idle` when nothing is planned or under way."""
        lanes = [lane.state() for lane in self.engine.lanes()]
        pushing = any(lane["in_flight"] or (lane["waiting"] and lane["url"] and not lane["stopped"]) for lane in lanes)
        return {
            "now": iso(self.engine.now()),
            "messages": self.engine.message_count(),
            "scheduled": self.engine.schedule.waiting(),
            "idle": not pushing and not self.engine.schedule.waiting(),
            "accounts": {
                account.name: {
                    "vendor": account.vendor,
                    "balances": account.balances,
                    "in_flight": account.in_flight,
                    "in_flight_max": account.in_flight_max,
                }
                for account in self.engine.all_accounts()
            },
            "to_poll": [
                {"account": account, "kind": kind, "waiting": len(mailbox)}
                for (account, kind), mailbox in self.engine.mailboxes().items()
            ],
            "to_push": lanes,
            "scripts": [{**asdict(script), "fault": script.fault.kind} for script in self.engine.scripts.pending()],
        }

    def _entry(self, account: Account) -> dict[str, Any]:
        return entry(account, self.addresses[account.vendor], self.vendors[account.vendor].polls)

    def entries(self) -> list[dict[str, Any]]:
        return [self._entry(account) for account in self.engine.all_accounts()]

    # -- orders ------------------------------------------------------------------------------------------------

    def script(self, document: Document) -> object:
        fault = Fault.parsed(document["fault"])
        script = Script(
            vendor=document.get("vendor", "*"),
            operation=document.get("operation", "*"),
            account=document.get("account", ""),
            times=int(document.get("times", 1)),
            fault=fault,
        )
        if script.vendor != "*" and script.vendor not in self.vendors:
            raise ValueError(f"vendor: one of {', '.join(self.vendors)}")
        if script.operation not in OPERATIONS or script.times < 1:
            raise ValueError(f"operation: one of {', '.join(OPERATIONS)}; times: at least 1")
        if fault.kind == "code":
            self.vendors[script.vendor].code_for(script.operation, fault.code)
        self.engine.scripts.add(script)
        return {"pending": len(self.engine.scripts.pending())}

    def settings(self, document: Document) -> object:
        self.engine.configure(changed(self.engine.settings, document))
        return asdict(self.engine.settings)

    def inbound(self, document: Document) -> object:
        """A phone writes. `parts` (1-based, any order) sends a long text in parts, where the vendor does."""
        account, vendor = self._account(document)
        number, text, extension = document["number"], document["text"], document.get("extension", "")
        now = self.engine.now()
        if "parts" in document:
            items = vendor.parted(account.name, number, text, extension, now, document["parts"])
        else:
            raw = bool(document.get("raw", False))
            items = [vendor.inbound(account.name, number, text, extension, now, raw=raw)]
        items = items * int(document.get("times", 1))
        self.engine.deliver(account, "inbound", items)
        return {"inbound": [inbound_shown(item) for item in items]}

    def report(self, document: Document) -> object:
        """A report in the vendor's words; ids are taken from the last message to the number unless given."""
        account, _ = self._account(document)
        report = self._report(account, document["number"], str(document["status"]), document)
        self.engine.deliver(account, "reports", [report] * int(document.get("times", 1)))
        return {"vendor_id": report.vendor_id, "our_id": report.our_id}

    def _report(self, account: Account, number: str, status: str, document: Document) -> Report:
        messages = self.engine.messages(lambda message: message.account == account.name, number)
        last = messages[-1] if messages else None
        return Report(
            account=account.name,
            number=document.get("written", number),
            vendor_id=document.get("vendor_id", last.vendor_id if last else ""),
            our_id=document.get("our_id", last.our_id if last else ""),
            status=status,
            description=document.get("description", ""),
            at=self.engine.now(),
            sub_seq=int(document.get("sub_seq", 0)),
        )

    def raw(self, document: Document) -> object:
        """A push or a poll's page as somebody wrote it, or in a shape that a vendor has been seen to write."""
        account, vendor = self._account(document)
        kind: Kind = document["kind"]
        if kind not in KINDS:
            raise ValueError(f"kind: one of {', '.join(KINDS)}")
        page = self._shaped(account, vendor, kind, document) if "shape" in document else written(account, document)
        if self.engine.delivery(account, kind) == "push":
            self.engine.deliver(account, kind, [page])
        else:
            body = b64encode(page.body).decode()
            answer = Fault.parsed({"kind": "body", "body_base64": body, "content_type": page.content_type})
            self.engine.scripts.add(Script(account.vendor, kind, account.name, 1, answer))
        return {"body_base64": b64encode(page.body).decode(), "query": page.query}

    def _shaped(self, account: Account, vendor: Vendor, kind: Kind, document: Document) -> Raw:
        """A page about the last messages to `numbers`, whose item `at` (or the whole page) has a shape."""
        numbers, now = document["numbers"], self.engine.now()
        ids = {name: document[name] for name in ("vendor_id", "our_id") if name in document}
        at = int(document.get("at", len(numbers) // 2))
        if not 0 <= at < len(numbers):
            raise ValueError("at: the place of one of `numbers`, from 0")
        ids = {name: document[name] for name in ("vendor_id", "our_id") if name in document}
        items: list[Item] = (
            [self._report(account, number, str(document["status"]), ids) for number in numbers]
            if kind == "reports"
            else [vendor.inbound(account.name, number, document["text"], "", now) for number in numbers]
        )
        target = self.engine.targets.get(account.name, PushTarget(credentials=vendor.push_credentials))
        return vendor.shaped(target, kind, items, document["shape"], at)

    def push(self, document: Document) -> object:
        """Sets push addresses; what is left out stays, an empty address ends pushing."""
        account, vendor = self._account(document)
        known = self.engine.targets.get(account.name, PushTarget(credentials=vendor.push_credentials))
        target = PushTarget(
            reports_url=document.get("reports_url", known.reports_url),
            inbound_url=document.get("inbound_url", known.inbound_url),
            credentials=document.get("credentials", known.credentials),
            method=document.get("method", known.method),
        )
        for url in (target.reports_url, target.inbound_url):
            if url and not (urlsplit(url).hostname and urlsplit(url).scheme in ("http", "https")):
                raise ValueError(f"not an http address: {url}")
        self.engine.aim(account, target)
        return {"account": account.name, "reports_url": target.reports_url, "inbound_url": target.inbound_url}

    def add_account(self, document: Document) -> object:
        """Adds or replaces an account; what is left out is the default's."""
        values = dict(document)
        vendor, credentials = values["vendor"], values["credentials"]
        if vendor not in self.vendors:
            raise ValueError(f"vendor: one of {', '.join(self.vendors)}")
        if set(credentials) != set(self.vendors[vendor].credentials):
            raise ValueError(f"credentials of {vendor}: {', '.join(self.vendors[vendor].credentials)}")
        existing = self.engine.accounts.get(values["name"])
        if existing is not None and existing.vendor != vendor:
            raise ValueError(f"{existing.name} is an account of {existing.vendor}")
        delivery = values.pop("delivery", {})
        if not set(delivery) <= set(KINDS) or not set(delivery.values()) <= set(MODES):
            raise ValueError(f"delivery: reports and inbound, each one of {', '.join(MODES)}")
        balances = values.pop("balances", {})
        allowed_ips = tuple(values.pop("allowed_ips", ()))
        account = Account(**values, balances={}, delivery=delivery, allowed_ips=allowed_ips)
        self.engine.add_account(with_balances(account, balances))
        return self._entry(account)

    def add_template(self, document: Document) -> object:
        added = template(
            document["code"],
            document.get("text", ""),
            document.get("variables"),
            document.get("max_lengths", ()),
        )
        self.engine.templates[added.code] = added
        return asdict(added)

    def reset(self, document: Document) -> object:
        self.engine.reset()
        return {}

    def _account(self, document: Document) -> tuple[Account, Vendor]:
        account = self.engine.accounts[document["account"]]
        if document.get("vendor", account.vendor) != account.vendor:
            raise ValueError(f"{account.name} is an account of {account.vendor}")
        return account, self.vendors[account.vendor]


def written(account: Account, document: Document) -> Raw:
    """A page in the order's own words: `body`, or `body_base64` for bytes that are no UTF-8."""
    body = b64decode(document["body_base64"]) if "body_base64" in document else document.get("body", "").encode()
    given = {name: document[name] for name in ("query", "method", "content_type") if name in document}
    return Raw(account.name, body, **given)


def matching(query: Document, *names: str) -> Callable[[Entry], bool]:
    wanted = {name: query[name] for name in names if name in query}
    return lambda found: all(found[name] == value for name, value in wanted.items())


def shown(message: Message) -> dict[str, object]:
    return {**asdict(message), "at": iso(message.at), "due": iso(message.due)}


def inbound_shown(inbound: Inbound) -> dict[str, object]:
    return {**asdict(inbound), "at": iso(inbound.at)}
