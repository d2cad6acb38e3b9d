// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// labshim.dll: loaded into the PowerShell engine before it runs. It cures what Wine 8 lacks, stands in for what Wine
// cannot do, and makes file calls fail as a test's configuration in C:\LabCA asks. Without configuration it only cures.
#include "../common/fault.h"
#include "../common/journal.h"
#include "../launcher/report.h"
#include "shim.h"

#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

// --- the recursion guard --------------------------------------------------------------------------------------------

// The slots in the thread's own block are read and written directly: TlsGetValue() would clear the last error.
#define DIRECT_SLOTS 64

static DWORD guard_slot = TLS_OUT_OF_INDEXES;

static void **guard(void)
{
    TEB *thread;

    // NtCurrentTeb() is the same, but GCC 12 takes it for an access beyond an array.
    __asm__("movq %%gs:0x30, %0" : "=r"(thread));
    return &thread->TlsSlots[guard_slot];
}

BOOL shim_is_busy(void)
{
    return *guard() != NULL;
}

BOOL shim_enter(void)
{
    if (shim_is_busy())
        return FALSE;
    // The guard keeps what the shim's own calls would overwrite: the last error, shifted so that it is never 0.
    *guard() = (void *)((ULONG_PTR)GetLastError() << 1 | 1);
    return TRUE;
}

void shim_leave(void)
{
    ULONG_PTR kept = (ULONG_PTR)*guard();

    *guard() = NULL;
    SetLastError((DWORD)(kept >> 1));
}

// --- configuration --------------------------------------------------------------------------------------------------

void shim_complain(const WCHAR *format, ...)
{
    WCHAR text[512];
    va_list arguments;

    va_start(arguments, format);
    _vsnwprintf(text, 511, format, arguments);
    va_end(arguments);
    text[511] = L'\0';
    report(L"labshim.dll", L"%ls", text);
}

static BOOL complain_of_file(const WCHAR *path, const WCHAR *what, DWORD error)
{
    lab_journal_violation("shim_configuration", L"%ls: %ls (error %lu)", path, what, error);
    return FALSE;
}

BOOL shim_read_lines(const WCHAR *path, BOOL (*each)(const WCHAR *entry))
{
    DWORD error = ERROR_SUCCESS;
    WCHAR *text, *entry, *end;
    BOOL understood = TRUE;
    BOOL entered = lab_enter();

    text = lab_read_text(path, &error);
    if (entered)
        lab_leave();
    if (!text)
        return error == ERROR_SUCCESS || complain_of_file(path, L"cannot be read", error);
    for (entry = text; *entry; entry = end) {
        end = entry + wcscspn(entry, L"\r\n");
        if (*end)
            *end++ = L'\0';
        if (*entry && *entry != L'#' && !each(entry))
            understood = complain_of_file(path, entry, ERROR_BAD_CONFIGURATION);
    }
    HeapFree(GetProcessHeap(), 0, text);
    return understood;
}

static BOOL configure(void)
{
    BOOL faults, reparse, privileges, watched;

    if (!shim_enter())
        return FALSE;
    faults = fault_configure();
    reparse = reparse_configure();
    privileges = privileges_configure();
    watched = watch_configure();
    clock_configure();
    shim_leave();
    if (!faults)
        shim_complain(L"'%ls' is not understood", LAB_FAULTS_PATH);
    if (!reparse || !privileges || !watched)
        shim_complain(L"reparse.txt, missing_privileges.txt or watched.txt in '%ls' is not understood", LAB_FOLDER);
    return faults && reparse && privileges && watched;
}

// Reads the configuration again; counters start from 0. What is not understood is journalled as a violation.
__declspec(dllexport) void WINAPI LabReset(void)
{
    configure();
}

static BOOL attach(void)
{
    guard_slot = TlsAlloc();
    if (guard_slot >= DIRECT_SLOTS) {
        shim_complain(L"no thread-local slot is free");
        return FALSE;
    }
    return configure() && cures_install() && hooks_install() && security_install() && library_install() &&
           manager_install() && clock_install() && watch_install();
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID ending)
{
    if (reason == DLL_PROCESS_ATTACH) {
        DisableThreadLibraryCalls(instance);
        // Returning FALSE would unload code that replaced calls may already jump to.
        if (!attach())
            TerminateProcess(GetCurrentProcess(), EXIT_NOT_STARTED);
    }
    if (reason == DLL_PROCESS_DETACH && ending)
        lab_process_ending();
    return TRUE;
}
