// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.IO;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.PowerShell;

namespace AdcsLab;

/// <summary>pwsh.exe of the lab: the PowerShell engine runs one command or script without a console.</summary>
internal static class Program
{
    private const int UsageError = 64;

    private static int Main(string[] arguments)
    {
        UseUtf8();
        CommandLine line;
        try
        {
            line = CommandLine.Parse(arguments);
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine(e.Message);
            return UsageError;
        }
        if (line.ShowVersion)
        {
            Console.WriteLine("PowerShell " + EngineVersion());
            return 0;
        }
        if (line.File != null && !File.Exists(line.File))
        {
            Console.Error.WriteLine(
                $"The argument '{line.File}' is not recognized as the name of a script file. Check the spelling of the name, "
                + "or if a path was included, verify that the path is correct and try again.");
            return UsageError;
        }

        AssemblyLoadContext.Default.Resolving += FindBesideEngine;
        // scripts name the compiler's types (Ansible's Add-CSharpType does), and the engine finds types only in loaded assemblies
        Assembly.Load("Microsoft.CodeAnalysis");
        Assembly.Load("Microsoft.CodeAnalysis.CSharp");

        var host = new PipeHost(new Version(EngineVersion()));
        var state = InitialSessionState.CreateDefault2();
        state.ExecutionPolicy = ExecutionPolicy.Bypass;
        state.ThreadOptions = PSThreadOptions.ReuseThread;
        using var runspace = RunspaceFactory.CreateRunspace(host, state);
        runspace.Open();
        Runspace.DefaultRunspace = runspace;
        var exitCode = new ScriptRunner(runspace, host, line).Run();
        Console.Out.Flush();
        Environment.Exit(exitCode); // threads that a script left behind do not keep the process
        return exitCode;
    }

    private static void UseUtf8()
    {
        var utf8 = new UTF8Encoding(false);
        Console.SetIn(new StreamReader(Console.OpenStandardInput(), utf8));
        Console.SetOut(new StreamWriter(Console.OpenStandardOutput(), utf8) { AutoFlush = true });
        Console.SetError(new StreamWriter(Console.OpenStandardError(), utf8) { AutoFlush = true });
    }

    /// <summary>The engine asks for its snap-ins by Microsoft's strong names; the stand-ins answer to the simple name.</summary>
    private static Assembly FindBesideEngine(AssemblyLoadContext context, AssemblyName name)
    {
        var path = Path.Combine(AppContext.BaseDirectory, name.Name + ".dll");
        return File.Exists(path) ? context.LoadFromAssemblyPath(path) : null;
    }

    private static string EngineVersion()
    {
        var version = typeof(PSObject).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>().InformationalVersion;
        return version.Split(' ', '+')[0];
    }
}
