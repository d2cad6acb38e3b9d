// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>One -Property argument: a name, a wildcard, a script block or a calculated property.</summary>
internal sealed class PropertyArgument
{
    internal string Name { get; private init; }

    internal ScriptBlock Script { get; private init; }

    /// <summary>The order asked for in a calculated property; null when it says nothing.</summary>
    internal bool? Descending { get; private init; }

    internal bool IsWildcard => Script == null && WildcardPattern.ContainsWildcardCharacters(Name);

    /// <summary>Throws PSArgumentException for a calculated property with a key that is not known here.</summary>
    internal static List<PropertyArgument> Parse(object[] arguments) =>
        (arguments ?? Array.Empty<object>()).Select(argument => Parse(argument is PSObject o ? o.BaseObject : argument)).ToList();

    internal object Value(PSObject item)
    {
        if (Script == null)
        {
            return item.BaseObject is IDictionary table && table.Contains(Name) ? table[Name] : item.Properties[Name]?.Value;
        }
        var found = Script.InvokeWithContext(null, new List<PSVariable> { new("_", item) });
        return found.Count > 1 ? found.ToArray() : found.FirstOrDefault();
    }

    private static PropertyArgument Parse(object argument) => argument switch
    {
        ScriptBlock script => new PropertyArgument { Name = script.ToString(), Script = script },
        IDictionary table => Calculated(table),
        _ => new PropertyArgument { Name = argument.ToString() },
    };

    private static PropertyArgument Calculated(IDictionary table)
    {
        string name = null;
        object expression = null;
        bool? descending = null;
        foreach (DictionaryEntry entry in table)
        {
            var value = entry.Value is PSObject o ? o.BaseObject : entry.Value;
            switch (entry.Key.ToString().ToLowerInvariant())
            {
                case "name" or "n" or "label" or "l":
                    name = value.ToString();
                    break;
                case "expression" or "e":
                    expression = value;
                    break;
                case "descending":
                    descending = LanguagePrimitives.IsTrue(value);
                    break;
                case "ascending":
                    descending = !LanguagePrimitives.IsTrue(value);
                    break;
                default:
                    throw new PSArgumentException($"The key '{entry.Key}' in a calculated property is not supported by the lab host.");
            }
        }
        var script = expression as ScriptBlock ?? ScriptBlock.Create($"$_.'{expression?.ToString().Replace("'", "''")}'");
        return new PropertyArgument { Name = name ?? expression?.ToString(), Script = script, Descending = descending };
    }
}
