"""What somebody types is checked against a verification's code; a verification is shown, and canceled.

An attempt is counted before anything is compared, and a code is approved by a write of its own: whoever dies between
the two has used an attempt and approved nothing.
"""

from typing import Any

from smsgateway.accepting.post import Refusal
from smsgateway.ids import owner
from smsgateway.model import Client
from smsgateway.store import conversions, verifications
from smsgateway.store.table import ConditionFailed, Item
from smsgateway.store.verifications import APPROVED, PENDING, Verification, read_verification
from smsgateway.verifying.codes import Name, code_hash, name_in, same, typed
from smsgateway.verifying.verifier import Verifier
from smsgateway.verifying.view import name_of, status_of, view


def check(verifier: Verifier, client: Client, verification_id: str, code: str) -> dict[str, Any]:
    """Check what somebody has typed.

    Returns the answer's body: `approved`, once; `wrong`, with the attempts that are left; or why there is nothing to
    check any more. Raises Refusal for a verification that is not the client's, or was approved before.
    """
    name, now = _named(verification_id), verifier.now()
    checker = owner(verifier.random)
    try:
        counted = verifications.count_attempt(verifier.table, *name, _whose(client), checker, now)
    except ConditionFailed as failed:
        return {"status": _over(verifier, client, name, failed.item)}
    if not same(code_hash(verifier.pepper(), name, typed(code)), counted.code_hash):
        return {"status": "wrong", "left": counted.left}
    try:
        verifications.approve(verifier.table, counted, verifier.now())
    except ConditionFailed as failed:
        replaced = failed.item is None or failed.item["nonce"] != name.nonce
        return {"status": "expired" if replaced else _over(verifier, client, name, failed.item)}
    _count_approval(verifier, counted)
    return {"status": APPROVED}


def show(verifier: Verifier, client: Client, verification_id: str) -> dict[str, Any]:
    """What became of a verification. Raises Refusal for one that is not the client's."""
    name = _named(verification_id)
    found = verifications.load_verification(verifier.table, name.digest)
    if found is None or not _is_own(found, name, client):
        raise _unknown()
    return view(found, verifier.now())


def cancel(verifier: Verifier, client: Client, verification_id: str) -> dict[str, Any]:
    """Have a code count no more. One that counts no more anyway stays what it is.

    Returns the verification as it is shown. Raises Refusal for one that is not the client's, or was approved.
    """
    name, now = _named(verification_id), verifier.now()
    try:
        canceled = verifications.cancel(verifier.table, *name, _whose(client), now)
    except ConditionFailed as failed:
        _over(verifier, client, name, failed.item)
        return show(verifier, client, verification_id)
    return view(canceled, now)


def _count_approval(verifier: Verifier, approved: Verification) -> None:
    """Count it for the conversion watch, which can do without: the code is approved, and the answer must say so."""
    if approved.test:
        return
    try:
        conversions.count_approval(verifier.table, approved.client, approved.created_at)
    except Exception:
        verifier.warn("an approval could not be counted", name_of(approved).id)


def _over(verifier: Verifier, client: Client, name: Name, item: Item | None) -> str:
    """What there is to say of a verification that a write found over. Raises Refusal as `check` does."""
    found = read_verification(item) if item else None
    if found is None or not _is_own(found, name, client):
        raise _unknown()
    status = status_of(found, verifier.now())
    if status == APPROVED:
        detail = "this code was approved before, and no code is approved twice: GET shows the verification"
        raise Refusal(409, "Approved before", detail)
    return "expired" if status == PENDING else status


def _named(verification_id: str) -> Name:
    name = name_in(verification_id)
    if name is None:
        raise _unknown()
    return name


def _is_own(found: Verification, name: Name, client: Client) -> bool:
    return found.nonce == name.nonce and (client.administrator or found.client == client.name)


def _whose(client: Client) -> str | None:
    """Whose a verification must be: an administrator's may be anybody's."""
    return None if client.administrator else client.name


def _unknown() -> Refusal:
    return Refusal(404, "Not Found", "there is no such verification, or a newer one of the same number is in its place")
