// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsCommon.Add, "Type", DefaultParameterSetName = "Source")]
public sealed class AddTypeCommand : LabCmdlet
{
    private static readonly HashSet<string> Compiled = new();

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Source")] public string TypeDefinition { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "AssemblyName"), Alias("AN")] public string[] AssemblyName { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = "Path"), Alias("LiteralPath")] public string[] Path { get; set; }

    [Parameter(ParameterSetName = "Source"), Alias("RA")] public string[] ReferencedAssemblies { get; set; } = Array.Empty<string>();

    [Parameter] public SwitchParameter PassThru { get; set; }

    [Parameter] public SwitchParameter IgnoreWarnings { get; set; }

    [Parameter]
    [Alias("CompilerOptions", "Language", "MemberDefinition", "Name", "Namespace", "OutputAssembly", "OutputType", "UsingNamespace")]
    public object Refused { get; set; }

    protected override void EndProcessing()
    {
        switch (ParameterSetName)
        {
            case "AssemblyName":
                foreach (var name in AssemblyName)
                {
                    Emit(Load(name));
                }
                break;
            case "Path":
                foreach (var path in Path)
                {
                    Emit(Assembly.LoadFrom(SessionState.Path.GetUnresolvedProviderPathFromPSPath(path)));
                }
                break;
            default:
                Compile();
                break;
        }
    }

    private Assembly Load(string name)
    {
        var simple = name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) ? name[..^4] : name;
        try
        {
            return Assembly.Load(new AssemblyName(simple));
        }
        catch (FileNotFoundException e)
        {
            ThrowTerminatingError(e, "ASSEMBLY_NOT_FOUND", ErrorCategory.ObjectNotFound, name);
            return null;
        }
    }

    private void Emit(Assembly assembly)
    {
        if (PassThru)
        {
            WriteObject(assembly.GetTypes(), true);
        }
    }

    private void Compile()
    {
        if (!PassThru && Compiled.Contains(TypeDefinition))
        {
            return; // the same source again is no error
        }
        var compilation = CSharpCompilation.Create(
            System.IO.Path.GetRandomFileName(),
            new[] { CSharpSyntaxTree.ParseText(TypeDefinition) },
            References().Select(file => MetadataReference.CreateFromFile(file)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        foreach (var diagnostic in result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error))
        {
            WriteError(new InvalidOperationException(diagnostic.ToString()), "SOURCE_CODE_ERROR", ErrorCategory.InvalidData, diagnostic);
        }
        if (!result.Success)
        {
            var error = new InvalidOperationException("Cannot add type. Compilation errors occurred.");
            ThrowTerminatingError(error, "COMPILER_ERRORS", ErrorCategory.InvalidData, null);
        }
        Compiled.Add(TypeDefinition);
        Emit(Assembly.Load(image.ToArray()));
    }

    private IEnumerable<string> References()
    {
        var engine = typeof(PSObject).Assembly.Location;
        var folder = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(engine), "ref");
        return Directory.GetFiles(folder, "*.dll")
            .Append(engine)
            .Concat(ReferencedAssemblies.Select(name => File.Exists(name) ? name : Load(name).Location));
    }
}
