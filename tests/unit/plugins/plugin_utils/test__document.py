# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documents of hosts: a file of its own for each, an entry for each destination, and nothing but facts of known types in them."""

from __future__ import annotations

import json
import os
import random
import re
import string
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import (
    SCHEMA,
    ForeignFileError,
    destination_key,
    document_text,
    entry,
    entry_for,
    file_name,
    kept_document,
    parse_document,
    read_document,
    time_of,
    with_entry,
)
from helpers.unit.histories import full
from helpers.unit.outcomes import DESTINATION, after, expired, listing, made, only, outcome

NIGHTS = [full(f"2026-11-{day:02d} 21:00") for day in (22, 21, 20, 19)]
NEWEST = "20261122T210000Z-full"
SHARE = r"\\server\share\ca"
UNLIKE_FILE_NAMES = [
    "CA01", "Ca01", "ca 01", "ca/01", "ca\\01", "../ca01", "..", ".", "-", "_ca01", ".ca01", "ca01.", "ca01 ", " ca01", "con", "CON",
    "nul.lab", "com1", "lpt9.txt", "aux", "prn.", "ca01:30", "ca*", "ca?", "ca\n01", "ca\0", "c\u00e4", "ca\u0308", "\u4e2d", "\U0001f4a3",
    "~", "ca01~1", "ca01~8a5d3c1f", "x" * 201, "X" * 5000, "\u00e4" * 300, "ca|01", "ca%01", "ca01\u2028", "[fe80::1]", "'", '"', "{{ x }}",
]  # fmt: skip


def seeded(count: int) -> random.Random:
    """Random numbers whose seed is told when a test fails."""
    seed = int(os.environ.get("ADCS_CA_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"ADCS_CA_SEED={seed} draws {count} cases")
    return random.Random(seed)


# --- the name of a file -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["ca01", "ca01.lab.example", "10.0.0.7", "a", "0", "ca-01_x", "x" * 200, "connect", "comet.lab", "ca..01"]
)
def test_a_plain_name_names_its_file(host: str) -> None:
    assert file_name(host) == f"{host}.json"


@pytest.mark.parametrize("host", UNLIKE_FILE_NAMES, ids=lambda host: ascii(host)[:20])
def test_any_other_name_gets_a_fitting_file(host: str, tmp_path: Path) -> None:
    name = file_name(host)
    assert re.fullmatch(r"[A-Za-z0-9-][A-Za-z0-9._-]*~[0-9a-f]{8}\.json", name) and len(name) <= 200
    (tmp_path / name).write_text(host.replace("\0", ""), encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_examples_of_names() -> None:
    assert file_name("CA 01").startswith("CA_01~") and file_name("../..").startswith("host~")
    assert file_name("\u4e2d") != file_name("\u4e2e") and file_name("\u4e2d").startswith("host~")
    composed, apart = (unicodedata.normalize(form, "c\u00e4") for form in ("NFC", "NFD"))
    assert file_name(composed) != file_name(apart)


def test_two_hosts_never_share_a_file() -> None:
    """Names that differ in case alone have distinct files on file systems that ignore case as well."""
    choice = seeded(3000)
    letters = "aAbB01.-_~ /\\\u00e4\u00c4\u00df\n\0%"
    names = {host for host in UNLIKE_FILE_NAMES}
    for _ in range(3000):
        pool = letters if choice.random() < 0.8 else string.printable
        names.add("".join(choice.choice(pool) for _ in range(choice.randint(1, 8))))
    names |= {name.swapcase() for name in names} | {name.lower() for name in names} | {f"{name}.json" for name in names}
    files = {}
    for name in sorted(names):
        same = files.setdefault(file_name(name).casefold(), name)
        assert same == name, (same, name)
        assert Path(file_name(name)).name == file_name(name) and not file_name(name).startswith(".")
    assert len(files) == len(names) and "fleet.html" not in files


def test_a_name_is_always_the_same() -> None:
    """A file of today is found tomorrow, by another version of Python too."""
    assert (file_name("CA01"), file_name("ca01")) == ("CA01~7b1dfa3a.json", "ca01.json")


# --- destinations -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"D:\Backup", r"d:\bACKUP"),
        (r"D:\Backup", "D:/Backup"),
        (r"D:\Backup", "D:\\Backup\\"),
        (r"D:\Backup", "D:/Backup//"),
        (r"D:\Backup", "D:\\\\Backup"),
        (r"D:\Backup", r"D:\Backup."),
        (r"D:\Backup", r"D:\Backup. . "),
        (r"D:\Backup", "  D:\\Backup\t"),
        ("D:\\", "d:/"),
        (r"\\server\share", "//SERVER/Share/"),
        (r"\\server\share\ca", "\\\\server\\share\\\\ca\\"),
        (r"\\server\share\ca", " \\\\server\\share\\ca "),
        ("D:\\\u00e4\u00f6\u00fc", "d:\\\u00c4\u00d6\u00dc"),
        ("D:\\\u03b1\u044f", "D:\\\u0391\u042f"),
        (None, None),
    ],
)
def test_one_destination_in_two_writings(one: str | None, other: str | None) -> None:
    assert destination_key(one) == destination_key(other)
    document = with_entry(
        with_entry(None, "ca01", entry({"path": one})), "ca01", entry({"path": other, "message": "now"})
    )
    assert [(item["path"], item["message"]) for item in document["destinations"]] == [(other, "now")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"D:\Backup", r"E:\Backup"),
        (r"D:\Backup", r"D:\Backup2"),
        (r"D:\Backup", r"D:\Back\up"),
        (r"D:\Backup", r"D:\Back up"),
        (r"D:\Backup", r"\\D\Backup"),
        (r"\\server\share", r"\server\share"),
        (r"\\server\share", r"server\share"),
        (r"\\server\share", r"\\server\share\ca"),
        (r"\\server\share", r"\\server2\share"),
        (r"D:\a.b", r"D:\ab"),
        (r"D:\.a", r"D:\a"),
        ("D:\\Ma\u00df", r"D:\Mas"),
        ("D:\\Ma\u00df", r"D:\Mass"),
        ("D:\\\ufb01n", r"D:\fn"),
        ("D:\\\u0131x", r"D:\ix"),
        ("D:\\\u017fx", r"D:\sx"),
        ("D:\\\u00e4", r"D:\a"),
        (r"D:\Backup", None),
    ],
)
def test_two_destinations(one: str, other: str | None) -> None:
    assert destination_key(one) != destination_key(other)
    document = with_entry(
        with_entry(None, "ca01", entry({"path": other})), "ca01", entry({"path": one}), keep_pathless=True
    )
    assert len(document["destinations"]) == 2


def test_a_destination_is_found_by_any_writing_of_it() -> None:
    document = after(outcome(path=SHARE, message="share"), after(outcome(message="disk")))
    assert entry_for(document, "//SERVER/share/ca/")["message"] == "share"
    assert entry_for(document, "d:/backup")["message"] == "disk"
    assert entry_for(document, r"F:\new") == entry({"path": r"F:\new"}) and entry_for(None, "x")["sets"] == []


# --- the entries of a document ----------------------------------------------------------------------------------------------------------


def test_entries_stand_in_the_order_of_their_destinations() -> None:
    """So that a run without news, for whichever of them, rewrites nothing."""
    paths = [r"E:\x", SHARE, r"D:\x", "d:\\a"]
    documents = []
    for order in (paths, paths[::-1]):
        document = None
        for path in order:
            document = after(outcome(path=path), document)
        documents.append(document)
    assert documents[0] == documents[1] and [item["path"] for item in documents[0]["destinations"]] == [
        "d:\\a", r"D:\x", r"E:\x", SHARE
    ]  # fmt: skip


def test_an_entry_without_a_path_goes_when_a_job_gets_to_a_destination() -> None:
    lost = after(None)
    assert [item["path"] for item in lost["destinations"]] == [None]
    assert [item["path"] for item in after(outcome(), lost)["destinations"]] == [DESTINATION]
    kept = with_entry(lost, "ca01", entry({"path": DESTINATION}), keep_pathless=True)
    assert [item["path"] for item in kept["destinations"]] == [None, DESTINATION]
    again = with_entry(kept, "ca01", entry({"message": "again"}))
    assert [(item["path"], item["message"]) for item in again["destinations"]] == [(None, "again"), (DESTINATION, "")]


def test_a_host_that_is_lost_keeps_its_destinations() -> None:
    document = after(None, after(outcome(path=SHARE), after(outcome())))
    assert [item["path"] for item in document["destinations"]] == [None, DESTINATION, SHARE]


# --- reading ----------------------------------------------------------------------------------------------------------------------------


def good() -> dict[str, Any]:
    """A document with two destinations."""
    first = after(outcome(listing=expired(NIGHTS, {"keep_last": 2}), backup=made(NEWEST), replicated=True))
    return after(outcome("failed", "no space", path=SHARE), first)


def test_a_document_reads_as_it_was_written() -> None:
    text = document_text(good())
    assert read_document(text, "ca01") == parse_document(text) == good()
    assert document_text(parse_document(text) or {}) == text


def test_text_of_a_document() -> None:
    document = after(outcome(listing=expired(NIGHTS, {"keep_last": 2}), message="Gr\u00fc\u00dfe\0\n\u202e"))
    text = document_text(document)
    assert json.loads(text) == document
    assert "Gr\u00fc\u00dfe" in text and text.endswith("}\n") and "\n\n" not in text
    keys = [line.split('"')[1] for line in text.splitlines() if re.match(r'  "', line)]
    assert keys == sorted(document) == ["destinations", "host", "schema"]
    keys = [line.split('"')[1] for line in text.splitlines() if re.match(r'      "', line)]
    assert keys == sorted(document["destinations"][0])
    assert sum(line.strip().startswith('{"bytes"') for line in text.splitlines()) == 2


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": 1, "host": "ca01"}',
        '{"schema": 1, "host": "ca01", "folder_name": "x", "sets": []}',
        '{"schema": 0, "host": "ca01"}',
        '{"schema": -1, "host": "ca02"}',
    ],
)
def test_a_document_of_an_earlier_form_is_not_read(text: str) -> None:
    assert read_document(text, "ca01") is None and parse_document(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no document of this collection"),
        ("no JSON", "no document of this collection"),
        ("[]", "no document of this collection"),
        ("null", "no document of this collection"),
        ('"text"', "no document of this collection"),
        ("5", "no document of this collection"),
        ("{}", "no document of this collection"),
        ('{"name": "One"}', "no document of this collection"),
        ('{"schema": 2}', "no document of this collection"),
        ('{"schema": 2, "host": ""}', "no document of this collection"),
        ('{"schema": 2, "host": 5}', "no document of this collection"),
        ('{"schema": "2", "host": "ca01"}', "no document of this collection"),
        ('{"schema": null, "host": "ca01"}', "no document of this collection"),
        ('{"host": "ca01"}', "no document of this collection"),
        ('{"schema": 4, "host": "ca01"}', r"newer version of this collection wrote it \(schema 4\)"),
        ('{"schema": 99999999999999999999, "host": "ca01"}', "newer version"),
        ('{"schema": 2, "host": "ca02"}', "document of the host ca02"),
        ('{"schema": 2, "host": "CA01"}', "document of the host CA01"),
        (document_text(good())[:-30], "no document of this collection"),
        ("[" * 100_000, "no document of this collection"),
        ('{"schema": 2, "host": ' + "9" * 5000 + "}", "no document of this collection"),
    ],
    ids=lambda text: ascii(text)[:30],
)  # fmt: skip
def test_a_text_that_must_not_be_overwritten(text: str, words: str) -> None:
    with pytest.raises(ForeignFileError, match=words):
        read_document(text, "ca01")


@pytest.mark.parametrize("schema", [2, SCHEMA])
def test_a_document_of_these_forms_is_kept(schema: int) -> None:
    empty = {"schema": SCHEMA, "host": "ca01", "destinations": []}
    assert SCHEMA == 3 and kept_document({**empty, "schema": schema}) == empty


def test_what_an_earlier_document_lacks_is_not_known() -> None:
    lacking = ("expected", "failure", "files", "since", "space", "untruncated_since", "warnings")
    known = only(outcome(listing=listing([full("2026-11-22 21:00")])))
    old = {name: value for name, value in json.loads(json.dumps(known)).items() if name not in lacking}
    for item in (old["newest"], *old["sets"]):
        del item["checked"], item["verified_at"]
    document = read_document(json.dumps({"schema": 2, "host": "ca01", "destinations": [old]}), "ca01")
    assert document and document["schema"] == SCHEMA
    empty = {"failure": None, "files": None, "since": None, "space": None, "untruncated_since": None, "warnings": []}
    assert document["destinations"] == [{**known, **empty, "expected": "online"}]


@pytest.mark.parametrize("schema", [True, 2.0, 3.0, "3", None, [3], 1, 0, 4])
def test_a_document_of_another_form_is_not_kept(schema: Any) -> None:
    assert kept_document({"schema": schema, "host": "ca01"}) is None


@pytest.mark.parametrize(
    "broken", [None, [], "x", 5, {}, {"schema": 4, "host": "ca01"}, {"schema": 2}, {"schema": 2, "host": 5}]
)
def test_what_is_no_document_is_left_out(broken: Any) -> None:
    assert kept_document(broken) is None


def test_a_document_with_wrong_types_does_no_harm() -> None:
    """Every key of an entry replaced by every odd value: the answer has the keys of a good one, and can be told again."""
    known = json.loads(document_text(good()))
    odd: list[Any] = [None, 5, -1.5, "x", True, [], [None, 5, "x", {}, []], {}, {"label": 5}, {"label": "x", "keep": 5}]
    odd += [float("nan"), float("inf"), 10**400, 1e300, "\udc80", ["\udc80"], {"keep_last": float("nan")}, [["a"]]]
    for key in known["destinations"][1]:
        for value in odd:
            broken = {**known, "destinations": [known["destinations"][0], {**known["destinations"][1], key: value}]}
            read = kept_document(broken)
            assert read and all(item.keys() == good()["destinations"][0].keys() for item in read["destinations"]), (
                key,
                value,
            )
            text = document_text(read)
            assert parse_document(text.encode().decode()) == read, (key, value)
            assert document_text(after(None, read)).encode(), (key, value)
    for value in odd:
        read = kept_document({**known, "destinations": value})
        assert read and isinstance(read["destinations"], list) and document_text(read).encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\udc80", ["\udc80"], {"keep_last": float("nan")}])
def test_a_retention_with_odd_rules_can_be_told_again(value: Any) -> None:
    known = json.loads(document_text(after(outcome(listing=expired(NIGHTS, {"keep_last": 2})))))
    known["destinations"][0]["retention"]["policy"] = {"keep_last": value, "keep_labels": value}
    read = kept_document(known)
    assert read and parse_document(document_text(read).encode().decode()) == read


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("2026-11-22T21:39:00Z", "2026-11-22T21:39:00Z"), ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"), ("2026-02-29T00:00:00Z", None),
        ("2026-99-99T99:99:99Z", None), ("2026-11-22T21:39:00", None), ("2026-11-22 21:39:00Z", None), ("2026-11-22T21:39:00+00:00", None),
        ("2026-11-22T21:39:00Z\n", None), (" 2026-11-22T21:39:00Z", None), ("", None), (None, None), (5, None), (["x"], None),
        ("0000-01-01T00:00:00Z", None), ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("\u0662\u0660\u0662\u0666-11-22T21:39:00Z", None),
    ],
)  # fmt: skip
def test_times(value: Any, kept: str | None) -> None:
    assert time_of(value) == kept


def test_an_entry_that_knows_nothing() -> None:
    assert entry({}) == only(outcome("failed", path=None, late_after_s=None)) | {"message": "", "since": None}
