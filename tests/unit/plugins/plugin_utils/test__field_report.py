# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A field report tells what a CA answered, and no name."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import quote

import pytest
from ansible_collections.adcs.ca.plugins.plugin_utils.field import _field_report
from ansible_collections.adcs.ca.plugins.plugin_utils.field._assumptions import ASSUMPTIONS, NOBODY
from ansible_collections.adcs.ca.plugins.plugin_utils.field._pseudonyms import Pseudonyms

HOST, SHORT, DOMAIN = "pki-7.corp.fabrikam.example", "PKI-7", "fabrikam"
CA, SANITISED = "Prüf #1 | `Fabrikam` Issuing CA", "Pr!00fcf !00231 Fabrikam Issuing CA"
ACCOUNT, FOLDER = r"FABRIKAM\anna.schmidt", r"E:\Anna's backups"
CERTLOG = rf"\\{HOST}\C$\Windows\system32\CertLog"
NAMES = (HOST, SHORT, DOMAIN, CA, SANITISED, "anna", "schmidt", "Anna's", "weblogic", "geheim", "Issuing", "F00D")
DYNAMIC = [
    rf"\\{HOST}\C$\Windows\system32\CertSrv\CertEnroll\{SANITISED}.crl",
    rf"\\{HOST}\C$\Windows\system32\CertSrv\CertEnroll\{SANITISED}+.crl",
    rf"\\{HOST}\C$\Windows\system32\CertSrv\CertEnroll\{HOST}_{SANITISED}.crt",
    rf"\\weblogic\pki$\geheim\{SANITISED}.crl",
    rf"D:\geheim\{CA}.crl",
    "geheim | `x`",
]
SEEDS = range(20)


def call(function: str, **changes: Any) -> dict[str, Any]:
    """One record of a trace."""
    plain = {
        "arguments": {},
        "calls": 1,
        "hresult": "0x00000000",
        "other_hresults": [],
        "elapsed_ms": 1.5,
        "slowest_ms": 1.5,
    }
    return {"function": function, **plain, "bytes": None, "online": None, "list_hex": None, **changes}


def a_list(function: str, entries: list[str], zeros: int = 2) -> dict[str, Any]:
    raw = ("\0".join(entries) + "\0" * zeros if entries else "").encode("utf-16-le", "surrogatepass")
    return call(function, bytes=len(raw), list_hex=raw.hex())


def a_file(name: str, size: int, end: str = "0x00000000", reads: int | None = None) -> list[dict[str, Any]]:
    named = {"pwszAttachmentName": name}
    others = [] if end == "0x00000000" else [{"hresult": end, "count": 1}]
    count = -(-size // (512 * 1024)) + 1 if reads is None else reads
    return [
        call("CertSrvBackupOpenFileW", arguments={**named, "cbReadHintSize": 524288}, bytes=size),
        call("CertSrvBackupRead", arguments=named, bytes=size, calls=count, hresult=end, other_hresults=others),
        call("CertSrvBackupClose", arguments=named),
    ]


def a_trace(**changes: Any) -> list[dict[str, Any]]:
    return [
        call("LoadLibraryExW", arguments={"path": r"C:\Windows\system32\certadm.dll"}, hresult=None),
        call("CertSrvIsServerOnlineW", arguments={"pwszServerName": SHORT}, online=True),
        call("CertSrvBackupPrepareW", arguments={"pwszServerName": SHORT, "grbitJet": 0, "dwBackupFlags": 1}),
        a_list(
            "CertSrvRestoreGetDatabaseLocationsW", [rf"D{CERTLOG}\{SANITISED}.edb", f"\x82{CERTLOG}", f"\x83{CERTLOG}"]
        ),
        a_list("CertSrvBackupGetDatabaseNamesW", [rf"D{CERTLOG}\{SANITISED}.edb"], **changes),
        *a_file(rf"{CERTLOG}\{SANITISED}.edb", 1052672, "0x80070026"),
        a_list("CertSrvBackupGetBackupLogsW", [rf"!{CERTLOG}\edb0001A.log", rf"!{CERTLOG}\edb0001B.log"]),
        *a_file(rf"{CERTLOG}\edb0001A.log", 1048576),
        *a_file(rf"{CERTLOG}\edb0001B.log", 1048576),
        a_list("CertSrvBackupGetDynamicFileListW", DYNAMIC),
        call("CertSrvBackupEnd", hresult="0x00000001", other_hresults=[{"hresult": "0x00000001", "count": 1}]),
    ]


def a_result(**changes: Any) -> dict[str, Any]:
    skipped = [{"what": DYNAMIC[3], "why": f"{ACCOUNT} may not read it"}]
    texts = {
        "msg": f"{CA} on {HOST}: {ACCOUNT}",
        "warnings": [CA],
        "path": rf"{FOLDER}\{SANITISED}\20261127T000000Z-full",
    }
    ca = {"name": CA, "host": HOST, "thumbprint": "F00D"}
    versions = {"os": "Microsoft Windows NT 10.0.20348.0", "powershell": "5.1.20348.2700", "dotnet": "4.0.30319.42000"}
    numbers = {"duration_s": 12.5, "file_count": 9, "bytes": 5242880, "trace_omitted": 0, "verified": True}
    return {**texts, **numbers, "ca": ca, "skipped_items": skipped, "trace": a_trace(), "versions": versions, **changes}


def both(result: dict[str, Any], versions: dict[str, Any] | None = None) -> tuple[dict[str, Any], str]:
    document = _field_report.field_report(result, versions or {"ansible_core": "2.21.0", "connection": "winrm"})
    return document, _field_report.markdown(document)


def assert_no_name(text: str, names: tuple[str, ...] = NAMES) -> None:
    """Assert that a text has none of the names, in no case and no encoding."""
    folded = text.casefold()
    for name in names:
        for form in (name, quote(name), json.dumps(name)[1:-1], name.encode("utf-16-le").hex(), name.encode().hex()):
            assert form.casefold() not in folded, form


def test_a_report_has_no_name() -> None:
    document, text = both(a_result())
    for written in (_field_report.to_json(document), text):
        assert_no_name(written)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_name_whatever_it_is(seed: int) -> None:
    """Names drawn from letters that mean something to Markdown, JSON and paths, at every place where a host can say one."""
    draw = random.Random(seed)
    letters = "abcxyzÄß|`*_#<>\"'{}[]()%!+-. \u2028\ud83d"

    def name() -> str:
        return "Q" + "".join(draw.choice(letters) for _ in range(draw.randint(3, 30))) + "q7q"

    hidden = [name() for _ in range(12)]
    host, share, folder, base, account = hidden[:5]
    entries = [rf"\\{host}\{share}\{folder}\{base}.crl", rf"C:\{folder}\{base}", base, rf"\\{host}", f"Z{hidden[5]}"]
    trace = [
        call(hidden[6], arguments={hidden[7]: hidden[8]}, hresult=hidden[9], list_hex=hidden[10]),
        call("CertSrvIsServerOnlineW", arguments={"pwszServerName": host}, online=hidden[9], hresult=hidden[9]),
        a_list("CertSrvBackupGetDynamicFileListW", entries, draw.randint(0, 5)),
        *a_file(rf"\\{host}\C$\{folder}\{base}.edb", draw.randint(0, 1 << 22), hidden[11]),
        call("CertSrvBackupEnd", other_hresults=[{"hresult": hidden[11], "count": hidden[11]}], calls=hidden[1]),
    ]
    result = a_result(
        trace=trace, msg=account, hresult=hidden[9], hresult_name=hidden[8], function=hidden[7], step=hidden[6], failed=True,
        versions={"os": hidden[5], hidden[4]: hidden[3]}, duration_s=hidden[2], bytes=hidden[1],
    )  # fmt: skip
    document, text = both(result, {"connection": hidden[0], hidden[1]: "1"})
    for written in (_field_report.to_json(document), text):
        assert "q7q" not in written.casefold(), f"seed {seed}"
    assert json.loads(_field_report.to_json(document)) == document


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [None, 3], [{"function": 3}], {"a": 1}])
def test_a_result_that_makes_no_sense_gives_a_report(value: Any) -> None:
    for key in ("trace", "versions", "skipped_items", "hresult", "bytes"):
        document, text = both(a_result(**{key: value}))
        assert document["schema"] == 1 and text.startswith("# adcs.ca field report")


def test_the_same_name_has_one_pseudonym_everywhere() -> None:
    document, text = both(a_result())
    lists = {entry["function"]: entry for entry in document["lists"]}
    database = lists["CertSrvBackupGetDatabaseNamesW"]["entries"][0]["name"]
    assert (
        database == lists["CertSrvRestoreGetDatabaseLocationsW"]["entries"][0]["name"] == document["files"][0]["name"]
    )
    assert database == r"\\host-1\C$\Windows\system32\CertLog\ca-1.edb"
    names = [entry["name"] for entry in lists["CertSrvBackupGetDynamicFileListW"]["entries"]]
    assert names == [
        r"\\host-1\C$\Windows\system32\CertSrv\CertEnroll\name-1.crl",
        r"\\host-1\C$\Windows\system32\CertSrv\CertEnroll\name-1+.crl",
        r"\\host-1\C$\Windows\system32\CertSrv\CertEnroll\name-2.crt",
        r"\\host-2\share-1\name-3\name-1.crl",
        r"D:\name-3\name-4.crl",
        "text-1",
    ]
    assert all(name in text for name in names)


def test_a_host_is_the_same_with_its_domain_and_without() -> None:
    names = Pseudonyms()
    assert names.of("host", "CA01.corp.example") == names.of("host", "ca01") == "host-1"
    assert [names.of("host", address) for address in ("10.0.0.1", "10.0.0.2", "fe80::1")] == [
        "host-2",
        "host-3",
        "host-4",
    ]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (r"\\A\c$\WINDOWS\System32\certlog\EDB00001.LOG", r"\\host-1\c$\WINDOWS\System32\certlog\EDB00001.LOG"),
        (r"\\A\C$\x\edb.log", r"\\host-1\C$\name-1\edb.log"),
        (r"\\A\C$", r"\\host-1\C$"),
        ("\\\\A\\C$\\x\\", "\\\\host-1\\C$\\name-1\\"),
        (r"\\A", "text-1"),
        ("", "text-1"),
        (r"C:\CertLog\certbkxp.dat", r"C:\CertLog\certbkxp.dat"),
        (r"C:\Windows.old\edbXYZ12.log", r"C:\name-1\name-2.log"),
        (r"C:\certlog2\edb0000001A.log", r"C:\name-1\edb0000001A.log"),
    ],
)
def test_what_stays_of_a_path(path: str, shown: str) -> None:
    assert Pseudonyms().path(path) == shown


@pytest.mark.parametrize(
    ("zeros", "form"),
    [
        (0, "without its closing zero"),
        (1, "without the last zero"),
        (2, "as documented"),
        (4, "two zeros more"),
        (5, "more zeros"),
    ],
)
def test_the_form_of_a_list(zeros: int, form: str) -> None:
    document, text = both(a_result(trace=a_trace(zeros=zeros)))
    (found,) = [entry for entry in document["lists"] if entry["function"] == "CertSrvBackupGetDatabaseNamesW"]
    assert (found["form"], found["zeros"], len(found["entries"])) == (form, zeros, 1)
    assert form in text


@pytest.mark.parametrize(
    ("raw", "form"), [(b"", "empty"), (b"\0\0", "empty"), (b"\0" * 4, "empty"), (b"a\0b\0\0", "odd")]
)
def test_a_list_without_entries_or_with_half_a_character(raw: bytes, form: str) -> None:
    trace = [call("CertSrvBackupGetDynamicFileListW", bytes=len(raw), list_hex=raw.hex())]
    (found,) = both(a_result(trace=trace))[0]["lists"]
    assert (found["form"], found["bytes"]) == (form, len(raw))


def test_what_the_report_answers() -> None:
    answers = {entry["id"]: entry["answer"] for entry in both(a_result())[0]["answers"]}
    assert answers["read-end"] == (
        "0x00000000 for 2 files whose size is a multiple of 512 KiB; 0x80070026 for 1 files whose size is no multiple of 512 KiB"
    )
    assert answers["database-list"] == "Tags: 0x44." and answers["online"] == "TRUE, code 0x00000000."
    assert answers["log-names"] == "2 of 2 listed names are edb and a generation."
    assert answers["success-codes"] == "CertSrvBackupEnd 0x00000001"
    assert answers["read-size"] == "3 of 3 files came in full buffers of 512 KiB."
    assert "6 entries" in answers["dynamic-list"] and "let in at every step" in answers["privileges"]
    assert set(answers) <= {entry.id for entry in ASSUMPTIONS if entry.proof == NOBODY}


def test_a_failed_run_answers_less() -> None:
    trace = a_trace()[:3]
    trace[2] |= {"hresult": "0x80070005", "other_hresults": [{"hresult": "0x80070005", "count": 1}]}
    failed = {
        "failed": True,
        "step": 4,
        "function": "CertSrvBackupPrepareW",
        "hresult": "0x80070005",
        "hresult_name": "E_ACCESSDENIED",
    }
    document, text = both(a_result(trace=trace, **failed))
    assert "It failed at step 4 in CertSrvBackupPrepareW with 0x80070005 E_ACCESSDENIED." in text
    assert {entry["id"] for entry in document["answers"]} == {"online", "success-codes"}
    (prepare,) = [entry for entry in document["functions"] if entry["function"] == "CertSrvBackupPrepareW"]
    assert prepare["codes"] == {"0x80070005": 1}


def test_the_calls_of_a_function_are_told_together() -> None:
    document, _ = both(a_result())
    (read,) = [entry for entry in document["functions"] if entry["function"] == "CertSrvBackupRead"]
    assert (read["calls"], read["codes"], read["elapsed_ms"]) == (10, {"0x00000000": 9, "0x80070026": 1}, 4.5)
    assert read["bytes"] == 1052672 + 2 * 1048576


def test_the_versions() -> None:
    versions = both(
        a_result(), {"ansible_core": "2.14.18", "collection": "0.1.0", "connection": "winrm", "secret": "x"}
    )[0]["versions"]
    assert versions["os"] == "Microsoft Windows NT 10.0.20348.0" and versions["ansible_core"] == "2.14.18"
    assert "secret" not in versions and "x" not in versions.values()


@pytest.mark.parametrize("name", sorted(_field_report.VERSIONS))
def test_a_version_that_is_none_is_left_out(name: str) -> None:
    for text in ("geheim", "1.0 geheim", "Microsoft Windows NT geheim", "", None, 7):
        assert both(a_result(versions={name: text}), {})[0]["versions"][name] is None
