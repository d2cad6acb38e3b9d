// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Linq;
using System.Management.Automation;
using System.Text;

namespace Microsoft.PowerShell.Commands;

/// <summary>
/// Base of the stand-ins. A parameter that the genuine cmdlet has and the stand-in lacks is an alias of a parameter named
/// Refused (takes a value) or RefusedSwitch (takes none), so that using it is an error that names the lab host.
/// </summary>
public abstract class LabCmdlet : PSCmdlet
{
    protected override void BeginProcessing()
    {
        foreach (var name in new[] { "Refused", "RefusedSwitch" })
        {
            if (MyInvocation.BoundParameters.ContainsKey(name))
            {
                var aliases = MyInvocation.MyCommand.Parameters[name].Aliases.Select(alias => "-" + alias);
                Refuse("one of " + string.Join(" ", aliases));
            }
        }
    }

    /// <summary>Ends the command: the stand-in does not do what was asked for.</summary>
    protected void Refuse(string what)
    {
        var message = $"{MyInvocation.MyCommand.Name} with {what} is not supported by the lab host.";
        ThrowTerminatingError(new ErrorRecord(
            new NotSupportedException(message), "LabHostNotSupported", ErrorCategory.NotImplemented, what));
    }

    protected void WriteError(Exception exception, string id, ErrorCategory category, object target) =>
        WriteError(new ErrorRecord(exception, id, category, target));

    protected void ThrowTerminatingError(Exception exception, string id, ErrorCategory category, object target) =>
        ThrowTerminatingError(new ErrorRecord(exception, id, category, target));

    /// <summary>The encoding of that name; UTF-8 without a byte order mark when none was given.</summary>
    protected Encoding ParseEncoding(string name)
    {
        switch ((name ?? "utf8").ToLowerInvariant())
        {
            case "utf8":
            case "utf8nobom":
                return new UTF8Encoding(false);
            case "utf8bom":
                return new UTF8Encoding(true);
            case "ascii":
                return new ASCIIEncoding();
            case "unicode":
                return new UnicodeEncoding(false, true);
            default:
                Refuse($"-Encoding {name}");
                return null;
        }
    }

    /// <summary>The object inside PowerShell's wrapper.</summary>
    protected static object Unwrap(object value) => value is PSObject wrapper ? wrapper.BaseObject : value;
}
