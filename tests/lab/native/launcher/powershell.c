// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// powershell.exe: starts the pwsh.exe in its own folder with the same arguments, standard handles and console, after
// loading the lab's shim into it. Without the shim the engine never runs: no test may pass on bare Wine by accident.
#include "report.h"
#include "spawn.h"

#include <wchar.h>

#define PROGRAM L"powershell.exe"
#define ENGINE L"pwsh.exe"

static WCHAR command_line[MAX_COMMAND_LINE];

// The part of our command line behind the program's name, by the rule Windows uses for the first word.
static const WCHAR *own_arguments(void)
{
    const WCHAR *c = GetCommandLineW();

    if (*c == L'"') {
        for (c++; *c && *c != L'"'; c++)
            ;
        if (*c)
            c++;
    } else {
        while (*c && *c != L' ' && *c != L'\t')
            c++;
    }
    return c;
}

int wmain(void)
{
    WCHAR folder[MAX_PATH];
    const WCHAR *arguments = own_arguments();
    const WCHAR *why;
    PROCESS_INFORMATION process;

    GetModuleFileNameW(NULL, folder, MAX_PATH);
    wcsrchr(folder, L'\\')[1] = L'\0';
    if (wcslen(folder) + wcslen(arguments) + wcslen(ENGINE) + 3 > MAX_COMMAND_LINE) {
        report(PROGRAM, L"the command line is too long");
        return EXIT_NOT_STARTED;
    }
    wcscpy(command_line, L"\"");
    wcscat(command_line, folder);
    wcscat(command_line, ENGINE L"\"");
    wcscat(command_line, arguments);
    if (!spawn_suspended(command_line, 0, &process)) {
        report(PROGRAM, L"cannot start '%ls" ENGINE L"' (error %lu)", folder, GetLastError());
        return EXIT_NOT_STARTED;
    }
    if (!inject(process.hProcess, LABSHIM_PATH, &why)) {
        report(PROGRAM, L"cannot load '" LABSHIM_PATH L"' into '%ls" ENGINE L"': %ls", folder, why);
        TerminateProcess(process.hProcess, EXIT_NOT_STARTED);
        return EXIT_NOT_STARTED;
    }
    ResumeThread(process.hThread);
    return (int)wait_for_exit(&process);
}
