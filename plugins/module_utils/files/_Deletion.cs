// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: a folder is deleted with all that is in it, also what is read-only. No link is followed.

using ansible_collections.adcs.ca.plugins.module_utils.files._FileSystem;
using System;
using System.Diagnostics;
using System.IO;
using System.Threading;

//TypeAccelerator -Name Adcs.Ca.Deletion -TypeName Deletion

namespace ansible_collections.adcs.ca.plugins.module_utils.files._Deletion
{
    /// <summary>One deletion. What cannot be deleted stops nothing else; its cause is told at the end.</summary>
    public sealed class Deletion
    {
        private const FileAttributes Hindering = FileAttributes.ReadOnly | FileAttributes.Hidden | FileAttributes.System;
        private const int InUseTimeoutMs = 2 * 1000;
        private const int PauseMs = 100;

        // ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION, ERROR_DIR_NOT_EMPTY: so Windows answers for a file that is
        // open at this moment, and for the folder of one that is deleted and still open.
        private static readonly int[] InUse = { 5, 32, 33, 145 };

        private readonly string _except;
        private readonly Stopwatch _waited = new Stopwatch();
        private int _failures;

        private Deletion(string except)
        {
            _except = except;
        }

        /// <summary>The size of all files that were deleted.</summary>
        public long FreedBytes { get; private set; }

        /// <summary>Why something could not be deleted, the first cause; null where nothing is left.</summary>
        public Exception Cause { get; private set; }

        /// <summary>Deletes a folder and all that is in it, as far as it can be. A link in it goes, what it leads to stays.</summary>
        /// <param name="path">The folder.</param>
        /// <param name="except">The name of a file that is deleted, but not counted.</param>
        /// <exception cref="IOException">The folder is a link.</exception>
        public static Deletion DeleteFolder(string path, string except)
        {
            DirectoryInfo folder = new DirectoryInfo(path);
            RequireNoLink(folder);
            Deletion deletion = new Deletion(except);
            deletion.DeleteTree(folder);
            return deletion;
        }

        /// <summary>Deletes a file; one that is not there is deleted.</summary>
        /// <exception cref="IOException">The file is in use.</exception>
        /// <exception cref="UnauthorizedAccessException">It may not be deleted.</exception>
        public static void DeleteFile(string path)
        {
            Deletion deletion = new Deletion(null);
            deletion.DeleteItem(new FileInfo(path));
            if (deletion.Cause != null)
                throw deletion.Cause;
        }

        /// <summary>Deletes a folder and all that is in it.</summary>
        /// <exception cref="IOException">The folder is a link, or something could not be deleted: the first cause, after all had its turn.</exception>
        /// <exception cref="UnauthorizedAccessException">Something may not be deleted.</exception>
        public static void DeleteWhole(string path)
        {
            Deletion deletion = DeleteFolder(path, null);
            if (deletion.Cause != null)
                throw deletion.Cause;
        }

        /// <summary>What DeleteFolder would free.</summary>
        public static long MeasureFolder(string path, string except)
        {
            DirectoryInfo folder = new DirectoryInfo(path);
            RequireNoLink(folder);
            long bytes = 0;
            foreach (FileSystemInfo item in folder.GetFileSystemInfos())
            {
                if (IsFolder(item))
                    bytes += MeasureFolder(item.FullName, except);
                else
                    bytes += SizeOf(item, except);
            }
            return bytes;
        }

        private static void RequireNoLink(DirectoryInfo folder)
        {
            if (FileSystem.IsLink(folder))
                throw new IOException(String.Format("'{0}' leads elsewhere (a link or a mounted volume), and none is followed", folder.FullName));
        }

        private static bool IsFolder(FileSystemInfo item)
        {
            return item is DirectoryInfo && !FileSystem.IsLink(item);
        }

        private static long SizeOf(FileSystemInfo item, string except)
        {
            FileInfo file = item as FileInfo;
            return file == null || file.Name == except ? 0 : file.Length;
        }

        private void DeleteTree(DirectoryInfo folder)
        {
            FileSystemInfo[] items = new FileSystemInfo[0];
            int before = _failures;
            Attempt(delegate { items = folder.GetFileSystemInfos(); });
            foreach (FileSystemInfo item in items)
            {
                if (IsFolder(item))
                    DeleteTree((DirectoryInfo)item);
                else
                    DeleteItem(item);
            }
            // the folder of what stays is not empty, which is no cause of its own
            if (_failures == before)
                DeleteItem(folder);
        }

        private void DeleteItem(FileSystemInfo item)
        {
            Attempt(delegate
            {
                long size = SizeOf(item, _except);
                Unhinder(item);
                item.Delete();
                FreedBytes += size;
            });
        }

        // What vanished meanwhile is deleted. A scanner or an indexer has a file open for a moment only; all items of a deletion together
        // wait no longer than one would.
        private void Attempt(Action action)
        {
            while (true)
            {
                try
                {
                    action();
                    return;
                }
                catch (Exception e)
                {
                    if (e is FileNotFoundException || e is DirectoryNotFoundException)
                        return;
                    if (!(e is IOException || e is UnauthorizedAccessException))
                        throw;
                    if (Array.IndexOf(InUse, e.HResult & 0xFFFF) < 0 || _waited.ElapsedMilliseconds > InUseTimeoutMs)
                    {
                        Cause = Cause ?? e;
                        _failures++;
                        return;
                    }
                }
                _waited.Start();
                Thread.Sleep(PauseMs);
                _waited.Stop();
            }
        }

        // the attributes of a link are its own
        private static void Unhinder(FileSystemInfo item)
        {
            if ((item.Attributes & Hindering) != 0)
                item.Attributes &= ~Hindering;
        }
    }
}
