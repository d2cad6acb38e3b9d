# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The collection with stand-ins for its Windows modules: links to the checkout, and three modules of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
STANDIN = Path(__file__).resolve().parent / "standin"
MODULES = ("backup", "backup_info", "expire")
LINKED = ("meta", "playbooks", "roles", "galaxy.yml")


def make_overlay(folder: Path) -> Path:
    """Make the folder of collections and return it."""
    folder.mkdir(parents=True)
    # no setting of the user's reaches a play
    (folder / "ansible.cfg").touch()
    collection = folder / "ansible_collections" / "adcs" / "ca"
    plugins = collection / "plugins"
    for made in (plugins / "modules", plugins / "connection", plugins / "callback"):
        made.mkdir(parents=True)
    for name in LINKED:
        (collection / name).symlink_to(ROOT / name)
    for part in (ROOT / "plugins").iterdir():
        if part.name not in ("modules", "connection", "callback", "__pycache__"):
            (plugins / part.name).symlink_to(part)
    for part in (ROOT / "plugins" / "modules").iterdir():
        # a stand-in takes the place of each module for Windows
        if part.suffix not in (".ps1", ".pyc") and part.name != "__pycache__":
            (plugins / "modules" / part.name).symlink_to(part)
    for name in MODULES:
        (plugins / "modules" / f"{name}.py").symlink_to(STANDIN / "module.sh")
    (plugins / "connection" / "standin.py").symlink_to(STANDIN / "connection.py")
    (plugins / "callback" / "events.py").symlink_to(STANDIN / "events.py")
    return folder


def argument_specs() -> dict[str, Any]:
    """Return the argument spec of each stand-in, as the real module documents it."""
    return {name: {key: _option(value) for key, value in sidecar(name)["options"].items()} for name in MODULES}


def sidecar(module: str) -> dict[str, Any]:
    """Return the documentation of a module, with what it returns under the key ``RETURN``."""
    pages = yaml.safe_load((ROOT / "plugins" / "modules" / f"{module}.yml").read_text(encoding="utf-8"))
    return {**pages["DOCUMENTATION"], "RETURN": pages["RETURN"]}


def _option(documented: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in documented.items() if key in ("type", "elements", "choices", "default", "required")
    }
