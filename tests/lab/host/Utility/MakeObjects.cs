// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.New, "Object")]
public sealed class NewObjectCommand : LabCmdlet
{
    private static readonly ScriptBlock Construct = ScriptBlock.Create("param($type, $arguments) ,$type::new.Invoke($arguments)");

    [Parameter(Position = 0, Mandatory = true)] public string TypeName { get; set; }

    [Parameter(Position = 1), Alias("Args")] public object[] ArgumentList { get; set; } = Array.Empty<object>();

    [Parameter] public IDictionary Property { get; set; }

    [Parameter, Alias("ComObject")] public object Refused { get; set; }

    [Parameter, Alias("Strict")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (!LanguagePrimitives.TryConvertTo<Type>(TypeName, out var type))
        {
            var error = new PSArgumentException($"Cannot find type [{TypeName}]: verify that the assembly containing this type is loaded.");
            ThrowTerminatingError(error, "TypeNotFound", ErrorCategory.InvalidType, null);
        }
        var made = Make(type);
        WriteObject(Property == null ? made : SetProperties(PSObject.AsPSObject(made)));
    }

    private object Make(Type type)
    {
        if (ArgumentList.Length == 0 && (type.IsValueType || type == typeof(PSObject)))
        {
            return Activator.CreateInstance(type);
        }
        try
        {
            return Construct.Invoke(type, ArgumentList).Single();
        }
        catch (MethodException e)
        {
            ThrowTerminatingError(e, "ConstructorInvokedThrowException", ErrorCategory.InvalidOperation, null);
            return null;
        }
    }

    private PSObject SetProperties(PSObject made)
    {
        foreach (DictionaryEntry entry in Property)
        {
            var name = entry.Key.ToString();
            if (made.BaseObject is PSCustomObject)
            {
                made.Properties.Add(new PSNoteProperty(name, entry.Value));
            }
            else if (made.Properties[name] is { } property)
            {
                property.Value = entry.Value;
            }
            else
            {
                var error = new InvalidOperationException($"The member \"{name}\" was not found for the specified .NET object.");
                ThrowTerminatingError(error, "InvalidOperationException", ErrorCategory.InvalidOperation, made);
            }
        }
        return made;
    }
}

/// <summary>
/// The name of a note property. A type of its own because the engine binds a plain string in first place before it tries
/// whether the word is a type of member, as in "Add-Member ScriptProperty ...".
/// </summary>
public sealed class NoteName
{
    private readonly string _name;

    public NoteName(string name)
    {
        _name = name;
    }

    public override string ToString() => _name;
}

[Cmdlet(VerbsCommon.Add, "Member", DefaultParameterSetName = "Member")]
public sealed class AddMemberCommand : LabCmdlet
{
    [Parameter(Mandatory = true, ValueFromPipeline = true)] public PSObject InputObject { get; set; }

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Member"), Alias("Type")] public PSMemberTypes MemberType { get; set; }

    [Parameter(Position = 1, Mandatory = true, ParameterSetName = "Member")] public string Name { get; set; }

    [Parameter(Position = 2, ParameterSetName = "Member")] public object Value { get; set; }

    [Parameter(Position = 3, ParameterSetName = "Member")] public object SecondValue { get; set; }

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Note")] public NoteName NotePropertyName { get; set; }

    [Parameter(Position = 1, Mandatory = true, ParameterSetName = "Note"), AllowNull] public object NotePropertyValue { get; set; }

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Notes")] public IDictionary NotePropertyMembers { get; set; }

    [Parameter] public string TypeName { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter] public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        switch (ParameterSetName)
        {
            case "Note":
                Add(new PSNoteProperty(NotePropertyName.ToString(), NotePropertyValue));
                break;
            case "Notes":
                foreach (DictionaryEntry entry in NotePropertyMembers)
                {
                    Add(new PSNoteProperty(entry.Key.ToString(), entry.Value));
                }
                break;
            default:
                Add(Member());
                break;
        }
        if (TypeName != null)
        {
            InputObject.TypeNames.Insert(0, TypeName);
        }
        if (PassThru)
        {
            WriteObject(InputObject);
        }
    }

    private PSMemberInfo Member()
    {
        switch (MemberType)
        {
            case PSMemberTypes.NoteProperty:
                return new PSNoteProperty(Name, Value);
            case PSMemberTypes.AliasProperty:
                return new PSAliasProperty(Name, LanguagePrimitives.ConvertTo<string>(Value));
            case PSMemberTypes.ScriptMethod:
                return new PSScriptMethod(Name, Script(Value));
            case PSMemberTypes.ScriptProperty:
                return new PSScriptProperty(Name, Script(Value), Script(SecondValue));
            default:
                Refuse($"-MemberType {MemberType}");
                return null;
        }
    }

    private static ScriptBlock Script(object value) => LanguagePrimitives.ConvertTo<ScriptBlock>(value);

    private void Add(PSMemberInfo member)
    {
        var old = InputObject.Members[member.Name];
        if (old != null && !Force)
        {
            var error = new InvalidOperationException(
                $"Cannot add a member with the name \"{member.Name}\" because a member with that name already exists. "
                + "To overwrite the member anyway, add the Force parameter to your command.");
            WriteError(error, "MemberAlreadyExists", ErrorCategory.InvalidOperation, InputObject);
            return;
        }
        if (old is { IsInstance: true })
        {
            InputObject.Members.Remove(member.Name);
        }
        InputObject.Members.Add(member);
    }
}
