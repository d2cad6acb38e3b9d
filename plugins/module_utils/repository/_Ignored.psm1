# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: the names of what a NAS, a desktop or Windows puts into every folder. It is no problem of a
# repository or of a set.

#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.files._FileName

$ignoredNames = @(
    '@eaDir', '@Recycle', '@Recently-Snapshot', '@tmp', '#recycle', '#snapshot', '.snapshot', '.snapshots', '~snapshot', '.zfs', '.@__thumb',
    'Thumbs.db', 'ehthumbs.db', 'desktop.ini', '$RECYCLE.BIN', 'RECYCLER', 'System Volume Information', 'DfsrPrivate',
    '.DS_Store', '.AppleDouble', '.Spotlight-V100', '.Trashes', '.fseventsd', '.TemporaryItems',
    'lost+found'
)

Function Get-AdcsCaIgnoredName {
    <#
    .SYNOPSIS
    The names of files and folders that are no problem; case does not count. Throws on a name that is none.

    .PARAMETER Name
    The option ignored_names: names that are added to the list.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.Generic.HashSet[String]])]
    param (
        [AllowEmptyCollection()]
        [String[]]
        $Name = @()
    )

    foreach ($one in $Name | Where-Object { -not [Adcs.Ca.FileName]::IsPlain($_) }) {
        $message = "ignored_names: '$one' is not the name of a file or folder. Give the exact name, without a path and without wildcards."
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }
    # the comma keeps it one set
    , [System.Collections.Generic.HashSet[String]]::new([String[]]($ignoredNames + $Name), [StringComparer]::OrdinalIgnoreCase)
}

Export-ModuleMember -Function Get-AdcsCaIgnoredName
