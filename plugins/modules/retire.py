# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documentation of the action ``adcs.ca.retire``, where ``ansible-doc`` looks for it. No module is run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: retire
short_description: Take a certification authority that is gone off the reports
version_added: 0.1.0
description:
  - Moves the document of a host, or one destination of it, into the folder C(retired) in the folder of reports, and draws the page anew.
  - Use it for a certification authority (CA), or a repository, that no job looks at any more. Otherwise it stays on the page as C(late).
  - Runs on the controller alone. No host is asked anything, and nothing on a CA is touched. The backups stay.
options:
  host:
    description:
      - The inventory host, as its document names it in C(host).
      - A host that never had a document is an error, which names the hosts that are meant or there.
    type: str
    required: true
  path:
    description:
      - One destination to retire. The others stay on the page.
      - It is compared as Windows compares paths. C(d:/backup/) is the same as C(D:\Backup).
      - When omitted, the host is retired with all its destinations.
    type: str
  report_dir:
    description:
      - The folder of documents, the role's C(adcs_ca_backup_report_dir).
      - C(~) and environment variables are expanded.
      - A relative path begins at the folder of your playbook. With a playbook of a collection it is refused.
    type: str
    required: true
notes:
  - Take the host out of your inventory or play too. A job that looks at it again writes a new document.
  - A host that was retired before is not changed.
  - A file that is no document, or one of a newer version of this collection, stays as it is, and the task fails.
  - In check mode nothing is moved or written. RV(changed), RV(files) and the diff are what they would be.
  - R(The guide to reports, ansible_collections.adcs.ca.docsite.guide_report) says how to bring a CA back.
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
  - module: adcs.ca.outcome
author:
  - adcs.ca contributors (@adcs-ca)
"""

EXAMPLES = r"""
- name: Retire what is gone
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Take a CA off the reports
      adcs.ca.retire:
        host: ca01
        report_dir: /srv/reports/ca

    - name: Take an old repository of another CA off the reports
      adcs.ca.retire:
        host: ca02
        path: E:\OldBackup
        report_dir: /srv/reports/ca
"""

RETURN = r"""
changed:
  description: Whether something was retired, or would be in check mode.
  returned: always
  type: bool
  sample: true
files:
  description: The files that were written, absolute paths. Empty when the CA was retired before.
  returned: success
  type: list
  elements: str
  sample: [/srv/reports/ca/retired/ca01~20261126T061500Z.json, /srv/reports/ca/fleet.html]
retired:
  description: The file that holds the retired document, V(null) when the CA was retired before.
  returned: success
  type: str
  sample: /srv/reports/ca/retired/ca01~20261126T061500Z.json
"""
