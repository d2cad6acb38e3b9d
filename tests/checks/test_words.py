# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Messages, options and pages in words that a reader understands at once: short sentences, and no form that one must read twice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
RST = ROOT / "docs" / "docsite" / "rst"
MAX_WORDS = 25
MAX_COLUMNS = 100
# What reads badly, and what says it better.
BANNED = {
    r"\b(?:gone|goes|go|going) on with\b": "continue",
    r"\b(?:is|are|was|were) warned of\b": "warns about",
    r"\ba line an? \w+": "one line for each",
    r"\bof which there (?:is|are) no\b": "that matches no",
    r"\blet \w+(?: \w+)? cost\b": "say what happens",
    r"\blong gone\b": "say what is true now",
    r"\bin such a way that\b": "so that",
    r"\bwith the words of\b": "with the same rules as",
}
GENERATED = {"guide_proved.rst", "guide_fault_matrix.rst", "result_codes.rst"}
# Guides that are not rewritten yet. A name leaves the list when its page is; none comes to it.
TOO_WIDE = {
    "guide_architecture.rst",
    "guide_backup.rst",
    "guide_fleet.rst",
    "guide_report.rst",
    "guide_retention.rst",
    "guide_set.rst",
}
TOO_LONG = {
    "guide_backup.rst",
    "guide_fault_matrix.rst",
    "guide_fleet.rst",
    "guide_report.rst",
    "guide_retention.rst",
}
MARKUP = re.compile(r"[A-Z]+\(([^()]*)\)")
CODE_BLOCK = re.compile(r"^( *)\.\. code-block::.*\n(?:\n|\1 +\S.*\n)+", re.MULTILINE)
ENDS = re.compile(r"(?:(?<=[.!?;:])|(?<=[.!?]\*\*))\s+")


def problems(text: str) -> list[str]:
    """What is wrong with the words of a text."""
    sentences = ENDS.split(" ".join(MARKUP.sub(r"\1", text).split()))
    found = [
        f"{len(sentence.split())} words: {sentence}" for sentence in sentences if len(sentence.split()) > MAX_WORDS
    ]
    found += [f"'{match[0]}': {better}" for bad, better in BANNED.items() for match in [re.search(bad, text)] if match]
    return found


def documented(node: Any) -> Iterator[str]:
    """Every text of a sidecar or an argument spec that people read."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("description", "short_description", "notes"):
                yield from [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
            if isinstance(value, (dict, list)):
                yield from documented(value)
    elif isinstance(node, list):
        for item in node:
            yield from documented(item)


def messages(path: Path) -> Iterator[str]:
    """Every text between quotes in the code of a file, put together where it is written in pieces."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        tree = ast.parse(text)
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                yield node.value
        return
    text = re.sub(r"<#.*?#>", "", text, flags=re.DOTALL)
    text = re.sub(r"^\s*(?://|#).*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"""(['"]) \+\s*\n\s*\1""", "", text)
    for match in re.finditer(r'"((?:[^"\\\n]|\\.)*)"|' + r"'([^'\n]*)'", text):
        yield match[1] or match[2] or ""


def paragraphs(text: str) -> Iterator[str]:
    """The prose of a page, without code, tables, pictures and headings."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    text = CODE_BLOCK.sub("", text)
    for part in re.split(r"\n\s*\n|\n\s*[*#-] |\n\d+\. |\n   \* - |\n     - |\n\| ", text):
        if not part.lstrip().startswith(("..", "|", "+", "---", "===")):
            yield part


SIDECARS = sorted([*PLUGINS.rglob("*.yml"), *(ROOT / "roles").rglob("argument_specs.yml")])
CODE = sorted(path for path in PLUGINS.rglob("*") if path.suffix in (".ps1", ".psm1", ".cs", ".py"))
PAGES = sorted([*RST.glob("*.rst"), *ROOT.glob("*.md"), *(ROOT / "roles").rglob("*.md")])
FRAGMENTS = sorted((ROOT / "changelogs" / "fragments").glob("*.yml"))


@pytest.mark.parametrize("path", SIDECARS, ids=lambda path: path.name)
def test_options_and_results_read_well(path: Path) -> None:
    texts = list(documented(yaml.safe_load(path.read_text(encoding="utf-8"))))
    assert texts and [problem for text in texts for problem in problems(text)] == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_messages_read_well(path: Path) -> None:
    # the page of a fleet is one long text of HTML
    texts = [text for text in messages(path) if text.count("\n") < 4]
    assert [problem for text in texts for problem in problems(text)] == []


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.name)
def test_changes_read_well(path: Path) -> None:
    lines = [
        line
        for part in yaml.safe_load(path.read_text(encoding="utf-8")).values()
        for line in ([part] if isinstance(part, str) else part)
    ]
    found = [
        f"'{match[0]}': {better}" for line in lines for bad, better in BANNED.items() if (match := re.search(bad, line))
    ]
    assert lines and found == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_read_well(path: Path) -> None:
    found = [problem for part in paragraphs(path.read_text(encoding="utf-8")) for problem in problems(part)]
    assert bool(found) is (path.name in TOO_LONG), found or f"{path.name} reads well: take it off the list"


@pytest.mark.parametrize("path", sorted(RST.glob("*.rst")), ids=lambda path: path.name)
def test_pages_are_as_wide_as_one_reads(path: Path) -> None:
    wide = [
        line
        for line in CODE_BLOCK.sub("", path.read_text(encoding="utf-8")).splitlines()
        if len(line) > MAX_COLUMNS and "http" not in line
    ]
    if path.name not in GENERATED:
        assert bool(wide) is (path.name in TOO_WIDE), wide or f"{path.name} is wrapped: take it off the list"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("word " * 25, 0),
        ("word " * 26, 1),
        ("word " * 20 + "end. " + "word " * 20, 0),
        ("O(name) " * 25, 0),
        ("A label of which there is no set is warned of.", 2),
        ("The module continues the repository.", 0),
        ("It is gone on with.", 1),
    ],
)
def test_the_check_itself(text: str, count: int) -> None:
    assert len(problems(text)) == count


def test_the_glossary_explains_each_word_once() -> None:
    page = (RST / "guide_words.rst").read_text(encoding="utf-8")
    words = re.findall(r"^([a-zA-Z]\S*(?: \S+)?)\n  \S", page, re.MULTILINE)
    assert len(words) == len(set(words)) > 25
    assert {"set", "draft", "repository", "destination", "staging", "manifest", "verified", "outcome"} <= set(words)
