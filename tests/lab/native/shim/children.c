// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// What runs in the engine starts further engines by pwsh.exe, not by our powershell.exe (Ansible's async and become
// do so): they get the shim as well.
#include "../launcher/report.h"
#include "../launcher/spawn.h"
#include "shim.h"

#include <wchar.h>

#define ENGINE L"\\pwsh.exe"

static BOOL is_engine(const RTL_USER_PROCESS_PARAMETERS *parameters)
{
    const UNICODE_STRING *image = &parameters->ImagePathName;
    int length = image->Length / (int)sizeof(WCHAR), wanted = (int)wcslen(ENGINE);

    return length > wanted &&
           CompareStringOrdinal(image->Buffer + length - wanted, wanted, ENGINE, wanted, TRUE) == CSTR_EQUAL;
}

NTSTATUS NTAPI hook_NtCreateUserProcess(HANDLE *process, HANDLE *thread, ACCESS_MASK process_access,
                                        ACCESS_MASK thread_access, OBJECT_ATTRIBUTES *process_attributes,
                                        OBJECT_ATTRIBUTES *thread_attributes, ULONG process_flags, ULONG thread_flags,
                                        RTL_USER_PROCESS_PARAMETERS *parameters, void *create_info,
                                        void *attribute_list)
{
    const WCHAR *why;
    NTSTATUS status =
        real.NtCreateUserProcess(process, thread, process_access, thread_access, process_attributes, thread_attributes,
                                 process_flags, thread_flags, parameters, create_info, attribute_list);

    // Wine's CreateProcess always makes the first thread suspended and lets it go itself, so nothing has run yet.
    if (status >= 0 && is_engine(parameters) && !inject(*process, LABSHIM_PATH, &why)) {
        shim_complain(L"cannot load '%ls' into process %lu: %ls", LABSHIM_PATH, GetProcessId(*process), why);
        TerminateProcess(*process, EXIT_NOT_STARTED);
    }
    return status;
}
