// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation.Language;

namespace PsParse;

/// <summary>The argument spec of a module, read without running it.</summary>
internal static class ModuleSpec
{
    /// <summary>Returns the hashtable that the file's only top-level "$spec = @{...}" assigns, as plain values.</summary>
    internal static object? Read(string file, ScriptBlockAst tree)
    {
        List<HashtableAst> found = (tree.EndBlock?.Statements ?? Enumerable.Empty<StatementAst>())
            .OfType<AssignmentStatementAst>()
            .Where(assignment => assignment.Left is VariableExpressionAst variable
                && variable.VariablePath.UserPath.Equals("spec", StringComparison.OrdinalIgnoreCase))
            .Select(assignment => assignment.Right)
            .OfType<CommandExpressionAst>()
            .Select(right => right.Expression)
            .OfType<HashtableAst>()
            .ToList();
        if (found.Count != 1)
        {
            throw new InvalidDataException($"{file}: expected one top-level '$spec = @{{...}}', found {found.Count}");
        }

        return Plain(found[0].SafeGetValue());
    }

    private static object? Plain(object? value) => value switch
    {
        IDictionary table => table.Keys.Cast<object>().ToDictionary(key => key.ToString()!, key => Plain(table[key])),
        string text => text,
        IEnumerable items => items.Cast<object?>().Select(Plain).ToList(),
        _ => value,
    };
}
