// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: the lists of Certadm.dll. They are UTF-16 names, each closed by a zero, then one more zero:
// https://learn.microsoft.com/en-us/windows/win32/api/certbcli/nf-certbcli-certsrvbackupgetdatabasenamesw

using System;
using System.Collections.Generic;

//TypeAccelerator -Name Adcs.Ca.ListedFile -TypeName ListedFile

namespace ansible_collections.adcs.ca.plugins.module_utils.certadm._Lists
{
    /// <summary>What the entries of a list are.</summary>
    public enum ListContent
    {
        /// <summary>Each has a tag in front of its name.</summary>
        Tagged,

        /// <summary>Each has the tag of a database.</summary>
        Databases,

        /// <summary>Names, in general without a tag.</summary>
        Names,
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
        // a list ends with two zeros; a caller that counts in another way may give one less, or up to two more
        private const int MaxZeros = 4;
        private const int MaxZerosOfNothing = 2;

        private CertadmList(string function, byte[] bytes, ListedFile[] entries)
        {
            Function = function;
            Bytes = bytes;
            Entries = entries;
        }

        /// <summary>The function that gave the list.</summary>
        public string Function { get; private set; }

        public byte[] Bytes { get; private set; }

        public ListedFile[] Entries { get; private set; }

        /// <summary>Splits the bytes of a list; none, or up to two zeros, are an empty one.</summary>
        /// <exception cref="FormatException">The bytes are not a list, or have an entry that does not belong in it.</exception>
        internal static CertadmList Parse(string function, byte[] bytes, ListContent content)
        {
            if (bytes.Length % 2 != 0)
                throw new FormatException(String.Format("its size of {0} bytes is odd, but every character has two", bytes.Length));
            // not through an encoding, which would replace what is no text: a name must go back to the CA as it came
            char[] units = new char[bytes.Length / 2];
            Buffer.BlockCopy(bytes, 0, units, 0, bytes.Length);
            string text = new string(units);
            string names = text.TrimEnd('\0');
            RequireEnd(names, text.Length - names.Length);
            List<ListedFile> entries = new List<ListedFile>();
            if (names.Length > 0)
                foreach (string entry in names.Split('\0'))
                    entries.Add(ParseEntry(entry, content));
            return new CertadmList(function, bytes, entries.ToArray());
        }

        private static void RequireEnd(string names, int zeros)
        {
            if (names.Length == 0 && zeros > MaxZerosOfNothing)
                throw new FormatException(String.Format("it holds {0} zeros and no name", zeros));
            if (names.Length > 0 && zeros == 0)
                throw new FormatException("its last name is cut off, as no zero closes it");
            if (names.Length > 0 && zeros > MaxZeros)
                throw new FormatException(String.Format("{0} zeros follow its last name, and no more than {1} can be its end", zeros, MaxZeros));
        }

        private static ListedFile ParseEntry(string entry, ListContent content)
        {
            if (entry.Length == 0)
                throw new FormatException("it goes on behind an empty name");
            // a name has no tag in the documents; one that has all the same is known by the UNC name behind it
            if (content == ListContent.Names && entry.IndexOf("\\\\", StringComparison.Ordinal) != 1)
                return new ListedFile('\0', entry);
            if (entry[0] == '\\')
                throw new FormatException(String.Format("the entry '{0}' has no file type tag", entry));
            if (content == ListContent.Databases && entry[0] != ListedFile.DatabaseTag)
                throw new FormatException(String.Format(
                    "the entry '{0}' has the file type tag 0x{1:X2}, and only databases (0x{2:X2}) belong in it", entry.Substring(1), (int)entry[0], (int)ListedFile.DatabaseTag));
            return new ListedFile(entry[0], entry.Substring(1));
        }
    }
}
