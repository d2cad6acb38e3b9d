// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: what a backup needs of the file system beyond .NET's File and Directory.

using ansible_collections.adcs.ca.plugins.module_utils.common._Errors;
using ansible_collections.adcs.ca.plugins.module_utils.common._ResultCodes;
using ansible_collections.adcs.ca.plugins.module_utils.files._HashedCopy;
using Microsoft.Win32.SafeHandles;
using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Threading;

//TypeAccelerator -Name Adcs.Ca.FileSystem -TypeName FileSystem

namespace ansible_collections.adcs.ca.plugins.module_utils.files._FileSystem
{
    internal static class NativeHelpers
    {
        internal const uint MOVEFILE_REPLACE_EXISTING = 0x1;
        internal const uint MOVEFILE_WRITE_THROUGH = 0x8;
        internal const uint INVALID_FILE_ATTRIBUTES = 0xFFFFFFFF;
        internal const uint FILE_ATTRIBUTE_DIRECTORY = 0x10;
        internal const int ERROR_FILE_NOT_FOUND = 2;
        internal const int ERROR_PATH_NOT_FOUND = 3;
        internal const int ERROR_ACCESS_DENIED = 5;
        internal const int ERROR_SHARING_VIOLATION = 32;
        internal const int ERROR_LOCK_VIOLATION = 33;
        internal const uint FILE_READ_ATTRIBUTES = 0x80;
        internal const uint FILE_SHARE_ALL = 0x7;
        internal const uint OPEN_EXISTING = 3;
        internal const uint FILE_FLAG_BACKUP_SEMANTICS = 0x02000000;
        internal const uint FILE_FLAG_OPEN_REPARSE_POINT = 0x00200000;
        internal const int FileAttributeTagInfo = 9;
        internal const int GetFileExInfoStandard = 0;
        internal const uint FILE_ATTRIBUTE_REPARSE_POINT = 0x400;
        internal const uint NameSurrogateBit = 0x20000000;

        [StructLayout(LayoutKind.Sequential)]
        internal struct FILE_ATTRIBUTE_TAG_INFO
        {
            internal uint FileAttributes;
            internal uint ReparseTag;
        }

        [StructLayout(LayoutKind.Sequential)]
        internal struct WIN32_FILE_ATTRIBUTE_DATA
        {
            internal uint dwFileAttributes;
            internal System.Runtime.InteropServices.ComTypes.FILETIME ftCreationTime;
            internal System.Runtime.InteropServices.ComTypes.FILETIME ftLastAccessTime;
            internal System.Runtime.InteropServices.ComTypes.FILETIME ftLastWriteTime;
            internal uint nFileSizeHigh;
            internal uint nFileSizeLow;
        }
    }

    internal static class NativeMethods
    {
        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        internal static extern SafeFileHandle CreateFileW(
            string lpFileName,
            uint dwDesiredAccess,
            uint dwShareMode,
            IntPtr lpSecurityAttributes,
            uint dwCreationDisposition,
            uint dwFlagsAndAttributes,
            IntPtr hTemplateFile);

        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool GetFileInformationByHandleEx(
            SafeFileHandle hFile,
            int FileInformationClass,
            out NativeHelpers.FILE_ATTRIBUTE_TAG_INFO lpFileInformation,
            int dwBufferSize);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool GetDiskFreeSpaceExW(
            string lpDirectoryName,
            out ulong lpFreeBytesAvailableToCaller,
            out ulong lpTotalNumberOfBytes,
            IntPtr lpTotalNumberOfFreeBytes);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        internal static extern uint GetFileAttributesW(string lpFileName);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool GetFileAttributesExW(
            string lpFileName,
            int fInfoLevelId,
            out NativeHelpers.WIN32_FILE_ATTRIBUTE_DATA lpFileInformation);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool MoveFileExW(
            string lpExistingFileName,
            string lpNewFileName,
            uint dwFlags);
    }

    /// <summary>What a look at a path tells.</summary>
    public sealed class FileLook
    {
        internal FileLook(bool isFolder, bool isLink, long size)
        {
            IsFolder = isFolder;
            IsLink = isLink;
            Size = size;
        }

        public bool IsFolder { get; private set; }

        /// <summary>Whether it stands for another file or folder, see FileSystem.IsLink.</summary>
        public bool IsLink { get; private set; }

        public long Size { get; private set; }
    }

    /// <summary>The space of a volume or share, as its quota lets the caller see it.</summary>
    public sealed class VolumeSpace
    {
        internal VolumeSpace(ulong free, ulong total)
        {
            Free = Limit(free);
            Total = Limit(total);
        }

        public long Free { get; private set; }

        public long Total { get; private set; }

        private static long Limit(ulong bytes)
        {
            return bytes > Int64.MaxValue ? Int64.MaxValue : (long)bytes;
        }
    }

    public static class FileSystem
    {
        private const int CopyBufferSize = 512 * 1024;
        private const int InUseTimeoutMs = 20 * 1000;
        private const int FirstPauseMs = 50;
        private const int LongestPauseMs = 1000;
        private const int MaxPath = 260;
        private const uint ReplaceFlags = NativeHelpers.MOVEFILE_WRITE_THROUGH | NativeHelpers.MOVEFILE_REPLACE_EXISTING;

        /// <summary>Asks for the root of a drive or share, which .NET's Exists answers without saying why not.</summary>
        /// <exception cref="AdcsCaException">It cannot be reached; the code says why.</exception>
        public static void Reach(string root)
        {
            if (NativeMethods.GetFileAttributesW(root) == NativeHelpers.INVALID_FILE_ATTRIBUTES)
                throw Failed("GetFileAttributesW", root, String.Format("on '{0}'", root));
        }

        /// <summary>The names of the folders in a folder; none where it does not exist.</summary>
        /// <exception cref="AdcsCaException">Whether it exists, or what is in it, cannot be told: that is not the same as none.</exception>
        public static string[] GetFolderNames(string path)
        {
            uint attributes = NativeMethods.GetFileAttributesW(path);
            if (attributes == NativeHelpers.INVALID_FILE_ATTRIBUTES)
            {
                int error = Marshal.GetLastWin32Error();
                if (IsNotThere(error))
                    return new string[0];
                throw AdcsCaException.FromWin32(Party.Destination, "GetFileAttributesW", error, 0, path, String.Format("on '{0}'", path));
            }
            if ((attributes & NativeHelpers.FILE_ATTRIBUTE_DIRECTORY) == 0)
                return new string[0];
            DirectoryInfo[] folders = null;
            Guarded("FindFirstFile", "list", path, delegate { folders = new DirectoryInfo(path).GetDirectories(); });
            return Array.ConvertAll(folders, delegate(DirectoryInfo folder) { return folder.Name; });
        }

        /// <summary>What is at a path, or null where Windows says that nothing is: .NET's Exists says that of every error.</summary>
        /// <exception cref="AdcsCaException">It cannot be told; the code says why.</exception>
        public static FileLook Look(string path)
        {
            NativeHelpers.WIN32_FILE_ATTRIBUTE_DATA data;
            if (!NativeMethods.GetFileAttributesExW(Extended(path), NativeHelpers.GetFileExInfoStandard, out data))
            {
                int error = Marshal.GetLastWin32Error();
                if (IsNotThere(error))
                    return null;
                throw AdcsCaException.FromWin32(Party.Destination, "GetFileAttributesExW", error, 0, path, String.Format("on '{0}'", path));
            }
            bool isLink = false;
            if ((data.dwFileAttributes & NativeHelpers.FILE_ATTRIBUTE_REPARSE_POINT) != 0 && !TryIsNameSurrogate(path, out isLink))
                throw Failed("GetFileInformationByHandleEx", path, String.Format("on '{0}'", path));
            bool isFolder = (data.dwFileAttributes & NativeHelpers.FILE_ATTRIBUTE_DIRECTORY) != 0;
            return new FileLook(isFolder, isLink, ((long)data.nFileSizeHigh << 32) | data.nFileSizeLow);
        }

        /// <summary>
        /// Whether a file or folder stands for another one: a symbolic link, a junction, a mounted volume. Files that Windows keeps
        /// elsewhere, as Data Deduplication does, are reparse points too, but stand for themselves. What cannot be told is a link.
        /// </summary>
        /// <remarks>https://learn.microsoft.com/en-us/windows/win32/fileio/reparse-point-tags</remarks>
        public static bool IsLink(FileSystemInfo item)
        {
            bool isLink;
            if (!item.Exists || (item.Attributes & FileAttributes.ReparsePoint) == 0)
                return false;
            return !TryIsNameSurrogate(item.FullName, out isLink) || isLink;
        }

        private static bool TryIsNameSurrogate(string path, out bool answer)
        {
            NativeHelpers.FILE_ATTRIBUTE_TAG_INFO info = new NativeHelpers.FILE_ATTRIBUTE_TAG_INFO();
            uint flags = NativeHelpers.FILE_FLAG_BACKUP_SEMANTICS | NativeHelpers.FILE_FLAG_OPEN_REPARSE_POINT;
            using (SafeFileHandle handle = NativeMethods.CreateFileW(Extended(path), NativeHelpers.FILE_READ_ATTRIBUTES,
                NativeHelpers.FILE_SHARE_ALL, IntPtr.Zero, NativeHelpers.OPEN_EXISTING, flags, IntPtr.Zero))
            {
                bool told = !handle.IsInvalid
                    && NativeMethods.GetFileInformationByHandleEx(handle, NativeHelpers.FileAttributeTagInfo, out info, Marshal.SizeOf(typeof(NativeHelpers.FILE_ATTRIBUTE_TAG_INFO)));
                answer = (info.ReparseTag & NativeHelpers.NameSurrogateBit) != 0;
                return told;
            }
        }

        // As .NET does for its own calls: https://learn.microsoft.com/en-us/windows/win32/fileio/maximum-file-path-limitation
        private static string Extended(string path)
        {
            if (path.Length < MaxPath || path.StartsWith("\\\\?\\", StringComparison.Ordinal))
                return path;
            return path.StartsWith("\\\\", StringComparison.Ordinal) ? "\\\\?\\UNC" + path.Substring(1) : "\\\\?\\" + path;
        }

        private static bool IsNotThere(int error)
        {
            return error == NativeHelpers.ERROR_FILE_NOT_FOUND || error == NativeHelpers.ERROR_PATH_NOT_FOUND;
        }

        /// <summary>The bytes that the caller may still write in the folder's volume or share.</summary>
        public static long GetFreeBytes(string directory)
        {
            return GetSpace(directory).Free;
        }

        /// <summary>How large the folder's volume or share is for the caller, and what of it is free.</summary>
        public static VolumeSpace GetSpace(string directory)
        {
            ulong free;
            ulong total;
            // a UNC name must end in a backslash: https://learn.microsoft.com/en-us/windows/win32/api/fileapi/nf-fileapi-getdiskfreespaceexw
            string withSeparator = directory.EndsWith("\\", StringComparison.Ordinal) ? directory : directory + "\\";
            if (!NativeMethods.GetDiskFreeSpaceExW(withSeparator, out free, out total, IntPtr.Zero))
                throw Failed("GetDiskFreeSpaceExW", directory, String.Format("on '{0}'", directory));
            return new VolumeSpace(free, total);
        }

        /// <summary>Renames a file or folder in its volume, on the disk before the method returns. The target must not exist.</summary>
        /// <remarks>MOVEFILE_WRITE_THROUGH: https://learn.microsoft.com/en-us/windows/win32/api/winbase/nf-winbase-movefileexw</remarks>
        public static void MoveDurably(string source, string target)
        {
            Move(source, target, NativeHelpers.MOVEFILE_WRITE_THROUGH);
        }

        /// <summary>Writes a file so that at any moment the old or the new content is there in full, read again and flushed to the disk.</summary>
        public static void WriteDurably(string path, byte[] content)
        {
            string temporary = path + ".new";
            Store(path, content, temporary);
            Move(temporary, path, ReplaceFlags);
        }

        /// <summary>The same for callers that hold no lock: only where the file still has the content that the caller found in it.</summary>
        /// <param name="path">The file.</param>
        /// <param name="found">What the caller found in it; null for no file.</param>
        /// <param name="content">What it is to have.</param>
        /// <param name="temporary">A file of the caller's own, which is left unless the method returns true.</param>
        /// <returns>Whether it was written. If not, somebody else wrote the file meanwhile, and it is as he left it.</returns>
        public static bool TryWriteDurably(string path, byte[] found, byte[] content, string temporary)
        {
            Store(path, content, temporary);
            return TryMove(temporary, path, ReplaceFlags, delegate { return Holds(path, found); });
        }

        private static bool Holds(string path, byte[] found)
        {
            FileLook look = Look(path);
            if (look == null || look.IsFolder || look.IsLink)
                return look == null && found == null;
            byte[] content = null;
            Guarded("ReadFile", "read", path, delegate { content = File.ReadAllBytes(path); });
            return found != null && content.SequenceEqual(found);
        }

        private static void Store(string path, byte[] content, string temporary)
        {
            Guarded(path, delegate
            {
                using (FileStream file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 4096))
                {
                    file.Write(content, 0, content.Length);
                    file.Flush(true);
                }
            });
            byte[] stored = null;
            Guarded("ReadFile", "read", temporary, delegate { stored = File.ReadAllBytes(temporary); });
            if (!stored.SequenceEqual(content))
                throw AdcsCaException.OnFile("WriteFile", 0, path, String.Format("'{0}' was not stored as it was written. Check the destination's disk.", path));
        }

        /// <summary>Copies a file to a new one that is flushed to the disk, hashed in the same pass. A failed copy may leave a part of it.</summary>
        /// <param name="source">The file to copy.</param>
        /// <param name="target">The file to create; it must not exist.</param>
        /// <param name="verify">Whether to read the copy again and compare it.</param>
        /// <exception cref="IOException">The source cannot be opened or read (FileNotFoundException and its kin), or the copy differs.</exception>
        /// <exception cref="UnauthorizedAccessException">The source may not be read, or is a folder.</exception>
        /// <exception cref="AdcsCaException">The copy cannot be written.</exception>
        public static CopiedFile CopyFile(string source, string target, bool verify)
        {
            using (FileStream input = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1))
            {
                CopiedFile copied;
                using (FileStream output = CreateNew(target))
                    copied = Copy(input, output);
                if (verify && Read(target).Sha256 != copied.Sha256)
                    throw new IOException(String.Format("'{0}' was not stored as it was read", target));
                return copied;
            }
        }

        private static CopiedFile Copy(FileStream input, FileStream output)
        {
            using (HashAlgorithm hash = Sha256.Create())
            {
                byte[] buffer = new byte[CopyBufferSize];
                int count;
                while ((count = input.Read(buffer, 0, buffer.Length)) > 0)
                {
                    hash.TransformBlock(buffer, 0, count, null, 0);
                    Guarded(output.Name, delegate { output.Write(buffer, 0, count); });
                }
                hash.TransformFinalBlock(buffer, 0, 0);
                Guarded(output.Name, delegate { output.Flush(true); });
                return new CopiedFile(output.Position, Sha256.ToHex(hash.Hash));
            }
        }

        /// <summary>Writes bytes to a new file that is flushed to the disk.</summary>
        public static CopiedFile WriteNew(string path, byte[] content)
        {
            using (HashAlgorithm hash = Sha256.Create())
            using (FileStream file = CreateNew(path))
            {
                Guarded(path, delegate { file.Write(content, 0, content.Length); file.Flush(true); });
                return new CopiedFile(content.Length, Sha256.ToHex(hash.ComputeHash(content)));
            }
        }

        /// <summary>Reads a whole file and gives its size and SHA-256.</summary>
        public static CopiedFile Read(string path)
        {
            using (FileStream file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, CopyBufferSize))
            using (HashAlgorithm hash = Sha256.Create())
            {
                byte[] value = hash.ComputeHash(file);
                return new CopiedFile(file.Position, Sha256.ToHex(value));
            }
        }

        private static FileStream CreateNew(string path)
        {
            FileStream file = null;
            Guarded(path, delegate { file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1); });
            return file;
        }

        private static void Guarded(string path, Action write)
        {
            Guarded("WriteFile", "write", path, write);
        }

        private static void Guarded(string function, string what, string path, Action action)
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                if (e is IOException || e is UnauthorizedAccessException)
                    throw AdcsCaException.FromIO(e, function, 0, path, String.Format("Failed to {0} '{1}'", what, path));
                throw;
            }
        }

        private static void Move(string source, string target, uint flags)
        {
            TryMove(source, target, flags, delegate { return true; });
        }

        private static bool TryMove(string source, string target, uint flags, Func<bool> isWanted)
        {
            Stopwatch waited = Stopwatch.StartNew();
            for (int pause = FirstPauseMs; isWanted(); pause = Math.Min(2 * pause, LongestPauseMs))
            {
                if (NativeMethods.MoveFileExW(source, target, flags))
                    return true;
                int error = Marshal.GetLastWin32Error();
                if (!IsInUse(error) || waited.ElapsedMilliseconds > InUseTimeoutMs)
                    throw AdcsCaException.FromWin32(Party.Destination, "MoveFileExW", error, 0, target, String.Format("from '{0}' to '{1}'", source, target));
                Thread.Sleep(pause);
            }
            return false;
        }

        // A folder cannot be renamed while anybody has a file below it open, as scanners and indexers do for a moment with what was
        // just written: https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-fsa/4718fc40-e539-4014-8e33-b675af74e3e1
        private static bool IsInUse(int error)
        {
            return error == NativeHelpers.ERROR_ACCESS_DENIED || error == NativeHelpers.ERROR_SHARING_VIOLATION || error == NativeHelpers.ERROR_LOCK_VIOLATION;
        }

        private static AdcsCaException Failed(string function, string path, string what)
        {
            return AdcsCaException.FromWin32(Party.Destination, function, Marshal.GetLastWin32Error(), 0, path, what);
        }
    }
}
