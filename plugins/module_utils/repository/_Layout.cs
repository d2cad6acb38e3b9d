// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: every name that a repository and its sets have on disk. The only file that writes them.

using System;
using System.Globalization;
using System.Text.RegularExpressions;

//TypeAccelerator -Name Adcs.Ca.Layout -TypeName Layout

namespace ansible_collections.adcs.ca.plugins.module_utils.repository._Layout
{
    /// <summary>The names on disk. docs/docsite/rst/guide_set.rst shows them as a tree.</summary>
    public static class Layout
    {
        /// <summary>The folder of a repository in which a set grows, and an expired one is deleted.</summary>
        public const string Staging = ".staging";

        /// <summary>The folder of a repository that holds what looks at its sets found.</summary>
        public const string Findings = ".checks";

        /// <summary>The file of a repository that a run has open.</summary>
        public const string Lock = ".lock";

        /// <summary>The document of a set.</summary>
        public const string Manifest = "manifest.json";

        /// <summary>The folder of a set that Microsoft's tools restore from.</summary>
        public const string Database = "DataBase";

        /// <summary>The folder of a set for the files beside the database.</summary>
        public const string Dynamic = "Dynamic";

        /// <summary>The file of the restore map, as Microsoft's tools name it.</summary>
        public const string RestoreMap = "certbkxp.dat";

        private const string LabelForm = "[0-9]{8}T[0-9]{6}Z-(?:full|logs)";
        private const string ExpiredMark = ".expired";
        private const RegexOptions Plain = RegexOptions.CultureInvariant;

        private static readonly Regex Label = new Regex("^" + LabelForm + "\\z", Plain);
        private static readonly Regex Expired = new Regex("^" + LabelForm + "\\.expired\\z", Plain);
        private static readonly Regex Finding = new Regex("^(?<label>" + LabelForm + ")\\.json(?<writer>\\.[0-9a-f]{12}\\.new)?\\z", Plain);

        /// <summary>The longest name that a set of its type can have, while it expires.</summary>
        public const string LongestFolder = "00000000T000000Z-full" + ExpiredMark;

        /// <summary>The label of a set that is begun at a time, UTC.</summary>
        public static string LabelOf(DateTime started, string type)
        {
            return String.Format(CultureInfo.InvariantCulture, "{0:yyyyMMdd'T'HHmmss'Z'}-{1}", started, type);
        }

        /// <summary>Whether a name is the label of a set.</summary>
        public static bool IsLabel(string name)
        {
            return Label.IsMatch(name);
        }

        /// <summary>The name of a set while it is deleted: in staging, or in the repository where a full disk had no room for staging.</summary>
        public static string ExpiredName(string label)
        {
            return label + ExpiredMark;
        }

        /// <summary>Whether a name is that of a set while it is deleted.</summary>
        public static bool IsExpired(string name)
        {
            return Expired.IsMatch(name);
        }

        /// <summary>The label in the name of a set while it is deleted.</summary>
        public static string LabelOfExpired(string name)
        {
            return name.Substring(0, name.Length - ExpiredMark.Length);
        }

        /// <summary>The groups label and writer of the name of a finding's document; no success for any other name.</summary>
        public static Match MatchFinding(string name)
        {
            return Finding.Match(name);
        }
    }
}
