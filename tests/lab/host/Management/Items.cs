// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Get, "Item", DefaultParameterSetName = "Path")]
public sealed class GetItemCommand : LabItemCmdlet
{
    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("Credential", "Exclude", "Filter", "Include", "Stream")] public object Refused { get; set; }

    protected override void ProcessRecord() => ForEachPath(path =>
        WriteObject(InvokeProvider.Item.Get(new[] { path }, Force, Literal), true));
}

[Cmdlet(VerbsCommon.New, "Item", DefaultParameterSetName = "pathSet", SupportsShouldProcess = true)]
public sealed class NewItemCommand : LabPathCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "pathSet", ValueFromPipelineByPropertyName = true)]
    [Parameter(Position = 0, ParameterSetName = "nameSet", ValueFromPipelineByPropertyName = true)]
    public string[] Path { get; set; } = { "." };

    [Parameter(Mandatory = true, ParameterSetName = "nameSet", ValueFromPipelineByPropertyName = true), AllowNull, AllowEmptyString]
    public string Name { get; set; }

    [Parameter(ValueFromPipelineByPropertyName = true), Alias("Type")] public string ItemType { get; set; }

    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true), Alias("Target")] public object Value { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("Credential")] public object Refused { get; set; }

    protected override IEnumerable<string> Paths => Path;

    protected override void ProcessRecord() => ForEachPath(path =>
    {
        var whole = string.IsNullOrEmpty(Name) ? path : SessionState.Path.Combine(path, Name);
        var target = SessionState.Path.GetUnresolvedProviderPathFromPSPath(whole);
        if (ShouldProcess($"Destination: {target}", "Create " + (ItemType ?? "File")))
        {
            WriteObject(InvokeProvider.Item.New(new[] { path }, Name, ItemType, Value, Force), true);
        }
    });
}

[Cmdlet(VerbsCommon.Remove, "Item", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
public sealed class RemoveItemCommand : LabItemCmdlet
{
    [Parameter] public SwitchParameter Recurse { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("Credential", "Exclude", "Filter", "Include", "Stream")] public object Refused { get; set; }

    protected override void ProcessRecord() => ForEachPath(path =>
    {
        foreach (var item in Resolve(path))
        {
            Guard(() => Remove(item));
        }
    });

    private void Remove(PathInfo item)
    {
        var name = WildcardPattern.Escape(item.Path);
        var isContainer = InvokeProvider.Item.IsContainer(name);
        var isFile = item.Provider.Name == "FileSystem";
        var action = !isFile ? "Remove Item" : isContainer ? "Remove Directory" : "Remove File";
        if (!ShouldProcess(item.ProviderPath, action))
        {
            return;
        }
        if (isContainer && !Recurse && (isFile || item.Provider.Name == "Registry") && InvokeProvider.ChildItem.HasChild(name))
        {
            // the genuine cmdlet asks here, and nobody can answer
            var error = new PSInvalidOperationException(
                "PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.");
            ThrowTerminatingError(error, "InvalidOperation", ErrorCategory.InvalidOperation, item.Path);
        }
        InvokeProvider.Item.Remove(new[] { item.Path }, Recurse, Force, true);
    }
}

[Cmdlet(VerbsCommon.Copy, "Item", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
public sealed class CopyItemCommand : LabItemCmdlet
{
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)] public string Destination { get; set; } = ".";

    [Parameter] public SwitchParameter Recurse { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter] public SwitchParameter PassThru { get; set; }

    [Parameter, Alias("Credential", "Exclude", "Filter", "FromSession", "Include", "ToSession")] public object Refused { get; set; }

    [Parameter, Alias("Container")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord() => ForEachPath(path =>
    {
        foreach (var item in Resolve(path))
        {
            if (ShouldProcess($"Item: {item.ProviderPath} Destination: {Destination}", "Copy Item"))
            {
                var copies = InvokeProvider.Item.Copy(
                    new[] { item.Path }, Destination, Recurse, CopyContainers.CopyTargetContainer, Force, true);
                if (PassThru)
                {
                    WriteObject(copies, true);
                }
            }
        }
    });
}

[Cmdlet(VerbsCommon.Move, "Item", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
public sealed class MoveItemCommand : LabItemCmdlet
{
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)] public string Destination { get; set; } = ".";

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter] public SwitchParameter PassThru { get; set; }

    [Parameter, Alias("Credential", "Exclude", "Filter", "Include")] public object Refused { get; set; }

    protected override void ProcessRecord() => ForEachPath(path =>
    {
        foreach (var item in Resolve(path))
        {
            if (ShouldProcess($"Item: {item.ProviderPath} Destination: {Destination}", "Move Item"))
            {
                var moved = InvokeProvider.Item.Move(new[] { item.Path }, Destination, Force, true);
                if (PassThru)
                {
                    WriteObject(moved, true);
                }
            }
        }
    });
}

[Cmdlet(VerbsCommon.Rename, "Item", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
public sealed class RenameItemCommand : LabPathCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Path", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public string Path { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true), Alias("PSPath", "LP")]
    public string LiteralPath { get; set; }

    [Parameter(Position = 1, Mandatory = true, ValueFromPipelineByPropertyName = true)] public string NewName { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter] public SwitchParameter PassThru { get; set; }

    [Parameter, Alias("Credential")] public object Refused { get; set; }

    protected override IEnumerable<string> Paths => new[] { LiteralPath ?? Path };

    protected override void ProcessRecord() => ForEachPath(path =>
    {
        var item = Resolve(path).First();
        if (ShouldProcess($"Item: {item.ProviderPath} Destination: {NewName}", "Rename Item"))
        {
            var renamed = InvokeProvider.Item.Rename(item.Path, NewName, Force);
            if (PassThru)
            {
                WriteObject(renamed);
            }
        }
    });
}
