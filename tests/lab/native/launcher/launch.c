// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// launch.exe: runs the command line in %LAB_CMDLINE% as WinRM's shell host would.
// The command and all it starts live in a job that ends with us, on a hidden console of their own whose code page is
// %LAB_CODEPAGE% (65001 when unset). Standard handles are passed on as they are; the exit code is the command's.
//
// There are two processes: only a process on the new console can set its code page, and only one outside the job can
// hold the job's last handle. The outer one holds the job, the inner one (--inner) sets the console up.
#include "report.h"
#include "spawn.h"

#include <wchar.h>

#define PROGRAM L"launch.exe"
#define DEFAULT_CODE_PAGE 65001

static WCHAR command_line[MAX_COMMAND_LINE];

// Starts `line`, in `job` unless that is NULL, and returns its exit code.
static int run(WCHAR *line, DWORD flags, HANDLE job)
{
    PROCESS_INFORMATION process;

    if (!spawn_suspended(line, flags, &process)) {
        report(PROGRAM, L"cannot start '%ls' (error %lu)", line, GetLastError());
        return EXIT_NOT_STARTED;
    }
    if (job && !AssignProcessToJobObject(job, process.hProcess)) {
        report(PROGRAM, L"cannot put '%ls' in a job (error %lu)", line, GetLastError());
        TerminateProcess(process.hProcess, EXIT_NOT_STARTED);
        return EXIT_NOT_STARTED;
    }
    ResumeThread(process.hThread);
    return (int)wait_for_exit(&process);
}

// FALSE after a message. An unset LAB_CODEPAGE means the default.
static BOOL set_code_page(void)
{
    WCHAR text[16] = L"";
    WCHAR *end = text;
    UINT code_page = DEFAULT_CODE_PAGE;

    if (GetEnvironmentVariableW(L"LAB_CODEPAGE", text, 16))
        code_page = wcstoul(text, &end, 10);
    if (*end || !SetConsoleCP(code_page) || !SetConsoleOutputCP(code_page)) {
        report(PROGRAM, L"LAB_CODEPAGE '%ls' is not a code page", text);
        return FALSE;
    }
    return TRUE;
}

static int run_inner(void)
{
    if (!set_code_page())
        return EXIT_NOT_STARTED;
    GetEnvironmentVariableW(L"LAB_CMDLINE", command_line, MAX_COMMAND_LINE);
    SetEnvironmentVariableW(L"LAB_CMDLINE", NULL);
    SetEnvironmentVariableW(L"LAB_CODEPAGE", NULL);
    return run(command_line, 0, NULL);
}

static int run_outer(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL);
    WCHAR line[MAX_PATH + 16] = L"\"";
    DWORD length = GetEnvironmentVariableW(L"LAB_CMDLINE", NULL, 0);

    if (length <= 1 || length > MAX_COMMAND_LINE) {
        report(PROGRAM, L"LAB_CMDLINE is %ls", length > 1 ? L"too long" : L"not set: nothing to run");
        return EXIT_NOT_STARTED;
    }
    // WinRM's own jobs allow breakaway too: Ansible's async tasks leave the job to outlive the connection.
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
    if (!job || !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
        report(PROGRAM, L"cannot make a job (error %lu)", GetLastError());
        return EXIT_NOT_STARTED;
    }
    GetModuleFileNameW(NULL, line + 1, MAX_PATH);
    wcscat(line, L"\" --inner");
    return run(line, CREATE_NO_WINDOW, job);
}

int wmain(int argc, WCHAR **argv)
{
    return argc > 1 && !wcscmp(argv[1], L"--inner") ? run_inner() : run_outer();
}
