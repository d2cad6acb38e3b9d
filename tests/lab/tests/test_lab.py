# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab as a whole, on Wine: what its CA looks like, how it is put back, and that nothing of a lab outlives it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from adcs_lab import paths, prefix, wine
from adcs_lab.ca import NEVER_REMOVED, CaSettings, SimulatedCa, sanitise
from adcs_lab.client import Client, ClientError
from adcs_lab.engine import Engine
from adcs_lab.faults import Fault
from adcs_lab.lab import Lab, LabError

TIMEOUT_S = 60.0
CONFIGURATION = r"HKLM\SYSTEM\CurrentControlSet\Services\CertSvc\Configuration"
SLEEP = "[Console]::Out.WriteLine('up'); [Threading.Thread]::Sleep(600000)"


def wait_for(condition: Callable[[], bool], what: str) -> None:
    wine.wait_until(condition, TIMEOUT_S, what)


def registry(engine: Engine, key: str) -> dict[str, str]:
    """Return the values of a key as reg.exe prints them, in the code page of a console nobody has set up."""
    text = engine.wine(["reg.exe", "query", key], TIMEOUT_S).stdout.decode("cp437")
    rows = [line.strip().split("    ", 2) for line in text.splitlines() if line.startswith("    ")]
    return {row[0]: row[2] if len(row) > 2 else "" for row in rows}


# --- the CA ---


def test_names_are_sanitised_as_ad_cs_does() -> None:
    assert sanitise("Prüf #1 Issuing CA") == "Pr!00fcf !00231 Issuing CA"
    assert sanitise("a\U0001f512!") == "a!d83d!dd12!0021"


def test_the_registry_is_as_a_ca_has_it(engine: Engine, ca: SimulatedCa) -> None:
    values = registry(engine, CONFIGURATION)
    folder = r"C:\Windows\System32\CertLog"
    assert values["Active"] == ca.folder_name == "Pr!00fcf !00231 Issuing CA"
    assert [values[f"DB{kind}Directory"] for kind in ("", "Log", "System", "Temp")] == [folder] * 4
    assert (int(values["DBFlags"], 16), int(values["DBSessionCount"], 16)) == (0xB8, 100)
    values = registry(engine, rf"{CONFIGURATION}\{ca.folder_name}")
    assert (values["CommonName"], values["CAServerName"]) == ("Prüf #1 Issuing CA", "ca01.lab.example")
    assert (int(values["InterfaceFlags"], 16), int(values["CAType"], 16)) == (0x641, 1)
    assert len(values["CACertHash"].replace(" ", "").rstrip("\\0")) == 40


def test_the_files_are_as_a_ca_has_them(ca: SimulatedCa) -> None:
    names = {path.name: path.stat().st_size for path in ca.database_folder.iterdir()}
    mib = 1 << 20
    assert names.pop("Pr!00fcf !00231 Issuing CA.edb") == 24 * mib
    assert names.pop("edb.chk") == 8192
    logs = [f"edb000{generation}.log" for generation in ("1A", "1B", "1C", "1D", "1E", "1F")]
    assert [path.name for path in ca.log_files()] == logs
    assert names == dict.fromkeys([*logs, "edb.log", "edbres00001.jrs", "edbtmp.log"], mib)
    assert len({content for content in ca.stored_files().values()}) == 7
    assert all(path.read_bytes()[0] == 0x30 for path in ca.dynamic_files())
    assert len(ca.dynamic_files()) == 3


def test_no_two_pages_are_alike(ca: SimulatedCa) -> None:
    content = ca.database_files()[0].read_bytes()
    assert len({content[at : at + 4096] for at in range(0, len(content), 4096)}) == len(content) // 4096


def test_reset_puts_back_what_differs_and_nothing_else(ca: SimulatedCa) -> None:
    database, (log, *_) = ca.database_files()[0], ca.log_files()
    before = ca.stored_files()
    times = {path: path.stat().st_mtime_ns for path in ca.log_files()}
    with database.open("r+b") as file:
        file.write(b"x")
    log.unlink()
    (ca.database_folder / "edb00042.log").write_bytes(b"")
    ca.dynamic_files()[0].unlink()
    ca.set_faults("reset", [Fault("CertSrvBackupRead", 1, "eof")])
    ca.configure(keep_logs=2)
    (ca.lab_folder / "state").write_bytes(b"")
    ca.reset()
    assert ca.stored_files() == before
    assert {path for path in times if path.stat().st_mtime_ns != times[path]} == {log}
    assert ca.dynamic_files()[0].stat().st_size > 0
    assert {path.name for path in ca.lab_folder.iterdir()} - NEVER_REMOVED == {"sim.conf"}
    assert "keep_logs=0\n" in (ca.lab_folder / "sim.conf").read_text(encoding="utf-8")


def test_reset_can_change_sizes_for_one_test(ca: SimulatedCa) -> None:
    ca.reset(database_size_bytes=5000, log_count=1, log_size_bytes=10)
    assert {name: len(content) for name, content in ca.stored_files().items()} == {
        "Pr!00fcf !00231 Issuing CA.edb": 5000,
        "edb0001A.log": 10,
    }
    ca.reset()
    assert ca.database_files()[0].stat().st_size == CaSettings().database_size_bytes


def test_reset_puts_back_registry_and_service(engine: Engine, ca: SimulatedCa) -> None:
    before = registry(engine, CONFIGURATION)
    ca.set_registry('[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\CertSvc\\Configuration]\r\n"Active"=-')
    ca.stop_service()
    assert "Active" not in registry(engine, CONFIGURATION)
    assert ca.service_state() == "STOPPED"
    ca.reset()
    assert registry(engine, CONFIGURATION) == before
    assert ca.service_state() == "RUNNING"


def test_a_paused_service_is_put_back(ca: SimulatedCa) -> None:
    ca.pause_service()
    assert ca.service_state() == "PAUSED"
    ca.reset()
    assert ca.service_state() == "RUNNING"


def test_a_service_stays_in_its_start(ca: SimulatedCa) -> None:
    ca.hold_service_starting()
    time.sleep(1)
    assert ca.service_state() == "START_PENDING"
    ca.reset()
    assert ca.service_state() == "RUNNING"
    assert not (ca.lab_folder / "hold_start.txt").exists()


def test_a_service_in_its_start_can_be_stopped(ca: SimulatedCa) -> None:
    ca.hold_service_starting()
    ca.stop_service()
    assert ca.service_state() == "STOPPED"
    ca.start_service()
    assert ca.service_state() == "RUNNING"


def test_a_cleared_journal_does_not_hide_breaches(ca: SimulatedCa) -> None:
    line = '{"t_ms":1,"pid":1,"tid":1,"violation":"end_missing","detail":"x"}\n'
    journal = ca.lab_folder / "journal.jsonl"
    journal.write_text(line, encoding="utf-8")
    ca.clear_journal()
    assert (ca.journal().violations, [str(breach) for breach in ca.violations()]) == ([], ["end_missing: x"])
    journal.write_text(line, encoding="utf-8")
    assert len(ca.violations()) == 2
    ca.reset()
    assert ca.violations() == []


# --- the prefix ---


def test_nothing_leads_out_of_drive_c(engine: Engine) -> None:
    assert [device.name for device in (engine.prefix / "dosdevices").iterdir() if device.name[1:] == ":"] == ["c:"]
    assert [path for path in engine.drive_c.rglob("*") if path.is_symlink()] == []


def test_a_lab_s_own_files_are_not_the_template_s(engine: Engine) -> None:
    installed = [engine.drive_c / folder / name for name, folder in prefix.INSTALLED.items()]
    mutable = [engine.prefix / "system.reg", engine.drive_c / "windows" / "win.ini"]
    assert {path for path in [*installed, *mutable] if path.stat().st_nlink != 1} == set()


def test_files_are_found_in_any_case(engine: Engine) -> None:
    assert engine.linux_path(r"c:\WINDOWS\system32\CERTADM.dll").samefile(
        engine.drive_c / "windows/system32/certadm.dll"
    )
    assert engine.linux_path(r"C:\new\Folder") == engine.drive_c / "new" / "Folder"
    for path in (r"D:\x", "x", r"C:x", r"C:\a\..\..\b", r"\\server\share"):
        with pytest.raises(ValueError, match="Not an absolute path"):
            engine.linux_path(path)


# --- the engine ---


def test_the_engine_speaks_utf8_and_returns_its_exit_code(engine: Engine) -> None:
    result = engine.run(
        ["-NoProfile", "-NonInteractive", "-Command", "[Console]::Out.Write('a \"b\" ü€'); exit 7"],
        TIMEOUT_S,
        check=False,
    )
    assert (result.stdout.decode(), result.returncode) == ('a "b" ü€', 7)
    with pytest.raises(wine.WineError, match="exit code 7"):
        engine.run(["-NoProfile", "-NonInteractive", "-Command", "exit 7"], TIMEOUT_S)


def engine_processes(engine: Engine) -> list[int]:
    return [pid for pid in wine.processes(engine.prefix) if b"pwsh.exe" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_an_engine_that_takes_too_long_is_gone(engine: Engine) -> None:
    before = engine_processes(engine)
    with pytest.raises(wine.WineError, match="still running after 5 s"):
        engine.run(["-NoProfile", "-NonInteractive", "-Command", SLEEP], 5)
    wait_for(lambda: engine_processes(engine) == before, "the end of the engine")


def test_killing_a_worker_kills_the_engine(engine: Engine) -> None:
    before = engine_processes(engine)
    with engine.popen(["-NoProfile", "-NonInteractive", "-Command", SLEEP]) as worker:
        assert worker.stdout and worker.stdout.readline().strip() == b"up"
        assert len(engine_processes(engine)) == len(before) + 1
        worker.kill()
    wait_for(lambda: engine_processes(engine) == before, "the end of the engine")


# --- WinRM ---


@pytest.fixture
def client(lab: Lab) -> Client:
    record = lab.record()
    return Client(record.port, record.user, record.password)


def test_commands_over_winrm(client: Client) -> None:
    result = client.run("powershell -NoProfile -NonInteractive -Command \"'x  ü'; exit 300\"", TIMEOUT_S)
    assert (result.stdout.decode(), result.stderr) == ("x  ü\r\n", b"")
    assert result.exit_code == 300 % 256
    assert client.run('cmd.exe /c "echo a & cd"', TIMEOUT_S).stdout.split() == [
        b"a",
        rb"C:\users" + b"\\" + wine.user_name().encode(),
    ]


def test_a_shell_that_is_closed_takes_its_engine_along(lab: Lab, client: Client) -> None:
    before = engine_processes(lab.engine)
    with pytest.raises(TimeoutError):
        client.run(f'powershell -NoProfile -NonInteractive -Command "{SLEEP}"', 5)
    wait_for(lambda: engine_processes(lab.engine) == before, "the end of the engine")


def test_the_inventory_is_private(lab: Lab) -> None:
    for path in (lab.inventory, lab.folder / "lab.json"):
        assert path.stat().st_mode & 0o777 == 0o600
    for pid in [lab.record().pid, *wine.processes(lab.prefix)]:
        assert lab.record().password.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert lab.record().password.encode() not in Path(f"/proc/{pid}/environ").read_bytes()


# --- lifecycle ---


@pytest.fixture
def second(built_lab: None) -> Iterator[Lab]:
    lab = Lab(
        f"test-{os.getpid()}-beside", settings=CaSettings(name="Second CA", database_size_bytes=8192, log_count=1)
    )
    yield lab
    lab.remove()
    assert wine.processes(lab.prefix) == []
    assert not lab.folder.exists()


def test_labs_run_side_by_side(lab: Lab, second: Lab) -> None:
    second = Lab(second.name, settings=second.ca.settings, data_drive=True)
    second.start()
    second.engine.wine(["cmd.exe", "/c", r"mkdir D:\Backup"], TIMEOUT_S)
    assert [entry.name for entry in second.drive_d.iterdir()] == ["Backup"]
    assert second.record().port != lab.record().port
    assert registry(second.engine, CONFIGURATION)["Active"] == "Second CA"
    with pytest.raises(LabError, match="running already"):
        Lab(second.name).start()
    with pytest.raises(ClientError, match="401"):
        Client(second.record().port, lab.record().user, lab.record().password).identify()
    second.stop()
    assert not second.running()
    assert wine.processes(second.prefix) == []
    assert lab.running()
    with pytest.raises(LabError, match="not running"):
        second.record()


def test_a_start_that_fails_leaves_nothing_running(second: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        blocked = Lab(second.name, port=taken.getsockname()[1])
        with pytest.raises(LabError, match="Address already in use"):
            blocked.start()
    assert wine.processes(second.prefix) == []
    assert not second.running()


def test_a_stale_record_is_no_running_lab(second: Lab) -> None:
    second.folder.mkdir(parents=True)
    record = {"name": second.name, "pid": os.getpid(), "started": 1, "port": 1, "user": "u", "password": "p"}
    (second.folder / "lab.json").write_text(json.dumps(record), encoding="utf-8")
    assert not second.running()
    second.stop()
    assert not (second.folder / "lab.json").exists()


OWNER = textwrap.dedent("""
    import sys, threading
    from adcs_lab.lab import Lab
    lab = Lab(sys.argv[1])
    lab.start()
    print("up", flush=True)
    threading.Event().wait()
    """)


def test_a_lab_ends_with_its_owner(second: Lab) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, second.name],
        env={**os.environ, "PYTHONPATH": str(Path(wine.__file__).parents[1])},
        stdout=subprocess.PIPE,
    )
    with owner:
        assert owner.stdout and owner.stdout.readline() == b"up\n"
        assert second.running()
        owner.send_signal(signal.SIGKILL)
    wait_for(lambda: not second.running(), "the end of the lab")
    wait_for(lambda: wine.processes(second.prefix) == [], "the end of its processes")


def test_a_keeper_that_is_killed_takes_its_lab_along(second: Lab) -> None:
    second.start()
    assert len(wine.processes(second.prefix)) > 3
    os.kill(second.record().pid, signal.SIGKILL)
    wait_for(lambda: wine.processes(second.prefix) == [], "the end of its processes")
    assert not second.running()


def test_what_a_killed_wineserver_left_behind_is_ended(second: Lab) -> None:
    second.start()
    (server,) = (
        pid for pid in wine.processes(second.prefix) if b"wineserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(server, signal.SIGKILL)
    wait_for(lambda: not second.running(), "the end of the keeper")
    assert wine.processes(second.prefix) == []


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "adcs_lab", *arguments],
        cwd=paths.ROOT,
        env={**os.environ, "PYTHONPATH": str(Path(wine.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S * 3,
        check=False,
    )


def test_the_command_line(second: Lab) -> None:
    assert command("status", "--name", second.name).returncode == 3
    started = command(
        "up", "--name", second.name, "--ca-name", "Ü CA", "--database-size-bytes", "8192", "--log-count", "2"
    )
    assert started.returncode == 0, started.stderr
    assert started.stdout == f".build/lab/{second.name}/inventory.yml\n"
    assert registry(second.engine, CONFIGURATION)["Active"] == "!00dc CA"
    assert "-e adcs_ca_hosts=cas" in started.stderr
    again = command("up", "--name", second.name)
    assert (again.returncode, again.stdout) == (0, started.stdout)
    assert "runs already" in again.stderr
    assert f"port {second.record().port}" in command("status", "--name", second.name).stdout
    assert command("stop-service", "--name", second.name).returncode == 0
    assert second.ca.service_state() == "STOPPED"
    assert command("start-service", "--name", second.name).returncode == 0
    assert second.ca.service_state() == "RUNNING"
    faults = second.ca.lab_folder / "faults.txt"
    assert command("fault", "--name", second.name, "CertSrvBackupEnd", "1", "hang").returncode == 0
    assert faults.read_text(encoding="utf-8").splitlines()[1:] == ["CertSrvBackupEnd 1 hang"]
    assert command("fault", "--name", second.name, "--clear").returncode == 0
    assert faults.read_text(encoding="utf-8").splitlines()[1:] == []
    kept = "; its files stay until the next start, which empties D:"
    assert command("down", "--name", second.name).stdout == f"lab {second.name}: stopped{kept}\n"
    assert command("down", "--name", second.name).stdout == f"lab {second.name}: was not running{kept}\n"
    assert command("stop-service", "--name", second.name).stderr == f"lab: The lab {second.name!r} is not running.\n"
    assert command("up", "--name", "../x").stderr.startswith("lab: '../x' is no name for a lab")
