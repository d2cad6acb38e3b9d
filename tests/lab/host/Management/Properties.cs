// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Get, "ItemProperty", DefaultParameterSetName = "Path")]
public sealed class GetItemPropertyCommand : LabItemCmdlet
{
    [Parameter(Position = 1), Alias("PSProperty")] public string[] Name { get; set; } = Array.Empty<string>();

    [Parameter, Alias("Credential", "Exclude", "Filter", "Include")] public object Refused { get; set; }

    protected override void ProcessRecord() => ForEachPath(path =>
        WriteObject(InvokeProvider.Property.Get(new[] { path }, new Collection<string>(new List<string>(Name)), Literal), true));
}

[Cmdlet(VerbsCommon.Get, "ItemPropertyValue", DefaultParameterSetName = "Path")]
public sealed class GetItemPropertyValueCommand : LabItemCmdlet
{
    [Parameter(Position = 1, Mandatory = true), Alias("PSProperty")] public string[] Name { get; set; }

    [Parameter, Alias("Credential", "Exclude", "Filter", "Include")] public object Refused { get; set; }

    protected override void ProcessRecord() => ForEachPath(path =>
    {
        foreach (var item in InvokeProvider.Property.Get(new[] { path }, new Collection<string>(new List<string>(Name)), Literal))
        {
            foreach (var name in Name)
            {
                WriteObject(item.Properties[name]?.Value);
            }
        }
    });
}

[Cmdlet(VerbsCommon.Set, "ItemProperty", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
public sealed class SetItemPropertyCommand : LabItemCmdlet
{
    [Parameter(Position = 1, Mandatory = true), Alias("PSProperty")] public string Name { get; set; }

    [Parameter(Position = 2, Mandatory = true), AllowNull] public object Value { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("Credential", "Exclude", "Filter", "Include", "InputObject", "Type")] public object Refused { get; set; }

    [Parameter, Alias("PassThru")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord() => ForEachPath(path =>
    {
        var change = new PSObject();
        change.Properties.Add(new PSNoteProperty(Name, Value));
        if (ShouldProcess($"Item: {path} Property: {Name}", "Set Property"))
        {
            InvokeProvider.Property.Set(new[] { path }, change, Force, Literal);
        }
    });
}

[Cmdlet(VerbsCommon.New, "ItemProperty", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
public sealed class NewItemPropertyCommand : LabItemCmdlet
{
    [Parameter(Position = 1, Mandatory = true), Alias("PSProperty")] public string Name { get; set; }

    [Parameter, Alias("Type")] public string PropertyType { get; set; }

    [Parameter] public object Value { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("Credential", "Exclude", "Filter", "Include")] public object Refused { get; set; }

    protected override void ProcessRecord() => ForEachPath(path =>
    {
        if (ShouldProcess($"Item: {path} Property: {Name}", "New Property"))
        {
            WriteObject(InvokeProvider.Property.New(new[] { path }, Name, PropertyType, Value, Force, Literal), true);
        }
    });
}

[Cmdlet(VerbsCommon.Remove, "ItemProperty", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
public sealed class RemoveItemPropertyCommand : LabItemCmdlet
{
    [Parameter(Position = 1, Mandatory = true), Alias("PSProperty")] public string[] Name { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("Credential", "Exclude", "Filter", "Include")] public object Refused { get; set; }

    protected override void ProcessRecord() => ForEachPath(path =>
    {
        foreach (var name in Name)
        {
            if (ShouldProcess($"Item: {path} Property: {name}", "Remove Property"))
            {
                Guard(() => InvokeProvider.Property.Remove(new[] { path }, name, Force, Literal));
            }
        }
    });
}
