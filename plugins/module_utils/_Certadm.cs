// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: Certadm.dll. The only file that names a CertSrv function; it knows neither Ansible
// nor what a set is. Signatures and constants: certbcli.h, and the pages below
// https://learn.microsoft.com/en-us/windows/win32/api/certbcli/

using ansible_collections.adcs.ca.plugins.module_utils._Errors;
using ansible_collections.adcs.ca.plugins.module_utils._StreamCopy;
using Microsoft.Win32.SafeHandles;
using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

//TypeAccelerator -Name Adcs.Ca.CertadmLibrary -TypeName CertadmLibrary
//TypeAccelerator -Name Adcs.Ca.BackupType -TypeName BackupType
//TypeAccelerator -Name Adcs.Ca.ListedFile -TypeName ListedFile

namespace ansible_collections.adcs.ca.plugins.module_utils._Certadm
{
    internal static class NativeHelpers
    {
        internal const uint LOAD_LIBRARY_SEARCH_SYSTEM32 = 0x00000800;
        internal const int S_OK = 0;

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

    /// <summary>An entry of a list: the tag that certbcli.h calls CSBFT_* ('\0' where the list has none) and the name behind it.</summary>
    public sealed class ListedFile
    {
        public const char LogTag = '\x21';
        public const char PatchTag = '\x25';
        public const char DatabaseTag = '\x44';
        public const char LogDirectoryTag = '\x82';
        public const char CheckpointDirectoryTag = '\x83';

        internal ListedFile(char tag, string name)
        {
            Tag = tag;
            Name = name;
        }

        public char Tag { get; private set; }

        /// <summary>The UNC name without its tag, as the DLL gave it.</summary>
        public string Name { get; private set; }

        /// <summary>The tag in one word, as manifests and results write it.</summary>
        public string Kind
        {
            get
            {
                switch (Tag)
                {
                    case DatabaseTag: return "database";
                    case LogTag: return "log";
                    case PatchTag: return "patch";
                    case LogDirectoryTag: return "log_directory";
                    case CheckpointDirectoryTag: return "checkpoint_directory";
                    default: return "unknown";
                }
            }
        }
    }

    /// <summary>A list of the DLL: its bytes as they came, and its entries.</summary>
    public sealed class CertadmList
    {
        internal CertadmList(string function, byte[] bytes, ListedFile[] entries)
        {
            Function = function;
            Bytes = bytes;
            Entries = entries;
        }

        /// <summary>The function that gave the list.</summary>
        public string Function { get; private set; }

        public byte[] Bytes { get; private set; }

        public ListedFile[] Entries { get; private set; }

        /// <summary>Splits a sequence of NUL-terminated strings that ends with one more NUL.</summary>
        /// <exception cref="FormatException">The bytes are not such a sequence.</exception>
        internal static CertadmList Parse(string function, byte[] bytes, bool tagged)
        {
            List<ListedFile> entries = new List<ListedFile>();
            if (bytes.Length == 0)
                return new CertadmList(function, bytes, entries.ToArray());

            string text = Encoding.Unicode.GetString(bytes);
            if (bytes.Length % 2 != 0 || text[text.Length - 1] != '\0' || (text.Length > 1 && text[text.Length - 2] != '\0'))
                throw new FormatException(String.Format("the list of {0} bytes does not end with two NUL characters", bytes.Length));
            if (text.Length > 1)
                foreach (string entry in text.Substring(0, text.Length - 2).Split('\0'))
                    entries.Add(ParseEntry(entry, tagged));
            return new CertadmList(function, bytes, entries.ToArray());
        }

        private static ListedFile ParseEntry(string entry, bool tagged)
        {
            if (!tagged)
                return new ListedFile('\0', entry);
            if (entry.Length == 0 || entry[0] == '\\')
                throw new FormatException(String.Format("the entry '{0}' has no file type tag", entry));
            return new ListedFile(entry[0], entry.Substring(1));
        }
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
        /// <exception cref="BackupException">The library is not on this host, or lacks a function.</exception>
        public CertadmLibrary(string caName)
        {
            _caName = caName;
            // The full path and this flag together keep a certadm.dll of the working folder or of PATH out, and one that
            // is already loaded under the same name from elsewhere:
            // https://learn.microsoft.com/en-us/windows/win32/dlls/dynamic-link-library-search-order
            LibraryPath = Path.Combine(Environment.SystemDirectory, FileName);
            _library = NativeMethods.LoadLibraryExW(LibraryPath, IntPtr.Zero, NativeHelpers.LOAD_LIBRARY_SEARCH_SYSTEM32);
            if (_library.IsInvalid)
                throw BackupException.FromWin32("LoadLibraryExW", Marshal.GetLastWin32Error(), 1, LibraryPath, String.Format(
                    "because Certadm.dll ('{0}') is not on this host: is the Certification Authority role installed?", LibraryPath));

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
            throw BackupException.FromWin32("GetProcAddress", 127, 2, LibraryPath, String.Format(
                "because '{0}' lacks {1}", LibraryPath, String.Join(", ", _missing.ToArray())));
        }

        /// <summary>The full path of the loaded library.</summary>
        public string LibraryPath { get; private set; }

        /// <summary>Whether the CA accepts requests. A paused CA answers false.</summary>
        /// <exception cref="BackupException">The CA does not answer, as when CertSvc is stopped.</exception>
        public bool IsServerOnline(string server)
        {
            bool online;
            int code = IsServerOnlineW(server, out online);
            if (code != NativeHelpers.S_OK)
                throw BackupException.FromHResult("CertSrvIsServerOnlineW", code, 3, null, OfCa(server));
            return online;
        }

        /// <summary>Opens a backup session. Only the calling thread may use it; it must be ended.</summary>
        public BackupSession Prepare(string server, BackupType type)
        {
            IntPtr context;
            int code = BackupPrepareW(server, 0, (uint)type, out context);
            if (code != NativeHelpers.S_OK)
                throw BackupException.FromHResult("CertSrvBackupPrepareW", code, 4, null, OfCa(server));
            return new BackupSession(this, context);
        }

        private string OfCa(string server)
        {
            return String.Format("for the CA '{0}' on '{1}'", _caName, server);
        }

        /// <exception cref="BackupException">FreeLibrary failed.</exception>
        public void Dispose()
        {
            if (_library.IsClosed)
                return;
            _library.Dispose();
            if (_library.ReleaseError != 0)
                throw BackupException.FromWin32("FreeLibrary", _library.ReleaseError, 16, LibraryPath, String.Format("for '{0}'", LibraryPath));
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
        private readonly CertadmLibrary _certadm;
        private readonly int _thread = Thread.CurrentThread.ManagedThreadId;
        private readonly List<SafeListHandle> _lists = new List<SafeListHandle>();
        private IntPtr _context;

        internal BackupSession(CertadmLibrary certadm, IntPtr context)
        {
            _certadm = certadm;
            _context = context;
        }

        /// <summary>The restore map: where the database, the logs and the checkpoint belong (step 5).</summary>
        public CertadmList GetDatabaseLocations()
        {
            return GetList("CertSrvRestoreGetDatabaseLocationsW", _certadm.RestoreGetDatabaseLocationsW, 5, true);
        }

        /// <summary>The database files of a full backup (step 6).</summary>
        public CertadmList GetDatabaseNames()
        {
            return GetList("CertSrvBackupGetDatabaseNamesW", _certadm.BackupGetDatabaseNamesW, 6, true);
        }

        /// <summary>The log files that the backup needs (step 10).</summary>
        public CertadmList GetBackupLogs()
        {
            return GetList("CertSrvBackupGetBackupLogsW", _certadm.BackupGetBackupLogsW, 10, true);
        }

        /// <summary>Files beside the database, to be copied by other means (step 12). Its entries have no tag.</summary>
        public CertadmList GetDynamicFileList()
        {
            return GetList("CertSrvBackupGetDynamicFileListW", _certadm.BackupGetDynamicFileListW, 12, false);
        }

        /// <summary>Copies one listed file to a new file that is flushed to the disk (steps 7 to 9).</summary>
        /// <param name="name">The name as the list gave it, without the tag.</param>
        /// <param name="path">The file to create.</param>
        public CopiedFile CopyFile(string name, string path)
        {
            long size;
            int code = _certadm.BackupOpenFileW(Context(), name, StreamCopy.BufferSize, out size);
            Check("CertSrvBackupOpenFileW", code, 7, name);
            CopiedFile copied;
            try
            {
                copied = StreamCopy.Run(name, size, path, delegate(IntPtr buffer, uint length) { return Read(name, buffer, length); });
            }
            catch
            {
                // the first failure is the one to report; the close only leaves the session in order for its end
                _certadm.BackupClose(Context());
                throw;
            }
            Check("CertSrvBackupClose", _certadm.BackupClose(Context()), 9, name);
            return copied;
        }

        /// <summary>Lets the CA delete the log files that were backed up (step 11).</summary>
        public void TruncateLogs()
        {
            Check("CertSrvBackupTruncateLogs", _certadm.BackupTruncateLogs(Context()), 11, null);
        }

        /// <summary>Ends the session and frees every list (steps 14 and 15). The lists are freed even if the end fails.</summary>
        public void Dispose()
        {
            if (_context == IntPtr.Zero)
                return;
            IntPtr context = Context();
            _context = IntPtr.Zero;
            int code = _certadm.BackupEnd(context);
            foreach (SafeListHandle list in _lists)
                list.Dispose();
            Check("CertSrvBackupEnd", code, 14, null);
        }

        private uint Read(string name, IntPtr buffer, uint length)
        {
            uint count;
            int code = _certadm.BackupRead(Context(), buffer, length, out count);
            Check("CertSrvBackupRead", code, 8, name);
            return count;
        }

        private CertadmList GetList(string function, NativeHelpers.CertSrvGetList call, int step, bool tagged)
        {
            IntPtr list;
            uint size;
            Check(function, call(Context(), out list, out size), step, null);
            if (list != IntPtr.Zero)
                _lists.Add(new SafeListHandle(list, _certadm.BackupFree));
            byte[] bytes = new byte[list == IntPtr.Zero ? 0 : size];
            if (bytes.Length > 0)
                Marshal.Copy(list, bytes, 0, bytes.Length);
            try
            {
                return CertadmList.Parse(function, bytes, tagged);
            }
            catch (FormatException e)
            {
                throw BackupException.OnFile(function, step, null, String.Format("{0} gave a list that cannot be read: {1}.", function, e.Message));
            }
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
            if (code != NativeHelpers.S_OK)
                throw BackupException.FromHResult(function, code, step, file, file == null ? "" : String.Format("on '{0}'", file));
        }
    }
}
