# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to the adcs.ca collection: what null, blank and unprintable text in a task's options mean, for every module.
# Ansible.Basic keeps a null that a task gives: neither the default nor the check for required options sees it. A null in a list
# even ends Create with an exception. So this has to come before Create.

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -CSharpUtil ansible_collections.adcs.ca.plugins.module_utils.common._Errors

# options whose text names a thing; blanks around it are not part of the name
$names = @('files_of', 'folder_name', 'path', 'previous_host')

# what to give where a required option was left blank
$hints = @{ path = 'Give the folder that holds the repositories, such as D:\Backup or \\server\share\folder.' }

# newlines among them; U+2028 and U+2029 are the two that Unicode added
$unprintable = '[\p{Cc}\u2028\u2029]'

Function Remove-AdcsCaBlankArgument {
    <#
    .SYNOPSIS
    Takes null and blank out of the arguments of the task, before Create reads them: the option counts as left out, and its default
    holds. In a list that goes for each element. A required option becomes an empty text, which Assert-AdcsCaOption refuses.

    .PARAMETER Option
    The options of the module's spec.

    .NOTES
    The arguments are the global variable complex_args, which Create reads too.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Option
    )

    $arguments = Get-Variable -Name complex_args -Scope Global -ValueOnly -ErrorAction SilentlyContinue
    if ($null -eq $arguments) {
        return
    }
    foreach ($name in @($arguments.Keys | Where-Object { $Option.Contains($_) })) {
        if ($Option[$name]['type'] -eq 'list') {
            $arguments[$name] = Get-AdcsCaListWithoutBlank -Value $arguments[$name]
        }
        $value = $arguments[$name]
        if (-not (Test-AdcsCaBlank -Value $value)) {
            if ($name -in $names -and $value -is [String]) {
                $arguments[$name] = $value.Trim()
            }
        }
        elseif ($Option[$name]['required']) {
            $arguments[$name] = ''
        }
        else {
            $arguments.Remove($name)
        }
    }
}

Function Assert-AdcsCaOption {
    <#
    .SYNOPSIS
    Throws, and names the option, when a required one is blank or a text holds a control character, such as a newline.

    .PARAMETER Option
    The options of the module's spec.

    .PARAMETER Value
    The values that Create made of the arguments, by the names of the options.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Option,

        [Parameter(Mandatory = $true)]
        [System.Collections.IDictionary]
        $Value
    )

    foreach ($name in $Option.Keys | Sort-Object) {
        if ($Option[$name]['required'] -and (Test-AdcsCaBlank -Value $Value[$name])) {
            throw [Adcs.Ca.AdcsCaException]::new("${name}: it is blank. $($hints[$name])".TrimEnd())
        }
        foreach ($text in $Value[$name] | Where-Object { $_ -is [String] }) {
            Assert-AdcsCaPrintable -Name $name -Text $text
        }
    }
}

Function Assert-AdcsCaPrintable {
    <#
    .SYNOPSIS
    Throws when the text of an option holds a control character.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [String]
        $Name,

        [Parameter(Mandatory = $true)]
        [AllowEmptyString()]
        [String]
        $Text
    )

    $found = [System.Text.RegularExpressions.Regex]::Match($Text, $unprintable)
    if ($found.Success) {
        $character = 'U+{0:X4}' -f [Int32][Char]$found.Value
        $what = if ($character -in 'U+000A', 'U+000D', 'U+0085', 'U+2028', 'U+2029') { "a newline ($character)" } else { "the control character $character" }
        $message = "${Name}: it holds $what at position $($found.Index + 1). Write it without one; in double quotes, YAML takes a backslash for " +
        'the start of an escape, so use single quotes or none.'
        throw [Adcs.Ca.AdcsCaException]::new($message)
    }
}

Function Test-AdcsCaBlank {
    <#
    .SYNOPSIS
    Whether a value is null, or text without anything but white space.
    #>
    [CmdletBinding()]
    [OutputType([Boolean])]
    param (
        [AllowNull()]
        [Object]
        $Value
    )

    $null -eq $Value -or ($Value -is [String] -and [String]::IsNullOrWhiteSpace($Value))
}

Function Get-AdcsCaListWithoutBlank {
    <#
    .SYNOPSIS
    The value of a list option without its null and blank elements. A blank value, and one that is no list, stay as they are.
    #>
    [CmdletBinding()]
    param (
        [AllowNull()]
        [Object]
        $Value
    )

    if ((Test-AdcsCaBlank -Value $Value) -or -not ($Value -is [String] -or $Value -is [System.Collections.IList])) {
        return $Value
    }
    $kept = New-Object -TypeName System.Collections.ArrayList
    # text becomes a list here as it does in Create
    foreach ($element in [Ansible.Basic.AnsibleModule]::ParseList($Value)) {
        if (-not (Test-AdcsCaBlank -Value $element)) {
            $null = $kept.Add($element)
        }
    }
    , $kept
}

Export-ModuleMember -Function Assert-AdcsCaOption, Remove-AdcsCaBlankArgument
