// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace AdcsLab;

/// <summary>A command line the host cannot follow; the message is for standard error.</summary>
internal sealed class UsageException : Exception
{
    internal UsageException(string message) : base(message)
    {
    }
}

/// <summary>What pwsh's command line asks for: one command or one script file, never an interactive session.</summary>
internal sealed class CommandLine
{
    /// <summary>The text to run; null with <see cref="File"/>.</summary>
    internal string Command { get; private set; }

    /// <summary>The script to run; null with <see cref="Command"/>.</summary>
    internal string File { get; private set; }

    /// <summary>The script's arguments as written.</summary>
    internal IReadOnlyList<string> FileArguments { get; private set; } = Array.Empty<string>();

    /// <summary>The text to run is what standard input holds ("-Command -").</summary>
    internal bool CommandIsInput { get; private set; }

    internal bool ShowVersion { get; private set; }

    internal static CommandLine Parse(string[] arguments)
    {
        var result = new CommandLine();
        for (var i = 0; i < arguments.Length; i++)
        {
            var option = new Option(arguments[i]);
            if (option.Is("NoProfile", 3) || option.Is("NonInteractive", 4) || option.Is("NoLogo", 3))
            {
                continue;
            }
            if (option.Is("ExecutionPolicy", 2, "ep") || option.Is("InputFormat", 2, "if") || option.Is("OutputFormat", 1, "of"))
            {
                Value(arguments, ++i, option);
            }
            else if (option.Is("EncodedCommand", 1, "ec", "enc"))
            {
                result.Command = Decode(Value(arguments, ++i, option));
            }
            else
            {
                result.TakeRest(option, arguments[(i + 1)..]);
                return result;
            }
        }
        if (result.Command == null)
        {
            throw new UsageException("The lab host is not interactive: give -Command, -EncodedCommand or -File.");
        }
        return result;
    }

    /// <summary>Options after which everything belongs to the command or the script.</summary>
    private void TakeRest(Option option, string[] rest)
    {
        if (option.Is("Version", 1))
        {
            ShowVersion = true;
        }
        else if (option.Is("Command", 1))
        {
            Command = Value(rest, 0, option);
            CommandIsInput = Command == "-";
            Command = string.Join(' ', rest);
        }
        else if (option.Is("File", 1))
        {
            File = Value(rest, 0, option);
            FileArguments = rest[1..];
        }
        else if (option.Name == null)
        {
            File = option.Text;
            FileArguments = rest;
        }
        else
        {
            throw new UsageException($"The argument '{option.Text}' is not supported by the lab host.");
        }
        if (File == "-")
        {
            File = null;
            CommandIsInput = true;
        }
    }

    private static string Value(string[] arguments, int index, Option option) =>
        index < arguments.Length ? arguments[index] : throw new UsageException($"The argument '{option.Text}' needs a value.");

    private static string Decode(string base64)
    {
        try
        {
            return Encoding.Unicode.GetString(Convert.FromBase64String(base64));
        }
        catch (FormatException)
        {
            throw new UsageException(
                "Cannot process the command because the value specified with -EncodedCommand is not properly encoded. "
                + "The value must be Base64 encoded.");
        }
    }

    /// <summary>One argument, seen as the name of an option when it starts as one.</summary>
    private readonly struct Option
    {
        internal Option(string text)
        {
            Text = text;
            Name = text.StartsWith("--", StringComparison.Ordinal) ? text[2..]
                : text.StartsWith('-') || text.StartsWith('/') ? text[1..]
                : null;
        }

        internal string Text { get; }

        internal string Name { get; }

        /// <summary>True for the name shortened to no less than so many letters, and for the other names in full.</summary>
        internal bool Is(string name, int shortest, params string[] others)
        {
            var given = Name;
            return given != null
                && (given.Length >= shortest && name.StartsWith(given, StringComparison.OrdinalIgnoreCase)
                    || others.Any(other => string.Equals(other, given, StringComparison.OrdinalIgnoreCase)));
        }
    }
}
