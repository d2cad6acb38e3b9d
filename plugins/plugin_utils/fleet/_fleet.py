# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documents of hosts as one fleet: which status each host has, and what needs attention. Pure functions.

Page, artifact and verdict take their status from here, so that they say the same of the same host.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import plain_text
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import (
    GOOD,
    SCHEMA,
    STATUSES,
    Document,
    Entry,
    destination_key,
    entry,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._outcome import dated, is_late, late_message

ALWAYS_FAIL = ("failed", "unreachable")
# Nobody asks a CA that is switched off: nothing else would tell that its backup is missing or too old.
OFFLINE_FAILS = ("late", "never")
# What a job may add to them; the first two change nothing.
ADDED_STATUSES = (*ALWAYS_FAIL, "late", "never", "warning")


def fleet(
    documents: Iterable[Document], now_s: float | None = None, looked_at: Mapping[str, Collection[str]] | None = None
) -> dict[str, Any]:
    """Return ``{schema, counts: {status: number}, cas: [ca]}``, the worst host first and within a status the newest first.

    A ``ca`` is ``{host, ...the entry of its worst destination, destinations: [entry]}``.

    Args:
        documents: one document for each host.
        now_s: the time of the controller in seconds since 1970. An entry that this job did not look at is late by it; none is without it.
        looked_at: the keys of the destinations (``destination_key``) that this job looked at, for each host.
    """
    looked_at = looked_at or {}
    return _ordered([_ca(document, now_s, looked_at.get(document["host"], ())) for document in documents])


def _ordered(cas: list[dict[str, Any]]) -> dict[str, Any]:
    cas.sort(key=lambda ca: ca["host"])
    cas.sort(key=_newest_start, reverse=True)
    cas.sort(key=lambda ca: STATUSES.index(ca["status"]))
    counts = {status: sum(ca["status"] == status for ca in cas) for status in STATUSES}
    return {"schema": SCHEMA, "counts": counts, "cas": cas}


def part_of(fleets: Iterable[tuple[Mapping[str, Any], Collection[str]]]) -> dict[str, Any]:
    """Return one fleet of some hosts out of each of several fleets, ``[(fleet, hosts)]``."""
    return _ordered([ca for found, hosts in fleets for ca in found["cas"] if ca["host"] in hosts])


def worst(entries: Collection[Entry]) -> Entry:
    """Return the entry that decides for its host: the worst status, and of these the one with the oldest newest set."""
    return min(entries, key=lambda item: (STATUSES.index(item["status"]), _newest_start(item)))


def worst_rows(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the worst row of each destination of an outcome, in the order of the destinations; of equal ones the last."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        key = destination_key(row["path"])
        if key not in found or STATUSES.index(row["status"]) <= STATUSES.index(found[key]["status"]):
            found[key] = row
    return list(found.values())


def needs_attention(status: str, fail_on: Collection[str]) -> bool:
    """Say whether a status makes a job fail: ``failed`` and ``unreachable`` always do, ``fail_on`` adds others."""
    return status not in STATUSES or status in ALWAYS_FAIL or status in fail_on


def _ca(document: Document, now_s: float | None, looked_at: Collection[str]) -> dict[str, Any]:
    entries = [
        item if destination_key(item["path"]) in looked_at else _remembered(item, now_s)
        for item in document["destinations"]
    ] or [entry({"message": "The document of this host names no destination."})]
    return {"host": plain_text(document["host"]), **worst(entries), "destinations": entries}


def _remembered(item: Entry, now_s: float | None) -> Entry:
    """Return an entry that this job did not look at as it stands now: what was ok may be late."""
    if now_s is None or item["status"] not in GOOD or not is_late(item["newest"], item["late_after_s"], now_s):
        return item
    late = {**item, "status": "late", "message": late_message(item["newest"], item["late_after_s"], now_s)}
    return dated(late, item, now_s)


def _newest_start(item: Mapping[str, Any]) -> str:
    return item["newest"]["started"] if item["newest"] else ""
