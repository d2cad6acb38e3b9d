# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documentation of the action ``adcs.ca.backup_job``, where ``ansible-doc`` looks for it. No module is run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_job
short_description: A step of the role adcs.ca.backup
version_added: 0.1.0
description:
  - Internal. The role P(adcs.ca.backup#role) and the playbooks of this collection are made of these steps.
  - Do not use it in tasks of your own. Options and results may change in any version. Use M(adcs.ca.outcome) and M(adcs.ca.report).
  - Runs on the controller alone. No host is asked anything.
options:
  entry:
    description:
      - The entry point of the role, for the step V(start). Later steps find it in the result of that step.
    type: str
    choices: [main, verify, expire, report]
  hosts:
    description:
      - What C(adcs_ca_hosts) holds, for the step V(guard).
    type: raw
  serial:
    description:
      - What C(adcs_ca_serial) holds, for the step V(guard).
    type: raw
  step:
    description:
      - V(guard) refuses a job without hosts. It also finds hooks that cannot be loaded.
      - V(start) refuses what would turn the verdict of the role around, such as C(run_once).
      - V(options) converts the variables of the role, and refuses values that make no sense.
      - V(state) says whether the host answered so far, and whether its sets were listed.
      - V(replicated) checks that the hook showed a copy of the set.
      - V(record) and V(record_failure) write the document of the host and return its outcome, as M(adcs.ca.outcome) does.
      - V(page) draws the page and sets the artifact of the job.
      - V(table) shows the CAs of the job as a short table.
      - V(verdict) fails a host that was not judged good.
    type: str
    required: true
    choices: [guard, start, options, state, replicated, record, record_failure, page, table, verdict]
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
    details: The steps V(record) and V(record_failure) show what changes in the document.
  platform:
    platforms: all
seealso:
  - module: adcs.ca.outcome
  - module: adcs.ca.report
author:
  - adcs.ca contributors (@adcs-ca)
"""

EXAMPLES = r"""
- name: Refuse a job without hosts, as the playbooks of this collection do
  adcs.ca.backup_job:
    step: guard
    hosts: "{{ adcs_ca_hosts | default(omit) }}"
    serial: "{{ adcs_ca_serial | default(omit) }}"
  run_once: true
"""

RETURN = r"""
changed:
  description: Whether a file was written, or would be in check mode.
  returned: always
  type: bool
  sample: false
destinations:
  description: As M(adcs.ca.outcome) returns it, with its other keys beside it.
  returned: for the steps V(record) and V(record_failure), and for V(start) when it refuses the job
  type: list
  elements: dict
  sample: [{path: 'D:\Backup', status: ok, attention: false}]
drawn_by:
  description: The host that drew the page, V(null) when this host did not. M(adcs.ca.report) documents the keys beside it.
  returned: for the step V(page)
  type: str
  sample: ca01
entry:
  description: The entry point of the role.
  returned: for the step V(start)
  type: str
  sample: main
mark:
  description: A word that is the same in one process of ansible-playbook and in no other.
  returned: for the steps V(guard), V(start), V(record) and V(record_failure)
  type: str
  sample: 5f0c4f1d2b7a9e63c8d41e0f7a2b9c54
msg:
  description: The lines of the table. Empty on a host that did not draw the page.
  returned: for the step V(table)
  type: list
  elements: str
  sample: ["CA    state  set                    age", "----  -----  ---------------------  ---", "ca01  ok     20261122T213900Z-full  3 h"]
meant:
  description: The hosts of the pattern that are within the limit of the job.
  returned: for the step V(guard)
  type: list
  elements: str
  sample: [ca01, ca02]
options:
  description: The variables of the role without their prefix, each in its own type.
  returned: for the step V(options)
  type: dict
  sample: {path: 'D:\Backup', keep_minimum: 2}
policy:
  description: The rules of retention among them. Empty when nothing expires.
  returned: for the step V(options)
  type: dict
  sample: {keep_daily: 14}
proved:
  description: Whether the hook showed that it copied the set.
  returned: for the step V(replicated)
  type: bool
  sample: true
refused:
  description: The hosts whose hook cannot be used, with the cause in words.
  returned: for the step V(guard)
  type: dict
  sample: {}
table:
  description: The CAs of the job as lines of a table, at most 40 and the worst first. The step V(table) shows them.
  returned: for the step V(page)
  type: list
  elements: str
  sample: ["CA    state  set                    age", "----  -----  ---------------------  ---", "ca01  ok     20261122T213900Z-full  3 h"]
"""
