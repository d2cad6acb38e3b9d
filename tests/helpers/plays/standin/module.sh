#!/bin/sh
# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# WANT_JSON: Ansible writes the arguments to a file. The connection plugin `standin` plays the module; this never runs.
exit 1
