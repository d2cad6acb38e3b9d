// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Threading;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Get, "Date")]
public sealed class GetDateCommand : LabCmdlet
{
    [Parameter(Position = 0, ValueFromPipeline = true), Alias("LastWriteTime")] public DateTime? Date { get; set; }

    [Parameter] public string Format { get; set; }

    [Parameter] public SwitchParameter AsUTC { get; set; }

    [Parameter, Alias("Day", "DisplayHint", "Hour", "Millisecond", "Minute", "Month", "Second", "UFormat", "UnixTimeSeconds", "Year")]
    public object Refused { get; set; }

    protected override void ProcessRecord()
    {
        var date = Date ?? DateTime.Now;
        var isUniversal = Format != null && Format.EndsWith("Universal", StringComparison.OrdinalIgnoreCase);
        if (AsUTC || isUniversal)
        {
            date = date.ToUniversalTime();
        }
        WriteObject(Format == null ? date : date.ToString(Pattern(), CultureInfo.CurrentCulture));
    }

    private string Pattern() => Format.ToLowerInvariant() switch
    {
        "filedate" => "yyyyMMdd",
        "filedateuniversal" => "yyyyMMddZ",
        "filedatetime" => "yyyyMMddTHHmmssffff",
        "filedatetimeuniversal" => "yyyyMMddTHHmmssffffZ",
        _ => Format,
    };
}

[Cmdlet(VerbsCommon.New, "Guid")]
public sealed class NewGuidCommand : LabCmdlet
{
    [Parameter, Alias("InputObject")] public object Refused { get; set; }

    [Parameter, Alias("Empty")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord() => WriteObject(Guid.NewGuid());
}

[Cmdlet(VerbsLifecycle.Start, "Sleep", DefaultParameterSetName = "Seconds")]
public sealed class StartSleepCommand : LabCmdlet, IDisposable
{
    private readonly ManualResetEventSlim _stopped = new();

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Seconds", ValueFromPipeline = true), ValidateRange(0.0, 2147483.0)]
    public double Seconds { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "Milliseconds"), Alias("ms"), ValidateRange(0, int.MaxValue)]
    public int Milliseconds { get; set; }

    [Parameter, Alias("Duration")] public object Refused { get; set; }

    public void Dispose() => _stopped.Dispose();

    protected override void ProcessRecord() =>
        _stopped.Wait(ParameterSetName == "Seconds" ? (int)(Seconds * 1000) : Milliseconds);

    protected override void StopProcessing() => _stopped.Set();
}

[Cmdlet(VerbsCommon.Get, "PSCallStack")]
public sealed class GetPSCallStackCommand : PSCmdlet
{
    protected override void ProcessRecord() => WriteObject(Runspace.DefaultRunspace.Debugger.GetCallStack(), true);
}

[Cmdlet(VerbsCommon.Get, "Host")]
public sealed class GetHostCommand : PSCmdlet
{
    protected override void ProcessRecord() => WriteObject(Host);
}

[Cmdlet(VerbsLifecycle.Invoke, "Expression")]
public sealed class InvokeExpressionCommand : PSCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)] public string Command { get; set; }

    protected override void ProcessRecord() =>
        WriteObject(InvokeCommand.InvokeScript(false, ScriptBlock.Create(Command), null), true);
}

[Cmdlet(VerbsCommon.Set, "Alias")]
public sealed class SetAliasCommand : LabCmdlet
{
    [Parameter(Position = 0, Mandatory = true)] public string Name { get; set; }

    [Parameter(Position = 1, Mandatory = true)] public string Value { get; set; }

    [Parameter, Alias("Description", "Option", "Scope")] public object Refused { get; set; }

    [Parameter, Alias("Force", "PassThru")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord() => InvokeProvider.Item.Set("alias:" + Name, Value);
}
