// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;
using System.Text.RegularExpressions;

namespace PsParse;

/// <summary>What the parser of PowerShell 7 takes and Windows PowerShell 5.1 refuses or reads as something else.</summary>
internal static class NewerThan51
{
    // 5.1 knows the suffixes l and d only; 6.2 and 7.0 added y, uy, s, us, u, ul, n and the prefix 0b.
    private static readonly Regex s_number = new(
        @"^[+-]?0b|(u[ysl]?|[ysn])([kmgtp]b)?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    // A backtick that is not itself escaped, then e or u{...}.
    private static readonly Regex s_escape = new(@"(?<!`)(?:``)*`(e|u\{)", RegexOptions.CultureInvariant);

    private static readonly HashSet<string> s_variables = new(StringComparer.OrdinalIgnoreCase)
    {
        "IsCoreCLR", "IsLinux", "IsMacOS", "IsWindows", "PSStyle",
    };

    // Parameters that came after 5.1, by command; every abbreviation 7 would take counts.
    private static readonly Dictionary<string, string[]> s_parameters = new(StringComparer.OrdinalIgnoreCase)
    {
        ["%"] = ["Parallel"],
        ["ConvertFrom-Json"] = ["AsHashtable", "DateKind", "Depth", "NoEnumerate"],
        ["ConvertTo-Json"] = ["AsArray", "EnumsAsStrings", "EscapeHandling"],
        ["foreach"] = ["Parallel"],
        ["ForEach-Object"] = ["Parallel"],
        ["Get-Content"] = ["AsByteStream"],
        ["Join-Path"] = ["AdditionalChildPath"],
        ["Set-Content"] = ["AsByteStream"],
        ["Split-Path"] = ["Extension", "LeafBase"],
    };

    internal static IEnumerable<(IScriptExtent Extent, string Message)> InTokens(IEnumerable<Token> tokens)
    {
        foreach (Token token in tokens)
        {
            if (token is NumberToken && s_number.IsMatch(token.Text))
            {
                yield return (token.Extent, $"number '{token.Text}' is newer than 5.1");
            }
            else if (token is StringExpandableToken && s_escape.IsMatch(token.Text))
            {
                yield return (token.Extent, "the escapes `e and `u{...} are newer than 5.1");
            }
        }
    }

    internal static IEnumerable<(IScriptExtent Extent, string Message)> InTree(ScriptBlockAst tree) =>
        from node in tree.FindAll(_ => true, searchNestedScriptBlocks: true)
        let name = Name(node)
        where name is not null
        select (node.Extent, name + " is newer than 5.1");

    private static string? Name(Ast node) => node switch
    {
        TernaryExpressionAst => "the ternary operator",
        PipelineChainAst { Background: true } => "the background operator &",
        PipelineChainAst => "a pipeline chain (&&, ||)",
        PipelineAst { Background: true } => "the background operator &",
        BinaryExpressionAst { Operator: TokenKind.QuestionQuestion } => "the operator ??",
        BinaryExpressionAst { Operator: TokenKind.DotDot, Left: StringConstantExpressionAst } => "a range of characters",
        AssignmentStatementAst { Operator: TokenKind.QuestionQuestionEquals } => "the operator ??=",
        MemberExpressionAst { NullConditional: true } => "the operator ?.",
        IndexExpressionAst { NullConditional: true } => "the operator ?[]",
        NamedBlockAst { BlockKind: TokenKind.Clean } => "a clean block",
        VariableExpressionAst variable when s_variables.Contains(variable.VariablePath.UserPath) =>
            "the variable $" + variable.VariablePath.UserPath,
        CommandAst command => NewParameter(command),
        _ => null,
    };

    private static string? NewParameter(CommandAst command)
    {
        if (command.GetCommandName() is not string name || !s_parameters.TryGetValue(name, out string[]? parameters))
        {
            return null;
        }

        // One letter fits too many older parameters to say which one is meant.
        string? found = command.CommandElements
            .OfType<CommandParameterAst>()
            .Where(given => given.ParameterName.Length > 1)
            .SelectMany(given => parameters.Where(
                parameter => parameter.StartsWith(given.ParameterName, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault();
        return found is null ? null : $"{name} -{found}";
    }
}
