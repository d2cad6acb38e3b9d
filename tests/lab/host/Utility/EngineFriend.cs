// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System;
using System.Management.Automation;
using System.Reflection;

namespace Microsoft.PowerShell.Commands;

/// <summary>The members that the engine opens to Microsoft's own cmdlets only, reached by reflection.</summary>
internal static class EngineFriend
{
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>The exception by which a cmdlet stops the commands before it; without it their output would merely be ignored.</summary>
    internal static Exception StopUpstream(PSCmdlet cmdlet)
    {
        var type = Member(typeof(PSCmdlet).Assembly.GetType("System.Management.Automation.StopUpstreamCommandsException"));
        return (Exception)Activator.CreateInstance(type, Any, null, new object[] { cmdlet }, null);
    }

    /// <summary>Makes an error point to the script that wrote it and not to the cmdlet that passes it on.</summary>
    internal static void SetInvocation(ErrorRecord record, InvocationInfo invocation)
    {
        Member(typeof(ErrorRecord).GetMethod("SetInvocationInfo", Any)).Invoke(record, new object[] { invocation });
        Member(typeof(ErrorRecord).GetProperty("PreserveInvocationInfoOnce", Any)).SetValue(record, true);
    }

    private static T Member<T>(T member) where T : MemberInfo =>
        member ?? throw new NotSupportedException("This version of the PowerShell engine is not the one the lab host was made for.");
}
