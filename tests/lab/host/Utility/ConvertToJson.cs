// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Internal;
using System.Management.Automation.Language;
using System.Numerics;
using System.Reflection;
using Newtonsoft.Json;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsData.ConvertTo, "Json")]
public sealed class ConvertToJsonCommand : LabCmdlet
{
    /// <summary>What was added to an object in PowerShell, as against the members of its .NET type.</summary>
    private const PSMemberTypes Added =
        PSMemberTypes.NoteProperty | PSMemberTypes.ScriptProperty | PSMemberTypes.CodeProperty | PSMemberTypes.AliasProperty;

    private readonly List<object> _items = new();
    private JsonTextWriter _json;
    private bool _truncated;

    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true), AllowNull] public object InputObject { get; set; }

    [Parameter, ValidateRange(0, 100)] public int Depth { get; set; } = 2;

    [Parameter] public SwitchParameter Compress { get; set; }

    [Parameter] public SwitchParameter EnumsAsStrings { get; set; }

    [Parameter] public SwitchParameter AsArray { get; set; }

    [Parameter] public StringEscapeHandling EscapeHandling { get; set; } = StringEscapeHandling.Default;

    protected override void ProcessRecord() => _items.Add(InputObject);

    protected override void EndProcessing()
    {
        if (_items.Count == 0)
        {
            return;
        }
        var text = new StringWriter(CultureInfo.InvariantCulture);
        using (_json = new JsonTextWriter(text))
        {
            _json.Formatting = Compress ? Formatting.None : Formatting.Indented;
            _json.StringEscapeHandling = EscapeHandling;
            Write(_items.Count > 1 || AsArray ? _items : _items[0], 0);
        }
        if (_truncated)
        {
            WriteWarning($"Resulting JSON is truncated as serialization has exceeded the set depth of {Depth}.");
        }
        WriteObject(text.ToString());
    }

    private void Write(object value, int level)
    {
        if (Stopping)
        {
            throw new PipelineStoppedException();
        }
        var plain = Unwrap(value);
        if (plain is null or DBNull or NullString || plain == AutomationNull.Value)
        {
            _json.WriteNull();
            return;
        }
        var added = value is PSObject wrapper && plain is not PSCustomObject ? AddedTo(wrapper) : new List<PSPropertyInfo>();
        var bare = plain is string or DateTime || added.Count == 0;
        if (bare && IsScalar(plain))
        {
            WriteScalar(plain);
        }
        else if (level > Depth)
        {
            _truncated = true;
            _json.WriteValue(LanguagePrimitives.ConvertTo<string>(value));
        }
        else if (plain is IDictionary table)
        {
            WriteTable(table, added, level);
        }
        else if (bare && plain is IEnumerable list)
        {
            WriteList(list, level);
        }
        else if (plain is IEnumerable || IsScalar(plain))
        {
            WriteWithAdded(plain, added, level);
        }
        else
        {
            WriteMembers(value, plain, added, level);
        }
    }

    private void WriteTable(IDictionary table, List<PSPropertyInfo> added, int level)
    {
        _json.WriteStartObject();
        var seen = new HashSet<string>();
        foreach (DictionaryEntry entry in table)
        {
            if (entry.Key is not string key)
            {
                var error = new InvalidOperationException(
                    $"The type '{table.GetType()}' is not supported for serialization or deserialization of a dictionary. "
                    + "Keys must be strings.");
                ThrowTerminatingError(error, "NonStringKeyInDictionary", ErrorCategory.InvalidOperation, table);
                return;
            }
            WriteMember(key, () => entry.Value, seen, level);
        }
        WriteProperties(added, seen, level);
        _json.WriteEndObject();
    }

    private void WriteList(IEnumerable list, int level)
    {
        _json.WriteStartArray();
        foreach (var element in list)
        {
            Write(element, level + 1);
        }
        _json.WriteEndArray();
    }

    /// <summary>A value or list that carries properties of its own becomes an object around it.</summary>
    private void WriteWithAdded(object plain, List<PSPropertyInfo> added, int level)
    {
        _json.WriteStartObject();
        _json.WritePropertyName("value");
        if (plain is IEnumerable list)
        {
            WriteList(list, level);
        }
        else
        {
            WriteScalar(plain);
        }
        WriteProperties(added, new HashSet<string> { "value" }, level);
        _json.WriteEndObject();
    }

    private void WriteMembers(object value, object plain, List<PSPropertyInfo> added, int level)
    {
        _json.WriteStartObject();
        var seen = new HashSet<string>();
        if (plain is PSCustomObject or PSObject)
        {
            WriteProperties(PSObject.AsPSObject(value).Properties.Where(property => property.IsGettable), seen, level);
        }
        else
        {
            foreach (var field in plain.GetType().GetFields(BindingFlags.Public | BindingFlags.Instance))
            {
                WriteMember(field.Name, () => field.GetValue(plain), seen, level);
            }
            foreach (var property in plain.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
            {
                if (property.GetMethod is { IsPublic: true } && property.GetIndexParameters().Length == 0)
                {
                    WriteMember(property.Name, () => property.GetValue(plain), seen, level);
                }
            }
            WriteProperties(added, seen, level);
        }
        _json.WriteEndObject();
    }

    private void WriteProperties(IEnumerable<PSPropertyInfo> properties, HashSet<string> seen, int level)
    {
        foreach (var property in properties)
        {
            WriteMember(property.Name, () => property.Value, seen, level);
        }
    }

    private void WriteMember(string name, Func<object> read, HashSet<string> seen, int level)
    {
        if (!seen.Add(name))
        {
            return;
        }
        object value = null;
        try
        {
            value = read();
        }
        catch (Exception e) when (e is GetValueException or TargetInvocationException)
        {
            // as the genuine cmdlet does: a member that cannot be read is null
        }
        _json.WritePropertyName(name);
        Write(value, level + 1);
    }

    private static List<PSPropertyInfo> AddedTo(PSObject wrapper) => wrapper.Properties
        .Where(property => property.IsGettable && (property.MemberType & Added) != 0)
        .ToList();

    private static bool IsScalar(object value) =>
        value is string or DateTime or DateTimeOffset or Guid or Uri or decimal or BigInteger or Enum || value.GetType().IsPrimitive;

    private void WriteScalar(object value)
    {
        switch (value)
        {
            case Enum name when EnumsAsStrings:
                _json.WriteValue(name.ToString());
                break;
            case Enum number:
                _json.WriteValue(Convert.ChangeType(number, Enum.GetUnderlyingType(number.GetType()), CultureInfo.InvariantCulture));
                break;
            case BigInteger big:
                _json.WriteRawValue(big.ToString(CultureInfo.InvariantCulture));
                break;
            case Uri uri:
                _json.WriteValue(uri.OriginalString);
                break;
            default:
                _json.WriteValue(value);
                break;
        }
    }
}
