// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: the table of result codes and the one exception type that every layer throws.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

//TypeAccelerator -Name Adcs.Ca.BackupException -TypeName BackupException
//TypeAccelerator -Name Adcs.Ca.ResultCode -TypeName ResultCode

namespace ansible_collections.adcs.ca.plugins.module_utils._Errors
{
    /// <summary>What a result code of the backup interface means, and what the person who sees it does next.</summary>
    /// <remarks>
    /// Names and values: winerror.h and ntdsbmsg.h. ESE errors arrive as 0xC8000000 + the absolute JET error
    /// (https://learn.microsoft.com/en-us/windows/win32/extensible-storage-engine/extensible-storage-engine-error-codes).
    /// The documentation page is generated from the rows of this table, one row a line.
    /// </remarks>
    public sealed class ResultCode
    {
        private static readonly ResultCode[] Rows = new ResultCode[]
        {
            new ResultCode(0x80004003, "E_POINTER", "A required pointer was missing in the call.", "Report this as a defect of the collection."),
            new ResultCode(0x80070002, "ERROR_FILE_NOT_FOUND", "The file does not exist.", "Check that no other program removes files of the CA while it is backed up."),
            new ResultCode(0x80070003, "ERROR_PATH_NOT_FOUND", "The folder does not exist.", "Check the path and the drive."),
            new ResultCode(0x80070005, "E_ACCESSDENIED", "Access was denied.", "Run as an account with Read permission on the CA and the user rights 'Back up files and directories' and 'Restore files and directories', in an elevated session on the CA host itself."),
            new ResultCode(0x80070006, "E_HANDLE", "The backup session is not valid.", "Report this as a defect of the collection."),
            new ResultCode(0x80070008, "ERROR_NOT_ENOUGH_MEMORY", "The CA host is short of memory.", "Free memory on the CA host, then run again."),
            new ResultCode(0x80070017, "ERROR_CRC", "The disk cannot read what it once took.", "Look for the disk in the event log of the host and replace it; keep the last good backup."),
            new ResultCode(0x80070020, "ERROR_SHARING_VIOLATION", "Another program has the file open.", "Exclude the destination from virus scanning and other backups, then run again."),
            new ResultCode(0x80070035, "ERROR_BAD_NETPATH", "The network path was not found.", "Check the server name and that the CA host can reach it."),
            new ResultCode(0x80070057, "E_INVALIDARG", "An argument of the call was refused.", "Report this as a defect of the collection."),
            new ResultCode(0x80070070, "ERROR_DISK_FULL", "The disk is full.", "Free space on the destination or choose another one, then run again."),
            new ResultCode(0x8007007E, "ERROR_MOD_NOT_FOUND", "The library or a library that it needs is missing.", "Install the Certification Authority role service, or run the task on the CA host."),
            new ResultCode(0x8007007F, "ERROR_PROC_NOT_FOUND", "The library lacks a function.", "Install the current Windows updates; the library may be damaged or not Microsoft's."),
            new ResultCode(0x800700C1, "ERROR_BAD_EXE_FORMAT", "The library is not a valid Windows library for this process.", "Check Certadm.dll with 'sfc /scannow', and that a 64-bit PowerShell runs the task."),
            new ResultCode(0x8007045D, "ERROR_IO_DEVICE", "The disk or the connection to it failed.", "Look for the disk in the event log of the host and replace it; keep the last good backup."),
            new ResultCode(0x80070522, "ERROR_PRIVILEGE_NOT_HELD", "The account lacks a required privilege.", "Give the account the user right 'Back up files and directories', then log on again."),
            new ResultCode(0x8007045B, "ERROR_SHUTDOWN_IN_PROGRESS", "The host is shutting down.", "Run again when the host is up."),
            new ResultCode(0x80070422, "ERROR_SERVICE_DISABLED", "The CertSvc service is disabled.", "Enable and start the service 'CertSvc'."),
            new ResultCode(0x800706BA, "RPC_S_SERVER_UNAVAILABLE", "The CertSvc service does not answer: it is stopped, or not reachable.", "Start it with 'Start-Service CertSvc', then run again."),
            new ResultCode(0x800706BE, "RPC_S_CALL_FAILED", "The connection to the CertSvc service broke during the call.", "Look for a stop or crash of CertSvc in the event log, start it, then run again."),
            new ResultCode(0x800706BF, "RPC_S_CALL_FAILED_DNE", "The CertSvc service did not carry out the call.", "Look for a stop or crash of CertSvc in the event log, start it, then run again."),
            new ResultCode(0x8000FFFF, "E_UNEXPECTED", "The CA refused the call, as it does when calls come in the wrong order.", "Run again; if it happens again, restart CertSvc and report it."),
            new ResultCode(0x80094006, "CERTSRV_E_SERVER_SUSPENDED", "The CA is paused.", "Resume it with 'Resume-Service CertSvc', then run again."),
            new ResultCode(0x80094008, "CERTSRV_E_ROLECONFLICT", "Role separation is on and the account holds more than one CA role.", "Use an account that is a backup operator only, not an administrator of the CA host."),
            new ResultCode(0xC80001F9, "hrBackupInProgress", "Another backup session of this CA is open.", "Wait until it ends (certutil, the Certification Authority console, a VSS or other backup product), then run again."),
            new ResultCode(0xC80001FA, "JET_errRestoreInProgress", "A restore of this CA is in progress.", "Finish the restore and start CertSvc, then run again."),
            new ResultCode(0xC8000208, "hrNoBackup", "The CA holds no backup session for this call.", "Run again; CertSvc may have been restarted during the backup."),
            new ResultCode(0xC8000209, "hrInvalidBackupSequence", "The backup call came out of sequence.", "Run again; if it happens again, restart CertSvc and report it."),
            new ResultCode(0xC800020B, "hrBackupNotAllowedYet", "The database engine is still starting or recovering.", "Wait until the CA answers requests, then run again."),
            new ResultCode(0xC800020E, "hrInvalidBackup", "The kind of backup is not possible for this database, as with circular logging.", "Take a full backup, and turn circular logging off (DBFlags without 0x4)."),
            new ResultCode(0xC8000210, "hrMissingLogFile", "A log file of the database is missing.", "Find out what removed it; take a full backup as soon as the CA runs without error."),
            new ResultCode(0xC8000211, "hrLogDiskFull", "The volume of the CA's log files is full.", "Free space on that volume, then run again with truncate_logs."),
            new ResultCode(0xC8000226, "hrDatabaseInconsistent", "The database was not shut down cleanly.", "Start CertSvc and let it recover; restore from backup if it does not."),
            new ResultCode(0xC800022D, "hrMissingRestoreLogFiles", "Log files that the restore needs are missing.", "Use a chain of sets without a gap."),
            new ResultCode(0xC8000230, "hrMissingFullBackup", "The CA knows no full backup that this one could continue.", "Take a full backup first."),
            new ResultCode(0xC80003E8, "hrTermInProgress", "The CertSvc service is stopping.", "Start CertSvc, then run again."),
            new ResultCode(0xC80003FA, "hrReadVerifyFailure", "A page of the database failed its checksum: the CA's database is damaged.", "Keep the last good set, and repair or restore the database before anything else."),
            new ResultCode(0xC80003FE, "JET_errDiskIO", "The database engine could not read or write the disk.", "Look for the disk in the event log of the host and replace it; keep the last good backup."),
            new ResultCode(0xC8000408, "hrFileAccessDenied", "The database engine could not open a file because it is in use.", "Exclude the CA's database folders from virus scanning and other backups, then run again."),
            new ResultCode(0xC7FF0004, "hrRestoreInProgress", "A restore of this CA is in progress.", "Finish the restore and start CertSvc, then run again."),
            new ResultCode(0xC7FF0008, "hrRestoreMapExists", "A restore is being prepared: the CA has a restore map already.", "Finish the restore and start CertSvc, then run again."),
            new ResultCode(0xC7FF0009, "hrIncrementalBackupDisabled", "Incremental backup is not enabled for this database.", "Take a full backup."),
            new ResultCode(0xC7FF000A, "hrLogFileNotFound", "A log file of the database is missing.", "Find out what removed it; take a full backup as soon as the CA runs without error."),
            new ResultCode(0xC7FF000B, "hrCircularLogging", "The database uses circular logging.", "Take a full backup, or turn circular logging off."),
            new ResultCode(0xC7FF000C, "hrNoFullRestore", "The restore needs a full backup, and none was given.", "Restore the full set of the chain first."),
            new ResultCode(0xC7FF000D, "hrCommunicationError", "The connection to the CertSvc service broke during the call.", "Look for a stop or crash of CertSvc in the event log, start it, then run again."),
            new ResultCode(0xC7FF000E, "hrFullBackupNotTaken", "The CA knows no full backup that this one could continue.", "Take a full backup first."),
        };

        // Where the function that failed works on files, these rows come first.
        private static readonly ResultCode[] FileRows = new ResultCode[]
        {
            new ResultCode(0x80070005, "E_ACCESSDENIED", "Access to a file or folder was denied.", "Give the account of the task full control of the destination, and exclude it from virus scanning and other backups, then run again."),
        };

        private static readonly Dictionary<uint, ResultCode> ByCode = Index(Rows);
        private static readonly Dictionary<uint, ResultCode> ByFileCode = Index(FileRows);

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

        /// <summary>The row of a code, or null where the table has none.</summary>
        public static ResultCode Find(int code)
        {
            ResultCode row;
            return ByCode.TryGetValue(unchecked((uint)code), out row) ? row : null;
        }

        /// <summary>"0x80070005 E_ACCESSDENIED: meaning action", or the bare number with the system's own text.</summary>
        /// <param name="onFile">Whether a function that works on files answered with the code.</param>
        public static string Describe(int code, bool onFile)
        {
            string number = Format(code);
            ResultCode row;
            if (!onFile || !ByFileCode.TryGetValue(unchecked((uint)code), out row))
                row = Find(code);
            if (row != null)
                return String.Format("{0} {1}: {2} {3}", number, row.Name, row.Meaning, row.Action);
            // -1: not the text that an earlier failure left in the thread
            // (https://learn.microsoft.com/en-us/dotnet/api/system.runtime.interopservices.marshal.getexceptionforhr)
            Exception system = Marshal.GetExceptionForHR(code, new IntPtr(-1));
            return system == null ? number : String.Format("{0}: {1}", number, system.Message);
        }

        public static string Format(int code)
        {
            return String.Format("0x{0:X8}", code);
        }

        private static Dictionary<uint, ResultCode> Index(ResultCode[] rows)
        {
            Dictionary<uint, ResultCode> index = new Dictionary<uint, ResultCode>();
            foreach (ResultCode row in rows)
                index.Add(row.Code, row);
            return index;
        }
    }

    /// <summary>A step of a backup that failed. Its message says what failed, on what, why, and what to do.</summary>
    public sealed class BackupException : Exception
    {
        /// <param name="message">What failed, on what.</param>
        /// <param name="step">The step of Microsoft's sequence, 1 to 16
        /// (https://learn.microsoft.com/en-us/windows/win32/seccrypto/backing-up-certificate-services), or 0 for a step of our own.</param>
        public BackupException(string message, int step)
            : base(message)
        {
            Step = step;
        }

        private BackupException(string message, Exception inner, int step)
            : base(message, inner)
        {
            Step = step;
        }

        private BackupException(string message, string function, int code, int step, string file, Exception inner)
            : base(String.Format("{0}: {1}", message, ResultCode.Describe(code, !function.StartsWith("CertSrv", StringComparison.Ordinal))), inner)
        {
            Function = function;
            Code = code;
            Step = step;
            File = file;
            HResult = code;
        }

        /// <summary>The function that failed, or null.</summary>
        public string Function { get; private set; }

        /// <summary>The HRESULT, or null where the failure has none.</summary>
        public int? Code { get; private set; }

        /// <summary>The step of Microsoft's sequence, or 0.</summary>
        public int Step { get; private set; }

        /// <summary>The file that the step worked on, or null.</summary>
        public string File { get; private set; }

        /// <summary>The symbolic name of the HRESULT, or null.</summary>
        public string CodeName
        {
            get
            {
                ResultCode row = Code.HasValue ? ResultCode.Find(Code.Value) : null;
                return row == null ? null : row.Name;
            }
        }

        /// <summary>The same failure with a sentence added to the end of its message.</summary>
        public BackupException Append(string sentence)
        {
            return WithMessage(Message + sentence);
        }

        /// <summary>The same failure with a sentence added to the beginning of its message.</summary>
        public BackupException Prepend(string sentence)
        {
            return WithMessage(sentence + Message);
        }

        private BackupException WithMessage(string message)
        {
            BackupException e = new BackupException(message, this, Step);
            e.Function = Function;
            e.Code = Code;
            e.File = File;
            return e;
        }

        /// <summary>A failure that no layer foresaw.</summary>
        public static BackupException Unexpected(Exception cause)
        {
            return new BackupException(cause.Message, cause, 0);
        }

        /// <summary>A function answered with a failing HRESULT.</summary>
        public static BackupException FromHResult(string function, int code, int step, string file, string what)
        {
            return new BackupException(String.Format("{0} failed {1}", function, what).TrimEnd(), function, code, step, file, null);
        }

        /// <summary>A Win32 function failed with the given error code.</summary>
        public static BackupException FromWin32(string function, int error, int step, string file, string what)
        {
            int code = error <= 0 ? error : unchecked((int)(0x80070000 | (uint)(error & 0xFFFF)));
            return FromHResult(function, code, step, file, what);
        }

        /// <summary>A file operation of .NET failed; its HRESULT is kept.</summary>
        public static BackupException FromIO(Exception cause, string function, int step, string file, string what)
        {
            // not Marshal.GetHRForException: the error object that it leaves on the thread can outlive .NET there, and end the process
            // (https://learn.microsoft.com/en-us/dotnet/api/system.runtime.interopservices.marshal.gethrforexception)
            int code = cause.HResult;
            string message = String.Format("{0}: {1}", what, cause.Message);
            return new BackupException(message, function, code, step, file, cause);
        }

        /// <summary>A failure without a result code of its own, on a file.</summary>
        public static BackupException OnFile(string function, int step, string file, string message)
        {
            BackupException e = new BackupException(message, step);
            e.Function = function;
            e.File = file;
            return e;
        }
    }
}
