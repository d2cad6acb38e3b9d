# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stand-ins for the Windows modules: what backup, backup_info and expire do to a simulated CA.

A *world* is a folder: ``cas/<host>.json`` says what a host is and what goes wrong on it, ``repositories/`` holds the
sets, and ``record.jsonl`` has a line for each module that was asked. The connection plugin of the overlay calls
``run_module`` in its own process: a Python process for each module would make a play five times slower.
"""

from __future__ import annotations

import fcntl
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path, PureWindowsPath
from typing import Any
from urllib.parse import quote

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

Result = dict[str, Any]
HANG_S = 30.0
AGE_UNITS = {"w": 604800, "d": 86400, "h": 3600, "min": 60, "s": 1}
MAX_AGE = re.compile("".join(rf"(?:(\d+){unit})?" for unit in AGE_UNITS))
RESERVE = re.compile(r"\d+[KMGT]?")
ABSOLUTE = re.compile(r"[A-Za-z]:[\\/]|[\\/]{2}[^\\/?.]")
NAMES = ("folder_name", "path", "previous_host")
FILE = {"kind": "database", "path": r"DataBase\ca.edb", "size": 1}
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Failure(Exception):
    """A module fails with this message."""


def run_module(world: Path, host: str, module: str, given: Mapping[str, Any]) -> Result:
    """Run a stand-in as Ansible runs a module, put it on record, and return its result."""
    check = bool(given.get("_ansible_check_mode"))
    arguments = {name: value for name, value in given.items() if not name.startswith("_ansible_")}
    ca = SimulatedCa(world, host)
    params, refusal = _validated(ca.specs[module], arguments)
    put_on_record(world, {"host": host, "module": module, "given": arguments, "params": params, "check": check})
    result = _started(module, ca, params)
    try:
        if refusal:
            raise Failure(refusal)
        ca.play_faults(module, params)
        {"backup": _backup, "backup_info": _backup_info, "expire": _expire}[module](ca, params, check, result)
    except Failure as failure:
        result.update(failed=True, msg=str(failure))
        if module == "backup":
            result.update(ca.failure_facts)
    return result


def put_on_record(world: Path, line: Mapping[str, Any]) -> None:
    """Append a line to the record; one write, so that lines of several workers never mix."""
    with (world / "record.jsonl").open("a", encoding="utf-8") as record:
        record.write(json.dumps(line) + "\n")


def _validated(spec: Mapping[str, Any], arguments: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the options as the module takes them, and why it refuses them; blank ones count as left out."""
    required = {name for name, option in spec.items() if option.get("required")}
    kept = {
        name: _trimmed(name, value) for name, value in arguments.items() if name in required or not _is_blank(value)
    }
    checked = ArgumentSpecValidator(spec).validate(kept)
    params: dict[str, Any] = checked.validated_parameters
    if checked.error_messages:
        return params, "; ".join(checked.error_messages)
    for name, value in sorted(params.items()):
        if name in required and _is_blank(value):
            return params, f"{name}: it is blank."
        if isinstance(value, str) and UNPRINTABLE.search(value):
            return params, f"{name}: it holds a control character."
    return params, ""


def _trimmed(name: str, value: Any) -> Any:
    return value.strip() if name in NAMES and isinstance(value, str) else value


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


class SimulatedCa:
    """A CA of the world, with its faults and its repositories."""

    def __init__(self, world: Path, host: str) -> None:
        self.world = world
        self.inventory_host = host
        self.specs: dict[str, Any] = json.loads((world / "specs.json").read_text(encoding="utf-8"))
        facts = json.loads((world / "cas" / f"{host}.json").read_text(encoding="utf-8"))
        self.ca: dict[str, str] = facts["ca"]
        self.folder_name: str = facts["folder_name"]
        self.faults: dict[str, Any] = facts["faults"]
        self.text: str = facts.get("text", "")

    @property
    def now(self) -> datetime:
        return datetime.now(timezone.utc).replace(microsecond=0)

    @property
    def failure_facts(self) -> Result:
        """What a failed backup adds to its result."""
        names = {
            "function": "CertSrvBackupPrepareW",
            "hresult": "0x800706BA",
            "hresult_name": "RPC_S_SERVER_UNAVAILABLE",
        }
        return {"file": None, **names, "left_on_disk": [], "step": 4}

    def play_faults(self, module: str, params: Mapping[str, Any]) -> None:
        """Hang or fail where the world says so."""
        if module in self.faults.get("hang", []):
            time.sleep(HANG_S)
        fault = self.faults.get("fail", {}).get(module)
        if fault and fault.get("path") in (None, normal(params["path"])):
            raise Failure(f"{fault['message']}{self.text}")

    def repository(self, path: str) -> str:
        return str(PureWindowsPath(path) / self.folder_name)

    @contextmanager
    def sets(self, path: str) -> Iterator[list[dict[str, Any]]]:
        """Give the sets of the CA's repository, newest first, under a lock; what the caller makes of them is kept."""
        file = repository_file(self.world, self.inventory_host, path, self.folder_name)
        with (self.world / "lock").open("a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
            sets = list(before)
            yield sets
            if sets != before:
                sets.sort(key=lambda entry: entry["label"], reverse=True)
                file.write_text(json.dumps(sets, indent=1), encoding="utf-8")


def normal(path: str) -> str:
    """Return what is the same for two paths that Windows takes for one."""
    return str(PureWindowsPath(path.strip())).rstrip("\\").casefold()


def repository_file(world: Path, host: str, path: str, folder_name: str) -> Path:
    """Return the file that holds a repository: a share is the same for every host, a local folder is not."""
    key = normal(path)
    owner = "share" if key.startswith("\\\\") else host
    return world / "repositories" / f"{quote(f'{owner} {key} {folder_name}', safe=' ')}.json"


def new_set(started: datetime, made_on: str, **changes: Any) -> dict[str, Any]:
    """Return a complete full set as the world keeps it."""
    finished = started + timedelta(seconds=12)
    known = {"type": "full", "bytes": 27263374, "file_count": 17, "duration_s": 12, "complete": True, "verified": True}
    times = {"started": _instant(started), "finished": _instant(finished)}
    label = f"{started:%Y%m%dT%H%M%SZ}-full"
    return {"label": label, **known, **times, "problems": [], "made_on": made_on, **changes}


def _instant(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _time_of(entry: Mapping[str, Any]) -> datetime:
    return datetime.strptime(entry["started"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def _started(module: str, ca: SimulatedCa, params: Mapping[str, Any]) -> Result:
    """Return the result of a module before it did anything: every documented key."""
    nobody = {"name": None, "host": None}
    if module == "backup":
        requested = params.get("truncate_logs", False)
        logs = {"after": 0, "before": 0, "listed": 0, "truncated": False, "truncation_requested": requested}
        known: Result = {"bytes": 0, "ca": nobody, "duration_s": 0.5, "files": [], "label": None, "leftovers": []}
        known |= {"logs": logs, "path": None, "reason": None, "restore_map": [], "skipped_items": []}
        known |= {"file_count": 0, "files_omitted": 0, "session_wait_s": 0, "success_codes": []}
        known |= {
            "trace": [],
            "trace_omitted": 0,
            "versions": dict.fromkeys(("collection", "dotnet", "os", "powershell"), "1"),
        }
        return {"changed": False, **known, "type": params.get("type", "full"), "verified": False}
    if module == "backup_info":
        known = {"bytes": 0, "ca": nobody, "folder_name": params.get("folder_name"), "now": _instant(ca.now)}
        known |= {"files": [], "files_omitted": 0, "space": dict.fromkeys(("destination", "log_volume", "logs"))}
        return {"changed": False, **known, "path": None, "problems": [], "sets": []}
    return {"changed": False, "removed": [], "bytes_freed": 0, "leftovers": []}


def _backup(ca: SimulatedCa, params: Mapping[str, Any], check: bool, result: Result) -> None:
    oldest_fresh = ca.now - timedelta(seconds=_span(params["max_age"])) if params["max_age"] is not None else None
    if not RESERVE.fullmatch(params["reserve"]):
        raise Failure(f"reserve: {params['reserve']!r} is no size.")
    if params["truncate_logs"] and not params["verify"]:
        raise Failure("truncate_logs needs verify.")
    _assert_absolute(params["path"])
    result["ca"] = {name: f"{value}{ca.text}" for name, value in ca.ca.items()}
    with ca.sets(params["path"]) as sets:
        _assert_owner(ca, sets, params["previous_host"])
        good = [entry for entry in sets if entry["complete"] and not entry["problems"]]
        fresh = [entry for entry in good if oldest_fresh and oldest_fresh < _time_of(entry) <= ca.now]
        made = fresh[0] if fresh else _next_set(ca, sets)
        if not fresh and not check and not ca.faults.get("lies"):
            sets.append(made)
    result.update(changed=not fresh, label=made["label"], bytes=made["bytes"], verified=made["verified"] and not check)
    result["path"] = str(PureWindowsPath(ca.repository(params["path"])) / made["label"])
    result["reason"] = f"The set {made['label']} is young, within max_age.{ca.text}" if fresh else None
    truncated = params["truncate_logs"] and not check
    result["logs"].update(listed=12, before=12, after=1 if truncated else 12, truncated=truncated)
    result["file_count"] = 1
    result["files_omitted"] = int(not params["list_files"])
    if params["list_files"]:
        result["files"] = [{**FILE, "sha256": "0" * 64, "source": "ca.edb"}]
    if params["dynamic_files"] and ca.text:
        result["skipped_items"] = [{"what": ca.text, "why": ca.text}]
        result["leftovers"] = [{"action": "discarded", "label": ca.text, "why": ca.text}]


def _next_set(ca: SimulatedCa, sets: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a set of now; a second later where there is one of this second."""
    started = ca.now
    labels = {entry["label"] for entry in sets}
    while f"{started:%Y%m%dT%H%M%SZ}-full" in labels:
        started += timedelta(seconds=1)
    return new_set(started, ca.ca["host"])


def _span(text: str) -> int:
    match = MAX_AGE.fullmatch(text)
    if not match or not text:
        raise Failure(f"max_age: {text!r} is no age.")
    return sum(int(number or 0) * size for number, size in zip(match.groups(), AGE_UNITS.values()))


def _assert_absolute(path: str) -> None:
    if not ABSOLUTE.match(path):
        raise Failure(f"path: {path!r} is not absolute.")


def _assert_owner(ca: SimulatedCa, sets: list[dict[str, Any]], previous_host: str | None) -> None:
    if message := _foreign(ca, sets, previous_host):
        raise Failure(message)


def _foreign(ca: SimulatedCa, sets: list[dict[str, Any]], previous_host: str | None) -> str:
    """Return why a repository is not this CA's: its newest set was made on another host."""
    if not sets or sets[0]["made_on"] in (ca.ca["host"], previous_host):
        return ""
    return f"The newest set, {sets[0]['label']}, was made on the host {sets[0]['made_on']}, not on {ca.ca['host']}."


def _backup_info(ca: SimulatedCa, params: Mapping[str, Any], check: bool, result: Result) -> None:
    _assert_absolute(params["path"])
    result["ca"] = {name: f"{value}{ca.text}" for name, value in ca.ca.items()}
    result["folder_name"] = f"{ca.folder_name}{ca.text}"
    result["path"] = ca.repository(params["path"])
    with ca.sets(params["path"]) as sets:
        result["sets"] = [_listed(ca, result["path"], entry) for entry in sets]
        result["space"].update(ca.faults.get("space", {}))
        foreign = _foreign(ca, sets, params["previous_host"])
    if params["files_of"] in [entry["label"] for entry in result["sets"]]:
        result["files"] = [FILE]
    if foreign:
        result["problems"].append({"kind": "owner", "message": foreign, "path": result["path"]})
    if ca.text:
        result["problems"].append({"kind": "leftover", "message": f"A leftover.{ca.text}", "path": ca.text})
    result["bytes"] = sum(entry["bytes"] for entry in result["sets"])
    problems = [problem for entry in result["sets"] for problem in entry["problems"]] + result["problems"]
    if problems and params["fail_on_problems"]:
        raise Failure(f"The repository has {len(problems)} problems: {problems[0]['message']}")


def _listed(ca: SimulatedCa, repository: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a set as backup_info lists it."""
    age_s = round((ca.now - _time_of(entry)).total_seconds())
    path = str(PureWindowsPath(repository) / entry["label"])
    chain = entry["label"] if entry["type"] == "full" else None
    shown = {name: value for name, value in entry.items() if name != "made_on"}
    looks = {"checked": None, "judged": True, "verified_at": entry["finished"] if entry["verified"] else None}
    return {**looks, **shown, "age_s": age_s, "chain": chain, "path": path, "prior": None}


def _expire(ca: SimulatedCa, params: Mapping[str, Any], check: bool, result: Result) -> None:
    if params["_labels"] is None:
        raise Failure("There are no labels: the action plugin of this module did not run.")
    _assert_absolute(params["path"])
    with ca.sets(params["path"]) as sets:
        _assert_owner(ca, sets, params["previous_host"])
        going = [entry for entry in sets if entry["label"] in params["_labels"]]
        if len(going) != len(set(params["_labels"])):
            raise Failure("A set that was to go is not there.")
        if sum(entry["complete"] for entry in sets if entry not in going) < params["keep_minimum"]:
            raise Failure("Fewer sets would stay than keep_minimum says.")
        if not check:
            sets[:] = [entry for entry in sets if entry not in going]
    freed = sum(entry["bytes"] for entry in going)
    result.update(changed=bool(going), removed=list(params["_labels"]), bytes_freed=freed)
