// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace AdcsLab;

/// <summary>A host without a person: it takes output and refuses every question.</summary>
internal abstract class OutputOnlyHost : PSHost
{
    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override CultureInfo CurrentCulture => CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.CurrentUICulture;

    public override void SetShouldExit(int exitCode)
    {
    }

    public override void EnterNestedPrompt() => throw OutputOnlyUI.NoInteraction();

    public override void ExitNestedPrompt() => throw OutputOnlyUI.NoInteraction();

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }
}

/// <summary>The user interface of such a host: a subclass says where the text goes.</summary>
internal abstract class OutputOnlyUI : PSHostUserInterface
{
    protected OutputOnlyUI(int width)
    {
        RawUI = new FixedRawUI(width);
    }

    public override PSHostRawUserInterface RawUI { get; }

    internal static Exception NoInteraction() => new PSInvalidOperationException(
        "PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.");

    public override void Write(ConsoleColor foreground, ConsoleColor background, string value) => Write(value);

    public override void WriteLine(string value) => Write(value + Environment.NewLine);

    public override void WriteWarningLine(string message) => WriteLine("WARNING: " + message);

    public override void WriteVerboseLine(string message) => WriteLine("VERBOSE: " + message);

    public override void WriteDebugLine(string message) => WriteLine("DEBUG: " + message);

    public override void WriteProgress(long sourceId, ProgressRecord record)
    {
    }

    public override string ReadLine() => throw NoInteraction();

    public override SecureString ReadLineAsSecureString() => throw NoInteraction();

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions) =>
        throw NoInteraction();

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice) =>
        throw NoInteraction();

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        throw NoInteraction();

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName, PSCredentialTypes types, PSCredentialUIOptions options) =>
        throw NoInteraction();
}

/// <summary>A screen of fixed width and without keys.</summary>
internal sealed class FixedRawUI : PSHostRawUserInterface
{
    private readonly Size _size;

    internal FixedRawUI(int width)
    {
        _size = new Size(width, 9999);
    }

    public override Size BufferSize
    {
        get => _size;
        set { }
    }

    public override Size WindowSize
    {
        get => _size;
        set { }
    }

    public override Size MaxPhysicalWindowSize => _size;

    public override Size MaxWindowSize => _size;

    public override Coordinates CursorPosition { get; set; }

    public override Coordinates WindowPosition { get; set; }

    public override int CursorSize { get; set; } = 25;

    public override string WindowTitle { get; set; } = "";

    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;

    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

    public override bool KeyAvailable => false;

    public override void FlushInputBuffer()
    {
    }

    public override KeyInfo ReadKey(ReadKeyOptions options) => throw OutputOnlyUI.NoInteraction();

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw OutputOnlyUI.NoInteraction();

    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) =>
        throw OutputOnlyUI.NoInteraction();

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw OutputOnlyUI.NoInteraction();

    public override void SetBufferContents(Rectangle rectangle, BufferCell fill) => throw OutputOnlyUI.NoInteraction();
}
