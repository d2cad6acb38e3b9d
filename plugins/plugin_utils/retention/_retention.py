# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which sets of a repository a retention policy keeps. The only place that decides what may be deleted; pure functions.

The rules mean what ``restic forget`` (0.16 and later) means by the same words
(https://restic.readthedocs.io/en/stable/060_forget.html), with two differences: the sets of a chain stay or go together,
and a set that is dated in the future stays and counts for nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

SetEntry = Mapping[str, Any]

WITHIN_PARTS = re.compile(r"(\d{1,6})([ymdh])")
EARLIEST = datetime.min.replace(tzinfo=timezone.utc)
# Backups that follow each other faster were not made by a schedule, and tell nothing of the next one.
SHORTEST_PACE = timedelta(minutes=30)

# How many further backups are played through to find the set that goes next; fewer in a repository that keeps thousands.
FORESIGHT = 31
FORESIGHT_SETS = 20_000
NONE_FOR_A_WHILE = (None, None, None)
UNKNOWN_LABEL = "keep_labels: there is no set"


def _iso_week(time: datetime) -> tuple[int, int]:
    year, week, _ = time.isocalendar()
    return year, week


# A period rule and the period a time belongs to. keep_last has none: every set is a period of its own.
PERIODS: dict[str, Callable[[datetime], object]] = {
    "keep_hourly": lambda time: (time.date(), time.hour),
    "keep_daily": lambda time: time.date(),
    "keep_weekly": _iso_week,
    "keep_monthly": lambda time: (time.year, time.month),
    "keep_yearly": lambda time: time.year,
}
COUNTED = ("keep_last", *PERIODS)
OPTIONS = (*COUNTED, "keep_within", "keep_labels")


class PolicyError(ValueError):
    """A policy that makes no sense; the text names the option."""


@dataclass(frozen=True)
class Span:
    """A span of calendar time, as in ``1y5m3d2h``."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0

    @classmethod
    def parse(cls, text: str) -> Span:
        """Return the span that a text such as ``1y5m3d2h`` names, each unit at most once; PolicyError for another text."""
        parts = WITHIN_PARTS.findall(text)
        units = {unit: int(number) for number, unit in parts}
        if "".join(map("".join, parts)) != text or len(units) != len(parts) or not parts:
            raise PolicyError(f"keep_within: {text!r} is no span such as 1y5m3d2h (years, months, days, hours).")
        return cls(units.get("y", 0), units.get("m", 0), units.get("d", 0), units.get("h", 0))

    def before(self, time: datetime) -> datetime:
        """Return the time this span earlier: years and months off first, a day that the month lacks spills into the next."""
        month = time.year * 12 + time.month - 1 - self.years * 12 - self.months
        try:
            first = time.replace(year=month // 12, month=month % 12 + 1, day=1)
            return first + timedelta(days=time.day - 1 - self.days, hours=-self.hours)
        except (OverflowError, ValueError):
            return EARLIEST

    def __str__(self) -> str:
        numbers = {"y": self.years, "m": self.months, "d": self.days, "h": self.hours}
        return "".join(f"{number}{unit}" for unit, number in numbers.items() if number)


@dataclass(frozen=True)
class Policy:
    """The rules of a policy; a rule that is 0 or None is not there."""

    counts: Mapping[str, int] = field(default_factory=dict)
    within: Span | None = None
    labels: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> Policy:
        """Return the policy of ``keep_*`` options; a missing or None option, or one of 0, is no rule.

        PolicyError for an unknown option, a wrong or negative value, and for rules that are given and are all 0.
        """
        for name in options:
            if name not in OPTIONS:
                raise PolicyError(f"{name}: there is no such rule; there are {', '.join(OPTIONS)}.")
        counts = {name: _count(name, options[name]) for name in COUNTED if options.get(name) is not None}
        within = _within(options.get("keep_within"))
        policy = cls({name: count for name, count in counts.items() if count}, within, _labels(options))
        if policy.is_empty() and counts:
            raise PolicyError(f"{', '.join(counts)}: every rule is 0. To keep every set, give no rule at all.")
        return policy

    def is_empty(self) -> bool:
        """Say whether there is no rule, so that nothing is deleted."""
        return not (self.counts or self.within or self.labels)


def _count(name: str, value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, (bool, float)) or not re.fullmatch(r"[0-9]{1,9}", text):
        raise PolicyError(f"{name}: {value!r} is not a whole number from 0.")
    return int(text)


def _within(value: Any) -> Span | None:
    if value is None or value == "":
        return None
    span = Span.parse(str(value))
    return span if str(span) else None


def _labels(options: Mapping[str, Any]) -> frozenset[str]:
    labels = options.get("keep_labels")
    if labels is None:
        return frozenset()
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise PolicyError(f"keep_labels: {labels!r} is not a list of labels.")
    return frozenset(map(str, labels))


@dataclass(frozen=True)
class Kept:
    """A set that stays, and the reasons, at least one."""

    label: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What stays and why (newest first), and what goes (in the order of deletion: old chains first, a full behind its logs).

    ``next_to_go`` goes with the backup that is ``next_after_backups`` from now, at about ``next_due`` if full backups go on at the
    pace of the newest two. What is held back goes after 0 backups, with the next run, and has no ``next_due``. Nor is there one while the
    newest two are less than ``SHORTEST_PACE`` apart.
    """

    keep: tuple[Kept, ...] = ()
    remove: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    next_to_go: str | None = None
    next_after_backups: int | None = None
    next_due: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the plan in plain types: dict, list, str, None."""
        document = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        document["keep"] = [{**asdict(kept), "reasons": list(kept.reasons)} for kept in self.keep]
        return document


@dataclass(frozen=True)
class _Set:
    """A set as the planner sees it. ``why`` says why it counts for nothing and stays; None for a good set."""

    label: str
    chain: str
    full: bool
    started: datetime
    why: str | None


def plan(
    sets: Iterable[SetEntry],
    policy: Policy,
    now: str | datetime,
    *,
    keep_minimum: int = 1,
    limit: int | None = None,
) -> Plan:
    """Return what a policy keeps of the sets that ``adcs.ca.backup_info`` listed.

    ``now`` is the time of the CA host, as text (``2026-11-22T21:39:00Z``) or a datetime; ``keep_minimum`` complete full sets,
    and at least the newest, stay whatever the rules say; at most ``limit`` sets go, the oldest first.
    """
    history = _history(sets, parse_time(now) if isinstance(now, str) else now)
    reasons = _reasons(history, policy, keep_minimum)
    going = _deletion_order([entry for entry in history if entry.label not in reasons])
    cut = len(going) if limit is None else limit
    upcoming = (going[cut], 0, None) if going[cut:] else _next_to_go(history, reasons, policy, keep_minimum)
    return Plan(
        keep=tuple(Kept(entry.label, tuple(reasons[entry.label])) for entry in history if entry.label in reasons),
        remove=tuple(going[:cut]),
        held_back=tuple(going[cut:]),
        warnings=_warnings(history, policy),
        next_to_go=upcoming[0],
        next_after_backups=upcoming[1],
        next_due=upcoming[2],
    )


def parse_time(text: str) -> datetime:
    """Return the time of a text such as ``2026-11-22T21:39:00Z``; ValueError for another text."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def _history(sets: Iterable[SetEntry], now: datetime) -> list[_Set]:
    """Return all sets, newest first."""
    entries = {entry["label"]: entry for entry in sets}
    why = {label: _why(entry, now) for label, entry in entries.items()}
    fulls = sorted(label for label in entries if label.endswith("-full"))
    history = []
    for label, (root, unsound) in _origins(entries, why).items():
        entry = entries[label]
        started = parse_time(entry["started"]) if entry.get("started") else EARLIEST
        because = why[label] or _why_of_links(unsound, entries[root])
        history.append(_Set(label, _chain(root, fulls), entry.get("type") == "full", started, because))
    return sorted(history, key=lambda entry: (entry.started, entry.label), reverse=True)


def _origins(entries: Mapping[str, SetEntry], why: Mapping[str, str | None]) -> dict[str, tuple[str, str | None]]:
    """Return ``{label: (root, unsound)}``: where the way from a set to the one it continues and so on ends, and the first set on it,
    itself included, that counts for nothing.

    Each set is looked at once, the oldest first, so that chains of any length cost no more than as many full sets. The way ends at a
    set that continues none that is there, or before it comes to a set a second time.
    """
    origins: dict[str, tuple[str, str | None]] = {}
    for label in sorted(entries):
        way: list[str] = []
        places: dict[str, int] = {}
        at: Any = label
        while at in entries and at not in origins and at not in places:
            places[at] = len(way)
            way.append(at)
            at = entries[at].get("prior")
        if at in places:
            ring = way[places[at] :]
            del way[places[at] :]
            origins |= _origins_of_ring(ring, why)
        root, unsound = origins.get(at, (way[-1], None)) if way else origins[label]
        for member in reversed(way):
            unsound = member if why[member] else unsound
            origins[member] = (root, unsound)
    return origins


def _origins_of_ring(ring: Sequence[str], why: Mapping[str, str | None]) -> dict[str, tuple[str, str | None]]:
    """Return what ``_origins`` does for sets of which each continues the next one, and the last one the first."""
    origins: dict[str, tuple[str, str | None]] = {}
    unsound: str | None = None
    # the second round knows what comes after the last one
    for number in reversed([*range(len(ring)), *range(len(ring))]):
        unsound = ring[number] if why[ring[number]] else unsound
        origins[ring[number]] = (ring[number - 1], unsound)
    return origins


def _chain(root: str, fulls: Sequence[str]) -> str:
    """Return the label that a chain goes by. Logs that lead to no full may need the last one before them."""
    number = bisect_left(fulls, root) if root.endswith("-logs") else 0
    return fulls[number - 1] if number else root


def _why(entry: SetEntry, now: datetime) -> str | None:
    """Return why a set counts for nothing, looked at alone."""
    if not entry.get("started"):
        return "unreadable"
    if entry.get("complete") is not True:
        return "incomplete"
    if parse_time(entry["started"]) > now:
        return "dated in the future"
    return None


def _why_of_links(unsound: str | None, root: SetEntry) -> str | None:
    """Return why a set counts for nothing because of one that it continues."""
    if unsound:
        return f"it continues {unsound}, which does not count"
    return None if root.get("type") == "full" else "its chain has a gap"


def _reasons(history: Sequence[_Set], policy: Policy, keep_minimum: int) -> dict[str, list[str]]:
    """Return the reasons of each set that stays; a set without reasons may go."""
    good = [entry for entry in history if entry.why is None]
    reasons: dict[str, list[str]] = {}
    for entry in history:
        if entry.why is not None:
            reasons[entry.label] = [entry.why]
    if policy.is_empty():
        for entry in good:
            reasons[entry.label] = ["there is no rule"]
        return reasons
    for entry, reason in _ruled(good, policy):
        reasons.setdefault(entry.label, []).append(reason)
    for number, entry in enumerate([entry for entry in good if entry.full][: max(1, keep_minimum)]):
        reasons.setdefault(entry.label, []).append("minimum" if number else "newest full")
    _keep_whole_chains(history, reasons)
    return reasons


def _ruled(good: Sequence[_Set], policy: Policy) -> Iterable[tuple[_Set, str]]:
    """Yield each set that a rule keeps with that rule's name, a rule after the other."""
    for name, count in policy.counts.items():
        yield from _counted(good, name, count)
    if policy.within and good:
        limit = policy.within.before(good[0].started)
        yield from ((entry, f"within {policy.within}") for entry in good if entry.started > limit)
    yield from ((entry, "label") for entry in good if entry.label in policy.labels)


def _counted(good: Sequence[_Set], name: str, count: int) -> Iterable[tuple[_Set, str]]:
    """Yield the newest set of each of the newest periods; a rule with periods to spare also keeps the oldest set."""
    period = PERIODS.get(name)
    word = name.removeprefix("keep_")
    last: object = None
    for number, entry in enumerate(good):
        current = number if period is None else period(entry.started)
        oldest = number == len(good) - 1
        if current == last and not oldest:
            continue
        if count == 0:
            return
        yield entry, f"oldest {word}" if current == last else word
        last = current
        count -= 1


def _keep_whole_chains(history: Sequence[_Set], reasons: dict[str, list[str]]) -> None:
    """Give every set of a chain in which one stays a reason to stay."""
    because: dict[str, str] = {}
    for entry in history:
        if entry.label in reasons:
            because.setdefault(entry.chain, entry.label)
    for entry in history:
        if entry.label not in reasons and entry.chain in because:
            reasons[entry.label] = [f"chain of {because[entry.chain]}"]


def _deletion_order(going: Sequence[_Set]) -> list[str]:
    """Return the labels, the oldest chain first and in each the newest set first, so that a stop leaves whole chains."""
    begun: dict[str, datetime] = {}
    for entry in going:
        begun[entry.chain] = min(entry.started, begun.get(entry.chain, entry.started))
    newest_first = sorted(going, key=lambda entry: (entry.started, entry.label), reverse=True)
    return [entry.label for entry in sorted(newest_first, key=lambda entry: (begun[entry.chain], entry.chain))]


def _warnings(history: Sequence[_Set], policy: Policy) -> tuple[str, ...]:
    counts_for_nothing = [f"{entry.label} stays and counts for nothing: {entry.why}" for entry in history if entry.why]
    unknown = sorted(policy.labels - {entry.label for entry in history})
    return (*counts_for_nothing, *(f"{UNKNOWN_LABEL} {label}" for label in unknown))


def _next_to_go(
    history: Sequence[_Set], reasons: Mapping[str, Sequence[str]], policy: Policy, keep_minimum: int
) -> tuple[str | None, int | None, str | None]:
    """Return what goes first if full backups go on at the pace of the newest two, with which of them, and when that is.

    Three times None when none goes for a while, and no time where the pace is none of a schedule. The time follows from the sets alone, so
    that a plan is the same until they change.
    """
    kept = [entry for entry in history if entry.label in reasons]
    fulls = [entry for entry in kept if entry.full and entry.why is None]
    if not fulls or policy.is_empty():
        return NONE_FOR_A_WHILE
    pace = fulls[0].started - fulls[1].started if len(fulls) > 1 else timedelta(days=1)
    started = max(entry.started for entry in kept if entry.why is None)
    for number in range(max(1, min(FORESIGHT, FORESIGHT_SETS // len(kept)))):
        try:
            started += pace
        except OverflowError:
            return NONE_FOR_A_WHILE
        label = f"backup {number + 1} from now"
        kept.insert(0, _Set(label, label, True, started, None))
        stays = _reasons(kept, policy, keep_minimum)
        going = _deletion_order([entry for entry in kept if entry.label not in stays and entry.label in reasons])
        if going:
            due = f"{started:%Y-%m-%dT%H:%M:%SZ}" if pace >= SHORTEST_PACE else None
            return going[0], number + 1, due
        kept = [entry for entry in kept if entry.label in stays]
    return NONE_FOR_A_WHILE
