// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The service control manager, which refuses an account that is no administrator over the network. .NET finds
// OpenSCManagerW by name; certadm.dll asks the manager for what a CA answers through DCOM, so its calls are let through.
#include "../common/fault.h"
#include "shim.h"

static SC_HANDLE(WINAPI *real_open)(const WCHAR *, const WCHAR *, DWORD);

static BOOL is_in_certadm(const void *address)
{
    const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    HMODULE module = NULL;

    return GetModuleHandleExW(flags, address, &module) && module == GetModuleHandleW(L"certadm.dll");
}

static SC_HANDLE WINAPI hook_OpenSCManagerW(const WCHAR *machine, const WCHAR *database, DWORD access)
{
    struct lab_fault faults[LAB_FAULT_MAX];
    const struct lab_fault *refused;
    SC_HANDLE manager = NULL;
    DWORD error;
    int count;

    if (is_in_certadm(__builtin_return_address(0)))
        return real_open(machine, database, access);
    count = lab_fault_take("OpenSCManagerW", NULL, faults, LAB_FAULT_MAX);
    lab_fault_before(faults, count);
    refused = lab_fault_find(faults, count, LAB_FAULT_HRESULT);
    if (count == LAB_FAULTS_BROKEN) {
        error = (DWORD)E_UNEXPECTED;
    } else if (refused) {
        error = (DWORD)refused->number;
    } else {
        manager = real_open(machine, database, access);
        error = GetLastError();
    }
    lab_fault_after(faults, count);
    SetLastError(error);
    return manager;
}

BOOL manager_install(void)
{
    HMODULE advapi32 = GetModuleHandleW(L"advapi32.dll");

    real_open = (void *)GetProcAddress(advapi32, "OpenSCManagerW");
    if (real_open && hooks_replace_export(advapi32, "OpenSCManagerW", (void *)hook_OpenSCManagerW))
        return TRUE;
    shim_complain(L"OpenSCManagerW of advapi32.dll cannot be replaced");
    return FALSE;
}
