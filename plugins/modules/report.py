# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documentation of the action ``adcs.ca.report``, where ``ansible-doc`` looks for it. No module is run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Report on the backups of a fleet of certification authorities
version_added: 0.1.0
description:
  - Draws the page C(fleet.html) on the controller, sets the artifact C(adcs_ca_fleet) of the job, and names the hosts that need attention.
  - It works from the outcomes that M(adcs.ca.outcome) or the role P(adcs.ca.backup#role) recorded in this job.
  - Runs on the controller alone. No host is asked anything.
  - The task never fails because of a certification authority (CA). Let a later task fail the hosts in RV(attention).
  - The page shows every document in the folder, also those of hosts that are not in this job. The artifact holds the hosts of this job.
options:
  fail_on:
    description:
      - Statuses that need attention besides V(failed) and V(unreachable), which always do.
      - It is added to what each host's outcome says. An outcome that needs attention stays in RV(attention).
    type: list
    elements: str
    choices: [failed, unreachable, late, never, warning]
    default: []
  hosts:
    description:
      - The inventory hosts that must be in the report, such as C(ansible_play_hosts_all).
      - A host without an outcome of this job is C(failed), and its document says so.
      - When omitted, the report holds each host that has an outcome, and each host on which the role began.
    type: list
    elements: str
    default: []
  report_dir:
    description:
      - The folder of the hosts that have no outcome. A host that has one reports to the folder that its outcome names.
      - It is created. C(~) and environment variables are expanded.
      - A relative path begins at the folder of your playbook. With a playbook of a collection it is refused.
      - When omitted, no file is written for such hosts.
    type: str
notes:
  - An option that is V(null) or blank counts as left out, so its default holds.
  - The task fails when no host has an outcome of this job and O(hosts) names none.
  - It also fails for an option that makes no sense.
  - What cannot be written is in RV(not_written). Let a later task fail the job for it.
  - In check mode nothing is written. RV(changed), RV(files) and the diff are what they would be.
  - The diff is of the JSON documents, not of C(fleet.html).
  - R(The guide to reports, ansible_collections.adcs.ca.docsite.guide_report) describes documents, page and artifact.
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
  - module: adcs.ca.outcome
  - plugin: adcs.ca.backup_report
    plugin_type: filter
  - module: adcs.ca.backup
  - module: adcs.ca.backup_info
author:
  - adcs.ca contributors (@adcs-ca)
"""

EXAMPLES = r"""
- name: Look at the sets
  hosts: cas
  gather_facts: false
  tasks:
    - name: List the sets
      adcs.ca.backup_info:
        fail_on_problems: true
        path: D:\Backup
      register: ca_sets
      ignore_errors: true
      ignore_unreachable: true

    - name: Record the outcome of this host
      adcs.ca.outcome:
        fail_on: [late, never]
        late_after_s: 172800
        path: D:\Backup
        report_dir: /srv/reports/ca
        sets_result: ca_sets
      register: adcs_ca_outcome

- name: Report and judge
  hosts: cas
  gather_facts: false
  tasks:
    - name: Draw the page and set the artifact of the job
      adcs.ca.report:
        hosts: "{{ ansible_play_hosts_all }}"
        report_dir: /srv/reports/ca
      register: ca_report
      run_once: true

    - name: Fail each host that needs attention
      ansible.builtin.fail:
        msg: "{{ mine | map(attribute='message') | join(' ') }}"
      vars:
        mine: "{{ ca_report.attention | selectattr('host', 'eq', inventory_hostname) }}"
      when: mine | length > 0

    - name: Fail one host if a file was not written
      ansible.builtin.fail:
        msg: "{{ ca_report.not_written | map(attribute='why') | join(' ') }}"
      when:
        - inventory_hostname == ansible_play_hosts | first
        - ca_report.not_written | length > 0
"""

RETURN = r"""
attention:
  description: The destinations of this job that are not judged good, one item for each. Empty when all are good.
  returned: success
  type: list
  elements: dict
  contains:
    ca:
      description: The name of the CA, V(null) when it is not known.
      type: str
      sample: Example Issuing CA 2
    host:
      description: The inventory host.
      type: str
      sample: ca02
    message:
      description: The cause in words.
      type: str
      sample: 'Back up the CA: There is not enough space on the disk.'
    path:
      description: The destination as it was given, V(null) for a host that got to no destination.
      type: str
      sample: D:\Backup
    status:
      description: V(failed), V(unreachable), V(never) or V(late).
      type: str
      sample: failed
attention_message:
  description: The items of RV(attention) in one text, at most 20 of them. Empty when there are none.
  returned: success
  type: str
  sample: '1 of 12 CAs needs attention. Example Issuing CA 2 (ca02) failed: Back up the CA: There is not enough space on the disk.'
changed:
  description: Whether a file was written, or would be in check mode.
  returned: always
  type: bool
  sample: true
files:
  description: The files that were written, absolute paths. Empty when none had to be.
  returned: success
  type: list
  elements: str
  sample: [/srv/reports/ca/fleet.html]
fleet:
  description: The hosts of this job in short, in JSON at most 64 KiB. This is the artifact C(adcs_ca_fleet) of the job.
  returned: success
  type: dict
  contains:
    counts:
      description: The number of hosts of each status.
      type: dict
      sample: {failed: 1, unreachable: 0, never: 0, late: 0, ok: 11}
    omitted:
      description: How many hosts have no row in RV(fleet.rows), the best ones. RV(fleet.counts) counts them.
      type: int
      sample: 0
    rows:
      description: One row for each host, for its worst destination. The worst host is first. There are at most 200 rows.
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
          description: The cause in words, at most 200 characters. Empty when all is well.
          type: str
          sample: ''
        started:
          description: When the backup of the newest complete full set started, UTC. V(null) when there is none.
          type: str
          sample: '2026-11-22T21:39:00Z'
        status:
          description: V(failed), V(unreachable), V(never), V(late), V(warning), V(offline) or V(ok).
          type: str
          sample: ok
    schema:
      description: V(3). It changes when a reader of this page would misread the summary.
      type: int
      sample: 3
not_written:
  description: The files that could not be written. Empty when there are none.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file or folder.
      type: str
      sample: /srv/reports/ca/fleet.html
    why:
      description: The cause in words.
      type: str
      sample: "Cannot write /srv/reports/ca/fleet.html: No space left on device."
"""
