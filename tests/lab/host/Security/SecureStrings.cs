// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

using System.Management.Automation;
using System.Net;
using System.Security;

namespace Microsoft.PowerShell.Commands;

[Cmdlet(VerbsData.ConvertTo, "SecureString")]
public sealed class ConvertToSecureStringCommand : LabCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)] public string String { get; set; }

    [Parameter(Mandatory = true)] public SwitchParameter AsPlainText { get; set; }

    [Parameter] public SwitchParameter Force { get; set; }

    [Parameter, Alias("Key", "SecureKey")] public object Refused { get; set; }

    protected override void ProcessRecord() => WriteObject(new NetworkCredential("", String).SecurePassword);
}

[Cmdlet(VerbsData.ConvertFrom, "SecureString")]
public sealed class ConvertFromSecureStringCommand : LabCmdlet
{
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true)] public SecureString SecureString { get; set; }

    [Parameter(Mandatory = true)] public SwitchParameter AsPlainText { get; set; }

    [Parameter, Alias("Key", "SecureKey")] public object Refused { get; set; }

    protected override void ProcessRecord() => WriteObject(new NetworkCredential("", SecureString).Password);
}
