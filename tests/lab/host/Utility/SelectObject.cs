// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Internal;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Select, "Object")]
public sealed class SelectObjectCommand : LabCmdlet
{
    private const int NotGiven = -1;

    private readonly List<PSObject> _queue = new();
    private readonly List<PSObject> _unique = new();
    private List<PropertyArgument> _properties;
    private int _skipped;
    private int _written;

    [Parameter(ValueFromPipeline = true)] public PSObject InputObject { get; set; } = AutomationNull.Value;

    [Parameter(Position = 0)] public object[] Property { get; set; }

    [Parameter] public string[] ExcludeProperty { get; set; } = Array.Empty<string>();

    [Parameter] public string ExpandProperty { get; set; }

    [Parameter] public SwitchParameter Unique { get; set; }

    [Parameter, ValidateRange(0, int.MaxValue)] public int First { get; set; } = NotGiven;

    [Parameter, ValidateRange(0, int.MaxValue)] public int Last { get; set; } = NotGiven;

    [Parameter, ValidateRange(0, int.MaxValue)] public int Skip { get; set; }

    [Parameter, ValidateRange(0, int.MaxValue)] public int SkipLast { get; set; }

    [Parameter, Alias("Index", "SkipIndex")] public object Refused { get; set; }

    [Parameter, Alias("CaseInsensitive", "Wait")] public SwitchParameter RefusedSwitch { get; set; }

    private bool Projects => Property != null || ExcludeProperty.Length > 0;

    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (new[] { First >= 0, Last >= 0, SkipLast > 0 }.Count(given => given) > 1)
        {
            Refuse("more than one of -First, -Last, -SkipLast");
        }
        if (ExpandProperty != null && (Projects || WildcardPattern.ContainsWildcardCharacters(ExpandProperty)))
        {
            Refuse("-ExpandProperty with a wildcard, -Property or -ExcludeProperty");
        }
        var excludesFromAll = Property == null && Projects;
        _properties = PropertyArgument.Parse(excludesFromAll ? new object[] { "*" } : Property);
    }

    protected override void ProcessRecord()
    {
        if (InputObject == AutomationNull.Value)
        {
            return;
        }
        if (Last >= 0 || SkipLast > 0)
        {
            _queue.Add(InputObject);
            return;
        }
        if (_skipped < Skip)
        {
            _skipped++;
            return;
        }
        if (First >= 0 && _written >= First)
        {
            Stop();
            return;
        }
        _written++;
        Emit(InputObject);
        if (_written == First && !Unique)
        {
            Stop();
        }
    }

    protected override void EndProcessing()
    {
        var late = Last >= 0 ? _queue.SkipLast(Skip).TakeLast(Last) : _queue.Skip(Skip).SkipLast(SkipLast);
        foreach (var item in late)
        {
            Emit(item);
        }
        foreach (var item in _unique)
        {
            WriteObject(item);
        }
    }

    private void Stop()
    {
        if (MyInvocation.ExpectingInput)
        {
            throw EngineFriend.StopUpstream(this);
        }
    }

    private void Emit(PSObject item)
    {
        if (ExpandProperty != null)
        {
            Expand(item);
        }
        else
        {
            Write(Projects ? Project(item) : item);
        }
    }

    private void Write(object item)
    {
        if (!Unique)
        {
            WriteObject(item);
            return;
        }
        var wrapped = item == null ? null : PSObject.AsPSObject(item);
        if (!_unique.Exists(other => AreSame(other, wrapped)))
        {
            _unique.Add(wrapped);
        }
    }

    private static bool AreSame(PSObject one, PSObject other)
    {
        if (one == null || other == null)
        {
            return one == other;
        }
        if (one.BaseObject is not PSCustomObject || other.BaseObject is not PSCustomObject)
        {
            return LanguagePrimitives.Equals(one.BaseObject, other.BaseObject, false);
        }
        return one.Properties.Select(property => property.Name).SequenceEqual(other.Properties.Select(property => property.Name))
            && one.Properties.All(property => LanguagePrimitives.Equals(property.Value, other.Properties[property.Name].Value, false));
    }

    private void Expand(PSObject item)
    {
        object value;
        if (item?.Properties[ExpandProperty] is { } property)
        {
            value = property.Value;
        }
        else if (item?.BaseObject is IDictionary table && table.Contains(ExpandProperty))
        {
            value = table[ExpandProperty];
        }
        else
        {
            var error = new PSArgumentException($"Property \"{ExpandProperty}\" cannot be found.");
            WriteError(error, "ExpandPropertyNotFound", ErrorCategory.InvalidArgument, item);
            return;
        }
        var list = LanguagePrimitives.GetEnumerable(value) ?? new[] { value };
        foreach (var element in list)
        {
            Write(element);
        }
    }

    private PSObject Project(PSObject item)
    {
        var result = new PSObject();
        foreach (var argument in _properties)
        {
            if (argument.IsWildcard)
            {
                var pattern = WildcardPattern.Get(argument.Name, WildcardOptions.IgnoreCase);
                foreach (var property in item.Properties.Where(property => pattern.IsMatch(property.Name)))
                {
                    Add(result, property.Name, () => property.Value);
                }
            }
            else
            {
                var name = argument.Script == null ? item?.Properties[argument.Name]?.Name ?? argument.Name : argument.Name;
                Add(result, name, () => item == null ? null : argument.Value(item));
            }
        }
        var type = item?.TypeNames.FirstOrDefault(name => !name.StartsWith("Selected.", StringComparison.Ordinal));
        if (type != null)
        {
            result.TypeNames.Insert(0, "Selected." + type);
        }
        return result;
    }

    private void Add(PSObject result, string name, Func<object> read)
    {
        if (ExcludeProperty.Any(pattern => WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase).IsMatch(name)))
        {
            return;
        }
        if (result.Properties[name] != null)
        {
            var error = new PSArgumentException($"The property cannot be processed because the property \"{name}\" already exists.");
            WriteError(error, "AlreadyExistingUserSpecifiedPropertyNoExpand", ErrorCategory.InvalidOperation, result);
            return;
        }
        object value = null;
        try
        {
            value = read();
        }
        catch (RuntimeException e) when (e is not PipelineStoppedException)
        {
            // as the genuine cmdlet does: a property that cannot be read is null
        }
        result.Properties.Add(new PSNoteProperty(name, value), true);
    }
}
