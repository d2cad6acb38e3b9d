# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a play must come to, worked out from its settings and its world alone, and whether it did.

The rule: a job is green only if every CA that it was meant to back up, or to check, was judged good. A host is meant
from the first task of the role that runs on it; in a shipped playbook every host of the pattern within the limit is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from helpers.plays.playbooks import SECOND, play_hosts
from helpers.plays.runner import WORST_FIRST, Ran
from helpers.plays.settings import CAS, ENDED, WEB, Settings
from helpers.plays.world import DESTINATION

BAD = {"failed", "unreachable"}
# What a run of the entry point main comes to, and what the morning check does.
STATUS = {
    "ok": "ok",
    "failed": "failed",
    "info_failed": "failed",
    "expire_failed": "failed",
    "lost_backup": "unreachable",
    "lost_info": "unreachable",
    "lost_expire": "unreachable",
    "hangs": "failed",
    "lies": "failed",
    "old": "ok",
    "empty": "ok",
    "damaged": "ok",
}
STATUS_OF_CHECK = {
    **dict.fromkeys(STATUS, "ok"),
    "info_failed": "failed",
    "lost_info": "unreachable",
    "old": "late",
    "empty": "never",
    "damaged": "failed",
}
# In check mode a set is foretold, and nothing shows that it would not be there.
STATUS_IN_CHECK_MODE = {**STATUS, "lies": "ok"}
# How far a CA comes: the modules that do their work on it.
DONE = {
    "failed": (),
    "hangs": (),
    "lost_backup": (),
    "info_failed": ("backup",),
    "lost_info": ("backup",),
    "lost_expire": ("backup", "backup_info"),
    "expire_failed": ("backup", "backup_info"),
}
ALL_DONE = ("backup", "backup_info", "expire")


@dataclass
class Expected:
    """What a play must come to.

    ``statuses`` are those of each judged host by destination. Of the ``lost`` hosts nothing is known: they are red.
    """

    red: bool = False
    refused: bool = False
    statuses: dict[str, dict[str, str]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def worst(self, host: str) -> str:
        """Return the status of a host: that of its worst destination."""
        return min(self.statuses[host].values(), key=WORST_FIRST.index)


def expected(settings: Settings) -> Expected:
    """Return what this play must come to."""
    if settings.tags == "none match" and not settings.is_shipped:
        return Expected()
    if settings.misuse:
        return Expected(red=True, refused=True)
    found = Expected()
    for batch in _batches(settings):
        _judge(settings, batch, found)
        if _stops(settings, batch, found):
            break
    if settings.kind == "rescue" and settings.end_host and ENDED in play_hosts(settings):
        # the play that reports meets a host of which nothing is known
        found.lost.add(ENDED)
    found.red = bool(found.lost) or any(fails(settings, found.worst(host)) for host in found.statuses)
    return found


def fails(settings: Settings, status: str) -> bool:
    """Say whether a status makes the job fail."""
    return status != "ok" if settings.kind == "check_backups" else status in BAD


def _batches(settings: Settings) -> list[list[str]]:
    hosts = play_hosts(settings)
    size = settings.serial if settings.kind != "check_backups" and settings.serial else len(hosts)
    return [hosts[start : start + size] for start in range(0, len(hosts), size)]


def _judge(settings: Settings, batch: Sequence[str], found: Expected) -> None:
    """Add what becomes of the hosts of a batch, one destination after the other."""
    meant = [host for host in batch if host != WEB and not (settings.end_host and host == ENDED)]
    for number, path in enumerate((DESTINATION, SECOND)[: settings.destinations]):
        for host in meant:
            known = found.statuses.setdefault(host, {})
            if settings.kind == "rescue" or not any(fails(settings, status) for status in known.values()):
                known[path] = _status(settings, host, number)
        if _stops(settings, batch, found):
            return


def _status(settings: Settings, host: str, number: int) -> str:
    state = dict(settings.states)[host]
    if settings.kind == "check_backups":
        return STATUS_OF_CHECK[state]
    if state == "failed" and number:
        # only the first destination of the two is broken
        return "ok"
    return (STATUS_IN_CHECK_MODE if settings.check else STATUS)[state]


def _stops(settings: Settings, batch: Sequence[str], found: Expected) -> bool:
    """Say whether ansible-core ends a user's play here: a batch failed as a whole, or more hosts than he allows."""
    if settings.is_shipped or settings.kind == "rescue":
        return False
    bad = [host for host in batch if host in found.statuses and fails(settings, found.worst(host))]
    return len(bad) == len(batch) or (settings.percent and not settings.free and bool(bad))


def differences(settings: Settings, ran: Ran) -> list[str]:
    """Return in what a play that ran differs from what it must come to."""
    want = expected(settings)
    found: list[str] = []
    if (ran.returncode != 0) != want.red:
        found.append(f"exit status {ran.returncode}, but {'red' if want.red else 'green'} is right")
    if "Traceback" in ran.stdout + ran.stderr or ran.returncode not in (0, 2, 4):
        found.append(f"it did not end in an orderly way: exit status {ran.returncode}")
    found += _of_record(settings, ran, want)
    if want.refused:
        return found + _nothing_good(ran)
    found += _of_recap(settings, ran, want)
    found += _of_sets(settings, ran, want)
    found += _of_documents(settings, ran, want)
    return found + _of_artifact(settings, ran, want) + _of_page(settings, ran, want)


def _nothing_good(ran: Ran) -> list[str]:
    """Return what is called good although nobody was asked."""
    good = [
        host
        for host, document in ran.documents.items()
        if any(entry["status"] == "ok" for entry in document["destinations"])
    ]
    good += [host for host, status in ran.artifact_statuses().items() if status == "ok"]
    return [f"{host} is called ok, but nothing was asked" for host in good]


def _of_recap(settings: Settings, ran: Ran, want: Expected) -> list[str]:
    found = []
    for host in (*CAS, WEB):
        numbers = ran.recap.get(host, {"failed": 0, "unreachable": 0})
        is_red = numbers["failed"] + numbers["unreachable"] > 0
        bad = host in want.lost or (host in want.statuses and fails(settings, want.worst(host)))
        if is_red != bad:
            found.append(f"{host} is {'red' if is_red else 'not red'} in the recap: {numbers}")
    return found


def _of_record(settings: Settings, ran: Ran, want: Expected) -> list[str]:
    """Return who was asked too much or too little. After what failed, the sets may be listed for the report."""
    found = []
    for host in (*CAS, WEB):
        asked = Counter(ran.asked(host))
        wanted = _modules(settings, host, want)
        for module in ("backup", "expire"):
            if asked[module] != wanted[module]:
                found.append(f"{host} was asked for {module} {asked[module]} times, not {wanted[module]}")
        if asked["backup_info"] < wanted["backup_info"] or (asked["backup_info"] and host not in want.statuses):
            found.append(f"{host} was asked for backup_info {asked['backup_info']} times, not {wanted['backup_info']}")
    if settings.kind != "check_backups" and any(
        line.get("check", settings.check) != settings.check for line in ran.record
    ):
        found.append("a module ran in check mode, or not in it")
    return found


def _modules(settings: Settings, host: str, want: Expected) -> Counter[str]:
    """Return how often a host must be asked for each module. An attempt that no host answers is none."""
    wanted: Counter[str] = Counter()
    for path in want.statuses.get(host, {}):
        state = dict(settings.states)[host]
        if settings.kind == "check_backups":
            wanted["backup_info"] += state != "lost_info"
            continue
        broken = state if not (state == "failed" and path == SECOND) else "ok"
        wanted["backup"] += broken != "lost_backup" and not _was_lost(settings, host, path)
        wanted.update(
            module
            for module in DONE.get(broken, ALL_DONE)
            if module == "backup_info" and not _was_lost(settings, host, path)
        )
        wanted["expire"] += _expires(settings, broken)
    return wanted


def _was_lost(settings: Settings, host: str, path: str) -> bool:
    """Say whether a host had been lost before this destination had its turn."""
    return path == SECOND and dict(settings.states)[host].startswith("lost_")


def _expires(settings: Settings, state: str) -> bool:
    """Say whether the module that deletes is asked, whatever comes of it."""
    if state == "expire_failed":
        return True
    if state in DONE or state == "empty":
        return False
    if settings.check:
        # three sets and no new one leave one to go, unless one of them counts for no rule
        return state != "damaged"
    return True


def _of_sets(settings: Settings, ran: Ran, want: Expected) -> list[str]:
    """Return which CA does not hold the sets that it must hold."""
    found = []
    for host, state in settings.states:
        for path in (DESTINATION, SECOND)[: settings.destinations]:
            before = 0 if state == "empty" else 3
            labels = ran.world.labels(host, path)
            wanted = before
            if path in want.statuses.get(host, {}) and not settings.check and settings.kind != "check_backups":
                wanted = _sets_after(settings, host, state, path, before)
            if len(labels) != wanted:
                found.append(f"{host} holds {len(labels)} sets in {path}, not {wanted}")
    return found


def _sets_after(settings: Settings, host: str, state: str, path: str, before: int) -> int:
    if state == "failed" and path == SECOND:
        state = "ok"
    if _was_lost(settings, host, path) or "backup" not in DONE.get(state, ALL_DONE):
        return before
    if state == "lies":
        # the rules hold for the sets that there are
        return 2
    if state == "damaged":
        # what is damaged never goes, and counts for no rule
        return 3
    return min(before + 1, 2) if _expires(settings, state) and state != "expire_failed" else before + 1


def _of_documents(settings: Settings, ran: Ran, want: Expected) -> list[str]:
    if settings.check:
        return ["there are reports in check mode"] if ran.reports.exists() else []
    found = []
    for host, document in ran.documents.items():
        if host not in want.statuses and host not in want.lost:
            found.append(f"{host} has a document, but was not meant")
        if host in want.lost and any(entry["status"] not in BAD for entry in document["destinations"]):
            found.append(f"the document of {host} says something good of a lost host")
    for host, statuses in want.statuses.items():
        if host not in ran.documents:
            found.append(f"{host} has no document")
            continue
        said = {entry["path"]: entry["status"] for entry in ran.documents[host]["destinations"]}
        if said != statuses:
            found.append(f"the document of {host} says {said}, not {statuses}")
        if any(entry["status"] != "ok" and not entry["message"] for entry in ran.documents[host]["destinations"]):
            found.append(f"the document of {host} does not say why")
    return found


def _draws(settings: Settings) -> bool:
    """Say whether the play draws: under another strategy than linear, page and artifact belong to a play that reports."""
    return settings.is_shipped or settings.kind == "rescue" or not settings.free


def _of_artifact(settings: Settings, ran: Ran, want: Expected) -> list[str]:
    said = ran.artifact_statuses()
    wanted = {host: want.worst(host) for host in want.statuses}
    known = {host: status for host, status in said.items() if host not in want.lost}
    found = [
        f"the artifact says {said[host]} of the lost host {host}"
        for host in want.lost & said.keys()
        if said[host] not in BAD
    ]
    if ran.artifact is None and not _draws(settings):
        return found
    if known != wanted:
        found.append(f"the artifact says {said}, not {wanted}")
    counted = Counter(said.values())
    if ran.artifact and {name: number for name, number in ran.artifact["counts"].items() if number} != dict(counted):
        found.append(f"the artifact counts {ran.artifact['counts']}")
    return found


def _of_page(settings: Settings, ran: Ran, want: Expected) -> list[str]:
    if settings.check or not _draws(settings) or not (want.statuses or want.lost):
        return []
    wanted = {host: want.worst(host) for host in want.statuses}
    known = {host: status for host, status in ran.page_statuses.items() if host not in want.lost}
    return [] if known == wanted else [f"the page says {ran.page_statuses}, not {wanted}"]
