// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using DriveNotFoundException = System.Management.Automation.DriveNotFoundException;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Get, "ChildItem", DefaultParameterSetName = "Path")]
public sealed class GetChildItemCommand : LabPathCmdlet
{
    [Parameter(Position = 0, ParameterSetName = "Path", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public string[] Path { get; set; } = { "." };

    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true), Alias("PSPath", "LP")]
    public string[] LiteralPath { get; set; }

    [Parameter(Position = 1)] public string Filter { get; set; } = "*";

    [Parameter, Alias("s")] public SwitchParameter Recurse { get; set; }

    [Parameter] public uint Depth { get; set; } = uint.MaxValue;

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter] public SwitchParameter Name { get; set; }

    [Parameter, Alias("ad")] public SwitchParameter Directory { get; set; }

    [Parameter, Alias("af")] public SwitchParameter File { get; set; }

    [Parameter, Alias("Attributes", "Exclude", "Include")] public object Refused { get; set; }

    [Parameter, Alias("FollowSymlink", "Hidden", "h", "ah", "ReadOnly", "ar", "System", "as")]
    public SwitchParameter RefusedSwitch { get; set; }

    protected override IEnumerable<string> Paths => LiteralPath ?? Path;

    private bool Descends => Recurse || Depth != uint.MaxValue;

    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (Name && Descends)
        {
            Refuse("-Name with -Recurse or -Depth");
        }
    }

    protected override void ProcessRecord() => ForEachPath(path =>
    {
        if (Descends && !Literal && WildcardPattern.ContainsWildcardCharacters(path))
        {
            Refuse("-Recurse with a wildcard in the path");
        }
        foreach (var item in InvokeProvider.ChildItem.Get(new[] { path }, Descends, Depth, Force, Literal).Where(IsWanted))
        {
            WriteObject(Name ? item.Properties["PSChildName"].Value : item);
        }
    });

    private bool IsWanted(PSObject item)
    {
        if (item.BaseObject is not FileSystemInfo entry)
        {
            if (Directory || File || Filter != "*")
            {
                Refuse("-Filter, -File or -Directory outside the file system");
            }
            return true;
        }
        var rightKind = Directory == File || (entry is DirectoryInfo) == Directory;
        return rightKind && WildcardPattern.Get(Filter, WildcardOptions.IgnoreCase).IsMatch(entry.Name);
    }
}

public enum TestPathType
{
    Any,
    Container,
    Leaf,
}

[Cmdlet(VerbsDiagnostic.Test, "Path", DefaultParameterSetName = "Path")]
public sealed class TestPathCommand : LabPathCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Path", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [AllowNull, AllowEmptyCollection, AllowEmptyString]
    public string[] Path { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP"), AllowNull, AllowEmptyCollection, AllowEmptyString]
    public string[] LiteralPath { get; set; }

    [Parameter, Alias("Type")] public TestPathType PathType { get; set; } = TestPathType.Any;

    [Parameter] public SwitchParameter IsValid { get; set; }

    [Parameter, Alias("Credential", "Exclude", "Filter", "Include", "NewerThan", "OlderThan")] public object Refused { get; set; }

    protected override IEnumerable<string> Paths => LiteralPath ?? Path ?? Array.Empty<string>();

    protected override void ProcessRecord()
    {
        if (!Paths.Any())
        {
            NullPath();
        }
        foreach (var path in Paths)
        {
            if (path == null)
            {
                NullPath();
            }
            else
            {
                Guard(() => WriteObject(!string.IsNullOrWhiteSpace(path) && Test(path)));
            }
        }
    }

    private bool Test(string path)
    {
        try
        {
            if (IsValid)
            {
                return SessionState.Path.IsValid(path);
            }
            if (!InvokeProvider.Item.Exists(path, true, Literal))
            {
                return false;
            }
            var isContainer = InvokeProvider.Item.IsContainer(Literal ? WildcardPattern.Escape(path) : path);
            return PathType == TestPathType.Any || isContainer == (PathType == TestPathType.Container);
        }
        catch (RuntimeException e) when (e is DriveNotFoundException or ProviderNotFoundException or ItemNotFoundException)
        {
            return false;
        }
        catch (PSNotSupportedException)
        {
            return false;
        }
    }

    private void NullPath()
    {
        // the genuine cmdlet gives its text where .NET expects the name of the parameter
        var error = new ArgumentNullException("The provided Path argument was null or an empty collection.");
        WriteError(error, "NullPathNotPermitted", ErrorCategory.InvalidArgument, null);
    }
}
