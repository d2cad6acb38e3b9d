# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The space of plays: what a user may set, a covering array of its pairs, and plays drawn from it."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator, Mapping
from typing import Any

CAS = ("ca01", "ca02", "ca03", "ca04")
WEB = "web01"
ENDED = "ca03"
LIMITED = ("web01", "ca01", "ca02")
# How the role is called: the shipped playbooks, and plays of a user's.
SHIPPED = ("backup_fleet", "check_backups")
KINDS = (*SHIPPED, "roles", "import_role", "include_role", "rescue")
# What becomes of a CA that is asked; see World and the oracle.
STATES = (
    "ok",
    "failed",
    "info_failed",
    "expire_failed",
    "lost_backup",
    "lost_info",
    "lost_expire",
    "hangs",
    "lies",
    "old",
    "empty",
    "damaged",
)
WORLDS: dict[str, dict[str, str]] = {
    "all good": {},
    "one failed": {"ca02": "failed"},
    "a batch bad": {"ca01": "failed", "ca02": "lost_expire", "ca03": "old"},
    "listing bad": {"ca01": "lost_backup", "ca03": "lost_info", "ca04": "damaged"},
    "one slow": {"ca02": "expire_failed", "ca03": "empty", "ca04": "hangs"},
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """One play. Each field is a setting that a user can make; ``states`` says what becomes of each CA."""

    kind: str = "backup_fleet"
    serial: int = 0
    condition: bool = False
    tags: str = ""
    limit: bool = False
    reverse: bool = False
    free: bool = False
    fatal: bool = False
    ignore: bool = False
    percent: bool = False
    end_host: bool = False
    check: bool = False
    misuse: str = ""
    destinations: int = 1
    native: bool = False
    states: tuple[tuple[str, str], ...] = tuple((host, "ok") for host in CAS)

    @property
    def is_shipped(self) -> bool:
        return self.kind in SHIPPED

    def words(self) -> str:
        """Return what is not as usual, for the name of a test."""
        default = Settings()
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "states"}
        words = [f"{name}={value}" for name, value in given.items() if value != getattr(default, name)]
        bad = [f"{host}:{state}" for host, state in self.states if state != "ok"]
        return " ".join([self.kind, *[word for word in words if not word.startswith("kind=")], *bad])


FACTORS: dict[str, tuple[Any, ...]] = {
    "kind": KINDS,
    "serial": (0, 1, 2),
    "condition": (False, True),
    "tags": ("", "match", "none match"),
    "limit": (False, True),
    "reverse": (False, True),
    "free": (False, True),
    "fatal": (False, True),
    "ignore": (False, True),
    "percent": (False, True),
    "end_host": (False, True),
    "check": (False, True),
    "misuse": ("", "run_once", "delegate_to"),
    "destinations": (1, 2),
    "native": (False, True),
    "world": tuple(WORLDS),
}
# A shipped playbook leaves these to nobody.
USERS_OWN = ("condition", "reverse", "ignore", "percent", "end_host", "misuse", "destinations")
MASKING = {"misuse": ("run_once", "delegate_to"), "tags": ("none match",)}

Row = dict[str, Any]
Pair = tuple[tuple[str, Any], tuple[str, Any]]


def covering_array(seed: int = 10, candidates: int = 200) -> list[Settings]:
    """Return plays in which every pair of settings that can be made together occurs, the same ones each time."""
    chance = random.Random(seed)
    waiting = set(_all_pairs())
    rows: list[Row] = []
    while waiting:
        drawn = [_row(chance, dict(_one_of(chance, waiting))) for _ in range(candidates)]
        best = max(drawn, key=lambda row: len(waiting & _pairs(row)))
        waiting -= _pairs(best)
        rows.append(best)
    return [_settings(row) for row in rows]


def drawn_plays(seed: int, number: int) -> list[Settings]:
    """Return random plays: any settings, and any state of any CA."""
    chance = random.Random(seed)
    plays = []
    for _ in range(number):
        row = _row(chance, {})
        # half of the CAs are good, or no play would be green
        states = tuple((host, chance.choice(STATES) if chance.random() < 0.5 else "ok") for host in CAS)
        if row["misuse"] and chance.random() < 0.7:
            row["misuse"] = ""
        plays.append(dataclasses.replace(_settings(row), states=states))
    return plays


def _settings(row: Mapping[str, Any]) -> Settings:
    states = {**dict.fromkeys(CAS, "ok"), **WORLDS[row["world"]]}
    return Settings(**{name: value for name, value in row.items() if name != "world"}, states=tuple(states.items()))


def _is_possible(row: Mapping[str, Any]) -> bool:
    """Say whether the settings, which need not be all, can be made together."""
    shipped = row.get("kind") in SHIPPED
    return not (shipped and any(row.get(name, FACTORS[name][0]) != FACTORS[name][0] for name in USERS_OWN))


def _row(chance: random.Random, given: Row) -> Row:
    """Draw every setting that is not given."""
    kinds = [kind for kind in KINDS if _is_possible({**given, "kind": kind})]
    row: Row = {**given, "kind": given.get("kind", chance.choice(kinds))}
    for name, levels in FACTORS.items():
        fitting = [level for level in levels if _is_possible({"kind": row["kind"], name: level})]
        row.setdefault(name, chance.choice(fitting))
    return row


def _pairs(row: Row) -> set[Pair]:
    """Return the pairs that a play tries. Where nothing is asked, no setting matters but how the role is called."""
    masking = [name for name, levels in MASKING.items() if row[name] in levels and row["kind"] not in SHIPPED]
    tried = [(name, row[name]) for name in FACTORS if not masking or name in ("kind", *masking)]
    return set(itertools.combinations(tried, 2))


def _all_pairs() -> Iterator[Pair]:
    """Yield every pair that some play can try."""
    for (first, levels), (second, others) in itertools.combinations(FACTORS.items(), 2):
        for one, other in itertools.product(levels, others):
            masked = first != "kind" and any(
                level in MASKING.get(name, ()) for name, level in ((first, one), (second, other))
            )
            rows = ({"kind": kind, first: one, second: other} for kind in KINDS if first != "kind" or kind == one)
            if not masked and any(map(_is_possible, rows)):
                yield (first, one), (second, other)


def _one_of(chance: random.Random, pairs: set[Pair]) -> Pair:
    return chance.choice(sorted(pairs, key=repr))
