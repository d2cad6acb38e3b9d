# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documentation of the action ``adcs.ca.outcome``, where ``ansible-doc`` looks for it. No module is run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: outcome
short_description: Record what a job found out about the backups of a host
version_added: 0.1.0
description:
  - Judges one destination of one host from the results of M(adcs.ca.backup), M(adcs.ca.backup_info) or M(adcs.ca.expire). Writes the
    document of the host on the controller.
  - Register the result as C(adcs_ca_outcome). M(adcs.ca.report) finds it there.
  - The role P(adcs.ca.backup#role) does this itself. Use this action in a play without the role.
  - Runs on the controller alone. No host is asked anything.
  - The task never fails because of a certification authority (CA). The result says whether it needs attention.
  - For a host with several destinations, run the task once for each. The result holds all destinations of this job.
options:
  backup_result:
    description:
      - The name of the variable that holds the registered result of M(adcs.ca.backup). Give the name without braces.
      - If O(sets_result) is given too, the outcome is good only if the set of this backup is listed and complete.
    type: str
  expected:
    description:
      - What the CA is expected to be. With V(offline), a CA that does not answer is C(offline) if its document names a good set that is younger
        than O(late_after_s). Otherwise it is C(late) or C(never), and needs attention.
    type: str
    choices: [online, offline]
    default: online
  fail_on:
    description:
      - Statuses that need attention besides V(failed) and V(unreachable), which always do.
    type: list
    elements: str
    choices: [failed, unreachable, late, never, warning]
    default: []
  late_after_s:
    description:
      - The CA is C(late) if its newest complete full set is older than this many seconds.
      - When omitted, what the document of the host says holds. If it says nothing, no CA is late, except with O(expected=offline). Then
        200 days hold.
    type: int
  path:
    description:
      - The destination, as it was given to the module.
    type: str
    required: true
  report_dir:
    description:
      - The folder on the controller for the documents. It is created. C(~) and environment variables are expanded.
      - A relative path begins at the folder of your playbook. With a playbook of a collection it is refused.
      - When omitted, no file is read or written.
    type: str
  rescued:
    description:
      - Set this to V(true) in C(rescue) of a block. The outcome is then C(failed), with the name and the cause of the failed task.
    type: bool
    default: false
  sets_result:
    description:
      - The name of the variable that holds the registered result of M(adcs.ca.backup_info) or M(adcs.ca.expire). Give the name without
        braces.
      - List the sets with their sizes or hashes. Otherwise nobody knows whether a set is complete, and none counts.
    type: str
  warn_free_percent:
    description:
      - The CA is C(warning) if less of the destination, or of the volume of its logs, is free than this many percent. From 0 to 100. V(0)
        switches this off.
      - A CA in the state C(warning) is good, unless O(fail_on) names that state.
    type: int
    default: 10
  warn_full_days:
    description:
      - The CA is C(warning) if the destination is full in fewer days, at the pace of the last ten full sets. V(0) switches this off.
    type: int
    default: 14
  warn_untruncated_nights:
    description:
      - The CA is C(warning) if its logs were not truncated for this many nights although that was asked for. V(0) switches this off.
    type: int
    default: 7
notes:
  - An option that is V(null) or blank counts as left out, so its default holds.
  - A registered result that failed, was skipped or did not reach its host gives an outcome that is not good.
  - Without O(sets_result) the outcome is good only if O(backup_result) has a set.
  - The result counts only in the process of ansible-playbook that made it, and only for the host that it names. A value from a fact
    cache, an inventory, an extra variable or an earlier job is no outcome.
  - The task refuses C(run_once).
  - In check mode nothing is written. RV(changed), RV(files) and the diff are what they would be.
  - R(The guide to reports, ansible_collections.adcs.ca.docsite.guide_report) describes the document.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.flow
attributes:
  action:
    support: full
  async:
    support: none
  bypass_host_loop:
    support: none
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: all
seealso:
  - module: adcs.ca.report
  - module: adcs.ca.backup
  - module: adcs.ca.backup_info
  - module: adcs.ca.expire
author:
  - adcs.ca contributors (@adcs-ca)
"""

EXAMPLES = r"""
- name: Back up the CA and record the outcome
  block:
    - name: Back up the CA
      adcs.ca.backup:
        path: D:\Backup
      register: ca_backup
      ignore_unreachable: true

    - name: Record the outcome of this host
      adcs.ca.outcome:
        backup_result: ca_backup
        path: D:\Backup
        report_dir: /srv/reports/ca
      register: adcs_ca_outcome
  rescue:
    - name: Record the failure of this host
      adcs.ca.outcome:
        path: D:\Backup
        report_dir: /srv/reports/ca
        rescued: true
      register: adcs_ca_outcome

- name: List the sets
  adcs.ca.backup_info:
    fail_on_problems: true
    path: D:\Backup
  register: ca_sets
  ignore_errors: true
  ignore_unreachable: true

- name: Record what the list shows, and ask for attention where there is no set of the last two days
  adcs.ca.outcome:
    fail_on: [late, never]
    late_after_s: 172800
    path: D:\Backup
    report_dir: /srv/reports/ca
    sets_result: ca_sets
  register: adcs_ca_outcome
"""

RETURN = r"""
began:
  description: The status of each destination before this job, and since when it holds, for the next look of this job.
  returned: success
  type: dict
  sample: {'d:\backup': {status: ok, since: '2026-11-22T21:40:11Z'}}
changed:
  description: Whether the document of the host was written, or would be in check mode.
  returned: always
  type: bool
  sample: true
destinations:
  description:
    - Each look of this job at a destination of this host. Of several looks at one destination the worst decides, unless the same entry
      point of the role looked again.
  returned: success
  type: list
  elements: dict
  contains:
    attention:
      description: Whether the destination needs attention.
      type: bool
      sample: false
    bytes:
      description: The size of the newest complete full set, V(null) when there is none.
      type: int
      sample: 27263374
    ca:
      description: The name of the CA, V(null) when it is not known.
      type: str
      sample: Example Issuing CA 1
    entry:
      description: What looked, such as the entry point V(main) of the role.
      type: str
      sample: main
    label:
      description: The label of the newest complete full set, V(null) when there is none.
      type: str
      sample: 20261122T213900Z-full
    late_after_s:
      description: How many seconds old the newest complete full set may be, V(null) when nothing says so.
      type: int
      sample: 172800
    message:
      description: The cause in words. Empty when all is well.
      type: str
      sample: ''
    path:
      description: The destination as it was given. In the role, V(null) for a host that got to no destination.
      type: str
      sample: D:\Backup
    started:
      description: When the backup of the newest complete full set started, UTC. V(null) when there is none.
      type: str
      sample: '2026-11-22T21:39:00Z'
    status:
      description: V(failed), V(unreachable), V(never), V(late), V(warning), V(offline) or V(ok).
      type: str
      sample: ok
files:
  description: The document of the host, as an absolute path. Empty when it did not change.
  returned: success
  type: list
  elements: str
  sample: [/srv/reports/ca/ca01.json]
host:
  description: The inventory host. The outcome counts for no other host.
  returned: success
  type: str
  sample: ca01
mark:
  description: A word that is the same in one process of ansible-playbook and in no other.
  returned: success
  type: str
  sample: 5f0c4f1d2b7a9e63c8d41e0f7a2b9c54
not_written:
  description: The document of the host, if it could not be written. The destination is then C(failed).
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
      sample: /srv/reports/ca/ca01.json
    why:
      description: The cause in words.
      type: str
      sample: "Cannot write /srv/reports/ca/ca01.json: No space left on device."
record:
  description: The document that is not in its file, for M(adcs.ca.report).
  returned: with O(report_dir), in check mode or when the document could not be written
  type: dict
  sample: {schema: 3, host: ca01, destinations: []}
report_dir:
  description: The folder of the document, as an absolute path. V(null) without O(report_dir).
  returned: success
  type: str
  sample: /srv/reports/ca
"""
