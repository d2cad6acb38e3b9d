# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``adcs.ca.report``: write what the role recorded of a fleet to the controller, set the job's artifact, then fail if asked to."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.adcs.ca.plugins.plugin_utils._files import (
    FileError,
    make_folder,
    read_folder,
    read_text,
    write_text,
)
from ansible_collections.adcs.ca.plugins.plugin_utils._html import page
from ansible_collections.adcs.ca.plugins.plugin_utils._report import (
    document_text,
    file_names,
    fleet,
    plain_text,
    read_document,
    with_refusals,
)
from ansible_collections.adcs.ca.plugins.plugin_utils._summary import failure, summary

ARGUMENT_SPEC = {
    "artifact": {"type": "bool", "default": True},
    "fail_for": {"type": "list", "elements": "str"},
    "fail_on": {
        "type": "list",
        "elements": "str",
        "choices": ["failed", "unreachable", "late", "never"],
        "default": ["failed", "unreachable"],
    },
    "hosts": {"type": "list", "elements": "str", "required": True},
    "report_dir": {"type": "path"},
}
OUTCOME = "_adcs_ca_backup_outcome"
ARTIFACT = "adcs_ca_fleet"
PAGE = "fleet.html"
UNKNOWN_HOST = {"status": "unreachable", "message": "There is no host of this name in the inventory."}
NAMED_CAUSES = 3
NAMED_HOSTS = 10
# A refusal names the hosts that get no document, and that is nowhere else in the message.
NAMED_REFUSALS = 20


class ActionModule(ActionBase):
    """Runs on the controller alone; no connection is opened."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what ``plugins/modules/report.py`` documents."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, options = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        for name in ("fail_on", "hosts"):
            if options[name] is None:
                raise AnsibleActionFail(f"{name}: it is null, but must be a list.")
        variables = task_vars or {}
        folder = _folder(options["report_dir"], variables)

        causes: list[str] = []
        earlier = _earlier(folder, causes)
        outcomes = {host: _outcome(variables["hostvars"], host) for host in options["hosts"]}
        found = fleet(outcomes, earlier.values())
        names, refusals = file_names(found["cas"]) if folder else ({}, {})
        found = with_refusals(found, refusals)
        result.update(changed=False, files=[], fleet=summary(found))
        if options["artifact"]:
            data = {ARTIFACT: result["fleet"]}
            result["ansible_stats"] = {"data": data, "per_host": False, "aggregate": False}
        if folder and not causes and not _is_any_known(outcomes, earlier):
            causes.append(_nothing_known(folder, outcomes))
        if folder and not causes:
            self._report(folder, found, names, earlier, result, causes)

        fail_for = options["fail_for"]
        named = None if fail_for is None else {plain_text(host) for host in fail_for}
        attention = failure(found, options["fail_on"], named)
        # what is said of a CA already is not said again
        refused = [why for why in dict.fromkeys(refusals.values()) if why not in (attention or "")]
        if attention or causes or refusals:
            parts = (attention, _first(refused, NAMED_REFUSALS), _first(causes, NAMED_CAUSES))
            result.update(failed=True, msg=" ".join(filter(None, parts)))
        return result

    def _report(
        self,
        folder: Path,
        found: dict[str, Any],
        names: Mapping[str, str],
        earlier: Mapping[str, Any],
        result: dict[str, Any],
        causes: list[str],
    ) -> None:
        """Write the files that are not as they should be, in check mode only name them; add to ``causes`` what cannot be written."""
        result["diff"] = []
        for document in found["cas"]:
            name = names.get(document["host"])
            if name:
                self._update_document(folder / name, document, earlier.get(name), result, causes)
        self._update(folder / PAGE, page(found), result, causes)
        result["changed"] = bool(result["files"])
        if not self._task.diff:
            del result["diff"]

    def _update_document(
        self, path: Path, document: dict[str, Any], earlier: Any, result: dict[str, Any], causes: list[str]
    ) -> None:
        """Write the report of a CA, unless there is a file that is something else."""
        known = read_document(earlier)
        try:
            if known is None and (now := read_text(path)) is not None:
                # a worker that runs the same task for another host may have written it since the folder was read
                known = read_document(_own_document(path.name, now))
                if known is None:
                    causes.append(f"{path} is no report of this collection, and is not overwritten.")
                    return
        except FileError as error:
            causes.append(str(error))
            return
        text = document_text(document)
        before = self._update(path, text, result, causes)
        if before is None:
            return
        result["diff"].append({"before_header": str(path), "after_header": str(path), "before": before, "after": text})
        if known and known["host"] != document["host"]:
            warning = f"{path.name} was the report of the host {known['host']}, and is now of {document['host']}."
            result.setdefault("warnings", []).append(warning)

    def _update(self, path: Path, text: str, result: dict[str, Any], causes: list[str]) -> str | None:
        """Return what was in a file that had to be written, empty for a new one; None for one that is left alone."""
        try:
            before = read_text(path)
            if before == text:
                return None
            if not self._task.check_mode:
                make_folder(path.parent)
                write_text(path, text)
        except FileError as error:
            causes.append(str(error))
            return None
        result["files"].append(str(path))
        return before or ""


def _folder(report_dir: str | None, variables: Mapping[str, Any]) -> Path | None:
    """Return the folder of the reports, None when no files are wanted; a relative one is beside the playbook."""
    if not report_dir:
        return None
    return Path(plain_text(str(variables.get("playbook_dir") or "."))) / plain_text(report_dir)


def _outcome(hostvars: Any, host: str) -> Any:
    """Return what the role recorded for a host, None when that is nothing.

    The variables are taken as they are: what was recorded holds no templates, and hundreds of hosts with hundreds of sets take long
    to look through for them.
    """
    if host not in hostvars:
        return UNKNOWN_HOST
    variables = hostvars.raw_get(host)
    return variables.get(OUTCOME) if isinstance(variables, Mapping) else None


def _is_any_known(outcomes: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    """Say whether a host recorded something, or an earlier report is of one of them."""
    recorded = any(isinstance(found, Mapping) and found and found is not UNKNOWN_HOST for found in outcomes.values())
    reported = {document["host"] for document in map(read_document, earlier.values()) if document}
    return recorded or not reported.isdisjoint(map(plain_text, outcomes))


def _nothing_known(folder: Path, hosts: Collection[str]) -> str:
    """Return why there is nothing to report on: a page of these hosts alone would replace that of a fleet."""
    named = (
        ", ".join([*list(hosts)[:NAMED_HOSTS], *(["and more"] if len(hosts) > NAMED_HOSTS else [])]) or "none at all"
    )
    return (
        f"Nothing is known of any of the hosts to report on ({named}): none recorded anything in this job, and no report in {folder} is of "
        "one of them. Nothing was written. Report in the job that makes the backups, and name its hosts."
    )


def _earlier(folder: Path | None, causes: list[str]) -> dict[str, dict[str, Any]]:
    """Return ``{file name: document}`` of the reports in the folder; a copy under another name is none."""
    if folder is None:
        return {}
    try:
        found = {name: _own_document(name, text) for name, text in read_folder(folder, ".json").items()}
    except FileError as error:
        causes.append(str(error))
        return {}
    return {name: document for name, document in found.items() if document}


def _own_document(name: str, text: str) -> dict[str, Any] | None:
    """Return the object that a JSON text holds if it belongs into a file of this name; None for any other text."""
    try:
        value = json.loads(text)
    except (RecursionError, ValueError):
        return None
    return value if isinstance(value, dict) and f"{value.get('folder_name')}.json" == name else None


def _first(causes: Sequence[str], limit: int) -> str:
    """Return the first causes as one text that says how many more there are."""
    more = [f"And {len(causes) - limit} more of this kind."] if len(causes) > limit else []
    return " ".join([*causes[:limit], *more])
