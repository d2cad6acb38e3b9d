// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: a folder is deleted with all that is in it, also what is read-only. No link is followed.

using ansible_collections.adcs.ca.plugins.module_utils._FileSystem;
using System;
using System.IO;

//TypeAccelerator -Name Adcs.Ca.Deletion -TypeName Deletion

namespace ansible_collections.adcs.ca.plugins.module_utils._Deletion
{
    public static class Deletion
    {
        private const FileAttributes Hindering = FileAttributes.ReadOnly | FileAttributes.Hidden | FileAttributes.System;

        /// <summary>Deletes a folder and all that is in it. A link in it goes, what it leads to stays.</summary>
        /// <param name="path">The folder.</param>
        /// <param name="except">The name of a file that is deleted, but not counted.</param>
        /// <param name="freedBytes">Grows by the size of each file once it is deleted, also when the rest cannot be.</param>
        /// <exception cref="IOException">The folder is a link, or something cannot be deleted; what was deleted before is gone.</exception>
        /// <exception cref="UnauthorizedAccessException">Something may not be deleted.</exception>
        public static void DeleteFolder(string path, string except, ref long freedBytes)
        {
            DirectoryInfo folder = new DirectoryInfo(path);
            if (FileSystem.IsLink(folder))
                throw new IOException(String.Format("'{0}' leads elsewhere (a link or a mounted volume), and none is followed", path));
            foreach (FileSystemInfo item in folder.GetFileSystemInfos())
            {
                DirectoryInfo inner = item as DirectoryInfo;
                if (inner != null && !FileSystem.IsLink(inner))
                {
                    DeleteFolder(inner.FullName, except, ref freedBytes);
                    continue;
                }
                Unhinder(item);
                FileInfo file = item as FileInfo;
                long size = file == null || file.Name == except ? 0 : file.Length;
                item.Delete();
                freedBytes += size;
            }
            Unhinder(folder);
            folder.Delete();
        }

        // the attributes of a link are its own
        private static void Unhinder(FileSystemInfo item)
        {
            if ((item.Attributes & Hindering) != 0)
                item.Attributes &= ~Hindering;
        }
    }
}
