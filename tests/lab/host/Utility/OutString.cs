// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.IO;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Internal;
using System.Management.Automation.Runspaces;
using System.Text;
using AdcsLab;

namespace Microsoft.PowerShell.Commands;

/// <summary>What Out-String and Out-File share: objects become text as the engine shows them on a screen.</summary>
public abstract class LabOutText : LabCmdlet
{
    private readonly StringBuilder _text = new();
    private readonly List<object> _pending = new();

    [Parameter(ValueFromPipeline = true)] public PSObject InputObject { get; set; } = AutomationNull.Value;

    [Parameter, ValidateRange(2, int.MaxValue)] public int Width { get; set; } = 120;

    [Parameter] public SwitchParameter NoNewline { get; set; }

    protected override void ProcessRecord()
    {
        if (InputObject == null || InputObject == AutomationNull.Value)
        {
            return;
        }
        if (InputObject.BaseObject is string text)
        {
            FormatPending();
            _text.AppendLine(text);
        }
        else
        {
            _pending.Add(InputObject);
        }
    }

    /// <summary>All the text, with line ends unless -NoNewline took them out.</summary>
    protected string Text()
    {
        FormatPending();
        var text = _text.ToString();
        return NoNewline ? text.Replace(Environment.NewLine, "") : text;
    }

    /// <summary>The engine's formatter writes to a host, so it gets one that collects text, in a runspace of its own.</summary>
    private void FormatPending()
    {
        if (_pending.Count == 0)
        {
            return;
        }
        var host = new TextHost(Width);
        using var runspace = RunspaceFactory.CreateRunspace(host, InitialSessionState.CreateDefault2());
        runspace.Open();
        using var shell = System.Management.Automation.PowerShell.Create(runspace);
        shell.AddCommand("Out-Default").Invoke(_pending);
        foreach (var error in shell.Streams.Error)
        {
            WriteError(error);
        }
        _text.Append(new StringDecorated(host.Text.ToString()).ToString(OutputRendering.PlainText));
        _pending.Clear();
    }

    private sealed class TextHost : OutputOnlyHost
    {
        private readonly TextUI _ui;

        internal TextHost(int width)
        {
            _ui = new TextUI(width);
        }

        internal StringBuilder Text => _ui.Text;

        public override string Name => "adcs.ca lab text host";

        public override Version Version => new(1, 0);

        public override PSHostUserInterface UI => _ui;
    }

    private sealed class TextUI : OutputOnlyUI
    {
        internal TextUI(int width) : base(width)
        {
        }

        internal StringBuilder Text { get; } = new();

        public override void Write(string value) => Text.Append(value);

        public override void WriteErrorLine(string value) => WriteLine(value);
    }
}

[Cmdlet(VerbsData.Out, "String")]
public sealed class OutStringCommand : LabOutText
{
    [Parameter] public SwitchParameter Stream { get; set; }

    protected override void EndProcessing()
    {
        var text = Text();
        if (!Stream)
        {
            WriteObject(text);
            return;
        }
        if (text.EndsWith(Environment.NewLine, StringComparison.Ordinal))
        {
            text = text[..^Environment.NewLine.Length];
        }
        WriteObject(text.Split(Environment.NewLine), true);
    }
}

[Cmdlet(VerbsData.Out, "File", SupportsShouldProcess = true)]
public sealed class OutFileCommand : LabOutText
{
    [Parameter(Position = 0, Mandatory = true), Alias("Path", "LiteralPath", "PSPath", "LP")] public string FilePath { get; set; }

    [Parameter(Position = 1)] public string Encoding { get; set; }

    [Parameter] public SwitchParameter Append { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("NoClobber")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void EndProcessing()
    {
        var path = SessionState.Path.GetUnresolvedProviderPathFromPSPath(FilePath);
        if (!ShouldProcess(path, "Output to File"))
        {
            return;
        }
        var encoding = ParseEncoding(Encoding);
        if (Append)
        {
            File.AppendAllText(path, Text(), encoding);
        }
        else
        {
            File.WriteAllText(path, Text(), encoding);
        }
    }
}
