// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.IO;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>What the cmdlets that take -Path and -LiteralPath share.</summary>
public abstract class LabPathCmdlet : LabCmdlet
{
    protected abstract IEnumerable<string> Paths { get; }

    protected bool Literal => ParameterSetName.StartsWith("Literal", StringComparison.Ordinal);

    /// <summary>Runs the action for each path; a path that fails does not stop the others.</summary>
    protected void ForEachPath(Action<string> action)
    {
        foreach (var path in Paths)
        {
            Guard(() => action(path));
        }
    }

    /// <summary>Runs the action and turns the engine's and its providers' exceptions into non-terminating errors.</summary>
    protected void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IContainsErrorRecord and not PipelineStoppedException and not ActionPreferenceStopException)
        {
            var cause = e is ProviderInvocationException ? e.InnerException ?? e : e;
            WriteError(new ErrorRecord(((IContainsErrorRecord)e).ErrorRecord, cause));
        }
    }

    /// <summary>The existing items of a path with or without wildcards.</summary>
    protected IEnumerable<PathInfo> Resolve(string path) =>
        SessionState.Path.GetResolvedPSPathFromPSPath(Literal ? WildcardPattern.Escape(path) : path);

    /// <summary>The files and folders of an existing path.</summary>
    protected IEnumerable<string> ExistingFiles(string path)
    {
        var found = new List<string>();
        Guard(() =>
        {
            foreach (var item in Resolve(path))
            {
                RequireFileSystem(item.Provider, path);
                found.Add(item.ProviderPath);
            }
        });
        return found;
    }

    /// <summary>The files to write: a path without wildcards need not exist.</summary>
    protected IEnumerable<string> TargetFiles(string path)
    {
        if (!Literal && WildcardPattern.ContainsWildcardCharacters(path))
        {
            return ExistingFiles(path);
        }
        var file = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
        RequireFileSystem(provider, path);
        return new[] { file };
    }

    private void RequireFileSystem(ProviderInfo provider, string path)
    {
        if (provider.Name != "FileSystem")
        {
            Refuse($"a path outside the file system ('{path}')");
        }
    }
}

/// <summary>A cmdlet whose first parameter is an existing path.</summary>
public abstract class LabItemCmdlet : LabPathCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Path", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public string[] Path { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    public string[] LiteralPath { get; set; }

    protected override IEnumerable<string> Paths => LiteralPath ?? Path;
}

[Cmdlet(VerbsDiagnostic.Resolve, "Path", DefaultParameterSetName = "Path")]
public sealed class ResolvePathCommand : LabItemCmdlet
{
    [Parameter, Alias("Credential", "RelativeBasePath")] public object Refused { get; set; }

    [Parameter, Alias("Relative", "Force")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord() => ForEachPath(path => WriteObject(Resolve(path), true));
}

[Cmdlet(VerbsData.Convert, "Path", DefaultParameterSetName = "Path")]
public sealed class ConvertPathCommand : LabItemCmdlet
{
    protected override void ProcessRecord() => ForEachPath(path =>
    {
        foreach (var item in Resolve(path))
        {
            WriteObject(item.ProviderPath);
        }
    });
}

[Cmdlet(VerbsCommon.Join, "Path")]
public sealed class JoinPathCommand : LabPathCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true), Alias("PSPath")]
    public string[] Path { get; set; }

    [Parameter(Position = 1, Mandatory = true, ValueFromPipelineByPropertyName = true), AllowNull, AllowEmptyString, AllowEmptyCollection]
    public string[] ChildPath { get; set; }

    [Parameter(Position = 2, ValueFromRemainingArguments = true), AllowEmptyString, AllowEmptyCollection]
    public string[] AdditionalChildPath { get; set; } = Array.Empty<string>();

    [Parameter, Alias("Credential", "Extension")] public object Refused { get; set; }

    [Parameter, Alias("Resolve")] public SwitchParameter RefusedSwitch { get; set; }

    protected override IEnumerable<string> Paths => Path;

    protected override void ProcessRecord() => ForEachPath(path =>
    {
        if (SessionState.Path.IsPSAbsolute(path, out var drive) && drive != null)
        {
            SessionState.Drive.Get(drive); // a drive that is not there is an error here, as with the genuine cmdlet
        }
        var joined = path;
        foreach (var part in ChildPath ?? new[] { "" })
        {
            joined = SessionState.Path.Combine(joined, part ?? "");
        }
        foreach (var part in AdditionalChildPath)
        {
            joined = SessionState.Path.Combine(joined, part);
        }
        WriteObject(joined);
    });
}

[Cmdlet(VerbsCommon.Split, "Path", DefaultParameterSetName = "Parent")]
public sealed class SplitPathCommand : LabCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("LiteralPath", "PSPath", "LP")]
    public string[] Path { get; set; }

    [Parameter(ParameterSetName = "Parent")] public SwitchParameter Parent { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "Leaf")] public SwitchParameter Leaf { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "LeafBase")] public SwitchParameter LeafBase { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "Extension")] public SwitchParameter Extension { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "Qualifier")] public SwitchParameter Qualifier { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "IsAbsolute")] public SwitchParameter IsAbsolute { get; set; }

    [Parameter, Alias("Credential")] public object Refused { get; set; }

    [Parameter, Alias("NoQualifier", "Resolve")] public SwitchParameter RefusedSwitch { get; set; }

    protected override void ProcessRecord()
    {
        foreach (var path in Path)
        {
            if (ParameterSetName == "Qualifier")
            {
                WriteQualifier(path);
            }
            else
            {
                WriteObject(Part(path));
            }
        }
    }

    private object Part(string path)
    {
        var leaf = SessionState.Path.ParseChildName(path);
        return ParameterSetName switch
        {
            "Leaf" => leaf,
            "LeafBase" => System.IO.Path.GetFileNameWithoutExtension(leaf),
            "Extension" => System.IO.Path.GetExtension(leaf),
            "IsAbsolute" => SessionState.Path.IsPSAbsolute(path, out _),
            _ => SessionState.Path.ParseParent(path, string.Empty),
        };
    }

    private void WriteQualifier(string path)
    {
        var colon = path.IndexOf(':');
        if (colon > 0)
        {
            WriteObject(path[..(colon + 1)]);
            return;
        }
        var message = $"Cannot parse path because path '{path}' does not have a qualifier specified.";
        WriteError(new FormatException(message), "ParsePathFormatError", ErrorCategory.InvalidArgument, path);
    }
}
