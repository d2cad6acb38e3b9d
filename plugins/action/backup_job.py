# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``adcs.ca.backup_job``: the steps of the role ``adcs.ca.backup`` that judge. No text of a host goes through a template here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import counted
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._conditions import changing_part
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import problems_of
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._fleet import OFFLINE_FAILS
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._outcome import Run, set_without_files
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._replication import PROOF, bad_copy, unproved_copy
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._space import limits_of
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._summary import attention_line
from ansible_collections.adcs.ca.plugins.plugin_utils.job._drawing import (
    draw_all,
    is_in_step,
    is_one_batch,
    silent_hosts,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.job._guard import Guard
from ansible_collections.adcs.ca.plugins.plugin_utils.job._hooks import HookError, load_hook, names_set_by
from ansible_collections.adcs.ca.plugins.plugin_utils.job._job import (
    GUARD,
    OUTCOME,
    START,
    RoleVariables,
    extra_names,
    of_this_job,
    outcome_of,
    process_mark,
    user_path,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.job._recorder import (
    failed_task,
    lost_run,
    outcome,
    unreachable_result,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.job._role_variables import PREFIX, VariableError
from ansible_collections.adcs.ca.plugins.plugin_utils.page._table import fleet_table
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import (
    LOST,
    Written,
    bad_destinations,
    known_entry,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import OPTIONS as RULES
from ansible_collections.adcs.ca.plugins.plugin_utils.retention._retention import Policy, PolicyError

JOB = "_adcs_ca_backup_job"
COPY = "_adcs_ca_backup_copy"
# the results of the modules; the last one is of a listing after a failure
BACKUP = "adcs_ca_backup_result"
EXPIRED = "adcs_ca_backup_expire_result"
LISTINGS = (EXPIRED, "adcs_ca_backup_listing", "_adcs_ca_backup_left")
PAGE_RESULT = "adcs_ca_backup_report_result"
STEPS = ("guard", "start", "options", "state", "replicated", "record", "record_failure", "page", "table", "verdict")
ARGUMENT_SPEC = {
    "step": {"type": "str", "required": True, "choices": list(STEPS)},
    "entry": {"type": "str", "choices": ["main", "verify", "expire", "report"]},
    "hosts": {"type": "raw"},
    "serial": {"type": "raw"},
}
PROBLEMS_NAMED = 10
WAY_OUT = "Run the role with include_role and put the condition there: it is asked once."


class ActionModule(ActionBase):
    """Runs on the controller alone; no connection is opened."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run one step; what each returns is said at its function."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, options = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)
        self._vars: dict[str, Any] = task_vars or {}
        self._host: str = self._vars["inventory_hostname"]
        # the step 'start' says it for those behind it
        self._entry: str = options["entry"] or str(self._result(START).get("entry") or "main")
        step = getattr(self, f"_{options['step']}")
        try:
            found = step(options) if options["step"] == "guard" else step()
        except AnsibleActionFail as error:
            found = {"failed": True, "msg": str(error)}
        return {**result, "changed": False, **found}

    def _guard(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse a job that nobody can judge: ``{meant, refused: {host: why}}``. Fails for the pattern and for ``adcs_ca_serial``."""
        lookup = self._shared_loader_obj.lookup_loader.get(
            "ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar
        )
        guard = Guard(self._vars, lambda pattern: lookup.run([pattern], self._vars))
        meant = guard.meant_hosts(options["hosts"])
        guard.check_serial(options["serial"])
        refused = {host: why for host in meant if (why := self._hook_problem(host))}
        return {"mark": process_mark(), "meant": meant, "refused": refused}

    def _hook_problem(self, host: str) -> str:
        """Return what is wrong with the hook of a host; empty when nothing is, or when the host has none."""
        variables = RoleVariables(
            "main", self._vars["hostvars"][host], {}, lambda value: value, only=("replicate_tasks",)
        )
        self._load_hook(variables)
        return " ".join(variables.problems)

    def _start(self) -> dict[str, Any]:
        """Refuse what would turn the verdict around, with the document of this host saying so."""
        begun: dict[str, Any] = {"mark": process_mark(), "entry": self._entry}
        earlier = self._result(START)
        if of_this_job(earlier) and earlier.get("host") == self._host:
            # what was refused stays refused, whatever a later call of the role comes to
            begun |= {key: earlier[key] for key in ("host", "destinations", "report_dir", "began")}
        why = self._unfit_keyword()
        if not why:
            return begun
        if self._entry != "report":
            values = self._variables().values
            begun |= self._record_run(Run(values["path"], "failed", why), values, entry="start")
        return {**begun, "failed": True, "msg": why}

    def _unfit_keyword(self) -> str:
        """Return why the role cannot judge this host, by what its task inherits; empty when it can."""
        if _runs_once(self._task):
            return "The role runs with run_once: one host would be backed up, and its result given to all. Remove run_once."
        if self._task.delegate_to:
            return (
                f"The role is delegated to {self._task.delegate_to}: another host would be backed up under the name of this one. "
                "Name that host in 'hosts' of the play instead."
            )
        given = extra_names(self._loader)
        if given:
            return (
                f"The extra variable {given[0]} would hide what the role sets under that name. Remove it from the job."
            )
        return self._changing_condition(())

    def _changing_condition(self, also: Any) -> str:
        changing = changing_part(self._task.when or [], self._vars, also)
        if not changing:
            return ""
        return f"A condition on the role depends on {changing}, which may change while the role runs: the verdict could be skipped. {WAY_OUT}"

    def _options(self) -> dict[str, Any]:
        """Return ``{options, policy}``: the role's variables, converted. Fails, without them, and names each that makes no sense."""
        variables = self._variables()
        if self._entry == "main":
            names = names_set_by(self._load_hook(variables))
            condition = self._changing_condition(names)
            if condition:
                variables.problems.append(condition)
        self._check_together(variables)
        values = variables.values
        policy = {name: values[name] for name in RULES if values.get("expire")}
        if not variables.problems:
            return {"options": values, "policy": policy}
        # Ansible prints the whole result of a task that fails, so it has only what the role still asks for
        return {
            "options": {"report_follows": values.get("report_follows")},
            "failed": True,
            "msg": f"{' '.join(variables.problems)} This host was not asked for anything.",
        }

    def _variables(self, *only: str) -> RoleVariables:
        """Return the role's variables of this host, or only those that are named; ``report_dir`` is a folder, or None."""
        variables = RoleVariables(
            self._entry, self._vars, self._task._role.get_default_vars(), self._templar.template, only
        )
        try:
            text = variables.values.get("report_dir")
            variables.values["report_dir"] = str(user_path(text, self._vars)) if text else None
        except VariableError as error:
            variables.values["report_dir"] = None
            variables.refuse("report_dir", str(error))
        return variables

    def _load_hook(self, variables: RoleVariables) -> list[Any]:
        """Return the tasks of the hook, and make ``replicate_tasks`` its absolute path."""
        text = variables.values.get("replicate_tasks")
        if not text:
            return []
        try:
            path = user_path(text, self._vars)
            variables.values["replicate_tasks"] = str(path)
            manager = getattr(self._vars["hostvars"], "_variable_manager", None)
            return load_hook(path, self._task, self._loader, manager)
        except (HookError, VariableError) as error:
            variables.refuse("replicate_tasks", str(error))
            return []

    def _check_together(self, variables: RoleVariables) -> None:
        """Note what makes no sense together, and what the guard of the playbook refused."""
        values = variables.values
        if values.get("truncate_logs") and not values.get("verify"):
            variables.refuse(
                "truncate_logs",
                "it requires adcs_ca_backup_verify: true. No log is given up for a copy that was not compared.",
            )
        if values.get("expire"):
            try:
                Policy.parse({name: values[name] for name in RULES})
            except PolicyError as error:
                variables.problems.append(f"{PREFIX}{error}")
        guard = self._vars.get(GUARD)
        refused = guard.get("refused") if of_this_job(guard) else None
        if refused and self._host not in refused:
            host = sorted(refused)[0]
            variables.problems.append(
                f"The job was stopped before any host was asked, because of {host}: {refused[host]}"
            )

    def _state(self) -> dict[str, Any]:
        """Return ``{answered, unlisted}``: whether the host answered so far, and whether it was asked but its sets were not listed.

        Conditions ask this result: before ansible-core 2.19 a condition on that of a host would run the text of the host as a template.
        """
        results = [self._result(name) for name in (BACKUP, *LISTINGS)]
        asked = bool(self._result(BACKUP) or self._result(EXPIRED))
        listed = any("sets" in found for found in results)
        return {"answered": unreachable_result(results) is None, "unlisted": asked and not listed}

    def _replicated(self) -> dict[str, Any]:
        """Return ``{proved}``: whether the hook showed that it copied the newest set. Fails where old sets must not be trusted to a copy."""
        if self._is_check:
            return {"proved": True}
        proof = self._vars.get(PROOF)
        bad = bad_copy(proof)
        words = f"The hook {self._job['replicate_tasks']} did not show that it copied the set: {{}}. Nothing expires."
        if bad:
            return {"failed": True, "proved": False, "msg": words.format(bad)}
        missing = unproved_copy(proof)
        if not missing:
            return {"proved": True}
        return {"proved": False, **self._without_proof(words.format(missing))}

    def _without_proof(self, words: str) -> dict[str, Any]:
        """Judge a hook that did nothing: good only when an earlier run copied the newest set."""
        backup = self._result(BACKUP)
        folder = self._job["report_dir"]
        if backup.get("changed"):
            return {"failed": True, "msg": words}
        if not folder:
            return {
                "warnings": [
                    f"{words} Without adcs_ca_backup_report_dir nobody knows whether an earlier run copied it."
                ]
            }
        copied = known_entry(Path(folder), self._host, self._job["path"])["replicated"]
        if copied and copied == backup.get("label"):
            return {}
        return {
            "failed": True,
            "msg": f"{words} The document of this host does not say that an earlier run copied the newest set, {backup.get('label')}.",
        }

    def _record(self) -> dict[str, Any]:
        """Return the outcome of this host, as ``adcs.ca.outcome`` documents it."""
        said = lost_run(self._host, self._vars, [self._result(name) for name in (BACKUP, *LISTINGS)])
        if not said and self._entry == "main" and not self._result(BACKUP).get("label"):
            said = {"status": "failed", "message": "The backup returned no set: its task was skipped or did not end."}
        if not said and self._entry == "verify":
            said = _problems_of(self._result(LISTINGS[1]))
        proved = self._result(COPY).get("proved") is True and not self._is_check
        return self._record_run(Run(self._job["path"], replicated=proved, **said, **self._facts()), self._job)

    def _record_failure(self) -> dict[str, Any]:
        """Return the outcome of this host after a task failed."""
        # where the variables were refused, what can be used of them says what and where the document is
        job = self._result(JOB)
        options = self._variables().values if job.get("failed") or not job.get("options") else job["options"]
        run = Run(
            options["path"],
            "failed",
            failed_task(self._vars),
            **{**self._facts(), "expected": None, "predicted": False},
        )
        return self._record_run(run, options)

    def _facts(self) -> dict[str, Any]:
        """Return what the results of this run say, for a ``Run``."""
        backup = self._result(BACKUP)
        listed = [found for found in map(self._result, LISTINGS) if "sets" in found]
        is_good = backup and not backup.get("failed") and not backup.get("unreachable")
        return {
            "backup": backup or None,
            "listing": listed[0] if listed else None,
            "expected": backup.get("label") if is_good and not self._is_check else None,
            "predicted": bool(is_good and self._is_check and backup.get("changed")),
        }

    def _files(self, run: Run, options: Mapping[str, Any]) -> dict[str, Any] | None:
        """Ask the host for the files of its newest set where its document does not have them; None where nobody needs them or knows."""
        folder = options["report_dir"]
        if not folder or self._is_check or run.listing is None or run.status != "ok":
            return None
        known = known_entry(Path(folder), self._host, options["path"])
        label = set_without_files(run, known, time.time())
        if label is None:
            return None
        given = {name: options[name] for name in ("path", "previous_host") if options[name]}
        try:
            found = self._execute_module(
                "adcs.ca.backup_info", {**given, "files_of": label, "verify": "none"}, task_vars=self._vars
            )
        except AnsibleError:
            # the host was lost meanwhile; what its tasks came to is judged already
            return None
        return (
            {"label": label, "names": found.get("files"), "omitted": found.get("files_omitted")}
            if found.get("files")
            else None
        )

    def _record_run(self, run: Run, options: Mapping[str, Any], entry: str | None = None) -> dict[str, Any]:
        """Write the document of this host and return its outcome; ``entry`` is what looked, if not the entry point."""
        written = Written(self._is_check)
        folder = options["report_dir"]
        is_offline = options.get("expected") == "offline"
        late_after_s = options.get("offline_late_after_s" if is_offline else "late_after_s")
        fixed = OFFLINE_FAILS if is_offline or self._entry == "verify" else ()
        found = outcome(
            self._host,
            replace(
                run,
                late_after_s=late_after_s,
                is_offline=is_offline,
                limits=limits_of(options),
                files=self._files(run, options),
                tried=self._entry == "main",
            ),
            entry=entry or self._entry,
            folder=Path(folder) if folder else None,
            fail_on=[*fixed, *options["fail_on"]],
            before=outcome_of(self._vars, self._host),
            written=written,
        )
        if self._task.diff:
            found["diff"] = written.diff
        return found

    def _page(self) -> dict[str, Any]:
        """Draw the page and set the artifact of the job. Never fails: ``not_written`` says what could not be."""
        is_report = self._entry == "report"
        if not is_in_step(self._task, self._vars, self._host, is_report):
            return {"files": [], "not_written": [], "drawn_by": None, "unjudged": [], "table": []}
        try:
            drawn = draw_all(
                self._vars, (), self._variables("report_dir").values["report_dir"], Written(self._is_check)
            )
        except Exception as error:  # a failure here would fail every host of the batch
            why = f"Drawing it failed: {type(error).__name__}: {error}."
            not_written = [{"path": "", "why": why}]
            return {"drawn_by": self._host, "files": [], "not_written": not_written, "unjudged": [], "table": []}
        found = drawn.result(is_whole=is_report or is_one_batch(self._vars))
        silent = silent_hosts(self._vars, drawn.outcomes) if is_report else []
        table = fleet_table(drawn.fleet, time.time())
        return {"drawn_by": self._host, "unjudged": silent, "table": table, **found}

    def _table(self) -> dict[str, Any]:
        """Show the table of the fleet, as lines, if this host drew the page. Never fails."""
        page = self._result(PAGE_RESULT)
        if page.get("drawn_by") != self._host or not page.get("table"):
            return {"msg": []}
        return {"msg": list(page["table"]), "_ansible_verbose_always": True}

    def _verdict(self) -> dict[str, Any]:
        """Fail this host unless each destination that this job looked at was judged good."""
        variables = self._variables("fail_on")
        mine = outcome_of(self._vars, self._host)
        words = [] if mine else [_no_outcome(self._vars.get(OUTCOME))]
        bad = bad_destinations(self._host, mine["destinations"], variables.values["fail_on"]) if mine else []
        words += [attention_line(row) for row in bad]
        words += variables.problems
        page = self._result(PAGE_RESULT)
        if page.get("drawn_by") == self._host:
            words += [f"The page was not written. {item['why']}" for item in page["not_written"][:1]]
            words += [f"A condition skipped the verdict on {host}, so nobody judged it." for host in page["unjudged"]]
        return {"failed": True, "msg": " ".join(words)} if words else {}

    @property
    def _job(self) -> dict[str, Any]:
        """The options that the step ``options`` returned."""
        job = self._vars.get(JOB)
        if not isinstance(job, Mapping) or not isinstance(job.get("options"), Mapping):
            raise AnsibleActionFail("The step 'options' of the role did not run on this host.")
        return dict(job["options"])

    @property
    def _is_check(self) -> bool:
        return bool(self._task.check_mode)

    def _result(self, name: str) -> Mapping[str, Any]:
        found = self._vars.get(name)
        return found if isinstance(found, Mapping) else {}


def _runs_once(task: Any) -> bool:
    """Say whether a task, or what includes it, runs for one host alone."""
    while task is not None:
        if getattr(task, "run_once", False):
            return True
        task = task._parent
    return False


def _problems_of(listing: Mapping[str, Any]) -> dict[str, str]:
    """Return ``{status, message}`` of a check that found problems; empty when it found none.

    The module could fail for them, but Ansible would print the whole listing then.
    """
    found = problems_of(listing.get("problems"))
    for item in listing.get("sets") or []:
        found += problems_of(item.get("problems"), str(item.get("label")))
    if not found:
        return {}
    words = [f"{problem['set']}: {problem['message']}" if problem["set"] else problem["message"] for problem in found]
    shown = "; ".join(words[:PROBLEMS_NAMED]) + ("; ..." if len(words) > PROBLEMS_NAMED else "")
    return {
        "status": "failed",
        "message": f"The repository '{listing.get('path')}' has {counted(len(words), 'problem')}: {shown}.",
    }


def _no_outcome(given: Any) -> str:
    """Return why a host has no outcome."""
    if given is None:
        return LOST
    return f"The variable {OUTCOME} of this host is none of this job and this host, so it is no verdict. {LOST}"
