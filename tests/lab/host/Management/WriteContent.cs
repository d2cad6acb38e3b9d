// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Text;

namespace Microsoft.PowerShell.Commands;

/// <summary>What Set-Content and Add-Content share: each file is opened once and gets every value of the pipeline.</summary>
public abstract class LabWriteContent : LabItemCmdlet, IDisposable
{
    private List<FileStream> _streams;
    private Encoding _encoding;

    [Parameter(Position = 1, Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyCollection]
    public object[] Value { get; set; }

    [Parameter] public string Encoding { get; set; }

    [Parameter] public SwitchParameter NoNewline { get; set; }

    [Parameter] public SwitchParameter AsByteStream { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter] public SwitchParameter PassThru { get; set; }

    [Parameter, Alias("Credential", "Exclude", "Filter", "Include", "Stream")] public object Refused { get; set; }

    protected abstract bool Appends { get; }

    protected override void ProcessRecord()
    {
        OpenAll();
        foreach (var value in Value ?? Array.Empty<object>())
        {
            var bytes = AsByteStream ? Bytes(Unwrap(value)) : Line(value);
            _streams.ForEach(stream => stream.Write(bytes));
            if (PassThru)
            {
                WriteObject(value);
            }
        }
    }

    protected override void EndProcessing()
    {
        OpenAll(); // no value came, which empties the files all the same
        Dispose();
    }

    public void Dispose()
    {
        _streams?.ForEach(stream => stream.Dispose());
        GC.SuppressFinalize(this);
    }

    private void OpenAll()
    {
        var paths = Paths ?? Array.Empty<string>();
        _streams ??= paths.SelectMany(TargetFiles).Select(Open).Where(stream => stream != null).ToList();
    }

    private FileStream Open(string file)
    {
        if (!ShouldProcess($"Path: {file}", Appends ? "Add Content" : "Set Content"))
        {
            return null;
        }
        try
        {
            if (Force && File.Exists(file))
            {
                File.SetAttributes(file, File.GetAttributes(file) & ~FileAttributes.ReadOnly);
            }
            _encoding = Appends && Encoding == null && File.Exists(file) ? EncodingOf(file) : ParseEncoding(Encoding);
            var stream = new FileStream(file, Appends ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.Read);
            if (stream.Position == 0 && !AsByteStream)
            {
                stream.Write(_encoding.GetPreamble());
            }
            return stream;
        }
        catch (DirectoryNotFoundException e)
        {
            WriteError(e, "GetContentWriterDirectoryNotFoundError", ErrorCategory.ObjectNotFound, file);
        }
        catch (IOException e)
        {
            WriteError(e, "GetContentWriterIOError", ErrorCategory.WriteError, file);
        }
        catch (UnauthorizedAccessException e)
        {
            WriteError(e, "GetContentWriterUnauthorizedAccessError", ErrorCategory.PermissionDenied, file);
        }
        return null;
    }

    private static Encoding EncodingOf(string file)
    {
        using var reader = new StreamReader(file, new UTF8Encoding(false), true);
        reader.Peek();
        return reader.CurrentEncoding;
    }

    private byte[] Bytes(object value)
    {
        switch (value)
        {
            case byte[] many:
                return many;
            case byte one:
                return new[] { one };
            default:
                Refuse("-AsByteStream with a value that is not bytes");
                return null;
        }
    }

    private byte[] Line(object value)
    {
        var isList = Unwrap(value) is IEnumerable and not string;
        var text = LanguagePrimitives.ConvertTo<string>(isList ? value : Unwrap(value));
        return _encoding.GetBytes(NoNewline ? text : text + Environment.NewLine);
    }
}

[Cmdlet(VerbsCommon.Set, "Content", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
public sealed class SetContentCommand : LabWriteContent
{
    protected override bool Appends => false;
}

[Cmdlet(VerbsCommon.Add, "Content", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
public sealed class AddContentCommand : LabWriteContent
{
    protected override bool Appends => true;
}
