# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Space at the destination and at the CA's logs: what an entry keeps of it, and when it is worth a warning. Pure functions.

Free space is another number in each run. An entry keeps two digits of it, and the earlier ones while these are near enough, so that a
quiet night leaves the document as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import human_size, seconds_of
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import space_of

DAY_S = 86_400
# The sets whose pace and growth are taken for those to come.
SETS_OF_PACE = 10
# Backups of some hours show no pace.
LEAST_SPAN_S = DAY_S // 2
# What is further away is no forecast.
LONGEST_FORECAST_DAYS = 3650


@dataclass(frozen=True)
class Limits:
    """When a CA becomes ``warning``; 0 switches a limit off."""

    free_percent: int = 10
    full_days: int = 14
    untruncated_nights: int = 7


def limits_of(options: Mapping[str, Any]) -> Limits:
    """Return the limits that options such as ``warn_full_days`` give; the default of each that is missing or None."""
    given = {field.name: options.get(f"warn_{field.name}") for field in fields(Limits)}
    return Limits(**{name: value for name, value in given.items() if value is not None})


def space_facts(
    measured: Any,
    sets: Sequence[Mapping[str, Any]],
    retention: Mapping[str, Any] | None,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """Return the part ``space`` of an entry from the part ``space`` of a listing; None where nothing was measured.

    Args:
        measured: ``{destination, log_volume, logs}`` as ``adcs.ca.backup_info`` returns it.
        sets: the sets of the entry.
        retention: the retention of the entry.
        before: the part ``space`` of the entry before this run.
    """
    space = space_of(measured)
    if space is None:
        return None
    known = before or {}
    for part in ("destination", "log_volume", "logs"):
        earlier = known.get(part) or {}
        space[part] = (
            {key: steady(value, earlier.get(key)) for key, value in space[part].items()} if space[part] else None
        )
    free = space["destination"]["free_bytes"] if space["destination"] else None
    return {**space, "days_until_full": None if free is None else days_until_full(free, sets, retention)}


def steady(value: int | None, known: int | None) -> int | None:
    """Return a number with its first two digits, or the ``known`` one where that is at most half a unit of these digits away.

    A number at the edge between two would be another one in each run.
    """
    if value is None or known is None or known < 100 or known != rounded_down(known):
        return rounded_down(value)
    unit = _unit(known)
    return known if known - unit // 2 <= value < known + unit + unit // 2 else rounded_down(value)


def rounded_down(value: int | None) -> int | None:
    """Return a number with only its first two digits: 128849018880 -> 120000000000."""
    if value is None or abs(value) < 100:
        return value
    return value // _unit(value) * _unit(value)


def _unit(value: int) -> int:
    """Return what the second digit of a number counts: 128849018880 -> 10000000000."""
    return int(10 ** (len(str(abs(value))) - 2))


def days_until_full(
    free_bytes: int, sets: Sequence[Mapping[str, Any]], retention: Mapping[str, Any] | None
) -> int | None:
    """Return in how many days the free space is used up, if full backups go on as the last ten; None where that is not in sight.

    Where the retention lets a set go for each that comes, only the difference of their sizes is used up.
    """
    good = (item for item in sets if item["type"] == "full" and item["complete"] and item["started"] and item["bytes"])
    full = [item for item in good if "future" not in item["problems"]]
    if len(full) < 2:
        return None
    full.sort(key=lambda item: item["started"], reverse=True)
    ages_s = [seconds_of(full[0]["started"]) - seconds_of(item["started"]) for item in full]
    # where many backups are made in a day, the last ten are not enough
    enough = next((place for place, age_s in enumerate(ages_s) if age_s >= LEAST_SPAN_S), len(full)) + 1
    last = full[: max(SETS_OF_PACE, enough)]
    span_s = ages_s[len(last) - 1]
    backups = retention["next_after_backups"] if retention else None
    used = last[0]["bytes"] - (full[-1]["bytes"] if backups is not None and backups <= 1 else 0)
    if span_s < LEAST_SPAN_S or used <= 0:
        return None
    days = free_bytes / used * span_s / (len(last) - 1) / DAY_S
    return None if days > LONGEST_FORECAST_DAYS else rounded_down(int(days))


def untruncated_since(
    newest: Mapping[str, Any] | None, truncation: Mapping[str, Any] | None, before: Mapping[str, Any]
) -> str | None:
    """Return when the first of the newest sets in a row was started after which the CA's logs were not truncated.

    None where the logs were truncated after the newest one. A night of which that is not known changes nothing. ``before`` is the entry
    before this run.
    """
    if newest is None or (truncation and truncation["done"]):
        return None
    earlier: str | None = before["untruncated_since"]
    if truncation is None or truncation["label"] != newest["label"]:
        return earlier
    known = before["truncation"]
    # nights in which nobody asked for it do not count as nights in which it was not done
    begins = known and truncation["requested"] and known["requested"] is False
    started: str = newest["started"]
    return started if begins or not earlier else earlier


def untruncated_nights(entry: Mapping[str, Any]) -> int:
    """Return for how many nights, that of the newest set included, the logs were not truncated although that was asked for."""
    truncation, since, newest = entry["truncation"], entry["untruncated_since"], entry["newest"]
    if not since or not newest or not truncation or not truncation["requested"]:
        return 0
    # a job does not begin at the same second each night
    return round((seconds_of(newest["started"]) - seconds_of(since)) / DAY_S) + 1


def warnings_of(entry: Mapping[str, Any], limits: Limits, measured: Any = None) -> list[str]:
    """Return why a CA whose backup is good needs a look soon, a sentence each.

    Args:
        entry: the entry, whose free space is rounded down.
        limits: what is worth a warning.
        measured: the part ``space`` of the listing that the entry was made of. Only its numbers tell what is below a limit.
    """
    exact = space_of(measured) or entry["space"]
    space = entry["space"] or {"destination": None, "log_volume": None, "days_until_full": None}
    names = {"destination": "The destination", "log_volume": "The volume of the CA's logs"}
    effects = {"destination": "Then no backup fits any more.", "log_volume": "A full log volume stops the CA."}
    found = [
        f"{names[part]} has only {human_size(space[part]['free_bytes'])} free. {effects[part]}"
        for part in names
        if space[part] and exact[part] and _is_scarce(exact[part], limits.free_percent)
    ]
    days = space["days_until_full"]
    if limits.full_days and days is not None and days < limits.full_days:
        found.append(
            f"The destination is full in about {days} {'day' if days == 1 else 'days'} at the pace of the last sets."
        )
    nights = untruncated_nights(entry)
    if limits.untruncated_nights and nights >= limits.untruncated_nights:
        found.append(
            f"The CA's logs were not truncated for {nights} {'night' if nights == 1 else 'nights'}, although that was asked for."
        )
    return found


def _is_scarce(part: Mapping[str, int | None], percent: int) -> bool:
    free, total = part["free_bytes"], part["total_bytes"]
    if free is None or not percent:
        return False
    return free == 0 if total is None else 0 <= free * 100 < total * percent
