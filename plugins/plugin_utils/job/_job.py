# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ansible-core knows of a job: its outcomes, its playbook, its variables."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.utils.vars import load_extra_vars
from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import plain_text
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._conditions import ROLE_NAMES, ROLE_PRIVATE
from ansible_collections.adcs.ca.plugins.plugin_utils.job._role_variables import (
    PREFIX,
    VARIABLES,
    VariableError,
    converted,
    is_left_out,
    plain_line,
    unknown_names,
)

if TYPE_CHECKING:
    from typing import TypeGuard

OUTCOME = "adcs_ca_outcome"
# What the step 'start' of the role and the guard of a playbook return.
START, GUARD = "_adcs_ca_backup_start", "_adcs_ca_backup_guard"


def process_mark() -> str:
    """Return a word that is the same in all workers of one ansible-playbook process, and in no other process.

    It is made of the temporary folder that ansible-core makes for each process, with random letters in its name.
    """
    return hashlib.sha256(str(constants.DEFAULT_LOCAL_TMP).encode()).hexdigest()[:32]


def of_this_job(found: Any) -> TypeGuard[Mapping[str, Any]]:
    """Say whether a value is a result that an action of this process made."""
    return isinstance(found, Mapping) and found.get("mark") == process_mark()


def outcome_of(variables: Any, host: str) -> Mapping[str, Any] | None:
    """Return the outcome of a host, from its variables; None unless this process made it for this very host.

    What the role refused at its start is a part of it: such a call got no further.
    """
    known = variables if isinstance(variables, Mapping) else {}
    parts = [
        found for found in (known.get(START), known.get(OUTCOME)) if of_this_job(found) and found.get("host") == host
    ]
    rows: list[Any] = []
    began: dict[str, Any] = {}
    for part in parts:
        rows += [row for row in part.get("destinations") or [] if row not in rows]
        began = {**(part.get("began") or {}), **began}
    return {**parts[-1], "destinations": rows, **({"began": began} if began else {})} if rows else None


def outcomes_in(variables: Mapping[str, Any], named: Sequence[str] = ()) -> dict[str, Mapping[str, Any] | None]:
    """Return the outcome of each host that this job was meant to back up or to check; None for one that has none.

    Meant is a host on which the role began, one that the guard of a shipped playbook found, and each that is named. The variables are
    taken as they are: a host's text is never a template.
    """
    guard = variables.get(GUARD)
    meant = {*named, *(guard.get("meant") or [] if of_this_job(guard) else [])}
    hostvars = variables["hostvars"]
    found = {}
    for host in dict.fromkeys([*variables["groups"]["all"], variables["inventory_hostname"], *named]):
        known = hostvars.raw_get(host) if host in hostvars else {}
        outcome = outcome_of(known, host)
        if outcome or host in meant or of_this_job(known.get(START)):
            found[host] = outcome
    return found


def given_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a task without those that were left out, be it in a list: null, or nothing but white space."""
    given = {name: value for name, value in args.items() if not is_left_out(value)}
    lists = {name: value for name, value in given.items() if isinstance(value, list)}
    return {**given, **{name: [item for item in value if not is_left_out(item)] for name, value in lists.items()}}


def checked_option(name: str, convert: Callable[..., Any], *values: Any) -> Any:
    """Return what ``convert`` makes of the value of a task's option; AnsibleActionFail, with the option's name, for a VariableError."""
    try:
        return convert(*values)
    except VariableError as error:
        raise AnsibleActionFail(f"{name}: {error}") from error


def extra_names(loader: Any) -> list[str]:
    """Return the names among the extra variables that the role sets itself: an extra variable would win over what it sets."""
    return sorted(name for name in load_extra_vars(loader) if name in ROLE_NAMES or ROLE_PRIVATE.fullmatch(name))


def user_path(text: str, variables: Mapping[str, Any]) -> Path:
    """Return a path on the controller as the user means it: ``~`` expanded, a relative one beside the user's own playbook.

    VariableError for a relative one where the playbook is one of a collection: it would lie in the installed collection.
    """
    path = Path(os.path.expandvars(os.path.expanduser(plain_line(text))))
    if path.is_absolute():
        return path
    folder = Path(plain_text(str(variables.get("playbook_dir") or "."))).absolute()
    if "ansible_collections" in folder.parts:
        raise VariableError(f"'{text}' is relative, and the playbook is one of a collection. Give an absolute path.")
    return folder / path


class RoleVariables:
    """The variables of the role as one host has them, each worked out and converted once, and what is wrong with them."""

    def __init__(
        self,
        entry: str,
        variables: Mapping[str, Any],
        defaults: Mapping[str, Any],
        template: Callable[[Any], Any],
        only: Sequence[str] = (),
    ) -> None:
        """Read them.

        Args:
            entry: the entry point of the role that reads them.
            variables: the variables of the host, templates not worked out.
            defaults: the role's defaults.
            template: works out a template.
            only: the variables to read, without the prefix; all that the entry point reads when empty.
        """
        self.values: dict[str, Any] = {}
        self.problems: list[str] = []
        for name in only or (name for name, variable in VARIABLES.items() if entry in variable.entries.split()):
            default = defaults.get(PREFIX + name)
            self.values[name] = default
            try:
                value = self._worked_out(variables, PREFIX + name, template)
                self.values[name] = converted(name, value, default)
            except VariableError as error:
                self.refuse(name, str(error))
        given = [] if only else [name for name in variables if name.startswith(PREFIX)]
        self.problems += [
            f"{name}: there is no such variable. Did you mean {meant}?" for name, meant in unknown_names(given).items()
        ]

    def refuse(self, name: str, why: str) -> None:
        """Note what is wrong with a variable, named without the prefix."""
        self.problems.append(f"{PREFIX}{name}: {why}")

    @staticmethod
    def _worked_out(variables: Mapping[str, Any], name: str, template: Callable[[Any], Any]) -> Any:
        """Return a value whose templates are worked out; None for one that is left out."""
        try:
            if name not in variables or is_left_out(variables[name]):
                return None
            value = template(variables[name])
        except Exception as error:  # a template can raise anything
            # how ansible-core says from 2.19 on that a template came to 'omit'
            if type(error).__name__ == "AnsibleValueOmittedError":
                return None
            raise VariableError(f"its template cannot be worked out: {error}") from error
        return None if "omit" in variables and value == variables["omit"] else value
