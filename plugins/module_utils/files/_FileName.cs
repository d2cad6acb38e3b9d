// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: what Windows takes for the name of a file.

using System;
using System.Text.RegularExpressions;

//TypeAccelerator -Name Adcs.Ca.FileName -TypeName FileName

namespace ansible_collections.adcs.ca.plugins.module_utils.files._FileName
{
    /// <summary>What Windows accepts as the name of one ordinary file.</summary>
    public static class FileName
    {
        // https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file ; a device name counts with any extension
        private static readonly Regex Device = new Regex(
            "^(CON|PRN|AUX|NUL|CLOCK\\$|CONIN\\$|CONOUT\\$|COM[0-9\u00b9\u00b2\u00b3]|LPT[0-9\u00b9\u00b2\u00b3]) *(\\..*)?$",
            RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

        private static readonly Regex Refused = new Regex("[\\x00-\\x1f<>:\"/\\\\|?*]", RegexOptions.CultureInvariant);

        /// <summary>Whether a name is one path element that stays where it is put: no separator, stream, device, wildcard, dot or space at its end.</summary>
        public static bool IsPlain(string name)
        {
            return name.Length > 0
                && name.Length <= 255
                && !Refused.IsMatch(name)
                && !Device.IsMatch(name)
                && !name.EndsWith(".", StringComparison.Ordinal)
                && !name.EndsWith(" ", StringComparison.Ordinal);
        }
    }
}
