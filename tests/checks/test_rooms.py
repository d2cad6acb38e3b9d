# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rooms of module_utils: a file requires what it uses and nothing else, and what belongs in one room is in no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UTILS = ROOT / "plugins" / "module_utils"
PREFIX = "ansible_collections.adcs.ca.plugins.module_utils."
REQUIRES = re.compile(rf"^#AnsibleRequires -(CSharpUtil|PowerShell) {re.escape(PREFIX)}(\S+)$", re.MULTILINE)
USING = re.compile(rf"^using {re.escape(PREFIX)}(\S+);$", re.MULTILINE)
FUNCTION = re.compile(r"\b[A-Z][a-z]+-AdcsCa[A-Za-z]+\b")
ACCELERATOR = re.compile(r"^//TypeAccelerator -Name (Adcs\.Ca\.\w+) ", re.MULTILINE)
TYPE = re.compile(
    r"^    (?:public|internal) (?:static |sealed )*(?:class|enum|struct|delegate \w+) (\w+)", re.MULTILINE
)
# The folders from the ground up: a file requires nothing of a folder above its own.
FLOORS = ("common", "files", "certadm", "ca", "repository", "run")
CONTROLLER = ROOT / "plugins" / "plugin_utils"
CONTROLLER_FLOORS = ("field", "common", "retention", "fleet", "page", "records", "job")
IMPORTED = re.compile(r"ansible_collections\.adcs\.ca\.plugins\.plugin_utils\.(\w+)")
# What those two rooms alone may write, in the code of others.
LAYOUT = re.compile(
    r"""['"\\](?:\.staging|\.checks|\.lock|manifest\.json|certbkxp\.dat|DataBase|Dynamic)['"\\]|\.expired\b|Z-\("""
)
CERTSRV = re.compile(r"CertSrv[A-Z]")
COMMENT = re.compile(r"<#(?s:.*?)#>|^\s*(?://|#).*$|\s(?://|#) .*$", re.MULTILINE)


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(UTILS).with_suffix("").parts)


def code_of(path: Path) -> str:
    """The text of a file without comments."""
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


SCRIPTS = sorted([*UTILS.rglob("*.psm1"), *(ROOT / "plugins" / "modules").glob("*.ps1")])
SOURCES = sorted(UTILS.rglob("*.cs"))
EXPORTED = {
    function: name_of(path)
    for path in UTILS.rglob("*.psm1")
    for function in FUNCTION.findall(path.read_text(encoding="utf-8").rpartition("Export-ModuleMember")[2])
}
ACCELERATED = {
    name: name_of(path) for path in SOURCES for name in ACCELERATOR.findall(path.read_text(encoding="utf-8"))
}
TYPES = {name: name_of(path) for path in SOURCES for name in TYPE.findall(path.read_text(encoding="utf-8"))}


def used_by(path: Path) -> set[tuple[str, str]]:
    """What a script uses of other files, as (kind, name)."""
    text, own = code_of(path), name_of(path) if UTILS in path.parents else ""
    found = {("PowerShell", EXPORTED[function]) for function in FUNCTION.findall(text) if function in EXPORTED}
    found |= {("CSharpUtil", ACCELERATED[name]) for name in re.findall(r"\bAdcs\.Ca\.\w+", text) if name in ACCELERATED}
    return {(kind, name) for kind, name in found if name != own}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_requires_what_it_uses(path: Path) -> None:
    required = REQUIRES.findall(path.read_text(encoding="utf-8"))
    assert sorted(required) == sorted(used_by(path))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_source_file_uses_what_it_names(path: Path) -> None:
    text = code_of(path)
    words = set(re.findall(r"\w+", re.sub(r"^using .*$", "", text, flags=re.MULTILINE)))
    used = {room for name, room in TYPES.items() if name in words and name not in ("NativeHelpers", "NativeMethods")}
    named = USING.findall(path.read_text(encoding="utf-8"))
    assert set(named) <= used and len(named) == len(set(named))


@pytest.mark.parametrize("path", [*SCRIPTS, *SOURCES], ids=lambda path: path.name)
def test_nothing_is_required_from_a_floor_above(path: Path) -> None:
    if UTILS not in path.parents:
        return
    text = path.read_text(encoding="utf-8")
    floor = FLOORS.index(path.parent.name)
    above = [
        name
        for name in [*USING.findall(text), *(name for _, name in REQUIRES.findall(text))]
        if FLOORS.index(name.split(".")[0]) > floor
    ]
    assert above == []


def test_every_function_has_one_home() -> None:
    defined = [
        function
        for path in SCRIPTS
        for function in re.findall(r"^Function (\S+) \{", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(defined) == len(set(defined)) > 100


@pytest.mark.parametrize("path", [*SCRIPTS, *SOURCES], ids=lambda path: path.name)
def test_names_on_disk_and_of_the_dll_stand_in_one_room(path: Path) -> None:
    text = code_of(path)
    if path.name != "_Layout.cs":
        assert LAYOUT.findall(text) == []
    if path.parent.name != "certadm":
        assert CERTSRV.findall(text) == []


@pytest.mark.parametrize("path", sorted(CONTROLLER.rglob("*.py")), ids=lambda path: path.name)
def test_nothing_is_imported_from_a_floor_above(path: Path) -> None:
    floor = CONTROLLER_FLOORS.index(path.parent.name)
    imported = {CONTROLLER_FLOORS.index(name) for name in IMPORTED.findall(path.read_text(encoding="utf-8"))}
    assert all(number <= floor for number in imported)
    assert path.parent.name != "field" or imported <= {floor}


def rooms_of(picture: str) -> dict[str, set[str]]:
    """The folders of a picture and the files that it names in each."""
    rooms: dict[str, set[str]] = {}
    room: set[str] = set()
    for line in picture.splitlines():
        if match := re.match(r" {4}(\w+)/", line):
            room = rooms.setdefault(match[1], set())
        room |= set(re.findall(r"(?<!\w)_[A-Za-z]\w+", line))
    return rooms


@pytest.mark.parametrize(
    ("number", "utils", "floors", "suffixes"),
    [(1, CONTROLLER, CONTROLLER_FLOORS, (".py",)), (2, UTILS, FLOORS, (".cs", ".psm1"))],
    ids=["controller", "host"],
)
def test_the_pictures_of_the_rooms_are_the_tree(
    number: int, utils: Path, floors: tuple[str, ...], suffixes: tuple[str, ...]
) -> None:
    page = (ROOT / "docs" / "docsite" / "rst" / "guide_architecture.rst").read_text(encoding="utf-8")
    picture = re.split(r"\n(?=\S)", page.split(".. code-block:: text\n", number)[number])[0]
    rooms = {room: names for room, names in rooms_of(picture).items() if room in floors}
    assert sorted(path.name for path in utils.iterdir() if path.name != "__pycache__") == sorted(floors)
    assert rooms == {
        floor: {path.stem for path in (utils / floor).iterdir() if path.suffix in suffixes} for floor in floors
    }
    order = [room for room in rooms if room != "field"]
    assert order == [floor for floor in reversed(floors) if floor != "field"]
