// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Get, "Content", DefaultParameterSetName = "Path")]
public sealed class GetContentCommand : LabItemCmdlet
{
    [Parameter] public SwitchParameter Raw { get; set; }

    [Parameter] public string Encoding { get; set; }

    [Parameter, Alias("First", "Head")] public long TotalCount { get; set; } = -1;

    [Parameter, Alias("Last")] public int Tail { get; set; } = -1;

    [Parameter] public SwitchParameter AsByteStream { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("Credential", "Delimiter", "Exclude", "Filter", "Include", "ReadCount", "Stream")]
    public object Refused { get; set; }

    [Parameter, Alias("Wait")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if ((AsByteStream || Raw) && (TotalCount >= 0 || Tail >= 0))
        {
            Refuse("-TotalCount or -Tail with -AsByteStream or -Raw");
        }
        if (TotalCount >= 0 && Tail >= 0)
        {
            Refuse("-TotalCount with -Tail");
        }
    }

    protected override void ProcessRecord()
    {
        foreach (var file in Paths.SelectMany(ExistingFiles))
        {
            if (Directory.Exists(file))
            {
                var error = new UnauthorizedAccessException(
                    $"Unable to get content because it is a directory: '{file}'. Please use 'Get-ChildItem' instead.");
                WriteError(error, "GetContainerContentException", ErrorCategory.InvalidOperation, file);
                continue;
            }
            try
            {
                Read(file);
            }
            catch (IOException e)
            {
                WriteError(e, "GetContentReaderIOError", ErrorCategory.ReadError, file);
            }
            catch (UnauthorizedAccessException e)
            {
                WriteError(e, "GetContentReaderUnauthorizedAccessError", ErrorCategory.PermissionDenied, file);
            }
        }
    }

    private void Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        if (AsByteStream)
        {
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            WriteObject(bytes, !Raw);
            return;
        }
        using var reader = new StreamReader(stream, ParseEncoding(Encoding), true);
        if (!Raw)
        {
            WriteLines(reader, file);
        }
        else if (reader.Peek() >= 0)
        {
            WriteText(reader.ReadToEnd(), file, 1);
        }
    }

    private void WriteLines(StreamReader reader, string file)
    {
        var last = new Queue<string>();
        long count = 0;
        while (count != TotalCount && reader.ReadLine() is { } line)
        {
            count++;
            if (Tail < 0)
            {
                WriteText(line, file, count);
                continue;
            }
            last.Enqueue(line);
            if (last.Count > Tail)
            {
                last.Dequeue();
            }
        }
        foreach (var line in last)
        {
            WriteText(line, file, count);
        }
    }

    /// <summary>Writes text with the notes that every item of the provider carries.</summary>
    private void WriteText(string text, string file, long count)
    {
        var drive = SessionState.Drive.GetAllForProvider("FileSystem")
            .Where(candidate => file.StartsWith(candidate.Root, StringComparison.OrdinalIgnoreCase))
            .MaxBy(candidate => candidate.Root.Length);
        var result = new PSObject(text);
        void Note(string name, object value) => result.Properties.Add(new PSNoteProperty(name, value), true);
        Note("PSPath", file);
        Note("PSParentPath", System.IO.Path.GetDirectoryName(file));
        Note("PSChildName", System.IO.Path.GetFileName(file));
        Note("PSDrive", drive);
        Note("PSProvider", SessionState.Provider.GetOne("FileSystem"));
        Note("ReadCount", count);
        WriteObject(result);
    }
}
