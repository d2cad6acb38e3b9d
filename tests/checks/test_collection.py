# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What drifts in a collection stays together: metadata, modules and their documentation, and the form of every file."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "plugins" / "modules"
# Galaxy wants at least one of its own categories, of which these fit.
GALAXY_CATEGORIES = {"infrastructure", "security", "tools", "windows"}
# What a spec and its documentation both mean where they say nothing, for each key that must agree.
OPTION_DEFAULTS: dict[str, Any] = dict.fromkeys(("aliases", "choices", "default", "elements"))
OPTION_DEFAULTS |= {"required": False, "type": "str"}
LINE_LIMIT = 500
MODULE_LINE_LIMIT = 150
LONG_FILES = ("LICENSE",)
HEADED_SUFFIXES = {".c", ".cs", ".h", ".ps1", ".psm1", ".py", ".sh"}
MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9_.~-])/(?:home|root|work)(?:/|\b)")

PsParse = Callable[..., Mapping[str, Any]]


def load(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict), f"{path} holds no mapping"
    return document


def project_files() -> list[str]:
    """Return the name of every file that git tracks or would track but pictures, relative to the project's root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = (name for name in listing.stdout.split("\0") if not name.endswith(".png"))
    return sorted(name for name in names if (ROOT / name).is_file())


def modules(suffix: str) -> set[str]:
    """Return the names of the modules that have a file with this suffix."""
    return {path.stem for path in MODULES.glob(f"*{suffix}")}


def names_with(pattern: re.Pattern[str], names: Iterable[str]) -> list[str]:
    """Return ``file:line`` of every line the pattern is found in."""
    return [
        f"{name}:{number}"
        for name in names
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").split("\n"), start=1)
        if pattern.search(line)
    ]


def differences(spec: Mapping[str, Any], documented: Mapping[str, Any], where: str = "") -> list[str]:
    """Return what the options of a spec and of its documentation do not agree on, suboptions included. ``_name`` is internal."""
    spec = {name: option for name, option in spec.items() if not name.startswith("_")}
    found = [f"{where}{name}: only in one of the two" for name in sorted(spec.keys() ^ documented.keys())]
    for name in sorted(spec.keys() & documented.keys()):
        code, text = OPTION_DEFAULTS | spec[name], OPTION_DEFAULTS | documented[name]
        for key in OPTION_DEFAULTS:
            if code[key] != text[key]:
                found.append(f"{where}{name}.{key}: {code[key]!r} is documented as {text[key]!r}")
        found += differences(code.get("options", {}), text.get("suboptions", {}), f"{where}{name}.")
    return found


def test_galaxy() -> None:
    """The metadata names this collection, has a version, a category tag, and keeps development files out."""
    galaxy = load(ROOT / "galaxy.yml")
    assert (galaxy["namespace"], galaxy["name"]) == ("adcs", "ca")
    assert re.fullmatch(r"\d+\.\d+\.\d+", str(galaxy["version"]))
    assert galaxy["license"] == ["GPL-3.0-or-later"]
    assert (ROOT / str(galaxy["readme"])).is_file()
    assert not galaxy["dependencies"]
    assert all(re.fullmatch(r"[a-z0-9]+", tag) for tag in galaxy["tags"])
    assert GALAXY_CATEGORIES.intersection(galaxy["tags"])
    assert {".build", "tests", "tools"} <= set(galaxy["build_ignore"])


def test_runtime() -> None:
    """Every module is in the action group, and nothing else is."""
    runtime = load(ROOT / "meta" / "runtime.yml")
    assert runtime["requires_ansible"] == ">=2.14.0"
    assert runtime["action_groups"] == {"ca": sorted(modules(".ps1"))}


def test_changelog_fragments() -> None:
    """Every fragment uses the sections of the configuration, and says something in each."""
    config = load(ROOT / "changelogs" / "config.yaml")
    known = {section for section, title in config["sections"]}
    known |= {config["prelude_section_name"], config["trivial_section_name"]}
    for path in (ROOT / "changelogs" / "fragments").glob("*.yml"):
        fragment = load(path)
        assert fragment.keys() <= known, path
        assert all(fragment.values()), path


def test_modules_are_pairs() -> None:
    """Every module has a PowerShell file and a documentation file."""
    assert modules(".ps1")
    assert modules(".ps1") == modules(".yml")


def test_utils_are_required_by_their_full_name() -> None:
    """ansible-core 2.14 takes one file required under two names, relative and full, for two files, and compiles it twice."""
    names = [name for name in project_files() if name.startswith("plugins/") and name.endswith((".ps1", ".psm1"))]
    assert names
    assert names_with(re.compile(r"^#AnsibleRequires -\w+ \."), names) == []


def test_exported_functions_document_their_parameters() -> None:
    missing = []
    for path in sorted((ROOT / "plugins" / "module_utils").rglob("*.psm1")):
        text = path.read_text(encoding="utf-8")
        exported = set(re.findall(r"[A-Za-z]+-AdcsCa\w+", text.partition("Export-ModuleMember")[2]))
        functions = re.findall(r"^Function (\S+) \{\n(.*?)^\}", text, re.DOTALL | re.MULTILINE)
        for name, body in functions:
            block = re.search(r"param \(\n(.*?)\n    \)", body, re.DOTALL)
            parameters = re.findall(r"^        \$(\w+)", block[1], re.MULTILINE) if block else []
            explained = re.findall(r"\.PARAMETER (\w+)", body.partition("#>")[0])
            missing += [f"{name} {one}" for one in parameters if name in exported and one not in explained]
    assert missing == []


def test_documented_options_equal_the_spec(psparse: PsParse) -> None:
    """The documentation of each module states the options its code takes, with the same types and defaults."""
    paths = sorted(MODULES.glob("*.ps1"))
    for path, spec in psparse("spec", *paths).items():
        documented = load(Path(path).with_suffix(".yml"))["DOCUMENTATION"]
        assert differences(spec["options"], documented.get("options", {})) == [], path


@pytest.mark.parametrize(
    ("documented", "difference"),
    [
        ({}, "age: only in one of the two"),
        ({"age": {"type": "int"}}, "age.type: 'str' is documented as 'int'"),
        ({"age": {"type": "str", "default": "1h"}}, "age.default: None is documented as '1h'"),
        ({"age": {"suboptions": {"unit": {}}}}, "age.unit: only in one of the two"),
    ],
)
def test_differences_are_found(documented: dict[str, Any], difference: str) -> None:
    """The comparison sees a missing option, another type, another default, and a wrong suboption."""
    assert differences({"age": {"type": "str"}}, documented) == [difference]


@pytest.mark.parametrize("name", sorted(modules(".yml")))
def test_documentation_is_whole(name: str) -> None:
    """Each module is documented with attributes, examples under its full name, and every returned key described."""
    sidecar = load(MODULES / f"{name}.yml")
    documentation = sidecar["DOCUMENTATION"]
    assert documentation["module"] == name
    assert {"check_mode", "diff_mode", "platform"} <= documentation["attributes"].keys()
    examples = yaml.safe_load(sidecar["EXAMPLES"])
    assert any(f"adcs.ca.{name}" in task for task in examples)
    assert all(task.get("name") for task in examples)
    assert sidecar["RETURN"]
    for key, value in sidecar["RETURN"].items():
        assert {"description", "returned", "type"} <= value.keys(), key


def test_length() -> None:
    """No file is too long to be read in one go."""
    lengths = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in project_files()}
    assert {name: lines for name, lines in lengths.items() if lines > LINE_LIMIT and name not in LONG_FILES} == {}
    module_lines = {path.name: lengths[str(path.relative_to(ROOT))] for path in MODULES.glob("*.ps1")}
    assert {name: lines for name, lines in module_lines.items() if lines >= MODULE_LINE_LIMIT} == {}


def test_form() -> None:
    """Files are UTF-8 without a byte order mark, with Unix line ends, no trailing blanks and one final line end."""
    names = project_files()
    assert names_with(re.compile(r"[ \t\r]$"), names) == []
    contents = {name: (ROOT / name).read_bytes() for name in names}
    assert [name for name, content in contents.items() if content.startswith(b"\xef\xbb\xbf")] == []
    assert [name for name, content in contents.items() if not re.search(rb"[^\n]\n\Z", content)] == []


def test_licence_header() -> None:
    """Every source file says who holds the copyright and under which licence it is."""
    sources = [name for name in project_files() if Path(name).suffix in HEADED_SUFFIXES]
    heads = {name: "".join((ROOT / name).read_text(encoding="utf-8").splitlines()[:6]) for name in sources}
    assert heads
    assert [name for name, head in heads.items() if "GNU General Public License v3.0+" not in head] == []


def test_no_machine_paths() -> None:
    """No file names a folder of somebody's machine."""
    assert names_with(MACHINE_PATH, project_files()) == []


@pytest.mark.parametrize("line", ["{}home/me/x", "cd '{}root'", "see {}work/main", "PATH={}work"])
def test_machine_path_is_seen(line: str) -> None:
    """The pattern finds what it is there for (the slash is put in here, or this file would be found too)."""
    assert MACHINE_PATH.search(line.format("/"))


@pytest.mark.parametrize("line", ["../work/x", "a/home/b", "/workspace", "C:/roots", "https://example.org/homely"])
def test_other_paths_pass(line: str) -> None:
    """The pattern leaves relative paths and longer names alone."""
    assert not MACHINE_PATH.search(line)


def test_every_test_asserts() -> None:
    """A test that says nothing of the world cannot fail."""
    silent = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_")
        if not re.search(r"\bassert|\.raises\(", ast.unparse(function))
    ]
    assert silent == []


def test_no_error_object_is_left_on_a_thread() -> None:
    """GetHRForException leaves one, which COM releases when .NET has left the thread: the process dies with its answer unsaid."""
    utils = [path for path in (ROOT / "plugins").rglob("*") if path.suffix in (".cs", ".ps1", ".psm1")]
    assert len(utils) > 20
    assert [path.name for path in utils if "GetHRForException(" in path.read_text(encoding="utf-8")] == []
