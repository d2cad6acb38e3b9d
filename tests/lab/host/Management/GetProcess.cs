// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Diagnostics;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Get, "Process", DefaultParameterSetName = "Name")]
public sealed class GetProcessCommand : LabCmdlet
{
    [Parameter(Position = 0, ParameterSetName = "Name", ValueFromPipelineByPropertyName = true), Alias("ProcessName")]
    public string[] Name { get; set; } = { "*" };

    [Parameter(Mandatory = true, ParameterSetName = "Id", ValueFromPipelineByPropertyName = true), Alias("PID")]
    public int[] Id { get; set; } = Array.Empty<int>();

    [Parameter, Alias("InputObject")] public object Refused { get; set; }

    [Parameter, Alias("Module", "FileVersionInfo", "IncludeUserName")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord()
    {
        if (ParameterSetName == "Id")
        {
            Array.ForEach(Id, WriteById);
        }
        else
        {
            Array.ForEach(Name, WriteByName);
        }
    }

    private void WriteById(int id)
    {
        try
        {
            WriteObject(Process.GetProcessById(id));
        }
        catch (ArgumentException)
        {
            Missing($"Cannot find a process with the process identifier {id}.", "NoProcessFoundForGivenId", id);
        }
    }

    private void WriteByName(string name)
    {
        var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
        var found = Process.GetProcesses()
            .Where(process => pattern.IsMatch(process.ProcessName))
            .OrderBy(process => process.ProcessName, StringComparer.OrdinalIgnoreCase)
            .ThenBy(process => process.Id)
            .ToList();
        WriteObject(found, true);
        if (found.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
        {
            var message = $"Cannot find a process with the name \"{name}\". Verify the process name and call the cmdlet again.";
            Missing(message, "NoProcessFoundForGivenName", name);
        }
    }

    private void Missing(string message, string id, object target) =>
        WriteError(new InvalidOperationException(message), id, ErrorCategory.ObjectNotFound, target);
}
