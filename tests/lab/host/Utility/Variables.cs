// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System.Collections.Generic;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

public abstract class LabVariableCmdlet : LabCmdlet
{
    [Parameter] public string Scope { get; set; }

    /// <summary>The name with its scope, as a script would write it after the dollar sign.</summary>
    protected string Scoped(string name)
    {
        if (WildcardPattern.ContainsWildcardCharacters(name))
        {
            Refuse("a wildcard");
        }
        switch (Scope?.ToLowerInvariant())
        {
            case null:
                return name;
            case "global":
            case "script":
            case "local":
                return Scope + ":" + name;
            default:
                Refuse($"-Scope {Scope}");
                return null;
        }
    }

    /// <summary>The variable, or null and an error when there is none.</summary>
    protected PSVariable Find(string name)
    {
        var variable = SessionState.PSVariable.Get(Scoped(name));
        if (variable == null)
        {
            var error = new ItemNotFoundException($"Cannot find a variable with the name '{name}'.");
            WriteError(error, "VariableNotFound", ErrorCategory.ObjectNotFound, name);
        }
        return variable;
    }
}

[Cmdlet(VerbsCommon.Get, "Variable")]
public sealed class GetVariableCommand : LabVariableCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)] public string[] Name { get; set; }

    [Parameter] public SwitchParameter ValueOnly { get; set; }

    [Parameter, Alias("Exclude", "Include")] public object Refused { get; set; }

    protected override void ProcessRecord()
    {
        foreach (var name in Name)
        {
            if (Find(name) is { } variable)
            {
                WriteObject(ValueOnly ? variable.Value : variable);
            }
        }
    }
}

[Cmdlet(VerbsCommon.Set, "Variable", SupportsShouldProcess = true)]
public sealed class SetVariableCommand : LabVariableCmdlet
{
    private readonly List<object> _values = new();

    [Parameter(Position = 0, Mandatory = true)] public string[] Name { get; set; }

    [Parameter(Position = 1, ValueFromPipeline = true)] public object Value { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("Description", "Exclude", "Include", "Option", "Visibility")] public object Refused { get; set; }

    [Parameter, Alias("Append", "PassThru")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord() => _values.Add(Value);

    protected override void EndProcessing()
    {
        var value = _values.Count > 1 ? _values.ToArray() : _values.Count == 1 ? _values[0] : null;
        foreach (var name in Name)
        {
            if (!ShouldProcess($"Name: {name} Value: {value}", "Set variable"))
            {
                continue;
            }
            try
            {
                SessionState.PSVariable.Set(Scoped(name), value);
            }
            catch (SessionStateUnauthorizedAccessException e)
            {
                WriteError(e.ErrorRecord);
            }
        }
    }
}

[Cmdlet(VerbsCommon.New, "Variable")]
public sealed class NewVariableCommand : LabVariableCmdlet
{
    [Parameter(Position = 0, Mandatory = true)] public string Name { get; set; }

    [Parameter(Position = 1)] public object Value { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("Description", "Option", "Visibility")] public object Refused { get; set; }

    [Parameter, Alias("PassThru")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord()
    {
        Scope ??= "local";
        if (Force || SessionState.PSVariable.Get(Scoped(Name)) == null)
        {
            SessionState.PSVariable.Set(Scoped(Name), Value);
            return;
        }
        var error = new SessionStateException($"A variable with name '{Name}' already exists.");
        WriteError(error, "VariableAlreadyExists", ErrorCategory.ResourceExists, Name);
    }
}

[Cmdlet(VerbsCommon.Remove, "Variable")]
public sealed class RemoveVariableCommand : LabVariableCmdlet
{
    [Parameter(Position = 0, Mandatory = true)] public string[] Name { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("Exclude", "Include")] public object Refused { get; set; }

    protected override void ProcessRecord()
    {
        foreach (var name in Name)
        {
            if (Find(name) != null)
            {
                SessionState.PSVariable.Remove(Scoped(name));
            }
        }
    }
}
