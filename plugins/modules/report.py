# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documentation of the action ``adcs.ca.report``, where ``ansible-doc`` looks for it. No module is run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Report on the backups of a fleet of certification authorities
version_added: 0.1.0
description:
  - Writes what the role P(adcs.ca.backup#role) recorded of each host to files on the controller, a JSON document for each certification
    authority (CA) and one page C(fleet.html), and sets the artifact C(adcs_ca_fleet) of the job.
  - Runs on the controller alone. No host is asked for anything.
  - Each of O(hosts) is in the report. One that recorded nothing is reported as C(unreachable), with what earlier reports know of it.
    Where that is so of all of them, and no report in O(report_dir) is of one of them, nothing is written and the task fails.
  - The files hold facts of the CAs and nothing of the run. One that would not change is not written. The others are replaced as a whole.
options:
  artifact:
    description:
      - Whether to set the artifact C(adcs_ca_fleet) of the job, which is RV(fleet). The task that sets it last decides what it holds.
      - ansible-core takes no artifact from a task that fails. Use V(true) in a task that cannot fail, with O(fail_on=[]), and V(false) in a
        later one that fails the job.
    type: bool
    default: true
  fail_for:
    description:
      - The hosts whose states make the task fail. It fails when at least one of them is in a state of O(fail_on); the message names every
        CA of O(hosts) that is in such a state.
      - In a task that runs for each CA by itself, V([{{ inventory_hostname }}]) makes it fail for just the CAs that need attention.
      - A file that cannot be written, and a CA that can have no document of its own, make the task fail whatever is here.
      - When omitted, all of O(hosts). With an empty list no state of a CA makes the task fail.
    type: list
    elements: str
  fail_on:
    description:
      - The states of a CA that make the task fail, after everything was written.
      - C(failed) and C(unreachable) are what the run of the role came to. C(late) means that the newest complete full set is older
        than the role allows, C(never) that there is none. The first two win over the others.
      - With an empty list the task fails only when a file cannot be written, or a CA can have no document of its own.
    type: list
    elements: str
    choices: [failed, unreachable, late, never]
    default: [failed, unreachable]
  hosts:
    description:
      - The inventory hosts to report on, such as C(ansible_play_hosts_all).
      - Two hosts whose CAs have the same sanitised name cannot be reported on in one O(report_dir). Both are reported as C(failed), their
        documents stay as they are, the reports on all others are written, and the task fails and names both.
    type: list
    elements: str
    required: true
  report_dir:
    description:
      - The folder for the files. It is created. C(~) and environment variables are expanded; a relative path begins at the folder of the
        playbook.
      - What earlier reports in it know of a CA that this run could not list stays in its document.
      - When omitted or empty, no file is read or written.
    type: path
notes:
  - In check mode nothing is written. RV(changed), RV(files) and the diff are what they would be.
  - The diff is of the JSON documents, not of C(fleet.html). ansible-core shows none for a task that fails.
  - The structure of the documents is explained in R(the guide to reports, ansible_collections.adcs.ca.docsite.guide_report).
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
  - plugin: adcs.ca.backup_report
    plugin_type: filter
  - module: adcs.ca.backup
  - module: adcs.ca.expire
author:
  - adcs.ca contributors (@adcs-ca)
"""

EXAMPLES = r"""
- name: Report on all hosts of the play
  adcs.ca.report:
    fail_on: []
    hosts: "{{ ansible_play_hosts_all }}"
    report_dir: reports
  run_once: true

- name: Fail the job if a CA needs attention
  adcs.ca.report:
    artifact: false
    fail_on: [failed, unreachable, late, never]
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true
"""

RETURN = r"""
files:
  description: The files that were written, absolute paths. Empty when none had to be, and without O(report_dir).
  returned: always
  type: list
  elements: str
  sample: [/srv/reports/Example Issuing CA 1.json, /srv/reports/fleet.html]
fleet:
  description: The fleet in short, in JSON at most 64 KiB.
  returned: always
  type: dict
  contains:
    counts:
      description: The number of CAs in each state.
      type: dict
      sample: {failed: 1, unreachable: 0, never: 0, late: 0, ok: 11}
    omitted:
      description: How many CAs are not in RV(fleet.rows), the best ones. RV(fleet.counts) counts them.
      type: int
      sample: 0
    rows:
      description: The CAs, the worst first and within a state those with the newest set first, at most 200.
      type: list
      elements: dict
      contains:
        bytes:
          description: The size of the newest complete full set, V(null) when there is none.
          type: int
          sample: 27263374
        ca:
          description: The name of the CA, V(null) when it is not known.
          type: str
          sample: Example Issuing CA 1
        host:
          description: The inventory host.
          type: str
          sample: ca01
        label:
          description: The label of the newest complete full set, V(null) when there is none.
          type: str
          sample: 20261122T213900Z-full
        message:
          description: What is to be known, at most 200 characters. Empty when all is well.
          type: str
          sample: ''
        started:
          description: When the newest complete full set was started, UTC, V(null) when there is none.
          type: str
          sample: '2026-11-22T21:39:00Z'
        status:
          description: V(failed), V(unreachable), V(never), V(late) or V(ok).
          type: str
          sample: ok
    schema:
      description: V(1). It changes when a reader of this page would misread the summary.
      type: int
      sample: 1
"""
