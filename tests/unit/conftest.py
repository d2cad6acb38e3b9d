# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The collection is imported the way ansible-core does it, before any test imports a part of it."""

from __future__ import annotations

import os
from pathlib import Path

COLLECTIONS = Path(__file__).resolve().parents[2] / ".build" / "collections"

# Both read when ansible-core is imported.
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
os.environ.setdefault("ANSIBLE_LOCAL_TEMP", str(COLLECTIONS.parent / "ansible"))

from ansible.plugins import loader  # noqa: E402  pylint: disable=wrong-import-position

# ansible-core before 2.15 does this when the module is imported.
if hasattr(loader, "init_plugin_loader"):
    loader.init_plugin_loader()
