# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a job: the page of each folder of documents, the artifact, and the hosts that need attention."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import plain_text
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._fleet import part_of
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._summary import ROW_LIMIT, attention_text, summary
from ansible_collections.adcs.ca.plugins.plugin_utils.job._job import START, of_this_job, outcomes_in
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import Written, attention_of, draw

ARTIFACT = "adcs_ca_fleet"
# Sentences on documents that were left out, in one warning.
LEFT_OUT_LIMIT = 10
# Strategies in which all hosts of a batch run a task before the next one, and run_once holds.
IN_STEP = ("linear", "debug")
# A play in batches sets the artifact once a batch, and what all of these hold grows with the number of hosts.
ROW_LIMIT_OF_BATCH = 20


class Drawn:
    """A report that was drawn."""

    def __init__(
        self,
        fleet: Mapping[str, Any],
        outcomes: Mapping[str, Mapping[str, Any] | None],
        left_out: Sequence[str],
        written: Written,
    ) -> None:
        """Take the fleet of the hosts of this job, their outcomes, why documents were left out, and what became of the files."""
        self.fleet = fleet
        self.outcomes = outcomes
        self.left_out = left_out
        self.written = written

    def result(self, *, is_whole: bool) -> dict[str, Any]:
        """Return ``{changed, files, not_written, fleet}`` with the artifact of the job; the rows are few unless ``is_whole``."""
        short = summary(self.fleet, ROW_LIMIT if is_whole else ROW_LIMIT_OF_BATCH)
        return {
            **({"warnings": [left_out_text(self.left_out)]} if self.left_out else {}),
            "changed": bool(self.written.files),
            "files": self.written.files,
            "not_written": self.written.not_written,
            "fleet": short,
            "ansible_stats": {"data": {ARTIFACT: short}, "per_host": False, "aggregate": False},
        }

    def attention(self, fail_on: Collection[str]) -> dict[str, Any]:
        """Return ``{attention, attention_message}`` for the hosts of this job."""
        rows = attention_of(self.outcomes, fail_on)
        hosts = len({row["host"] for row in rows})
        return {"attention": rows, "attention_message": attention_text(rows, hosts, len(self.outcomes))}


def draw_all(variables: Mapping[str, Any], named: Sequence[str], report_dir: str | None, written: Written) -> Drawn:
    """Draw the page of each folder that a host of this job reports to.

    Args:
        variables: the variables of the host that draws.
        named: hosts that are in the report whether they have an outcome or not.
        report_dir: the folder of those that have none.
        written: takes what became of the files.
    """
    outcomes = outcomes_in(variables, named)
    folders: dict[str | None, dict[str, Any]] = {report_dir: {}} if report_dir else {}
    for host, outcome in outcomes.items():
        folder = outcome["report_dir"] if outcome else report_dir
        folders.setdefault(folder, {})[plain_text(host)] = outcome
    drawn = [draw(Path(folder) if folder else None, those, written) for folder, those in folders.items()]
    left_out = [why for _, _, those in drawn for why in those]
    return Drawn(part_of((found, hosts) for found, hosts, _ in drawn), outcomes, left_out, written)


def left_out_text(sentences: Sequence[str]) -> str:
    """Return one warning for documents that were left out of the report."""
    more = len(sentences) - LEFT_OUT_LIMIT
    words = f"Left out of the report, so nobody sees these CAs there: {' '.join(sentences[:LEFT_OUT_LIMIT])}"
    return f"{words} And {more} more." if more > 0 else words


def silent_hosts(variables: Mapping[str, Any], outcomes: Collection[str]) -> list[str]:
    """Return the hosts of this job that take part in the play of the report and did not begin it, such as for a condition."""
    hostvars = variables["hostvars"]
    begun = {host: hostvars.raw_get(host).get(START) for host in variables["ansible_play_hosts"] if host in outcomes}
    return [host for host, start in begun.items() if not of_this_job(start) or start.get("entry") != "report"]


def is_one_batch(variables: Mapping[str, Any]) -> bool:
    """Say whether the play has all its hosts in one batch."""
    return len(variables["ansible_play_batch"]) >= len(variables["ansible_play_hosts_all"])


def is_in_step(task: Any, variables: Mapping[str, Any], host: str, is_report: bool) -> bool:
    """Say whether this host draws: where a strategy ignores run_once, the first host of a report does, and nobody in the role."""
    strategy = str(task._parent._play.strategy).rpartition(".")[2]
    if strategy in IN_STEP:
        return True
    return is_report and host == next(iter(variables["ansible_play_hosts"]), None)
