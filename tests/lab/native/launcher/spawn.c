// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "spawn.h"

#include <wchar.h>

// Loading takes milliseconds; a loaded machine may need seconds.
#define INJECT_TIMEOUT_MS 60000

static const DWORD std_ids[3] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};

BOOL spawn_suspended(WCHAR *command_line, DWORD flags, PROCESS_INFORMATION *process)
{
    STARTUPINFOW startup = {0};
    int i;

    for (i = 0; i < 3; i++)
        SetHandleInformation(GetStdHandle(std_ids[i]), HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    startup.cb = sizeof startup;
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    return CreateProcessW(NULL, command_line, NULL, NULL, TRUE, flags | CREATE_SUSPENDED, NULL, NULL, &startup,
                          process);
}

DWORD wait_for_exit(PROCESS_INFORMATION *process)
{
    DWORD code = 1;
    int i;

    for (i = 0; i < 3; i++)
        CloseHandle(GetStdHandle(std_ids[i]));
    WaitForSingleObject(process->hProcess, INFINITE);
    GetExitCodeProcess(process->hProcess, &code);
    CloseHandle(process->hThread);
    CloseHandle(process->hProcess);
    return code;
}

BOOL inject(HANDLE process, const WCHAR *dll, const WCHAR **why)
{
    SIZE_T size = (wcslen(dll) + 1) * sizeof *dll;
    LPTHREAD_START_ROUTINE load =
        (LPTHREAD_START_ROUTINE)(void *)GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "LoadLibraryW");
    void *remote = VirtualAllocEx(process, NULL, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    HANDLE thread = NULL;
    DWORD module = 0;

    *why = NULL;
    if (!remote || !WriteProcessMemory(process, remote, dll, size, NULL))
        *why = L"its memory cannot be written";
    else if (!(thread = CreateRemoteThread(process, NULL, 0, load, remote, 0, NULL)))
        *why = L"no thread can be started in it";
    else if (WaitForSingleObject(thread, INJECT_TIMEOUT_MS) != WAIT_OBJECT_0)
        *why = L"loading did not end in time";
    // The exit code is the low half of the module's address: 0 means that LoadLibraryW failed.
    else if (!GetExitCodeThread(thread, &module) || !module)
        *why = L"the library is missing or refused to load";
    if (thread)
        CloseHandle(thread);
    // After a time-out the thread may still read the path: the caller ends the process, which frees it.
    if (remote && (!*why || !thread))
        VirtualFreeEx(process, remote, 0, MEM_RELEASE);
    return !*why;
}
