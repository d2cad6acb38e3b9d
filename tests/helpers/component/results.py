# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The keys that results have on every exit."""

from __future__ import annotations

from helpers.component.worker import ModuleRun

BACKUP_KEYS = {
    "bytes", "ca", "changed", "duration_s", "file_count", "files", "files_omitted", "label", "leftovers", "logs", "path", "reason",
    "restore_map", "session_wait_s", "skipped_items", "success_codes", "trace", "trace_omitted", "type", "verified", "versions",
}  # fmt: skip
FAILURE_KEYS = {"failed", "file", "function", "hresult", "hresult_name", "left_on_disk", "msg", "step"}
ANSIBLE_KEYS = {"exception", "invocation", "warnings"}
INFO_KEYS = {
    "bytes", "ca", "changed", "files", "files_omitted", "folder_name", "now", "path", "problems", "sets", "space",
}  # fmt: skip


def keys(run: ModuleRun) -> set[str]:
    """The keys of a result without those that Ansible itself adds."""
    return set(run.result) - ANSIBLE_KEYS
