// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Threading;

namespace AdcsLab;

/// <summary>Runs the command or script of a command line and says what the process ends with.</summary>
internal sealed class ScriptRunner
{
    private const string Succeeded = "__AdcsLabSucceeded";

    private readonly Runspace _runspace;
    private readonly PipeHost _host;
    private readonly CommandLine _line;
    private readonly string _text;
    private readonly ScriptBlockAst _script;

    internal ScriptRunner(Runspace runspace, PipeHost host, CommandLine line)
    {
        _runspace = runspace;
        _host = host;
        _line = line;
        _text = line.CommandIsInput ? Console.In.ReadToEnd() : line.Command;
        _script = line.File == null
            ? Parser.ParseInput(_text, out _, out _)
            : Parser.ParseFile(Path.GetFullPath(line.File), out _, out _);
    }

    internal int Run()
    {
        using var pipeline = _runspace.CreatePipeline();
        pipeline.Commands.Add(FirstCommand());
        pipeline.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        pipeline.Commands.Add("Out-Default");
        if (!_line.CommandIsInput && Console.IsInputRedirected && ReadsPipeline())
        {
            new Thread(() => Feed(pipeline)) { IsBackground = true }.Start();
        }
        else
        {
            pipeline.Input.Close();
        }
        var end = RunToEnd(pipeline);
        if (end.State != PipelineState.Completed)
        {
            Show(end.Reason);
        }
        var failed = end.State != PipelineState.Completed || _runspace.SessionStateProxy.GetVariable(Succeeded) is false;
        return _host.ExitCode ?? (failed ? 1 : 0);
    }

    private Command FirstCommand()
    {
        if (_line.File == null)
        {
            // a command ends with exit code 1 when its last statement failed, and $? is to be had only inside of it
            var isPlain = _script.BeginBlock == null && _script.ProcessBlock == null && _script.EndBlock is { Unnamed: true };
            return new Command(isPlain ? $"{_text}\n$global:{Succeeded} = $?" : _text, true, false);
        }
        var call = new Command(Path.GetFullPath(_line.File), false, false);
        foreach (var parameter in BindArguments())
        {
            call.Parameters.Add(parameter);
        }
        return call;
    }

    /// <summary>Waits on an event: a synchronous Invoke would close the pipeline's input at once.</summary>
    private static PipelineStateInfo RunToEnd(Pipeline pipeline)
    {
        using var ended = new ManualResetEventSlim();
        pipeline.StateChanged += (_, e) =>
        {
            if (e.PipelineStateInfo.State is PipelineState.Completed or PipelineState.Failed or PipelineState.Stopped)
            {
                ended.Set();
            }
        };
        pipeline.InvokeAsync();
        ended.Wait();
        return pipeline.PipelineStateInfo;
    }

    /// <summary>Standard input is fed to a script that reads its pipeline; [Console]::In stays whole for every other.</summary>
    private bool ReadsPipeline()
    {
        return _script.ProcessBlock != null
            || _script.ParamBlock?.Parameters.Any(TakesPipeline) == true
            || _script.Find(IsInputVariable, searchNestedScriptBlocks: false) != null;
    }

    private static bool TakesPipeline(ParameterAst parameter) => parameter.Attributes
        .OfType<AttributeAst>()
        .SelectMany(attribute => attribute.NamedArguments)
        .Any(argument => argument.ArgumentName.StartsWith("ValueFromPipeline", StringComparison.OrdinalIgnoreCase));

    private static bool IsInputVariable(Ast node) => node is VariableExpressionAst variable
        && variable.VariablePath.UserPath.Equals("input", StringComparison.OrdinalIgnoreCase);

    private static void Feed(Pipeline pipeline)
    {
        // held here: a script that sets [Console]::InputEncoding makes the console forget this reader and what it has buffered
        var input = Console.In;
        try
        {
            while (input.ReadLine() is { } line)
            {
                pipeline.Input.Write(line);
            }
            pipeline.Input.Close();
        }
        catch (PipelineClosedException)
        {
            // the script ended without reading all of its input
        }
    }

    /// <summary>Turns "-Name value", "-Name:value", "-Switch" and plain words into parameters of the script.</summary>
    private IEnumerable<CommandParameter> BindArguments()
    {
        var words = _line.FileArguments;
        for (var i = 0; i < words.Count; i++)
        {
            if (!IsParameterName(words[i]))
            {
                yield return new CommandParameter(null, words[i]);
                continue;
            }
            var name = words[i][1..];
            var colon = name.IndexOf(':');
            if (colon > 0)
            {
                yield return new CommandParameter(name[..colon], Literal(name[(colon + 1)..]));
            }
            else if (i + 1 < words.Count && !IsParameterName(words[i + 1]) && !IsSwitch(name))
            {
                yield return new CommandParameter(name, words[++i]);
            }
            else
            {
                yield return new CommandParameter(name, true);
            }
        }
    }

    private static bool IsParameterName(string word) => word.Length > 1 && word[0] == '-' && char.IsLetter(word[1]);

    private bool IsSwitch(string name) => _script.ParamBlock?.Parameters.Any(parameter =>
        parameter.StaticType == typeof(SwitchParameter)
        && parameter.Name.VariablePath.UserPath.StartsWith(name, StringComparison.OrdinalIgnoreCase)) == true;

    private static object Literal(string text) => text.ToLowerInvariant() switch
    {
        "$true" => true,
        "$false" => false,
        _ => text,
    };

    /// <summary>Shows what ended the script as the engine shows an error, on standard error.</summary>
    private void Show(Exception reason)
    {
        var record = reason is IContainsErrorRecord container
            ? new ErrorRecord(container.ErrorRecord, reason) // with the exception itself, which the record holds only a shadow of
            : new ErrorRecord(reason, "HostError", ErrorCategory.NotSpecified, null);
        var output = PSObject.AsPSObject(record);
        MarkAsError(output);
        using var pipeline = _runspace.CreatePipeline();
        pipeline.Commands.Add("Out-Default");
        pipeline.Input.Write(output);
        pipeline.Input.Close();
        try
        {
            pipeline.Invoke();
        }
        catch (RuntimeException e)
        {
            Console.Error.WriteLine(record + Environment.NewLine + e.Message);
        }
    }

    /// <summary>Sets the engine's mark for the error stream, which is open to Microsoft's own host only.</summary>
    private static void MarkAsError(PSObject output)
    {
        var mark = typeof(PSObject).GetProperty("WriteStream", BindingFlags.Instance | BindingFlags.NonPublic)
            ?? throw new NotSupportedException("This version of the PowerShell engine is not the one the lab host was made for.");
        mark.SetValue(output, Enum.Parse(mark.PropertyType, "Error"));
    }
}
