// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: Certadm.dll. The only file that names a CertSrv function; it knows neither Ansible
// nor what a set is. Signatures and constants: certbcli.h, and the pages below
// https://learn.microsoft.com/en-us/windows/win32/api/certbcli/

using ansible_collections.adcs.ca.plugins.module_utils.certadm._CallLog;
using ansible_collections.adcs.ca.plugins.module_utils.certadm._Lists;
using ansible_collections.adcs.ca.plugins.module_utils.common._Errors;
using ansible_collections.adcs.ca.plugins.module_utils.common._ResultCodes;
using ansible_collections.adcs.ca.plugins.module_utils.files._HashedCopy;
using Microsoft.Win32.SafeHandles;
using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

//TypeAccelerator -Name Adcs.Ca.CertadmLibrary -TypeName CertadmLibrary
//TypeAccelerator -Name Adcs.Ca.BackupType -TypeName BackupType

namespace ansible_collections.adcs.ca.plugins.module_utils.certadm._Certadm
{
    internal static class NativeHelpers
    {
        internal const uint LOAD_LIBRARY_SEARCH_SYSTEM32 = 0x00000800;
        // ERROR_HANDLE_EOF as an HRESULT, which the sister of CertSrvBackupRead gives at the end of a file:
        // https://learn.microsoft.com/en-us/windows/win32/ad/dsbackupread
        internal const int EndOfFile = unchecked((int)0x80070026);

        internal const int ERROR_ACCESS_DENIED = 5;
        internal const int ERROR_BAD_EXE_FORMAT = 193;
        internal const int ERROR_VIRUS_INFECTED = 225;
        internal const int ERROR_INVALID_IMAGE_HASH = 577;
        internal const int ERROR_ACCESS_DISABLED_BY_POLICY = 1260;
        internal const int ERROR_SYSTEM_INTEGRITY_POLICY_VIOLATION = 4551;

        [UnmanagedFunctionPointer(CallingConvention.StdCall)]
        internal delegate int CertSrvIsServerOnlineW(
            [MarshalAs(UnmanagedType.LPWStr)] string pwszServerName,
            [MarshalAs(UnmanagedType.Bool)] out bool pfServerOnline);

        [UnmanagedFunctionPointer(CallingConvention.StdCall)]
        internal delegate int CertSrvBackupPrepareW(
            [MarshalAs(UnmanagedType.LPWStr)] string pwszServerName,
            uint grbitJet,
            uint dwBackupFlags,
            out IntPtr phbc);

        [UnmanagedFunctionPointer(CallingConvention.StdCall)]
        internal delegate int CertSrvGetList(
            IntPtr hbc,
            out IntPtr ppwszzList,
            out uint pcbSize);

        [UnmanagedFunctionPointer(CallingConvention.StdCall)]
        internal delegate int CertSrvBackupOpenFileW(
            IntPtr hbc,
            [MarshalAs(UnmanagedType.LPWStr)] string pwszAttachmentName,
            uint cbReadHintSize,
            out long pliFileSize);

        [UnmanagedFunctionPointer(CallingConvention.StdCall)]
        internal delegate int CertSrvBackupRead(
            IntPtr hbc,
            IntPtr pvBuffer,
            uint cbBuffer,
            out uint pcbRead);

        [UnmanagedFunctionPointer(CallingConvention.StdCall)]
        internal delegate int CertSrvOnSession(IntPtr hbc);

        [UnmanagedFunctionPointer(CallingConvention.StdCall)]
        internal delegate void CertSrvBackupFree(IntPtr pv);
    }

    internal static class NativeMethods
    {
        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        internal static extern SafeLibraryHandle LoadLibraryExW(
            string lpLibFileName,
            IntPtr hFile,
            uint dwFlags);

        [DllImport("kernel32.dll", CharSet = CharSet.Ansi, ExactSpelling = true, BestFitMapping = false, SetLastError = true)]
        internal static extern IntPtr GetProcAddress(
            SafeLibraryHandle hModule,
            string lpProcName);

        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool FreeLibrary(IntPtr hLibModule);
    }

    internal sealed class SafeLibraryHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        internal SafeLibraryHandle()
            : base(true)
        {
        }

        internal int ReleaseError { get; private set; }

        protected override bool ReleaseHandle()
        {
            bool released = NativeMethods.FreeLibrary(handle);
            ReleaseError = released ? 0 : Marshal.GetLastWin32Error();
            return released;
        }
    }

    /// <summary>A list that the DLL allocated; given back to it exactly once.</summary>
    internal sealed class SafeListHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        private readonly NativeHelpers.CertSrvBackupFree _free;

        internal SafeListHandle(IntPtr list, NativeHelpers.CertSrvBackupFree free)
            : base(true)
        {
            _free = free;
            SetHandle(list);
        }

        protected override bool ReleaseHandle()
        {
            _free(handle);
            return true;
        }
    }

    /// <summary>CSBACKUP_TYPE_*</summary>
    public enum BackupType
    {
        Full = 1,
        LogsOnly = 2,
    }

    /// <summary>Certadm.dll of this host, loaded from the system folder only, with every function resolved.</summary>
    public sealed class CertadmLibrary : IDisposable
    {
        private const string FileName = "certadm.dll";

        internal readonly NativeHelpers.CertSrvIsServerOnlineW IsServerOnlineW;
        internal readonly NativeHelpers.CertSrvBackupPrepareW BackupPrepareW;
        internal readonly NativeHelpers.CertSrvGetList RestoreGetDatabaseLocationsW;
        internal readonly NativeHelpers.CertSrvGetList BackupGetDatabaseNamesW;
        internal readonly NativeHelpers.CertSrvGetList BackupGetBackupLogsW;
        internal readonly NativeHelpers.CertSrvGetList BackupGetDynamicFileListW;
        internal readonly NativeHelpers.CertSrvBackupOpenFileW BackupOpenFileW;
        internal readonly NativeHelpers.CertSrvBackupRead BackupRead;
        internal readonly NativeHelpers.CertSrvOnSession BackupClose;
        internal readonly NativeHelpers.CertSrvOnSession BackupTruncateLogs;
        internal readonly NativeHelpers.CertSrvOnSession BackupEnd;
        internal readonly NativeHelpers.CertSrvBackupFree BackupFree;

        private readonly SafeLibraryHandle _library;
        private readonly List<string> _missing = new List<string>();
        private readonly string _caName;

        /// <summary>Loads the library.</summary>
        /// <param name="caName">The name of the CA, for messages.</param>
        /// <param name="log">Takes what the calls answer.</param>
        /// <exception cref="AdcsCaException">The library cannot be loaded, or lacks a function.</exception>
        public CertadmLibrary(string caName, CallLog log)
        {
            _caName = caName;
            Log = log;
            // The full path and this flag together keep a certadm.dll of the working folder or of PATH out, and one that
            // is already loaded under the same name from elsewhere:
            // https://learn.microsoft.com/en-us/windows/win32/dlls/dynamic-link-library-search-order
            LibraryPath = Path.Combine(Environment.SystemDirectory, FileName);
            _library = Load();
            IsServerOnlineW = Resolve<NativeHelpers.CertSrvIsServerOnlineW>("CertSrvIsServerOnlineW");
            BackupPrepareW = Resolve<NativeHelpers.CertSrvBackupPrepareW>("CertSrvBackupPrepareW");
            RestoreGetDatabaseLocationsW = Resolve<NativeHelpers.CertSrvGetList>("CertSrvRestoreGetDatabaseLocationsW");
            BackupGetDatabaseNamesW = Resolve<NativeHelpers.CertSrvGetList>("CertSrvBackupGetDatabaseNamesW");
            BackupOpenFileW = Resolve<NativeHelpers.CertSrvBackupOpenFileW>("CertSrvBackupOpenFileW");
            BackupRead = Resolve<NativeHelpers.CertSrvBackupRead>("CertSrvBackupRead");
            BackupClose = Resolve<NativeHelpers.CertSrvOnSession>("CertSrvBackupClose");
            BackupGetBackupLogsW = Resolve<NativeHelpers.CertSrvGetList>("CertSrvBackupGetBackupLogsW");
            BackupTruncateLogs = Resolve<NativeHelpers.CertSrvOnSession>("CertSrvBackupTruncateLogs");
            BackupGetDynamicFileListW = Resolve<NativeHelpers.CertSrvGetList>("CertSrvBackupGetDynamicFileListW");
            BackupEnd = Resolve<NativeHelpers.CertSrvOnSession>("CertSrvBackupEnd");
            BackupFree = Resolve<NativeHelpers.CertSrvBackupFree>("CertSrvBackupFree");
            if (_missing.Count == 0)
                return;
            _library.Dispose();
            throw AdcsCaException.FromWin32(Party.Library, "GetProcAddress", 127, 2, LibraryPath, String.Format(
                "because '{0}' lacks {1}", LibraryPath, String.Join(", ", _missing.ToArray())));
        }

        /// <summary>The full path of the loaded library.</summary>
        public string LibraryPath { get; private set; }

        internal CallLog Log { get; private set; }

        /// <summary>What the CA says of its state: a paused CA answers false, and so may one that does not let the account read.</summary>
        /// <exception cref="AdcsCaException">The CA does not answer, as when CertSvc is stopped.</exception>
        public bool IsServerOnline(string server)
        {
            bool online = false;
            CallRecord record = Log.Begin("CertSrvIsServerOnlineW", "pwszServerName", server);
            int code = Log.Run(record, delegate { return IsServerOnlineW(server, out online); });
            if (code < 0)
                throw AdcsCaException.FromHResult(Party.Authority, "CertSrvIsServerOnlineW", code, 3, null, OfCa(server));
            record.Online = online;
            return online;
        }

        /// <summary>Opens a backup session. Only the calling thread may use it; it must be ended.</summary>
        public BackupSession Prepare(string server, BackupType type)
        {
            IntPtr context = IntPtr.Zero;
            CallRecord record = Log.Begin("CertSrvBackupPrepareW", "pwszServerName", server, "grbitJet", 0, "dwBackupFlags", (int)type);
            int code = Log.Run(record, delegate { return BackupPrepareW(server, 0, (uint)type, out context); });
            if (code < 0)
                throw AdcsCaException.FromHResult(Party.Authority, "CertSrvBackupPrepareW", code, 4, null, OfCa(server));
            if (context == IntPtr.Zero)
                throw AdcsCaException.OnFile("CertSrvBackupPrepareW", 4, null, String.Format(
                    "CertSrvBackupPrepareW answered with success {0}, but gave no session. Restart CertSvc, then run again; if it happens again, report it.", OfCa(server)));
            return new BackupSession(this, context);
        }

        private string OfCa(string server)
        {
            return String.Format("for the CA '{0}' on '{1}'", _caName, server);
        }

        /// <exception cref="AdcsCaException">FreeLibrary failed.</exception>
        public void Dispose()
        {
            if (_library.IsClosed)
                return;
            Log.Run(Log.Begin("FreeLibrary", "path", LibraryPath), delegate { _library.Dispose(); });
            if (_library.ReleaseError != 0)
                throw AdcsCaException.FromWin32(Party.Library, "FreeLibrary", _library.ReleaseError, 16, LibraryPath, String.Format("for '{0}'", LibraryPath));
        }

        private SafeLibraryHandle Load()
        {
            SafeLibraryHandle library = null;
            int error = 0;
            Log.Run(Log.Begin("LoadLibraryExW", "path", LibraryPath), delegate
            {
                library = NativeMethods.LoadLibraryExW(LibraryPath, IntPtr.Zero, NativeHelpers.LOAD_LIBRARY_SEARCH_SYSTEM32);
                error = library.IsInvalid ? Marshal.GetLastWin32Error() : 0;
            });
            if (library.IsInvalid)
                throw AdcsCaException.FromWin32(Party.Library, "LoadLibraryExW", error, 1, LibraryPath, String.Format("because Certadm.dll ('{0}') {1}", LibraryPath, WhyNotLoaded(error)));
            return library;
        }

        private string WhyNotLoaded(int error)
        {
            switch (error)
            {
                case NativeHelpers.ERROR_ACCESS_DENIED:
                    return "may not be loaded by this account";
                case NativeHelpers.ERROR_BAD_EXE_FORMAT:
                    return String.Format("is no library for this {0}-bit process", 8 * IntPtr.Size);
                case NativeHelpers.ERROR_VIRUS_INFECTED:
                case NativeHelpers.ERROR_INVALID_IMAGE_HASH:
                case NativeHelpers.ERROR_ACCESS_DISABLED_BY_POLICY:
                case NativeHelpers.ERROR_SYSTEM_INTEGRITY_POLICY_VIOLATION:
                    return "is blocked by a protection of this host";
                default:
                    return File.Exists(LibraryPath)
                        ? "is on this host, but cannot be loaded"
                        : "is not on this host: is the Certification Authority role installed?";
            }
        }

        private T Resolve<T>(string function) where T : class
        {
            IntPtr address = NativeMethods.GetProcAddress(_library, function);
            if (address == IntPtr.Zero)
            {
                _missing.Add(function);
                return null;
            }
            return (T)(object)Marshal.GetDelegateForFunctionPointer(address, typeof(T));
        }
    }

    /// <summary>A prepared backup session. Every call must come from the thread that prepared it: the DLL may hold COM state.</summary>
    public sealed class BackupSession : IDisposable
    {
        // a name has at most some hundred bytes, and more than 100,000 logs would need weeks to be read
        private const uint MaxListBytes = 64 << 20;

        private readonly CertadmLibrary _certadm;
        private readonly CallLog _log;
        private readonly int _thread = Thread.CurrentThread.ManagedThreadId;
        private readonly List<SafeListHandle> _lists = new List<SafeListHandle>();
        private IntPtr _context;

        internal BackupSession(CertadmLibrary certadm, IntPtr context)
        {
            _certadm = certadm;
            _log = certadm.Log;
            _context = context;
        }

        /// <summary>The restore map: where the database, the logs and the checkpoint belong (step 5).</summary>
        public CertadmList GetDatabaseLocations()
        {
            return GetList("CertSrvRestoreGetDatabaseLocationsW", _certadm.RestoreGetDatabaseLocationsW, 5, ListContent.Tagged);
        }

        /// <summary>The database files of a full backup (step 6).</summary>
        public CertadmList GetDatabaseNames()
        {
            return GetList("CertSrvBackupGetDatabaseNamesW", _certadm.BackupGetDatabaseNamesW, 6, ListContent.Databases);
        }

        /// <summary>The log files that the backup needs (step 10).</summary>
        public CertadmList GetBackupLogs()
        {
            return GetList("CertSrvBackupGetBackupLogsW", _certadm.BackupGetBackupLogsW, 10, ListContent.Tagged);
        }

        /// <summary>Files beside the database, to be copied by other means (step 12). Its entries have no tag.</summary>
        public CertadmList GetDynamicFileList()
        {
            return GetList("CertSrvBackupGetDynamicFileListW", _certadm.BackupGetDynamicFileListW, 12, ListContent.Names);
        }

        /// <summary>Copies one listed file to a new file that is flushed to the disk (steps 7 to 9).</summary>
        /// <param name="name">The name as the list gave it, without the tag.</param>
        /// <param name="path">The file to create.</param>
        public CopiedFile CopyFile(string name, string path)
        {
            long size = Open(name);
            CopiedFile copied;
            try
            {
                CallRecord reads = _log.BeginOnFile("CertSrvBackupRead", "pwszAttachmentName", name, "cbBuffer", StreamCopy.BufferSize);
                reads.Bytes = 0;
                copied = StreamCopy.Run("CertSrvBackupRead", 8, name, size, path, delegate(IntPtr buffer, uint length) { return Read(reads, name, buffer, length); });
            }
            catch
            {
                // the first failure is the one to report; the close only leaves the session in order for its end
                Close(name);
                throw;
            }
            Check("CertSrvBackupClose", Close(name), 9, name);
            return copied;
        }

        /// <summary>Lets the CA delete the log files that were backed up (step 11).</summary>
        public void TruncateLogs()
        {
            int code = _log.Run(_log.Begin("CertSrvBackupTruncateLogs"), delegate { return _certadm.BackupTruncateLogs(Context()); });
            Check("CertSrvBackupTruncateLogs", code, 11, null);
        }

        /// <summary>Ends the session and frees every list (steps 14 and 15). The lists are freed even if the end fails.</summary>
        public void Dispose()
        {
            if (_context == IntPtr.Zero)
                return;
            IntPtr context = Context();
            _context = IntPtr.Zero;
            int code = _log.Run(_log.Begin("CertSrvBackupEnd"), delegate { return _certadm.BackupEnd(context); });
            foreach (SafeListHandle list in _lists)
                _log.Run(_log.Begin("CertSrvBackupFree"), delegate { list.Dispose(); });
            Check("CertSrvBackupEnd", code, 14, null);
        }

        private long Open(string name)
        {
            long size = 0;
            CallRecord record = _log.BeginOnFile("CertSrvBackupOpenFileW", "pwszAttachmentName", name, "cbReadHintSize", StreamCopy.BufferSize);
            int code = _log.Run(record, delegate { return _certadm.BackupOpenFileW(Context(), name, StreamCopy.BufferSize, out size); });
            Check("CertSrvBackupOpenFileW", code, 7, name);
            record.Bytes = size;
            if (size < 0)
            {
                Close(name);
                throw AdcsCaException.OnFile("CertSrvBackupOpenFileW", 7, name, String.Format("CertSrvBackupOpenFileW announced {0} bytes for '{1}', which cannot be.", size, name));
            }
            return size;
        }

        private int Close(string name)
        {
            return _log.Run(_log.BeginOnFile("CertSrvBackupClose", "pwszAttachmentName", name), delegate { return _certadm.BackupClose(Context()); });
        }

        private uint Read(CallRecord record, string name, IntPtr buffer, uint length)
        {
            uint count = 0;
            int code = _log.Run(record, delegate { return _certadm.BackupRead(Context(), buffer, length, out count); });
            if (code == NativeHelpers.EndOfFile)
                return 0;
            Check("CertSrvBackupRead", code, 8, name);
            record.Bytes += count;
            return count;
        }

        private CertadmList GetList(string function, NativeHelpers.CertSrvGetList call, int step, ListContent content)
        {
            IntPtr list = IntPtr.Zero;
            uint size = 0;
            CallRecord record = _log.Begin(function);
            Check(function, _log.Run(record, delegate { return call(Context(), out list, out size); }), step, null);
            record.Bytes = size;
            if (list != IntPtr.Zero)
                _lists.Add(new SafeListHandle(list, _certadm.BackupFree));
            try
            {
                byte[] bytes = Copy(list, size);
                _log.AddList(record, bytes);
                return CertadmList.Parse(function, bytes, content);
            }
            catch (FormatException e)
            {
                throw AdcsCaException.OnFile(function, step, null, String.Format("{0} gave a list that cannot be read: {1}.", function, e.Message));
            }
        }

        private static byte[] Copy(IntPtr list, uint size)
        {
            if (list == IntPtr.Zero)
                return new byte[0];
            if (size > MaxListBytes)
                throw new FormatException(String.Format("its size of {0} bytes cannot be", size));
            byte[] bytes = new byte[size];
            Marshal.Copy(list, bytes, 0, bytes.Length);
            return bytes;
        }

        private IntPtr Context()
        {
            if (_context == IntPtr.Zero)
                throw new ObjectDisposedException("BackupSession");
            if (Thread.CurrentThread.ManagedThreadId != _thread)
                throw new InvalidOperationException("A backup session was used from a thread that did not prepare it.");
            return _context;
        }

        private static void Check(string function, int code, int step, string file)
        {
            // "Negative values indicate errors, positive values indicate success": MS-CSRA 3.1.4.1.16, and FAILED() of every sample
            if (code < 0)
                throw AdcsCaException.FromHResult(Party.Authority, function, code, step, file, file == null ? "" : String.Format("on '{0}'", file));
        }
    }
}
