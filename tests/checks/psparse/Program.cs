// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation.Language;
using System.Text.Json;

namespace PsParse;

/// <summary>
/// Reads PowerShell files with the engine's own parser and prints one JSON document on standard output.
/// <c>psparse syntax FILE...</c>: a list of {file, line, column, message}, one for each thing 5.1 would refuse.
/// <c>psparse spec FILE...</c>: {file: the hashtable assigned to $spec}.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments.Length < 2)
        {
            Console.Error.WriteLine("usage: psparse syntax|spec FILE...");
            return 2;
        }

        IEnumerable<string> files = arguments.Skip(1);
        switch (arguments[0])
        {
            case "syntax":
                Print(files.SelectMany(Findings));
                return 0;
            case "spec":
                Print(files.ToDictionary(file => file, file => ModuleSpec.Read(file, Parse(file).Tree)));
                return 0;
            default:
                Console.Error.WriteLine($"psparse: unknown command '{arguments[0]}'");
                return 2;
        }
    }

    private static void Print<T>(T document) => Console.Out.WriteLine(JsonSerializer.Serialize(document));

    private static (ScriptBlockAst Tree, Token[] Tokens, ParseError[] Errors) Parse(string file)
    {
        ScriptBlockAst tree = Parser.ParseInput(File.ReadAllText(file), file, out Token[] tokens, out ParseError[] errors);
        return (tree, tokens, errors);
    }

    private static IEnumerable<object> Findings(string file)
    {
        var (tree, tokens, errors) = Parse(file);
        IEnumerable<(IScriptExtent Extent, string Message)> found = errors
            .Select(error => (error.Extent, "parse error: " + error.Message))
            .Concat(NewerThan51.InTokens(tokens))
            .Concat(NewerThan51.InTree(tree));
        return found
            .OrderBy(finding => finding.Extent.StartOffset)
            .Select(finding => new
            {
                file,
                line = finding.Extent.StartLineNumber,
                column = finding.Extent.StartColumnNumber,
                message = finding.Message,
            });
    }
}
