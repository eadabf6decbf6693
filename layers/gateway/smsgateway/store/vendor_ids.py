"""From a vendor's id to the submission it belongs to.

An id has an item of its own, written in one transaction with the result it came with. Where one answer gives each
number an id, that would be an item a recipient: there, ids that differ in their last two characters only share one (a
*block*), and as vendors count upwards a hundred ids fill one or two. A report that finds neither flags both items, so
that whoever comes second, the report or the mapping, sees the other in its own write.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby

from smsgateway.ids import SubmissionKey, parse_reference
from smsgateway.store.change import Change
from smsgateway.store.keys import BLOCK_ENDING, block_key, vendor_key
from smsgateway.store.table import EXPIRED, KEPT, RETRIES, ConditionFailed, Item, Key, Table

_MEMBER = "of_"  # begins the attribute that lists a submission's ids in a block, by their endings


def grouped(vendor_ids: Iterable[str]) -> list[list[str]]:
    """Ids in runs of those that share a block, for less space: the block's beginning, then each id's ending."""
    runs = groupby(vendor_ids, lambda vendor_id: vendor_id[:-BLOCK_ENDING])
    return [[beginning, *(vendor_id[-BLOCK_ENDING:] for vendor_id in run)] for beginning, run in runs]


def ungrouped(runs: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The ids in the runs that `grouped` made of them, in their order."""
    return tuple(run[0] + ending for run in runs for ending in run[1:])


def mapping(
    table: Table, account: str, vendor_id: str, key: SubmissionKey, ttl: int, *, to_one: bool, unless_early: bool
) -> Change:
    """The write of a mapping that stands alone, for the transaction of a result; `ttl` in epoch seconds.

    `to_one`: the submission is of a message to one number, so that its reports need not be looked up to be applied.
    `unless_early`: the write fails when a report under this id came first.
    """
    change = Change(vendor_key(account, vendor_id)).set(message_id=key.message_id, path=key.path, ttl=ttl)
    change = change.set(to_one=True) if to_one else change.remove("to_one")
    if unless_early:
        return change.when(f"attribute_not_exists(early) OR {EXPIRED}", seconds=table.seconds)
    return change


def map_in_blocks(table: Table, account: str, vendor_ids: Iterable[str], key: SubmissionKey, ttl: int) -> bool:
    """Map many ids to one submission, a write for each block.

    Returns True when a report under one of them, or under a neighbour in its block, came first.
    """
    endings: dict[Key, list[str]] = {}
    for vendor_id in vendor_ids:
        endings.setdefault(block_key(account, vendor_id), []).append(vendor_id[-BLOCK_ENDING:])
    member = _MEMBER + key.reference
    blocks = [_add(table, place, {member: its, "ttl": ttl}) for place, its in endings.items()]
    return any("early" in block for block in blocks)


def _add(table: Table, place: Key, values: Item, *, ttl: int | None = None) -> Item:
    """Add attributes to what is mapped here, and tell what it is then. What has expired here gives way.

    `ttl`: of an item that is not there yet; one that is keeps its own.
    """
    change = Change(place).set(**values).when(f"attribute_not_exists(#ttl) OR {KEPT}", seconds=table.seconds)
    if ttl is not None:
        change = change.set_if_missing(ttl=ttl)
    for _ in range(RETRIES):
        try:
            return table.update(change)
        except ConditionFailed:
            fresh = {"pk": place[0], "sk": place[1], "ttl": ttl, **values}
            with suppress(ConditionFailed):  # somebody else was first
                table.put(fresh, EXPIRED, {"seconds": table.seconds})
                return fresh
    raise TimeoutError("a mapping expires and is renewed all the time")


def flag_early(table: Table, account: str, vendor_ids: Iterable[str], ttl: int) -> set[str]:
    """Note at the places of ids' mappings that reports came before these. Returns the ids that are mapped by now."""
    ids = dict.fromkeys(vendor_ids)
    wanted = list(dict.fromkeys(place for vendor_id in ids for place in places(account, vendor_id)))
    added = table.at_once(lambda place: _add(table, place, {"early": True}, ttl=ttl), wanted)
    flagged = dict(zip(wanted, added, strict=True))
    return {vendor_id for vendor_id in ids if key_in(flagged, account, vendor_id)}


def places(account: str, vendor_id: str) -> tuple[Key, Key]:
    """The two places where the mapping of an id may be: its own, and its block's."""
    return vendor_key(account, vendor_id), block_key(account, vendor_id)


def key_to_one(found: Mapping[Key, Item], account: str, vendor_id: str) -> SubmissionKey | None:
    """The submission that an id belongs to, if it is the only one of a message to one number."""
    own = found.get(vendor_key(account, vendor_id), {})
    return SubmissionKey(own["message_id"], own["path"]) if "to_one" in own else None


def key_in(found: Mapping[Key, Item], account: str, vendor_id: str) -> SubmissionKey | None:
    """The submission that an id belongs to, by those of its `places` that were found."""
    own, block = (found.get(place, {}) for place in places(account, vendor_id))
    if "message_id" in own:
        return SubmissionKey(own["message_id"], own["path"])
    ending = vendor_id[-BLOCK_ENDING:]
    members = [name for name, endings in block.items() if name.startswith(_MEMBER) and ending in endings]
    # A vendor that begins to count anew gives an id again: the newest message is meant, and ids sort by time.
    return parse_reference(max(members).removeprefix(_MEMBER)) if members else None
