// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

[Cmdlet("Sort", "Object")]
public sealed class SortObjectCommand : LabCmdlet
{
    private readonly List<PSObject> _items = new();
    private List<PropertyArgument> _properties;

    [Parameter(ValueFromPipeline = true)] public PSObject InputObject { get; set; }

    [Parameter(Position = 0)] public object[] Property { get; set; }

    [Parameter] public SwitchParameter Descending { get; set; }

    [Parameter] public SwitchParameter Unique { get; set; }

    [Parameter] public SwitchParameter CaseSensitive { get; set; }

    [Parameter, Alias("Bottom", "Culture", "Top")] public object Refused { get; set; }

    [Parameter, Alias("Stable")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord()
    {
        if (InputObject != null)
        {
            _items.Add(InputObject);
        }
    }

    protected override void EndProcessing()
    {
        _properties = PropertyArgument.Parse(Property);
        var sorted = _items.OrderBy(Keys, Comparer<object[]>.Create(Compare));
        object[] last = null;
        foreach (var item in sorted)
        {
            var keys = Keys(item);
            if (!Unique || last == null || Compare(last, keys) != 0)
            {
                WriteObject(item);
            }
            last = keys;
        }
    }

    private object[] Keys(PSObject item) =>
        _properties.Count == 0 ? new object[] { item } : _properties.Select(property => property.Value(item)).ToArray();

    private int Compare(object[] one, object[] other)
    {
        for (var i = 0; i < one.Length; i++)
        {
            var order = Compare(one[i], other[i]);
            if (order != 0)
            {
                var own = i < _properties.Count ? _properties[i].Descending : null;
                return own ?? Descending.IsPresent ? -order : order;
            }
        }
        return 0;
    }

    private int Compare(object one, object other)
    {
        try
        {
            return LanguagePrimitives.Compare(one, other, !CaseSensitive);
        }
        catch (ArgumentException)
        {
            // values of types that do not compare: their text decides
            var mode = CaseSensitive ? StringComparison.CurrentCulture : StringComparison.CurrentCultureIgnoreCase;
            return string.Compare(one?.ToString(), other?.ToString(), mode);
        }
    }
}

[Cmdlet(VerbsDiagnostic.Measure, "Object")]
public sealed class MeasureObjectCommand : LabCmdlet
{
    private readonly List<object> _values = new();

    [Parameter(ValueFromPipeline = true)] public PSObject InputObject { get; set; }

    [Parameter(Position = 0)] public string Property { get; set; }

    [Parameter] public SwitchParameter Sum { get; set; }

    [Parameter] public SwitchParameter Average { get; set; }

    [Parameter] public SwitchParameter Maximum { get; set; }

    [Parameter] public SwitchParameter Minimum { get; set; }

    [Parameter, Alias("AllStats", "Character", "IgnoreWhiteSpace", "Line", "StandardDeviation", "Word")]
    public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord()
    {
        var value = Property == null ? InputObject : InputObject?.Properties[Property]?.Value;
        if (value != null)
        {
            _values.Add(value);
        }
    }

    protected override void EndProcessing()
    {
        var result = new PSObject();
        void Note(string name, object value) => result.Properties.Add(new PSNoteProperty(name, value));
        Note("Count", _values.Count);
        Note("Average", Average && _values.Count > 0 ? Numbers().Average() : null);
        Note("Sum", Sum ? Numbers().Sum() : null);
        Note("Maximum", Maximum ? Extreme(1) : null);
        Note("Minimum", Minimum ? Extreme(-1) : null);
        Note("Property", Property);
        WriteObject(result);
    }

    private IEnumerable<double> Numbers() => _values.Select(LanguagePrimitives.ConvertTo<double>);

    private object Extreme(int sign) => _values.Count == 0
        ? null
        : _values.Aggregate((one, other) => sign * LanguagePrimitives.Compare(one, other, true) >= 0 ? one : other);
}
