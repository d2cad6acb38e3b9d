// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using DriveNotFoundException = System.Management.Automation.DriveNotFoundException;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Get, "Location")]
public sealed class GetLocationCommand : LabCmdlet
{
    [Parameter, Alias("PSDrive", "PSProvider", "StackName")] public object Refused { get; set; }

    [Parameter, Alias("Stack")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord() => WriteObject(SessionState.Path.CurrentLocation);
}

[Cmdlet(VerbsCommon.Set, "Location", DefaultParameterSetName = "Path")]
public sealed class SetLocationCommand : LabPathCmdlet
{
    [Parameter(Position = 0, ParameterSetName = "Path", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public string Path { get; set; } = "~";

    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true), Alias("PSPath", "LP")]
    public string LiteralPath { get; set; }

    [Parameter, Alias("StackName")] public object Refused { get; set; }

    [Parameter, Alias("PassThru")] public SwitchParameter RefusedSwitch { get; set; }

    protected override IEnumerable<string> Paths => new[] { LiteralPath ?? Path };

    protected override void ProcessRecord() => ForEachPath(path =>
        SessionState.Path.SetLocation(Literal ? WildcardPattern.Escape(path) : path));
}

[Cmdlet(VerbsCommon.Push, "Location")]
public sealed class PushLocationCommand : LabPathCmdlet
{
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public string Path { get; set; }

    [Parameter, Alias("LiteralPath", "StackName")] public object Refused { get; set; }

    [Parameter, Alias("PassThru")] public SwitchParameter RefusedSwitch { get; set; }

    protected override IEnumerable<string> Paths => Path == null ? Array.Empty<string>() : new[] { Path };

    protected override void ProcessRecord()
    {
        SessionState.Path.PushCurrentLocation(null);
        ForEachPath(path => SessionState.Path.SetLocation(path));
    }
}

[Cmdlet(VerbsCommon.Pop, "Location")]
public sealed class PopLocationCommand : LabCmdlet
{
    [Parameter, Alias("StackName")] public object Refused { get; set; }

    [Parameter, Alias("PassThru")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord() => SessionState.Path.PopLocation(null);
}

[Cmdlet(VerbsCommon.Get, "PSDrive")]
public sealed class GetPSDriveCommand : LabCmdlet
{
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)] public string[] Name { get; set; }

    [Parameter(ValueFromPipelineByPropertyName = true)] public string[] PSProvider { get; set; }

    [Parameter, Alias("LiteralName", "Scope")] public object Refused { get; set; }

    protected override void ProcessRecord()
    {
        var drives = SessionState.Drive.GetAll()
            .Where(drive => PSProvider == null || PSProvider.Contains(drive.Provider.Name, StringComparer.OrdinalIgnoreCase))
            .OrderBy(drive => drive.Name, StringComparer.OrdinalIgnoreCase)
            .ToList();
        foreach (var name in Name ?? new[] { "*" })
        {
            var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            var found = drives.Where(drive => pattern.IsMatch(drive.Name)).ToList();
            WriteObject(found, true);
            if (found.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
            {
                var error = new DriveNotFoundException($"Cannot find drive. A drive with the name '{name}' does not exist.");
                WriteError(error, "GetLocationNoMatchingDrive", ErrorCategory.ObjectNotFound, name);
            }
        }
    }
}
