// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.IO;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Internal;

namespace AdcsLab;

/// <summary>Text to standard output and error.</summary>
internal sealed class PipeHost : OutputOnlyHost
{
    internal PipeHost(Version version)
    {
        Version = version;
    }

    /// <summary>What a script asked the process to end with; null when none did.</summary>
    internal int? ExitCode { get; private set; }

    /// <summary>Ansible's wrappers set up the console's encoding only for a host of this name.</summary>
    public override string Name => "ConsoleHost";

    public override Version Version { get; }

    public override PSHostUserInterface UI { get; } = new PipeUI();

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;
}

internal sealed class PipeUI : OutputOnlyUI
{
    private const int Width = 120;

    private readonly object _gate = new();

    // taken once: a script that replaces Console.Out (Ansible's wrapper does) catches only what is written to the console itself
    private readonly TextWriter _output = Console.Out;
    private readonly TextWriter _error = Console.Error;

    internal PipeUI() : base(Width)
    {
    }

    public override void Write(string value) => Put(_output, value);

    public override void WriteErrorLine(string value) => Put(_error, value + Environment.NewLine);

    /// <summary>Writes the text without escape sequences, which are for screens and not for pipes.</summary>
    private void Put(TextWriter writer, string text)
    {
        if (text != null && text.Contains('\u001b'))
        {
            text = new StringDecorated(text).ToString(OutputRendering.PlainText);
        }
        lock (_gate)
        {
            writer.Write(text);
        }
    }
}
