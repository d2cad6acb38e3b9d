// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// `certadm_selftest.exe [case...]` runs all cases or those named, in C:\CertadmSelftest and C:\LabCA, with the service
// CertSvc, and prints `ok <case>` or `not ok <case>: <why>` a line. The exit code is the number of failures.

#include "selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define JOURNAL L"C:\\LabCA\\journal.jsonl"
#define HOLD_START L"C:\\LabCA\\hold_start.txt"
#define SERVICE_PROGRAM L"C:\\Lab\\certsvc.exe"
#define SERVICE_TIMEOUT_MS 30000
#define CASE_TIMEOUT_MS 60000
#define STILL_RUNS_MS 300
#define POLL_MS 10

static const struct selftest *const groups[] = {data_cases,   order_cases,   contract_cases, fault_cases,
                                                answer_cases, variety_cases, helper_cases};
#define CASE_GROUPS 6

static void stop(const char *what)
{
    printf("not ok %s: error %lu\n", what, GetLastError());
    fflush(stdout);
    ExitProcess(EXIT_FAILED);
}

// --- the CA under test ----------------------------------------------------------------------------------------------

static void write_file(const WCHAR *path, const void *bytes, size_t count)
{
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    DWORD written;

    if (file == INVALID_HANDLE_VALUE || !WriteFile(file, bytes, (DWORD)count, &written, NULL))
        stop("writing the fixture");
    CloseHandle(file);
}

static void write_data(const WCHAR *path, size_t count, unsigned seed)
{
    BYTE *data = malloc(count);

    for (size_t i = 0; i < count; i++)
        data[i] = (BYTE)(seed + i * 13 + i / 4096);
    write_file(path, data, count);
    free(data);
}

static void remove_all(const WCHAR *folder, const WCHAR *pattern)
{
    WCHAR path[MAX_PATH];
    WIN32_FIND_DATAW found;
    HANDLE search;

    swprintf(path, MAX_PATH, L"%ls\\%ls", folder, pattern);
    search = FindFirstFileW(path, &found);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        swprintf(path, MAX_PATH, L"%ls\\%ls", folder, found.cFileName);
        DeleteFileW(path);
    } while (FindNextFileW(search, &found));
    FindClose(search);
}

static void write_fixture(const struct selftest *test)
{
    static const WCHAR *const logs[] = {L"edb0001A.log", L"edb0001b.log", L"edb00009.log", L"edb.log"};
    static const char conf[] = "# the CA of the self-test\n\nhost=ca01.lab.example\n"
                               "database=C:\\CertadmSelftest\\Pr\xC3\xBC" "f.edb\n"
                               "log_dir=C:\\CertadmSelftest\\logs\ncheckpoint_dir=C:\\CertadmSelftest\\system\n";
    WCHAR path[MAX_PATH];
    char text[2048];

    CreateDirectoryW(SELFTEST_FOLDER, NULL);
    CreateDirectoryW(LOG_FOLDER, NULL);
    CreateDirectoryW(L"C:\\LabCA", NULL);
    remove_all(LOG_FOLDER, L"*");
    write_data(DATABASE, DATABASE_BYTES, 1);
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        swprintf(path, MAX_PATH, LOG_FOLDER L"\\%ls", logs[i]);
        write_data(path, LOG_BYTES, (unsigned)i + 2);
    }
    write_data(LOG_FOLDER L"\\edbtmp.log", LOG_BYTES, 1);
    DeleteFileW(L"C:\\LabCA\\state");
    DeleteFileW(L"C:\\LabCA\\restore_register.json");
    DeleteFileW(L"C:\\LabCA\\faults.txt");
    DeleteFileW(JOURNAL);
    snprintf(text, sizeof text, "%s%s", conf,
             test->conf ? test->conf : "dynamic=C:\\CertadmSelftest\\a.crl\ndynamic=C:\\CertadmSelftest\\b.crl\n");
    write_file(L"C:\\LabCA\\sim.conf", text, strlen(text));
    if (test->faults) {
        snprintf(text, sizeof text, "case %s\n%s\n", test->name, test->faults);
        write_file(L"C:\\LabCA\\faults.txt", text, strlen(text));
    }
}

static SC_HANDLE service;

static DWORD service_state(void)
{
    SERVICE_STATUS status;

    if (!QueryServiceStatus(service, &status))
        stop("querying CertSvc");
    return status.dwCurrentState;
}

static void wait_for_service(DWORD state)
{
    ULONGLONG end = GetTickCount64() + SERVICE_TIMEOUT_MS;

    while (service_state() != state) {
        if (GetTickCount64() > end)
            stop("waiting for CertSvc");
        Sleep(POLL_MS);
    }
}

static void start_service(DWORD state)
{
    if (!StartServiceW(service, 0, NULL))
        stop("starting CertSvc");
    wait_for_service(state);
}

static void put_service(DWORD state)
{
    SERVICE_STATUS status;

    if (service_state() == SERVICE_START_PENDING) {
        DeleteFileW(HOLD_START);
        wait_for_service(SERVICE_RUNNING);
    }
    if (service_state() == state)
        return;
    if (state == SERVICE_START_PENDING) {
        put_service(SERVICE_STOPPED);
        write_file(HOLD_START, "", 0);
        start_service(state);
        return;
    }
    if (service_state() == SERVICE_STOPPED) {
        start_service(SERVICE_RUNNING);
    } else if (service_state() == SERVICE_PAUSED) {
        ControlService(service, SERVICE_CONTROL_CONTINUE, &status);
        wait_for_service(SERVICE_RUNNING);
    }
    if (state == SERVICE_RUNNING)
        return;
    ControlService(service, state == SERVICE_PAUSED ? SERVICE_CONTROL_PAUSE : SERVICE_CONTROL_STOP, &status);
    wait_for_service(state);
}

// Returns whether the service had to be made.
static int open_service(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);

    service = OpenServiceW(manager, L"CertSvc", SERVICE_ALL_ACCESS);
    if (service)
        return 0;
    service = CreateServiceW(manager, L"CertSvc", L"CertSvc", SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                             SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, SERVICE_PROGRAM, NULL, NULL, NULL, NULL, NULL);
    if (!service)
        stop("making the service CertSvc");
    return 1;
}

// --- the parent -----------------------------------------------------------------------------------------------------

static HANDLE start_child(const char *name, const WCHAR *extra)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    WCHAR self[MAX_PATH], line[2 * MAX_PATH];

    GetModuleFileNameW(NULL, self, MAX_PATH);
    swprintf(line, 2 * MAX_PATH, L"\"%ls\" --child %hs %ls", self, name, extra);
    if (!CreateProcessW(self, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process))
        stop("starting a case");
    CloseHandle(process.hThread);
    return process.hProcess;
}

static DWORD end_of(HANDLE child)
{
    DWORD code = EXIT_FAILED;

    if (WaitForSingleObject(child, CASE_TIMEOUT_MS) != WAIT_OBJECT_0)
        TerminateProcess(child, EXIT_FAILED);
    else
        GetExitCodeProcess(child, &code);
    CloseHandle(child);
    return code;
}

DWORD run_child(const char *name, const WCHAR *extra)
{
    return end_of(start_child(name, extra));
}

// The journal as text, "" when there is none. Release with free().
static char *read_journal(void)
{
    HANDLE file = CreateFileW(JOURNAL, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    DWORD size = file == INVALID_HANDLE_VALUE ? 0 : GetFileSize(file, NULL), done = 0;
    char *text = malloc((size_t)size + 1);

    if (file != INVALID_HANDLE_VALUE) {
        ReadFile(file, text, size, &done, NULL);
        CloseHandle(file);
    }
    text[done] = 0;
    return text;
}

// The names of the violations in the journal, with a space between.
static void read_violations(char *names, size_t room)
{
    static const char key[] = "\"violation\":\"";
    char *journal = read_journal();
    size_t used = 0;

    names[0] = 0;
    for (const char *at = strstr(journal, key); at; at = strstr(at, key)) {
        at += sizeof key - 1;
        used += (size_t)snprintf(names + used, room - used, "%s%.*s", used ? " " : "", (int)strcspn(at, "\""), at);
    }
    free(journal);
}

static DWORD end_of_hanging(HANDLE child)
{
    ULONGLONG end = GetTickCount64() + CASE_TIMEOUT_MS;
    DWORD code = EXIT_FAILED;
    int met = 0;

    while (!met && GetTickCount64() < end) {
        char *journal = read_journal();

        met = strstr(journal, "\"fault\":\"hang\"") != NULL;
        free(journal);
        Sleep(POLL_MS);
    }
    if (met && WaitForSingleObject(child, STILL_RUNS_MS) == WAIT_TIMEOUT)
        code = EXIT_HANGS;
    TerminateProcess(child, EXIT_FAILED);
    WaitForSingleObject(child, CASE_TIMEOUT_MS);
    CloseHandle(child);
    return code;
}

static int run_case(const struct selftest *test)
{
    const char *wanted = test->violations ? test->violations : "";
    char violations[1024];
    HANDLE child;
    DWORD code;

    write_fixture(test);
    put_service(test->service ? test->service : SERVICE_RUNNING);
    child = start_child(test->name, L"");
    code = test->exit_code == EXIT_HANGS ? end_of_hanging(child) : end_of(child);
    read_violations(violations, sizeof violations);
    if (code != test->exit_code)
        printf("not ok %s: exit code 0x%lX, not 0x%lX\n", test->name, code, test->exit_code);
    else if (strcmp(violations, wanted))
        printf("not ok %s: violations '%s', not '%s'\n", test->name, violations, wanted);
    else
        printf("ok %s\n", test->name);
    fflush(stdout);
    return code != test->exit_code || strcmp(violations, wanted);
}

static const struct selftest *find_case(const WCHAR *name)
{
    char narrow[64];

    snprintf(narrow, sizeof narrow, "%ls", name);
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (const struct selftest *test = groups[i]; test->name; test++)
            if (!strcmp(test->name, narrow))
                return test;
    printf("not ok %s: no such case\n", narrow);
    ExitProcess(EXIT_FAILED);
}

// --- the child ------------------------------------------------------------------------------------------------------

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *exception)
{
    if (exception->ExceptionRecord->ExceptionCode == EXCEPTION_ACCESS_VIOLATION)
        TerminateProcess(GetCurrentProcess(), EXIT_TOUCHED);
    return EXCEPTION_CONTINUE_SEARCH;
}

static void enable_privilege(const WCHAR *name)
{
    TOKEN_PRIVILEGES wanted = {1, {{{0, 0}, SE_PRIVILEGE_ENABLED}}};
    HANDLE token;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token) ||
        !LookupPrivilegeValueW(NULL, name, &wanted.Privileges[0].Luid) ||
        !AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL) || GetLastError())
        stop("enabling a privilege");
    CloseHandle(token);
}

static int child(const struct selftest *test)
{
    AddVectoredExceptionHandler(1, on_exception);
    if (test->privileges == BOTH_ENABLED) {
        enable_privilege(L"SeBackupPrivilege");
        enable_privilege(L"SeRestorePrivilege");
    }
    test->run();
    return 0;
}

int wmain(int argc, WCHAR **argv)
{
    int failures = 0, made;

    if (argc > 2 && !wcscmp(argv[1], L"--child"))
        return child(find_case(argv[2]));
    made = open_service();
    for (int i = 1; i < argc; i++)
        failures += run_case(find_case(argv[i]));
    for (size_t i = 0; argc == 1 && i < CASE_GROUPS; i++)
        for (const struct selftest *test = groups[i]; test->name; test++)
            failures += run_case(test);
    put_service(made ? SERVICE_STOPPED : SERVICE_RUNNING);
    if (made)
        DeleteService(service);
    return failures;
}
