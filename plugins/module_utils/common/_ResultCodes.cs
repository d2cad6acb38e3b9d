// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: what a result code means, and what the person who sees it does next.

using ansible_collections.adcs.ca.plugins.module_utils.common._EngineErrors;
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

//TypeAccelerator -Name Adcs.Ca.ResultCode -TypeName ResultCode

namespace ansible_collections.adcs.ca.plugins.module_utils.common._ResultCodes
{
    /// <summary>Whose answer a code is: the same code means another file, and asks for another cure.</summary>
    public enum Party
    {
        /// <summary>The CA, through a function of Certadm.dll.</summary>
        Authority,

        /// <summary>Windows, while it loads Certadm.dll.</summary>
        Library,

        /// <summary>The destination of the backup.</summary>
        Destination,
    }

    /// <summary>What a result code of the backup interface means, and what the person who sees it does next.</summary>
    /// <remarks>
    /// Names and values: winerror.h, ntdsbmsg.h and esent.h. ESE errors arrive as 0xC8000000 + the absolute JET error
    /// (https://learn.microsoft.com/en-us/windows/win32/extensible-storage-engine/extensible-storage-engine-error-codes).
    /// The documentation page is generated from the rows of these tables, one row a line.
    /// </remarks>
    public sealed class ResultCode
    {
        private static readonly ResultCode[] Rows = new ResultCode[]
        {
            new ResultCode(0x80004003, "E_POINTER", "A required pointer was missing in the call.", "Report this as a defect of the collection."),
            new ResultCode(0x8000FFFF, "E_UNEXPECTED", "The CA refused the call, as it does when calls come in the wrong order.", "Run again; if it happens again, restart CertSvc and report it."),
            new ResultCode(0x80010105, "RPC_E_SERVERFAULT", "The CertSvc service failed inside the call.", "Look for a crash of CertSvc in the event log, start it, then run again."),
            new ResultCode(0x80010108, "RPC_E_DISCONNECTED", "The CertSvc service was restarted during the backup.", "Run again; find out what restarted CertSvc."),
            new ResultCode(0x8001010A, "RPC_E_SERVERCALL_RETRYLATER", "The CertSvc service is busy.", "Run again later."),
            new ResultCode(0x80040154, "REGDB_E_CLASSNOTREG", "The CA's interface is not registered on this host.", "Check that the Certification Authority role service is installed and configured."),
            new ResultCode(0x800401FD, "CO_E_OBJNOTCONNECTED", "The CertSvc service was restarted during the backup.", "Run again; find out what restarted CertSvc."),
            new ResultCode(0x80070002, "ERROR_FILE_NOT_FOUND", "The file does not exist.", "Check that no other program removes files while the task runs."),
            new ResultCode(0x80070003, "ERROR_PATH_NOT_FOUND", "The folder does not exist.", "Check the path and the drive."),
            new ResultCode(0x80070005, "E_ACCESSDENIED", "Access was denied.", "Check the rights of the account."),
            new ResultCode(0x80070006, "E_HANDLE", "The backup session is not valid.", "Report this as a defect of the collection."),
            new ResultCode(0x80070008, "ERROR_NOT_ENOUGH_MEMORY", "The CA host is short of memory.", "Free memory on the CA host, then run again."),
            new ResultCode(0x80070017, "ERROR_CRC", "The disk cannot read what it once took.", "Look for the disk in the event log of the host and replace it; keep the last good backup."),
            new ResultCode(0x80070020, "ERROR_SHARING_VIOLATION", "Another program has the file open.", "Find the program and exclude the folder from it, then run again."),
            new ResultCode(0x80070021, "ERROR_LOCK_VIOLATION", "Another program has locked a part of the file.", "Find the program and exclude the folder from it, then run again."),
            new ResultCode(0x80070026, "ERROR_HANDLE_EOF", "The end of the file was reached.", "Run again; if it happens again, report it."),
            new ResultCode(0x80070035, "ERROR_BAD_NETPATH", "The network path was not found.", "Check the server name and that the CA host can reach it."),
            new ResultCode(0x80070057, "E_INVALIDARG", "An argument of the call was refused.", "Report this as a defect of the collection."),
            new ResultCode(0x80070070, "ERROR_DISK_FULL", "The disk is full.", "Free space on it, then run again."),
            new ResultCode(0x8007007E, "ERROR_MOD_NOT_FOUND", "The library or a library that it needs is missing.", "Install the Certification Authority role service where it is missing; else repair Windows with 'sfc /scannow'."),
            new ResultCode(0x8007007F, "ERROR_PROC_NOT_FOUND", "The library lacks a function.", "Install the current Windows updates; the library may be damaged or not Microsoft's."),
            new ResultCode(0x800700C1, "ERROR_BAD_EXE_FORMAT", "The library is not one for this process.", "Run the task in the 64-bit PowerShell; else check Certadm.dll with 'sfc /scannow'."),
            new ResultCode(0x800700E1, "ERROR_VIRUS_INFECTED", "The virus scanner of the host blocked the file.", "Look into the log of the virus scanner."),
            new ResultCode(0x80070241, "ERROR_INVALID_IMAGE_HASH", "Windows does not trust the signature of the file.", "Check the file with 'sfc /scannow' and the event log CodeIntegrity."),
            new ResultCode(0x80070422, "ERROR_SERVICE_DISABLED", "The CertSvc service is disabled.", "Enable and start the service 'CertSvc'."),
            new ResultCode(0x8007045B, "ERROR_SHUTDOWN_IN_PROGRESS", "The host is shutting down.", "Run again when the host is up."),
            new ResultCode(0x8007045D, "ERROR_IO_DEVICE", "The disk or the connection to it failed.", "Look for the disk in the event log of the host and replace it; keep the last good backup."),
            new ResultCode(0x800704EC, "ERROR_ACCESS_DISABLED_BY_POLICY", "A policy of the host does not allow the program.", "Look into the event logs CodeIntegrity and AppLocker, and allow the file."),
            new ResultCode(0x800704F1, "ERROR_DOWNGRADE_DETECTED", "The host could not be authenticated to a domain controller.", "Check that the host reaches a domain controller, then run again."),
            new ResultCode(0x800704F8, "ERROR_SMB_GUEST_LOGON_BLOCKED", "The share took the account for a guest, and this host does not allow that.", "Give the account a right on the share, or connect with credentials that it can pass on."),
            new ResultCode(0x80070522, "ERROR_PRIVILEGE_NOT_HELD", "The account lacks a required privilege.", "Give the account the user right 'Back up files and directories', then log on again."),
            new ResultCode(0x80070542, "ERROR_BAD_IMPERSONATION_LEVEL", "The session has no credentials that it could pass on.", "Connect with CredSSP, or with Kerberos and delegation."),
            new ResultCode(0x800706B5, "RPC_S_UNKNOWN_IF", "The CertSvc service does not offer the interface: it is starting, or stopped.", "Wait until the CA answers requests, then run again."),
            new ResultCode(0x800706BA, "RPC_S_SERVER_UNAVAILABLE", "The CertSvc service does not answer: it is stopped, or not reachable.", "Start it with 'Start-Service CertSvc', then run again."),
            new ResultCode(0x800706BE, "RPC_S_CALL_FAILED", "The connection to the CertSvc service broke during the call.", "Look for a stop or crash of CertSvc in the event log, start it, then run again."),
            new ResultCode(0x800706BF, "RPC_S_CALL_FAILED_DNE", "The CertSvc service did not carry out the call.", "Look for a stop or crash of CertSvc in the event log, start it, then run again."),
            new ResultCode(0x800706D9, "EPT_S_NOT_REGISTERED", "The CertSvc service is not ready for calls: it is starting, or stopped.", "Wait until the CA answers requests, then run again."),
            new ResultCode(0x80070721, "RPC_S_SEC_PKG_ERROR", "The security of the connection failed, as with a clock that is wrong.", "Compare the clocks of the host and of its domain controller, then run again."),
            new ResultCode(0x800711C7, "ERROR_SYSTEM_INTEGRITY_POLICY_VIOLATION", "An App Control policy of the host blocked the file.", "Look into the event log CodeIntegrity, and allow the file in the policy."),
            new ResultCode(0x80080005, "CO_E_SERVER_EXEC_FAILURE", "Windows could not start the CA's interface.", "Check that CertSvc runs, then run again."),
            new ResultCode(0x80094006, "CERTSRV_E_SERVER_SUSPENDED", "The CA is paused.", "Resume it with 'Resume-Service CertSvc', then run again."),
            new ResultCode(0x80094008, "CERTSRV_E_ROLECONFLICT", "Role separation is on and the account holds more than one CA role.", "Use an account that is a backup operator only, not an administrator of the CA host."),
            new ResultCode(0xC7FF0004, "hrRestoreInProgress", "A restore of this CA is in progress.", "Finish the restore and start CertSvc, then run again."),
            new ResultCode(0xC7FF0008, "hrRestoreMapExists", "A restore is being prepared: the CA has a restore map already.", "Finish the restore and start CertSvc, then run again."),
            new ResultCode(0xC7FF0009, "hrIncrementalBackupDisabled", "Incremental backup is not enabled for this database.", "Take a full backup."),
            new ResultCode(0xC7FF000A, "hrLogFileNotFound", "A log file of the database is missing.", "Find out what removed it; take a full backup as soon as the CA runs without error."),
            new ResultCode(0xC7FF000B, "hrCircularLogging", "The database uses circular logging.", "Take a full backup, or turn circular logging off."),
            new ResultCode(0xC7FF000C, "hrNoFullRestore", "The restore needs a full backup, and none was given.", "Restore the full set of the chain first."),
            new ResultCode(0xC7FF000D, "hrCommunicationError", "The connection to the CertSvc service broke during the call.", "Look for a stop or crash of CertSvc in the event log, start it, then run again."),
            new ResultCode(0xC7FF000E, "hrFullBackupNotTaken", "The CA knows no full backup that this one could continue.", "Take a full backup first."),
            new ResultCode(0xC80001F9, "hrBackupInProgress", "Another backup session of this CA is open.", "Wait until it ends (certutil, the Certification Authority console, a VSS or other backup product), then run again."),
            new ResultCode(0xC80001FA, "JET_errRestoreInProgress", "A restore of this CA is in progress.", "Finish the restore and start CertSvc, then run again."),
            new ResultCode(0xC80001FE, "hrLogWriteFail", "The database engine could not write its log.", "Look for the disk of the CA's logs in the event log of the host; keep the last good backup."),
            new ResultCode(0xC8000208, "hrNoBackup", "The CA holds no backup session for this call.", "Run again; CertSvc may have been restarted during the backup."),
            new ResultCode(0xC8000209, "hrInvalidBackupSequence", "The backup call came out of sequence.", "Run again; if it happens again, restart CertSvc and report it."),
            new ResultCode(0xC800020B, "hrBackupNotAllowedYet", "The database engine is still starting or recovering.", "Wait until the CA answers requests, then run again."),
            new ResultCode(0xC800020E, "hrInvalidBackup", "The kind of backup is not possible for this database, as with circular logging.", "Turn circular logging off (DBFlags without 0x4), restart CertSvc, then run again."),
            new ResultCode(0xC8000210, "hrMissingLogFile", "A log file of the database is missing.", "Find out what removed it; take a full backup as soon as the CA runs without error."),
            new ResultCode(0xC8000211, "hrLogDiskFull", "The volume of the CA's log files is full.", "Free space on that volume, then run again with truncate_logs."),
            new ResultCode(0xC8000226, "hrDatabaseInconsistent", "The database was not shut down cleanly.", "Start CertSvc and let it recover; restore from backup if it does not."),
            new ResultCode(0xC800022D, "hrMissingRestoreLogFiles", "Log files that the restore needs are missing.", "Use a chain of sets without a gap."),
            new ResultCode(0xC8000230, "hrMissingFullBackup", "The CA knows no full backup that this one could continue.", "Take a full backup first."),
            new ResultCode(0xC8000264, "JET_errLogReadVerifyFailure", "A log of the database failed its checksum: the CA's log is damaged.", "Keep the last good set, and find out what damaged the disk before anything else."),
            new ResultCode(0xC8000266, "JET_errCheckpointDepthTooDeep", "The database engine has too many logs that are not in the database yet.", "Restart CertSvc in a quiet hour, then run again."),
            new ResultCode(0xC8000321, "JET_errBackupAbortByServer", "The CertSvc service gave the backup up, as it does when it stops.", "Check that CertSvc runs, then run again."),
            new ResultCode(0xC80003E8, "hrTermInProgress", "The CertSvc service is stopping.", "Start CertSvc, then run again."),
            new ResultCode(0xC80003FA, "hrReadVerifyFailure", "A page of the database failed its checksum: the CA's database is damaged.", "Keep the last good set, and repair or restore the database before anything else."),
            new ResultCode(0xC80003FE, "JET_errDiskIO", "The database engine could not read or write the disk.", "Look for the disk in the event log of the host and replace it; keep the last good backup."),
            new ResultCode(0xC8000408, "hrFileAccessDenied", "The database engine could not open a file because it is in use.", "Exclude the CA's database folders from virus scanning and other backups, then run again."),
            new ResultCode(0xC8000442, "JET_errInstanceUnavailable", "The database engine stopped after an error.", "Look for it in the Application event log of the host, source ESENT, restart CertSvc, then run again."),
            new ResultCode(0xC8000531, "JET_errClientRequestToStopJetService", "The database engine is being stopped.", "Check that CertSvc runs, then run again."),
            new ResultCode(0xC8000710, "JET_errDiskFull", "A disk of the CA's database is full.", "Free space on the volumes of the CA's database and logs, then run again."),
            new ResultCode(0xC8000713, "JET_errFileNotFound", "The database engine does not find a file of the database.", "Find out what removed it; keep the last good backup."),
        };

        // Where one party answers with a code, the rows of that party come first.
        private static readonly ResultCode[] AuthorityRows = new ResultCode[]
        {
            new ResultCode(0x80070002, "ERROR_FILE_NOT_FOUND", "The CA does not find a file of its database.", "Check that no other program removes files of the CA while it is backed up."),
            new ResultCode(0x80070003, "ERROR_PATH_NOT_FOUND", "The CA does not find a folder of its database.", "Check the folders that the registry of the CA names, and their drives."),
            new ResultCode(0x80070005, "E_ACCESSDENIED", "Access was denied.", "Run in an elevated session on the CA host itself. The account needs Read permission on the CA and the user rights 'Back up files and directories' and 'Restore files and directories'."),
            new ResultCode(0x80070020, "ERROR_SHARING_VIOLATION", "Another program has a file of the CA open.", "Exclude the CA's database and log folders from virus scanning and other backups, then run again."),
            new ResultCode(0x80070021, "ERROR_LOCK_VIOLATION", "Another program has locked a part of a file of the CA.", "Exclude the CA's database and log folders from virus scanning and other backups, then run again."),
            new ResultCode(0x80070070, "ERROR_DISK_FULL", "A disk of the CA is full.", "Free space on the volumes of the CA's database and logs, then run again."),
        };

        private static readonly ResultCode[] LibraryRows = new ResultCode[]
        {
            new ResultCode(0x80070005, "E_ACCESSDENIED", "The account may not read the library.", "Give the account the right to read and execute Certadm.dll, as Windows does when it is installed."),
        };

        private static readonly ResultCode[] DestinationRows = new ResultCode[]
        {
            new ResultCode(0x80070002, "ERROR_FILE_NOT_FOUND", "A file of the destination does not exist.", "Check that no other program removes files of the destination, then run again."),
            new ResultCode(0x80070003, "ERROR_PATH_NOT_FOUND", "A folder of the destination does not exist.", "Check the path, the drive, and that no other program removes folders of the destination."),
            new ResultCode(0x80070005, "E_ACCESSDENIED", "Access to a file or folder was denied.", "Give the account of the task full control of the destination, and exclude it from virus scanning and other backups, then run again."),
            new ResultCode(0x80070020, "ERROR_SHARING_VIOLATION", "Another program has the file open.", "Exclude the destination from virus scanning and other backups, then run again."),
            new ResultCode(0x80070021, "ERROR_LOCK_VIOLATION", "Another program has locked a part of the file.", "Exclude the destination from virus scanning and other backups, then run again."),
            new ResultCode(0x80070070, "ERROR_DISK_FULL", "The disk is full.", "Free space on the destination or choose another one, then run again."),
        };

        private const uint EngineBase = 0xC8000000;
        private const uint EngineLast = 0xC800FFFF;

        private static readonly Dictionary<uint, ResultCode> ByCode = Index(Rows);
        private static readonly Dictionary<Party, Dictionary<uint, ResultCode>> ByParty = new Dictionary<Party, Dictionary<uint, ResultCode>>
        {
            { Party.Authority, Index(AuthorityRows) },
            { Party.Library, Index(LibraryRows) },
            { Party.Destination, Index(DestinationRows) },
        };

        private ResultCode(uint code, string name, string meaning, string action)
        {
            Code = code;
            Name = name;
            Meaning = meaning;
            Action = action;
        }

        public uint Code { get; private set; }

        /// <summary>The symbolic name of the header that defines the code.</summary>
        public string Name { get; private set; }

        public string Meaning { get; private set; }

        /// <summary>What the person who sees the code does next.</summary>
        public string Action { get; private set; }

        /// <summary>The symbolic name of a code, or null where no table has one.</summary>
        public static string NameOf(int code)
        {
            ResultCode row = Find(code, Party.Authority);
            return row == null ? EngineErrorName(code) : row.Name;
        }

        /// <summary>
        /// "0x80070005 E_ACCESSDENIED: meaning action"; "0xC8000321 JET_err...: ESE error -801 ..." for an error of the database engine
        /// without a row; otherwise the bare number with the system's own text.
        /// </summary>
        public static string Describe(int code, Party party)
        {
            string number = Format(code);
            ResultCode row = Find(code, party);
            if (row != null)
                return String.Format("{0} {1}: {2} {3}", number, row.Name, row.Meaning, row.Action);
            if (IsOfEngine(code))
                return String.Format(
                    "{0}{1}: The database engine (ESE) answered with its error -{2}. Look for it in the Application event log of the CA host, source ESENT, " +
                    "and in Microsoft's list of ESE error codes.", number, EngineErrorName(code) == null ? "" : " " + EngineErrorName(code), EngineError(code));
            // -1: not the text that an earlier failure left in the thread
            // (https://learn.microsoft.com/en-us/dotnet/api/system.runtime.interopservices.marshal.getexceptionforhr)
            Exception system = Marshal.GetExceptionForHR(code, new IntPtr(-1));
            return system == null ? number : String.Format("{0}: {1}", number, system.Message);
        }

        public static string Format(int code)
        {
            return String.Format("0x{0:X8}", code);
        }

        private static ResultCode Find(int code, Party party)
        {
            ResultCode row;
            uint key = unchecked((uint)code);
            if (!ByParty[party].TryGetValue(key, out row))
                ByCode.TryGetValue(key, out row);
            return row;
        }

        private static bool IsOfEngine(int code)
        {
            uint value = unchecked((uint)code);
            return value > EngineBase && value <= EngineLast;
        }

        private static uint EngineError(int code)
        {
            return unchecked((uint)code) - EngineBase;
        }

        private static string EngineErrorName(int code)
        {
            return IsOfEngine(code) ? EngineErrors.NameOf(EngineError(code)) : null;
        }

        private static Dictionary<uint, ResultCode> Index(ResultCode[] rows)
        {
            Dictionary<uint, ResultCode> index = new Dictionary<uint, ResultCode>();
            foreach (ResultCode row in rows)
                index.Add(row.Code, row);
            return index;
        }
    }
}
