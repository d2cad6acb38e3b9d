// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Microsoft.PowerShell.Commands;

public enum JsonDateKind
{
    Default,
    Local,
    Utc,
    Offset,
    String,
}

[Cmdlet(VerbsData.ConvertFrom, "Json")]
public sealed class ConvertFromJsonCommand : LabCmdlet
{
    private readonly List<string> _lines = new();

    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true), AllowEmptyString] public string InputObject { get; set; }

    [Parameter] public SwitchParameter AsHashtable { get; set; }

    [Parameter, ValidateRange(1, int.MaxValue)] public int Depth { get; set; } = 1024;

    [Parameter] public SwitchParameter NoEnumerate { get; set; }

    [Parameter] public JsonDateKind DateKind { get; set; }

    protected override void ProcessRecord() => _lines.Add(InputObject);

    protected override void EndProcessing()
    {
        if (_lines.Count > 1 && IsJson(_lines[0]))
        {
            _lines.ForEach(Emit); // one document a line
        }
        else if (_lines.Count > 0)
        {
            Emit(string.Join(Environment.NewLine, _lines));
        }
    }

    private bool IsJson(string text)
    {
        try
        {
            Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private void Emit(string text)
    {
        try
        {
            var value = Convert(Parse(text));
            WriteObject(value, value is object[] && !NoEnumerate);
        }
        catch (JsonException e)
        {
            var error = new ArgumentException($"Conversion from JSON failed with error: {e.Message}", e);
            ThrowTerminatingError(error, "System.ArgumentException", ErrorCategory.NotSpecified, null);
        }
    }

    private JToken Parse(string text)
    {
        var value = JsonConvert.DeserializeObject(text, new JsonSerializerSettings
        {
            TypeNameHandling = TypeNameHandling.None,
            MetadataPropertyHandling = MetadataPropertyHandling.Ignore,
            MaxDepth = Depth,
            DateParseHandling = DateKind switch
            {
                JsonDateKind.String => DateParseHandling.None,
                JsonDateKind.Offset => DateParseHandling.DateTimeOffset,
                _ => DateParseHandling.DateTime,
            },
            DateTimeZoneHandling = DateKind switch
            {
                JsonDateKind.Local => DateTimeZoneHandling.Local,
                JsonDateKind.Utc => DateTimeZoneHandling.Utc,
                _ => DateTimeZoneHandling.RoundtripKind,
            },
        });
        return value as JToken ?? new JValue(value);
    }

    private object Convert(JToken token) => token switch
    {
        JArray array => array.Select(Convert).ToArray(),
        JValue value => value.Value,
        JObject table when AsHashtable => ToHashtable(table),
        JObject table => ToObject(table),
        _ => throw new InvalidOperationException($"unexpected JSON token {token.Type}"),
    };

    private OrderedHashtable ToHashtable(JObject table)
    {
        var result = new OrderedHashtable();
        foreach (var property in table.Properties())
        {
            result[property.Name] = Convert(property.Value);
        }
        return result;
    }

    private PSObject ToObject(JObject table)
    {
        var result = new PSObject();
        foreach (var property in table.Properties())
        {
            if (property.Name.Length == 0)
            {
                Fail(
                    "EmptyKeyInJsonString",
                    "The provided JSON includes a property whose name is an empty string, this is only supported using the "
                    + "-AsHashTable switch.");
            }
            if (result.Properties[property.Name] is { } other)
            {
                Fail(
                    "KeysWithDifferentCasingInJsonString",
                    "Cannot convert the JSON string because it contains keys with different casing. Please use the -AsHashTable "
                    + "switch instead. The key that was attempted to be added to the existing key "
                    + $"'{other.Name}' was '{property.Name}'.");
            }
            result.Properties.Add(new PSNoteProperty(property.Name, Convert(property.Value)), true);
        }
        return result;
    }

    private void Fail(string id, string message) =>
        ThrowTerminatingError(new InvalidOperationException(message), id, ErrorCategory.InvalidOperation, null);
}
