# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
r"""What labshim.dll changes, seen by a plain Windows program that is started like the engine.

``C:\ShimTest`` holds the self-test as ``pwsh.exe`` and the lab's powershell.exe, which starts it with the shim; the
same ``pwsh.exe`` started directly is bare Wine. Paths in the tests are below ``C:\ShimTest\work``, empty for each.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from adcs_lab import paths, wine
from adcs_lab.engine import Engine

TIMEOUT_S = 60
BENCH, WORK = r"C:\ShimTest", r"C:\ShimTest\work"
CONFIGURATION = ("faults.txt", "reparse.txt", "missing_privileges.txt", "watched.txt")
NOT_STARTED = 9009 % 256
PRIVATE = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
ACCESS_VIOLATION = 0xC0000005 % 256


class Bench:
    """Runs verbs of the self-test and gives what they print as rows of fields."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.folder = engine.linux_path(BENCH)
        self.work = engine.linux_path(WORK)
        self.lab_ca = engine.drive_c / "LabCA"

    def run(self, *verbs: str, bare: bool = False, code: int = 0) -> list[list[str]]:
        """Run verbs with the shim (or on bare Wine) and return their rows."""
        program = "pwsh.exe" if bare else "powershell.exe"
        done = self.engine.wine([rf"{BENCH}\{program}", *verbs], TIMEOUT_S, check=False)
        output = done.stdout.decode() + done.stderr.decode()
        assert done.returncode == code, output
        return [line.split("\t") for line in done.stdout.decode().splitlines()]

    def rows(self, verb: str, *verbs: str, code: int = 0) -> list[list[str]]:
        """Run verbs with the shim and return the rows of one of them, without its name."""
        return [row[1:] for row in self.run(*verbs, code=code) if row[0] == verb]

    def configure(self, name: str, *lines: str) -> None:
        """Write a configuration file of the shim."""
        (self.lab_ca / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def faults(self, *lines: str) -> None:
        self.configure("faults.txt", "case shim", *lines)

    def journal(self) -> list[dict[str, object]]:
        journal = self.lab_ca / "journal.jsonl"
        return (
            [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()] if journal.exists() else []
        )

    def acl(self, path: str, *before: str) -> str:
        """Return the DACL of a file as SDDL."""
        ((error, sddl),) = self.rows("acl", *before, "acl", path)
        assert error == "0"
        return sddl


@pytest.fixture
def bench(engine: Engine) -> Iterator[Bench]:
    bench = Bench(engine)
    shutil.rmtree(bench.folder, ignore_errors=True)
    bench.work.mkdir(parents=True)
    bench.lab_ca.mkdir(exist_ok=True)
    shutil.copyfile(paths.NATIVE / "shim_selftest.exe", bench.folder / "pwsh.exe")
    shutil.copyfile(paths.NATIVE / "powershell.exe", bench.folder / "powershell.exe")
    _remove_configuration(bench.lab_ca)
    (bench.lab_ca / "journal.jsonl").unlink(missing_ok=True)
    yield bench
    _remove_configuration(bench.lab_ca)
    shutil.rmtree(bench.folder)


def _remove_configuration(folder: Path) -> None:
    for name in CONFIGURATION:
        (folder / name).unlink(missing_ok=True)


# --- the shim itself ----------------------------------------------------------------------------------------------------


def test_powershell_starts_its_neighbour_with_the_shim_and_passes_arguments_and_exit_code(bench: Bench) -> None:
    rows = bench.run("shimmed", "echo", 'a "quoted" Prüf #1 word\\', "exit", "42", code=42)
    assert rows == [["shimmed", "yes"], ["echo", 'a "quoted" Prüf #1 word\\']]
    assert bench.run("shimmed", bare=True) == [["shimmed", "no"]]


def test_a_child_engine_gets_the_shim_too(bench: Bench) -> None:
    assert bench.rows("shimmed", "run", rf"{BENCH}\pwsh.exe shimmed") == [["yes"]]


def test_another_child_gets_no_shim(bench: Bench) -> None:
    shutil.copyfile(bench.folder / "pwsh.exe", bench.folder / "other.exe")
    assert bench.rows("shimmed", "run", rf"{BENCH}\other.exe shimmed") == [["no"]]


@pytest.mark.parametrize("library", ["missing", "not a library"])
def test_without_its_library_powershell_refuses_to_run(bench: Bench, library: str) -> None:
    shim = bench.engine.linux_path(r"C:\Lab\labshim.dll")
    kept = shim.rename(shim.with_name("labshim.kept"))
    try:
        if library == "not a library":
            shim.write_text("no library")
        done = bench.engine.wine([rf"{BENCH}\powershell.exe", "echo", "ran"], TIMEOUT_S, check=False)
    finally:
        shim.unlink(missing_ok=True)
        kept.rename(shim)
    assert done.returncode == NOT_STARTED
    assert done.stdout == b""
    assert rb"cannot load 'C:\Lab\labshim.dll'" in done.stderr


def test_powershell_without_an_engine_says_so(bench: Bench) -> None:
    (bench.folder / "pwsh.exe").unlink()
    done = bench.engine.wine([rf"{BENCH}\powershell.exe"], TIMEOUT_S, check=False)
    assert done.returncode == NOT_STARTED
    assert rb"cannot start 'C:\ShimTest\pwsh.exe'" in done.stderr


@pytest.mark.allowed_violations("faults_unreadable", "shim_configuration")
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("faults.txt", ["case x", "NtWriteFile 1 hresult 0xC000007F"]),
        ("reparse.txt", [r"relative\path"]),
        ("reparse.txt", [r"0x80000 C:\path"]),
        ("missing_privileges.txt", ["SeNoSuchPrivilege"]),
        ("watched.txt", ["x" * 128]),
    ],
)
def test_a_configuration_that_is_not_understood_stops_the_engine(bench: Bench, name: str, lines: list[str]) -> None:
    bench.configure(name, *lines)
    done = bench.engine.wine([rf"{BENCH}\powershell.exe", "echo", "ran"], TIMEOUT_S, check=False)
    assert done.returncode == NOT_STARTED
    assert done.stdout == b""
    assert b"is not understood" in done.stderr
    assert [line for line in bench.journal() if "violation" in line]


def test_without_configuration_nothing_differs(bench: Bench) -> None:
    verbs = [
        *("write", rf"{WORK}\Prüf.txt", "3", "read", rf"{WORK}\Prüf.txt", "attributes", rf"{WORK}\Prüf.txt"),
        *("list", WORK, "*", "privileges", "enable", "SeBackupPrivilege", "SeRestorePrivilege"),
        *("acl", rf"{WORK}\Prüf.txt", "owner", WORK, "library", "version.dll", "GetFileVersionInfoW"),
        *("library", rf"{WORK}\missing.dll", "x", "move", rf"{WORK}\Prüf.txt", rf"{WORK}\b.txt"),
        *("move", rf"{WORK}\Prüf.txt", rf"{WORK}\c.txt", "make", WORK + "\\sub\\", "-", "make", WORK + "\\sub\\", "-"),
        *("delete", rf"{WORK}\b.txt", "delete", rf"{WORK}\b.txt", "delete", rf"{WORK}\sub", "list", WORK, "*.txt"),
    ]
    bare = bench.run(*verbs, bare=True)
    assert bench.run(*verbs) == bare
    assert len(bare) > 60
    assert bench.journal() == []
    assert os.listxattr(bench.work) == []


def test_many_threads_with_everything_configured(bench: Bench) -> None:
    bench.faults(r"NtWriteFile@nothing-like-it * hresult 0xC000007F", "NtCreateFile@nothing-like-it * slow 1")
    bench.configure("reparse.txt", rf"{WORK}\other")
    rows = bench.run("set-acl", WORK, PRIVATE, "many-threads", rf"{WORK}\t", "8")
    assert rows == [["set-acl", "0"], ["many-threads", "0"]]


# --- cures --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ['name"*', "name<"])
def test_wildcards_of_dos_find_files(bench: Bench, pattern: str) -> None:
    (bench.work / "name.txt").touch()
    (bench.work / "other.txt").touch()
    assert ["2", "name.txt", "plain", "0x0"] in bench.rows("list", "list", WORK, pattern)
    assert not [row for row in bench.rows("list", "list", WORK, pattern) if "other.txt" in row]
    assert not [row for row in bench.run("list", WORK, pattern, bare=True) if "name.txt" in row]


def test_deletion_with_flags_works(bench: Bench) -> None:
    (bench.work / "a").touch()
    assert bench.run("delete-ex", rf"{WORK}\a", bare=True) == [["delete-ex", "0xc0000002", "there"]]
    assert bench.run("delete-ex", rf"{WORK}\a") == [["delete-ex", "0x00000000", "gone"]]


@pytest.mark.parametrize(("frame", "first"), [("left", "live"), ("overwritten", "none"), ("wild", "live")])
def test_an_exception_finds_no_dead_frame(bench: Bench, frame: str, first: str) -> None:
    seen = [bench.run("frames", frame, bare=bare) for bare in (True, False)]
    assert seen == [[["frames", "dead"]], [["frames", first]]]


def test_a_folder_with_an_open_file_cannot_be_renamed(bench: Bench) -> None:
    (bench.work / "folder" / "sub").mkdir(parents=True)
    (bench.work / "folder" / "sub" / "file").touch()
    verb = ("move-open", rf"{WORK}\folder", rf"{WORK}\moved", rf"{WORK}\Folder\sub\file")
    assert bench.rows("move-open", *verb) == [["open", "0"], ["while", "5"], ["after", "0"]]
    assert (bench.work / "moved" / "sub" / "file").is_file()


def test_a_folder_beside_an_open_file_can_be_renamed(bench: Bench) -> None:
    (bench.work / "folder").mkdir()
    (bench.work / "folder2").touch()
    verb = ("move-open", rf"{WORK}\folder", rf"{WORK}\moved", rf"{WORK}\folder2")
    assert bench.rows("move-open", *verb)[1] == ["while", "0"]


# --- security descriptors -----------------------------------------------------------------------------------------------


def test_a_descriptor_comes_back_in_another_process(bench: Bench) -> None:
    assert bench.run("set-acl", WORK, f"O:BA{PRIVATE}", bare=True) == [["set-acl", "0"]]
    assert bench.acl(WORK) != PRIVATE, "Wine keeps descriptors: the store is not needed any more"
    assert bench.run("set-acl", WORK, f"O:BA{PRIVATE}") == [["set-acl", "0"]]
    assert bench.acl(WORK) == PRIVATE
    assert bench.rows("owner", "owner", WORK) == [["0", "S-1-5-32-544"]]
    assert bench.acl(WORK, "set-acl", WORK, "O:SY") == PRIVATE


def test_children_inherit_and_follow_a_change(bench: Bench) -> None:
    (bench.work / "old").touch()
    made = ("make", WORK + "\\sub\\", "-", "make", rf"{WORK}\sub\file", "-")
    assert bench.acl(rf"{WORK}\sub\file", "set-acl", WORK, PRIVATE, *made) == "D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)"
    assert bench.acl(rf"{WORK}\sub") == "D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)"
    assert bench.acl(rf"{WORK}\old") == "D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)"
    assert bench.acl(rf"{WORK}\sub\file", "set-acl", WORK, "D:P(A;OICI;FA;;;SY)") == "D:AI(A;ID;FA;;;SY)"


@pytest.mark.parametrize(
    ("parent", "folder", "file"),
    [
        ("(A;CI;FA;;;SY)", "D:AI(A;CIID;FA;;;SY)", None),
        ("(A;OI;FA;;;SY)", "D:AI(A;OIIOID;FA;;;SY)", "D:AI(A;ID;FA;;;SY)"),
        ("(A;OICINP;FA;;;SY)", "D:AI(A;ID;FA;;;SY)", "D:AI(A;ID;FA;;;SY)"),
        ("(A;OICIIO;FA;;;SY)", "D:AI(A;OICIID;FA;;;SY)", "D:AI(A;ID;FA;;;SY)"),
        ("(A;;FA;;;SY)", None, None),
        ("(A;OICIIO;GA;;;CO)", "D:AI(A;ID;FA;;;{owner})(A;OICIIOID;GA;;;CO)", "D:AI(A;ID;FA;;;{owner})"),
        ("(D;OICI;FW;;;BU)", "D:AI(D;OICIID;FW;;;BU)", "D:AI(D;ID;FW;;;BU)"),
    ],
)
def test_each_rule_of_inheritance(bench: Bench, parent: str, folder: str | None, file: str | None) -> None:
    (bench.work / "folder").mkdir()
    (bench.work / "file").touch()
    ((_, owner),) = bench.rows("owner", "owner", rf"{WORK}\file")
    bare = {name: bench.acl(rf"{WORK}\{name}") for name in ("folder", "file")}
    bench.run("set-acl", WORK, f"D:P{parent}")
    for name, expected in (("folder", folder), ("file", file)):
        wanted = bare[name] if expected is None else expected.replace("{owner}", owner)
        assert bench.acl(rf"{WORK}\{name}") == wanted


def test_a_descriptor_given_at_creation_is_kept_and_joined_with_what_is_inherited(bench: Bench) -> None:
    bench.run("set-acl", WORK, "D:P(A;OICI;FA;;;BA)")
    created = ("make", WORK + "\\open\\", "D:(A;OICI;FR;;;BU)", "make", WORK + "\\private\\", "D:P(A;OICI;FA;;;SY)")
    assert bench.acl(rf"{WORK}\open", *created) == "D:AI(A;OICI;FR;;;BU)(A;OICIID;FA;;;BA)"
    assert bench.acl(rf"{WORK}\private") == "D:P(A;OICI;FA;;;SY)"
    assert bench.acl(rf"{WORK}\file", "make", rf"{WORK}\file", "D:P(A;;FA;;;SY)") == "D:P(A;;FA;;;SY)"


def test_a_moved_file_keeps_what_it_had_inherited(bench: Bench) -> None:
    for name in ("from", "to"):
        (bench.work / name).mkdir()
    (bench.work / "from" / "set").mkdir()
    bench.run("set-acl", rf"{WORK}\from", "D:P(A;OICI;FA;;;SY)", "set-acl", rf"{WORK}\to", "D:P(A;OICI;FA;;;BU)")
    moved = ("move", rf"{WORK}\from\set", rf"{WORK}\to\set", "make", rf"{WORK}\to\set\file", "-")
    assert bench.acl(rf"{WORK}\to\set", *moved) == "D:AI(A;OICIID;FA;;;SY)"
    assert bench.acl(rf"{WORK}\to\set\file") == "D:AI(A;ID;FA;;;SY)"


def test_a_renamed_file_still_follows_its_folder(bench: Bench) -> None:
    (bench.work / "a").touch()
    bench.run("set-acl", WORK, PRIVATE, "move", rf"{WORK}\a", rf"{WORK}\b", "set-acl", WORK, "D:P(A;OICI;FA;;;SY)")
    assert bench.acl(rf"{WORK}\b") == "D:AI(A;ID;FA;;;SY)"


def test_a_descriptor_goes_with_its_file_whoever_deletes_it(bench: Bench) -> None:
    path = bench.work / "a"
    path.mkdir()
    bare = bench.acl(rf"{WORK}\a")
    assert bench.acl(rf"{WORK}\a", "set-acl", rf"{WORK}\a", PRIVATE) == PRIVATE
    # Linux mostly gives the freed file number to the next file at once.
    path.rmdir()
    path.mkdir()
    assert bench.acl(rf"{WORK}\a") == bare


def test_the_system_call_needs_the_right_and_takes_inherited_entries_as_they_are(bench: Bench) -> None:
    given = "D:AI(A;ID;FA;;;SY)"
    assert bench.run("set-acl-raw", WORK, given, "20000") == [["set-acl-raw", "5"]]
    assert bench.acl(WORK, "set-acl-raw", WORK, given, "60000") == given
    assert bench.acl(WORK, "set-acl", WORK, "D:(A;ID;FA;;;SY)(A;;FA;;;BA)") == "D:(A;;FA;;;BA)"


# --- privileges ---------------------------------------------------------------------------------------------------------


def test_a_missing_privilege_is_absent_and_cannot_be_enabled(bench: Bench) -> None:
    bench.configure("missing_privileges.txt", "# comment", "SeRestorePrivilege")
    assert "SeRestorePrivilege" in str(bench.run("privileges", bare=True))
    assert "SeRestorePrivilege" not in str(bench.run("privileges"))
    rows = bench.run("enable", "SeBackupPrivilege", "SeRestorePrivilege", "privileges")
    assert rows[0] == ["enable", "1", "1300", "1"]
    assert ["privileges", "SeBackupPrivilege", "enabled"] in rows
    assert ["restore", "1", "0"] in rows
    assert rows[-20:].count(["privileges", "SeBackupPrivilege", "disabled"]) == 1
    assert "SeRestorePrivilege" not in str(rows)


def test_all_wanted_privileges_missing(bench: Bench) -> None:
    bench.configure("missing_privileges.txt", "SeRestorePrivilege", "SeBackupPrivilege")
    rows = bench.run("enable", "SeBackupPrivilege", "SeRestorePrivilege")
    assert rows[0] == ["enable", "1", "1300", "0"]


# --- reparse points -----------------------------------------------------------------------------------------------------


def test_listed_paths_look_like_reparse_points_by_every_way(bench: Bench) -> None:
    (bench.work / "Link" / "below").mkdir(parents=True)
    (bench.work / "plain").mkdir()
    bench.configure("reparse.txt", WORK.upper() + r"\link")
    marked = bench.rows("attributes", "attributes", rf"{WORK}\Link")
    assert {way: int(value, 16) for way, value in marked} == dict.fromkeys(
        ("path", "extended", "find", "handle", "basic", "all", "network", "tag"), 0x410
    )
    listed = [row for row in bench.rows("list", "list", WORK, "*") if row[1] != "end"]
    assert [row[2] for row in listed if row[1] == "Link"] == ["reparse"] * 5
    assert [row[3] for row in listed if row[1] == "Link"] == ["0x0"] + ["0xa000000c"] * 4
    assert [row[2] for row in listed if row[1] == "plain"] == ["plain"] * 5
    bench.configure("reparse.txt", rf"0x80000013 {WORK}\link")
    listed = [row for row in bench.rows("list", "list", WORK, "*") if row[1] == "Link"]
    assert [row[2:] for row in listed] == [["reparse", "0x0"]] + [["reparse", "0x80000013"]] * 4
    for path in (rf"{WORK}\plain", rf"{WORK}\Link\below", WORK):
        assert {int(value, 16) for _, value in bench.rows("attributes", "attributes", path)} == {0x10}


# --- faults -------------------------------------------------------------------------------------------------------------


def test_the_disk_is_full_at_the_second_write_of_one_file(bench: Bench) -> None:
    bench.faults("NtWriteFile@edb00012.LOG 2 hresult 0xC000007F")
    verbs = ("write", rf"{WORK}\other.log", "2", "write", rf"{WORK}\edb00012.log", "3")
    assert bench.rows("write", *verbs) == [
        *(["create", "0"], ["1", "0", "10"], ["2", "0", "10"], ["flush", "0"]),
        *(["create", "0"], ["1", "0", "10"], ["2", "112", "0"], ["3", "0", "10"], ["flush", "0"]),
    ]
    assert (bench.work / "edb00012.log").stat().st_size == 20
    (line,) = bench.journal()
    assert (line["fault"], line["fn"], line["call"]) == ("hresult", "NtWriteFile", 2)


@pytest.mark.parametrize(
    ("fault", "verb", "expected"),
    [
        ("NtCreateFile@a.txt 1 hresult 0xC0000043", ("write", rf"{WORK}\a.txt", "0"), ["create", "32"]),
        ("NtFlushBuffersFile@a.txt * hresult 0xC0000185", ("write", rf"{WORK}\a.txt", "0"), ["flush", "1117"]),
        ("NtReadFile@a.txt 1 hresult 0xC000009C", ("read", rf"{WORK}\a.txt"), ["23", "0"]),
        ("NtCreateFile@a.txt 1 hresult 0xC0000043", ("delete", rf"{WORK}\a.txt"), ["32"]),
        ("NtOpenFile@a.txt 1 hresult 0xC0000043", ("move", rf"{WORK}\a.txt", rf"{WORK}\b"), ["32"]),
        ("NtSetInformationFile@a.txt 1 hresult 0xC0000022", ("move", rf"{WORK}\a.txt", rf"{WORK}\b"), ["5"]),
        ("NtSetInformationFile@b.new 1 hresult 0xC0000022", ("move", rf"{WORK}\a.txt", rf"{WORK}\b.new"), ["5"]),
        ("NtSetSecurityObject@work 1 hresult 0xC0000022", ("set-acl", WORK, PRIVATE), ["5"]),
        ("NtQueryVolumeInformationFile@work * hresult 0xC0000010", ("space", WORK), ["1", "0", "0", "0xc0000010", "0"]),
    ],
)
def test_each_call_fails_as_asked(bench: Bench, fault: str, verb: tuple[str, ...], expected: list[str]) -> None:
    (bench.work / "a.txt").touch()
    assert expected not in bench.rows(verb[0], *verb)
    (bench.work / "a.txt").touch()
    bench.faults(fault)
    assert expected in bench.rows(verb[0], *verb)


def test_free_space_is_as_asked(bench: Bench) -> None:
    ((_, _, total, _, _),) = bench.rows("space", "space", WORK)
    bench.faults(f"NtQueryVolumeInformationFile@work * free {4096 * 1000}")
    assert bench.rows("space", "space", WORK) == [["0", "4096000", total, "0x00000000", "4096000"]]


def test_one_byte_is_altered_on_the_way_to_the_disk_and_back(bench: Bench) -> None:
    path = rf"{WORK}\a.txt"
    bench.faults("NtWriteFile@a.txt 2 corrupt", "NtReadFile@a.txt 1 corrupt")
    shown = bench.rows("show", "write", path, "2", "show", path, "show", path)
    assert (bench.work / "a.txt").read_bytes() == b"0123456789" b"0123446789"
    assert shown == [["0123456789" "1123446789"], ["0123456789" "0123446789"]]


@pytest.mark.parametrize("shift_s", [-3600, 86400])
def test_the_clock_is_off_from_a_call_until_reset(bench: Bench, shift_s: int) -> None:
    bench.faults(f"NtFlushBuffersFile@a.txt 1 set_clock {shift_s}")
    verbs = ("tick", "clock", "write", rf"{WORK}\a.txt", "0", "clock", "tick", "reset", "clock")
    rows = bench.run(*verbs)
    before, during, after = ([int(field) for field in row[1:]] for row in rows if row[0] == "clock")
    for number in (0, 1):
        assert 0 <= during[number] - before[number] - shift_s < 30
        assert 0 <= after[number] - before[number] < 30
    first, second = (int(row[1]) for row in rows if row[0] == "tick")
    assert 0 <= second - first < 30_000


def test_crash_happens_before_and_crash_after_behind_the_call(bench: Bench) -> None:
    bench.faults("NtWriteFile@a.txt 2 crash")
    rows = bench.run("write", rf"{WORK}\a.txt", "3", code=ACCESS_VIOLATION)
    assert rows[-1] == ["write", "1", "0", "10"]
    assert (bench.work / "a.txt").stat().st_size == 10
    bench.faults("NtWriteFile@a.txt 2 crash_after")
    rows = bench.run("write", rf"{WORK}\a.txt", "3", code=ACCESS_VIOLATION)
    assert rows[-1] == ["write", "1", "0", "10"]
    assert (bench.work / "a.txt").stat().st_size == 20


def test_slow_and_hang_hold_the_call(bench: Bench) -> None:
    bench.faults("NtFlushBuffersFile@a.txt 1 slow 700", "NtFlushBuffersFile@a.txt 2 hang")
    write = rf"write {WORK}\a.txt 0"
    # Below the launcher, so that the one that hangs can be killed.
    command = {"LAB_CMDLINE": rf"{BENCH}\powershell.exe tick {write} tick {write}"}
    with wine.start(bench.engine.prefix, [paths.LAUNCHER], extra=command) as process:
        assert process.stdout is not None
        try:
            rows = [process.stdout.readline().decode().rstrip().split("\t") for _ in range(5)]
            assert [row[:2] for row in rows[1:3]] == [["write", "create"], ["write", "flush"]]
            assert int(rows[3][1]) - int(rows[0][1]) >= 700
            assert rows[4] == ["write", "create", "0"]
        finally:
            process.kill()
            process.communicate(timeout=TIMEOUT_S)


def test_reset_reads_the_configuration_again_and_counts_from_the_start(bench: Bench) -> None:
    path = rf"{WORK}\a.txt"
    faults = r"C:\LabCA\faults.txt"
    rows = bench.run(
        *("write", path, "1", "put", faults, "case 1|NtWriteFile@a.txt 2 hresult 0xC000007F|"),
        *("write", path, "2", "reset", "write", path, "2", "reset", "write", path, "2", "write", path, "1"),
        *("delete", faults, "reset", "write", path, "2"),
    )
    writes = [row[2] for row in rows if row[0] == "write" and row[1].isdigit()]
    assert writes == ["0", "0", "0", "0", "112", "0", "112", "0", "0", "0"]


@pytest.mark.allowed_violations("no_ca")
@pytest.mark.parametrize("action", ["stop_service", "add_log"])
def test_nothing_happens_to_a_ca_that_is_not_there(bench: Bench, action: str) -> None:
    bench.faults(f"NtFlushBuffersFile@a.txt 1 {action}")
    bench.run("write", rf"{WORK}\a.txt", "1")
    assert [line.get("violation") for line in bench.journal()] == [None, "no_ca"]


def test_what_comes_to_the_disk_of_a_watched_file_is_journalled(bench: Bench) -> None:
    bench.configure("watched.txt", r"WORK\A", "other")
    bench.faults("NtWriteFile@a1 2 hresult 0xC000007F", "NtFlushBuffersFile@a2 1 hresult 0xC0000185")
    one, two, other, moved = (rf"{WORK}\{name}" for name in ("a1", "a2", "b", "a3"))
    bench.run("write", one, "3", "write", other, "1", "write", two, "1", "move", one, moved, "move", one, moved)
    # the second rename of this verb is done, and not written through
    bench.run("move-open", two, rf"{WORK}\a4", other)
    steps = [(line["file"], line["path"], line.get("target")) for line in bench.journal() if "file" in line]
    assert steps == [(what, one, None) for what in ("write", "write", "flush")] + [
        ("write", two, None),
        ("rename", one, moved),
    ]


# --- certadm.dll being loaded -------------------------------------------------------------------------------------------


@pytest.fixture
def certadm(bench: Bench) -> str:
    """A library named certadm.dll, not the simulation: what it is does not matter to the shim."""
    shutil.copyfile(bench.engine.linux_path(r"C:\windows\system32\version.dll"), bench.work / "certadm.dll")
    return rf"{WORK}\certadm.dll"


def test_loading_is_seen(bench: Bench, certadm: str) -> None:
    rows = bench.rows("library", "library", certadm, "VerQueryValueW", "library", "version.dll", "VerQueryValueW")
    assert rows == [["load", "0"], ["find", "0"], ["free", "0"]] * 2
    load, find, free = bench.journal()
    assert (load["fn"], load["call"], load["hr"]) == ("LoadLibraryExW", 1, "0x00000000")
    assert load["args"] == {"name": certadm, "flags": "0x00000000"}
    assert (find["fn"], find["out"]) == ("GetProcAddress", {"found": True})
    assert find["args"] == {"name": "VerQueryValueW", "module": load["out"]["module"]}
    assert (free["fn"], free["args"]) == ("FreeLibrary", {"module": load["out"]["module"]})


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("LoadLibrary 1 hresult 0x0000007E", [["load", "126"]]),
        ("GetProcAddress:CertSrvBackupEnd 1 hresult 0x0000007F", [["load", "0"], ["find", "127"], ["free", "0"]]),
        ("FreeLibrary 1 hresult 0x00000006", [["load", "0"], ["find", "127"], ["free", "6"]]),
    ],
)
def test_loading_fails_as_asked(bench: Bench, certadm: str, fault: str, expected: list[list[str]]) -> None:
    bench.faults(fault)
    assert bench.rows("library", "library", certadm, "CertSrvBackupEnd") == expected
    assert "hresult" in [line.get("fault") for line in bench.journal()]
