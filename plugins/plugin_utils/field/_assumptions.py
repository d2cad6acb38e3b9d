# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the collection assumes of Windows, of Certadm.dll and of a CA, and who has proved it. A page of the documentation is made from it."""

from __future__ import annotations

from dataclasses import dataclass

# Proved by this project's tests, on code that is not a stand-in; by field reports of real CAs; by nobody yet.
HERE, FIELD, NOBODY = "here", "field", "nobody"

CERTBCLI = "https://learn.microsoft.com/en-us/windows/win32/api/certbcli/"
CSRA = "https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-csra/"
FILEIO = "https://learn.microsoft.com/en-us/windows/win32/fileio/"
_MODULE = "plugins/module_utils/"


@dataclass(frozen=True)
class Assumption:
    """One assumption: what is assumed, who has proved it, which files rest on it, and what would disprove it."""

    id: str
    statement: str
    proof: str
    code: tuple[str, ...]
    disproof: str
    source: str = ""


def _utils(*names: str) -> tuple[str, ...]:
    return tuple(_MODULE + name for name in names)


ASSUMPTIONS = (
    # --- proved here ---
    Assumption(
        "powershell-5.1-syntax",
        "The PowerShell code is valid in Windows PowerShell 5.1, and the C# code in C# 5 against .NET Framework.",
        HERE,
        _utils("run/_Backup.psm1", "certadm/_Certadm.cs"),
        "A parser or a compiler of Windows refuses a file.",
    ),
    Assumption(
        "powershell-7",
        "Every module works in PowerShell 7.6 for Windows, with other cultures and other preferences too.",
        HERE,
        ("plugins/modules/backup.ps1", "plugins/modules/backup_info.ps1", "plugins/modules/expire.ps1"),
        "A module fails in it on Windows, where it works under Wine.",
    ),
    Assumption(
        "order",
        "The calls come in Microsoft's order, from one thread. The session is ended and each list is freed once, whatever fails.",
        HERE,
        _utils("run/_Backup.psm1", "certadm/_Certadm.cs"),
        "The journal of the simulated library shows a call that is out of order.",
        "https://learn.microsoft.com/en-us/windows/win32/seccrypto/backing-up-certificate-services",
    ),
    Assumption(
        "nothing-lost",
        "No log is deleted before a complete, verified and flushed copy of every listed file exists, wherever a run fails or dies.",
        HERE,
        _utils("run/_Backup.psm1", "run/_Truncation.psm1", "run/_Recover.psm1"),
        "A cell of the fault matrix fails.",
    ),
    Assumption(
        "retention",
        "The retention rules keep and remove what restic forget keeps and removes.",
        HERE,
        ("plugins/plugin_utils/retention/_retention.py",),
        "A history of sets for which restic decides otherwise.",
        "https://restic.readthedocs.io/en/stable/060_forget.html",
    ),
    Assumption(
        "transport",
        "The result of a run arrives over WinRM, also when a write to the destination fails.",
        HERE,
        _utils("files/_HashedCopy.cs", "common/_Errors.cs"),
        "A task ends with MODULE FAILURE and no message.",
    ),
    # --- proved by nobody: what a report answers ---
    Assumption(
        "dynamic-list",
        "The list of dynamic files has no tags, and an empty one is no pointer or at most two zeros.",
        NOBODY,
        _utils("certadm/_Lists.cs", "run/_BackupFiles.psm1"),
        "The bytes of CertSrvBackupGetDynamicFileListW in a field report.",
        CERTBCLI + "nf-certbcli-certsrvbackupgetdynamicfilelistw",
    ),
    Assumption(
        "list-form",
        "Every other list is UTF-16 names with a tag, each closed by one zero, then one more zero; its size counts all of them.",
        NOBODY,
        _utils("certadm/_Lists.cs"),
        "The bytes of a list in a field report.",
        CERTBCLI + "nf-certbcli-certsrvbackupgetdatabasenamesw",
    ),
    Assumption(
        "database-list",
        "The list of databases has entries with the tag 0x44 and no other.",
        NOBODY,
        _utils("certadm/_Lists.cs"),
        "Another tag in that list of a field report.",
        CSRA + "488b6344-ad86-49d9-b28c-e339ffcbb124",
    ),
    Assumption(
        "log-names",
        "Each listed log is named edb and five to eight hexadecimal digits, which are its generation. edb.log is not listed.",
        NOBODY,
        _utils("ca/_Authority.psm1", "run/_Truncation.psm1"),
        "Another name in the list of logs of a field report.",
        "https://learn.microsoft.com/en-us/windows/win32/extensible-storage-engine/jet-loginfo-structure",
    ),
    Assumption(
        "read-end",
        "A read behind the announced size answers with success and 0 bytes, or with 0x80070026.",
        NOBODY,
        _utils("files/_HashedCopy.cs", "certadm/_Certadm.cs"),
        "Another code of the last read of a file, above all of a file whose size is no multiple of 512 KiB.",
        CERTBCLI + "nf-certbcli-certsrvbackupread",
    ),
    Assumption(
        "success-codes",
        "A code of 0 or more means success, and a good run meets no other code than 0.",
        NOBODY,
        _utils("certadm/_Certadm.cs", "certadm/_CallLog.cs"),
        "An entry in success_codes, or a good set after a call with a negative code.",
        CSRA,
    ),
    Assumption(
        "online",
        "CertSrvIsServerOnlineW answers TRUE to an account that may back up the CA, or the backup succeeds all the same.",
        NOBODY,
        _utils("certadm/_Session.psm1"),
        "FALSE or a code of it in a field report, with a backup that fails.",
        CERTBCLI + "nf-certbcli-certsrvisserveronlinew",
    ),
    Assumption(
        "read-size",
        "The CA accepts a read hint and a buffer of 512 KiB, and gives a file in full buffers.",
        NOBODY,
        _utils("files/_HashedCopy.cs"),
        "More reads of a file than its size needs, or E_INVALIDARG.",
        CERTBCLI + "nf-certbcli-certsrvbackupopenfilew",
    ),
    Assumption(
        "privileges",
        "An account that holds both user rights and Read permission on the CA may do every step over WinRM.",
        NOBODY,
        _utils("ca/_Authority.psm1", "certadm/_Session.psm1"),
        "A code of refusal in a field report of such an account.",
        "https://learn.microsoft.com/en-us/windows/win32/seccrypto/setting-the-backup-and-restore-privileges",
    ),
    # --- proved by nobody: what a report cannot answer ---
    Assumption(
        "restore",
        "Microsoft's tools restore a set: certutil -restoreDB and Restore-CARoleService.",
        NOBODY,
        _utils("run/_BackupFiles.psm1", "repository/_Draft.psm1"),
        "certutil -f -restoreDB of a set fails on a host of the same name and folders.",
        "https://learn.microsoft.com/en-us/windows-server/administration/windows-commands/certutil",
    ),
    Assumption(
        "restore-map",
        "certbkxp.dat is the bytes of CertSrvRestoreGetDatabaseLocationsW, with nothing added.",
        NOBODY,
        _utils("run/_BackupFiles.psm1"),
        "certbkxp.dat of certutil -backupDB differs from that of a set of the same CA.",
    ),
    Assumption(
        "truncation",
        "CertSrvBackupTruncateLogs deletes the logs at once or at the end of the session, and no log that is not in the set.",
        NOBODY,
        _utils("run/_Truncation.psm1", "run/_Backup.psm1"),
        "Logs that go later, or a log that is gone and in no set.",
        "https://learn.microsoft.com/en-us/windows/win32/extensible-storage-engine/jettruncateloginstance-function",
    ),
    Assumption(
        "kept-logs",
        "Windows Server 2016 and older keep all logs until CertSvc was restarted.",
        NOBODY,
        _utils("run/_Truncation.psm1"),
        "Logs that stay after a restart, or that go without one.",
        "https://www.pkisolutions.com/database-log-files-are-not-truncated-when-you-perform-a-full-certification-authority-database-backup/",
    ),
    Assumption(
        "killed-session",
        "The session of a killed run ends within 10 minutes, and Prepare answers 0xC80001F9 until then.",
        NOBODY,
        _utils("certadm/_Session.psm1"),
        "Prepare answers with another code, or still fails after 10 minutes. Kill a run while it reads, then run again.",
        CSRA,
    ),
    Assumption(
        "failed-full",
        "A full backup that fails leaves the CA's record of its last full backup as it was.",
        NOBODY,
        _utils("run/_Backup.psm1"),
        "The registry value DBLastFullBackup moves although the run failed.",
    ),
    Assumption(
        "page-checksums",
        "The database engine checks every page that it gives, and a damaged page ends the backup with 0xC80003FA.",
        NOBODY,
        _utils("files/_HashedCopy.cs"),
        "A set whose database fails esentutl /k on a copy.",
        "https://learn.microsoft.com/en-us/windows/win32/extensible-storage-engine/jetreadfileinstance-function",
    ),
    Assumption(
        "service-state",
        "The service manager tells the state of CertSvc, or refuses to; a refusal is not taken for a state.",
        NOBODY,
        _utils("certadm/_Session.psm1"),
        "A paused or starting CA for which the message names another state.",
        "https://learn.microsoft.com/en-us/dotnet/api/system.serviceprocess.servicecontrollerstatus",
    ),
    Assumption(
        "load-errors",
        "A Certadm.dll that a policy blocks fails to load with one of four codes.",
        NOBODY,
        _utils("certadm/_Certadm.cs", "common/_ResultCodes.cs"),
        "Another code on a host with App Control, AppLocker or a virus scanner that blocks it.",
        "https://learn.microsoft.com/en-us/windows/win32/debug/system-error-codes",
    ),
    Assumption(
        "app-control",
        "ansible-core 2.19 or later runs the modules under App Control once a signed list of their hashes lies in meta.",
        NOBODY,
        ("plugins/modules/backup.ps1", *_utils("run/_Backup.psm1")),
        "A host with such a policy refuses a module, or runs it in constrained language mode.",
    ),
    Assumption(
        "role-separation",
        "With role separation an account that is a backup operator only may back up; one with two roles is refused with 0x80094008.",
        NOBODY,
        _utils("certadm/_Session.psm1"),
        "Another code, or a backup that succeeds for an account with two roles.",
    ),
    Assumption(
        "interface-flags",
        "The flag 0x80 of InterfaceFlags refuses a backup on the CA's own host; 0x40 does not.",
        NOBODY,
        _utils("certadm/_Session.psm1"),
        "A backup that works with the flag 0x80, or fails because of 0x40.",
    ),
    Assumption(
        "access-lists",
        "Windows enforces the access list that a folder of the repository gets, from the moment it is created.",
        NOBODY,
        _utils("files/_Access.psm1", "files/_FolderAccess.cs"),
        "An account that is not in the list reads a set. File systems without access lists do not keep it.",
        "https://learn.microsoft.com/en-us/windows/win32/api/fileapi/nf-fileapi-createdirectoryw",
    ),
    Assumption(
        "shares",
        "The file server sees the account that the message names, and keeps the access list.",
        NOBODY,
        _utils("files/_Access.psm1", "common/_Failure.psm1"),
        "A repository on a share that the account of the task cannot open again.",
        "https://learn.microsoft.com/en-us/powershell/scripting/security/remoting/ps-remoting-second-hop",
    ),
    Assumption(
        "durability",
        "A flush reaches the disk, and a rename with MOVEFILE_WRITE_THROUGH is there after a power failure.",
        NOBODY,
        _utils("files/_FileSystem.cs", "files/_HashedCopy.cs"),
        "A published set that is not whole after a power failure.",
        "https://learn.microsoft.com/en-us/windows/win32/api/winbase/nf-winbase-movefileexw",
    ),
    Assumption(
        "rename-in-use",
        "Windows refuses to rename a folder with an open file below it, and allows it once the file is closed.",
        NOBODY,
        _utils("files/_FileSystem.cs"),
        "A rename that stays refused after the file was closed.",
    ),
    Assumption(
        "locks",
        "A lock file goes with the process that holds it, on a local volume and on a share.",
        NOBODY,
        _utils("repository/_Lock.psm1"),
        "A lock that is still there after its process has ended.",
    ),
    Assumption(
        "links",
        "A reparse point whose tag has the bit for a surrogate leads elsewhere; every other one stands for itself.",
        NOBODY,
        _utils("files/_FileSystem.cs"),
        "A link that is followed, or a file of Data Deduplication that is refused.",
        FILEIO + "reparse-point-tags",
    ),
    Assumption(
        "verified",
        "A file that is read again after it was flushed comes from the disk.",
        NOBODY,
        _utils("repository/_Set.psm1"),
        "A set that was verified and is damaged on the disk: Windows may read it from its memory.",
        FILEIO + "file-caching",
    ),
)
