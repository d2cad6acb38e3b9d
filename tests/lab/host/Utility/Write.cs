// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommunications.Write, "Output")]
public sealed class WriteOutputCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromRemainingArguments = true), AllowNull, AllowEmptyCollection]
    public PSObject InputObject { get; set; }

    [Parameter] public SwitchParameter NoEnumerate { get; set; }

    protected override void ProcessRecord() => WriteObject(InputObject, InputObject != null && !NoEnumerate);
}

[Cmdlet(VerbsCommunications.Write, "Warning")]
public sealed class WriteWarningCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true), Alias("Msg"), AllowEmptyString]
    public string Message { get; set; }

    protected override void ProcessRecord() => WriteWarning(Message);
}

[Cmdlet(VerbsCommunications.Write, "Verbose")]
public sealed class WriteVerboseCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true), Alias("Msg"), AllowEmptyString]
    public string Message { get; set; }

    protected override void ProcessRecord() => WriteVerbose(Message);
}

[Cmdlet(VerbsCommunications.Write, "Information")]
public sealed class WriteInformationCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true), Alias("Msg", "Message"), AllowNull]
    public object MessageData { get; set; }

    [Parameter(Position = 1)] public string[] Tags { get; set; } = Array.Empty<string>();

    protected override void ProcessRecord() => WriteInformation(MessageData, Tags);
}

[Cmdlet(VerbsCommunications.Write, "Host")]
public sealed class WriteHostCommand : LabCmdlet
{
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromRemainingArguments = true), Alias("Msg", "Message")]
    public object Object { get; set; }

    [Parameter] public SwitchParameter NoNewline { get; set; }

    [Parameter] public object Separator { get; set; } = " ";

    [Parameter] public ConsoleColor ForegroundColor { get; set; }

    [Parameter] public ConsoleColor BackgroundColor { get; set; }

    protected override void ProcessRecord()
    {
        var message = new HostInformationMessage { Message = Text(Object), NoNewLine = NoNewline };
        WriteInformation(message, new[] { "PSHOST" });
    }

    private string Text(object value) => Unwrap(value) is IEnumerable list and not string
        ? string.Join(Separator.ToString(), list.Cast<object>().Select(Text))
        : LanguagePrimitives.ConvertTo<string>(value);
}

public sealed class WriteErrorException : SystemException
{
    public WriteErrorException(string message) : base(message)
    {
    }
}

[Cmdlet(VerbsCommunications.Write, "Error", DefaultParameterSetName = "NoException")]
public sealed class WriteErrorCommand : LabCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "WithException")]
    public Exception Exception { get; set; }

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "NoException", ValueFromPipeline = true)]
    [Parameter(ParameterSetName = "WithException")]
    [Alias("Msg"), AllowNull, AllowEmptyString]
    public string Message { get; set; }

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "ErrorRecord")]
    public ErrorRecord ErrorRecord { get; set; }

    [Parameter(ParameterSetName = "NoException")]
    [Parameter(ParameterSetName = "WithException")]
    public ErrorCategory Category { get; set; }

    [Parameter(ParameterSetName = "NoException")]
    [Parameter(ParameterSetName = "WithException")]
    public string ErrorId { get; set; }

    [Parameter(ParameterSetName = "NoException")]
    [Parameter(ParameterSetName = "WithException")]
    public object TargetObject { get; set; }

    [Parameter, Alias("CategoryActivity", "CategoryReason", "CategoryTargetName", "CategoryTargetType", "RecommendedAction")]
    public object Refused { get; set; }

    protected override void ProcessRecord()
    {
        var record = ErrorRecord != null ? new ErrorRecord(ErrorRecord, null) : Make();
        if (GetVariableValue("MyInvocation") is InvocationInfo script)
        {
            EngineFriend.SetInvocation(record, script);
            record.CategoryInfo.Activity = "Write-Error";
        }
        WriteError(record);
    }

    private ErrorRecord Make()
    {
        var exception = Exception ?? new WriteErrorException(Message);
        var id = string.IsNullOrEmpty(ErrorId) ? exception.GetType().FullName : ErrorId;
        var record = new ErrorRecord(exception, id, Category, TargetObject);
        if (Exception != null && !string.IsNullOrEmpty(Message))
        {
            record.ErrorDetails = new ErrorDetails(Message);
        }
        return record;
    }
}
