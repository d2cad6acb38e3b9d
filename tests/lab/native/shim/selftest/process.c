// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Verbs about the process itself, libraries, child processes and services.
#include "selftest.h"

#include <stdlib.h>
#include <wchar.h>

#define WAIT_MS 30000

typedef HMODULE(WINAPI *load_library)(const WCHAR *, HANDLE, DWORD);
typedef FARPROC(WINAPI *get_address)(HMODULE, const char *);
typedef BOOL(WINAPI *free_library)(HMODULE);

// library <dll> <export>: loads it, looks the export up, frees it.
static void library(WCHAR **arguments)
{
    load_library load = (load_library)(void *)kernel("LoadLibraryExW");
    get_address look_up = (get_address)(void *)kernel("GetProcAddress");
    free_library unload = (free_library)(void *)kernel("FreeLibrary");
    char name[128];
    FARPROC found;
    BOOL done;
    HMODULE module = load(arguments[0], NULL, 0);

    say(L"library\tload\t%lu", error_unless(module != NULL));
    if (!module)
        return;
    WideCharToMultiByte(CP_UTF8, 0, arguments[1], -1, name, sizeof name, NULL, NULL);
    found = look_up(module, name);
    say(L"library\tfind\t%lu", error_unless(found != NULL));
    done = unload(module);
    say(L"library\tfree\t%lu", error_unless(done));
    if (!done)
        FreeLibrary(module);
}

// shimmed: whether labshim.dll is loaded here.
static void shimmed(WCHAR **arguments)
{
    (void)arguments;
    say(L"shimmed\t%ls", GetModuleHandleW(L"labshim.dll") ? L"yes" : L"no");
}

// reset: calls LabReset.
static void reset(WCHAR **arguments)
{
    void(WINAPI * lab_reset)(void) =
        (void(WINAPI *)(void))(void *)GetProcAddress(GetModuleHandleW(L"labshim.dll"), "LabReset");

    (void)arguments;
    lab_reset();
}

// put <path> <text>: writes a file (a configuration of the shim), lines parted by |.
static void put(WCHAR **arguments)
{
    HANDLE file = CreateFileW(arguments[0], GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    char text[1024];
    DWORD written;
    char *c;

    WideCharToMultiByte(CP_UTF8, 0, arguments[1], -1, text, sizeof text, NULL, NULL);
    for (c = text; *c; c++)
        if (*c == '|')
            *c = '\n';
    WriteFile(file, text, (DWORD)strlen(text), &written, NULL);
    CloseHandle(file);
}

// run <command line>: as a child, on our standard handles.
static void run(WCHAR **arguments)
{
    STARTUPINFOW startup = {0};
    PROCESS_INFORMATION process;
    DWORD code = 0;

    startup.cb = sizeof startup;
    if (!CreateProcessW(NULL, arguments[0], NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process)) {
        say(L"run\tstart\t%lu", GetLastError());
        return;
    }
    if (WaitForSingleObject(process.hProcess, WAIT_MS) != WAIT_OBJECT_0)
        TerminateProcess(process.hProcess, 1);
    GetExitCodeProcess(process.hProcess, &code);
    say(L"run\t%lu", code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
}

// many-threads <path> <threads>: each creates, writes and deletes 200 files named <path><n>.
static DWORD WINAPI busy_thread(void *base)
{
    WCHAR path[300];
    DWORD failed = 0, written;
    int i;

    for (i = 0; i < 200; i++) {
        HANDLE file;

        _snwprintf(path, 300, L"%ls%lu-%d", (const WCHAR *)base, GetCurrentThreadId(), i);
        file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
        failed += !WriteFile(file, "x", 1, &written, NULL);
        CloseHandle(file);
        failed += GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES;
        failed += !DeleteFileW(path);
    }
    return failed;
}

static void many_threads(WCHAR **arguments)
{
    HANDLE threads[16];
    DWORD count = wcstoul(arguments[1], NULL, 10), failed = 0, code, i;

    for (i = 0; i < count && i < 16; i++)
        threads[i] = CreateThread(NULL, 0, busy_thread, arguments[0], 0, NULL);
    WaitForMultipleObjects(i, threads, TRUE, WAIT_MS);
    for (count = i, i = 0; i < count; i++) {
        GetExitCodeThread(threads[i], &code);
        failed += code;
    }
    say(L"many-threads\t%lu", failed);
}

// frames <left, overwritten or wild>: raises an exception while the thread's list of handlers starts with a dead frame,
// and says what the list starts with when Wine would call the handlers.
struct frame {
    ULONG_PTR next;
    ULONG_PTR handler;
};

static ULONG_PTR volatile *first_frame(void)
{
    NT_TIB *thread;

    __asm__("movq %%gs:0x30, %0" : "=r"(thread));
    return (ULONG_PTR volatile *)&thread->ExceptionList;
}

static ULONG_PTR seen;

static LONG CALLBACK see_first_frame(EXCEPTION_POINTERS *exception)
{
    (void)exception;
    seen = *first_frame();
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void __attribute__((noinline)) leave_dead_frame(ULONG_PTR next)
{
    // So large that the first element lies below all that raising an exception puts on the stack.
    volatile struct frame dead[1024];

    dead[0].next = next;
    dead[0].handler = (ULONG_PTR)see_first_frame;
    *first_frame() = (ULONG_PTR)dead;
}

static void frames(WCHAR **arguments)
{
    ULONG_PTR outer = *first_frame();
    struct frame wild[2] = {{(ULONG_PTR)&wild[1], 2}, {outer, (ULONG_PTR)see_first_frame}};
    ULONG_PTR live = (ULONG_PTR)&wild[1];
    void *handler = AddVectoredExceptionHandler(FALSE, see_first_frame);

    if (!wcscmp(arguments[0], L"left"))
        leave_dead_frame(live);
    else if (!wcscmp(arguments[0], L"overwritten"))
        leave_dead_frame(0x12345);
    else
        *first_frame() = (ULONG_PTR)wild;
    RaiseException(0x20000001, 0, 0, NULL);
    *first_frame() = outer;
    RemoveVectoredExceptionHandler(handler);
    say(L"frames\t%ls", seen == live ? L"live" : seen == ~(ULONG_PTR)0 ? L"none" : L"dead");
}

// exit <code>
static void exit_with(WCHAR **arguments)
{
    ExitProcess(wcstoul(arguments[0], NULL, 10));
}

// hold: never ends by itself.
static void hold(WCHAR **arguments)
{
    (void)arguments;
    say(L"hold");
    Sleep(INFINITE);
}

// environment: what launch.exe is told must not reach its command. console: that of this process.
static void environment(WCHAR **arguments)
{
    (void)arguments;
    say(L"environment\t%ls\t%ls", _wgetenv(L"LAB_CMDLINE") ? L"set" : L"unset",
        _wgetenv(L"LAB_CODEPAGE") ? L"set" : L"unset");
}

static void console(WCHAR **arguments)
{
    (void)arguments;
    say(L"console\t%u\t%u", GetConsoleCP(), GetConsoleOutputCP());
}

// tick: milliseconds since the start of the system.
static void tick(WCHAR **arguments)
{
    (void)arguments;
    say(L"tick\t%llu", GetTickCount64());
}

// clock: seconds since 1601 by both functions, found at run time as .NET finds them.
static void clock_time(WCHAR **arguments)
{
    static const char *const names[] = {"GetSystemTimeAsFileTime", "GetSystemTimePreciseAsFileTime"};
    ULARGE_INTEGER ticks[2];
    FILETIME time;
    size_t i;

    (void)arguments;
    for (i = 0; i < 2; i++) {
        ((void(WINAPI *)(FILETIME *))(void *)GetProcAddress(GetModuleHandleW(L"kernel32.dll"), names[i]))(&time);
        ticks[i].LowPart = time.dwLowDateTime;
        ticks[i].HighPart = time.dwHighDateTime;
    }
    say(L"clock\t%llu\t%llu", ticks[0].QuadPart / 10000000, ticks[1].QuadPart / 10000000);
}

// echo <text>
static void echo(WCHAR **arguments)
{
    say(L"echo\t%ls", arguments[0]);
}

// --- services -------------------------------------------------------------------------------------------------------

static SC_HANDLE open_service(const WCHAR *name)
{
    return OpenServiceW(OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS), name, SERVICE_ALL_ACCESS);
}

// service-create <name> <program>, service-delete <name>
static void service_create(WCHAR **arguments)
{
    SC_HANDLE service = CreateServiceW(OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS), arguments[0], NULL,
                                       SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS, SERVICE_DEMAND_START,
                                       SERVICE_ERROR_NORMAL, arguments[1], NULL, NULL, NULL, NULL, NULL);

    say(L"service-create\t%lu", error_unless(service != NULL));
}

static void service_delete(WCHAR **arguments)
{
    BOOL done = DeleteService(open_service(arguments[0]));

    say(L"service-delete\t%lu", error_unless(done));
}

// service <name> <start, or the number of a control> <state>: then waits, up to 30 seconds, for the state.
static void service_control(WCHAR **arguments)
{
    ULONGLONG deadline = GetTickCount64() + WAIT_MS;
    DWORD wanted = wcstoul(arguments[2], NULL, 10);
    SC_HANDLE service = open_service(arguments[0]);
    SERVICE_STATUS status = {0};
    BOOL done = wcscmp(arguments[1], L"start") ? ControlService(service, wcstoul(arguments[1], NULL, 10), &status)
                                               : StartServiceW(service, 0, NULL);
    DWORD error = error_unless(done);

    // The control manager offers nothing to wait on.
    while (QueryServiceStatus(service, &status) && status.dwCurrentState != wanted && GetTickCount64() < deadline)
        Sleep(10);
    say(L"service\t%ls\t%lu\t%lu\t%lu", arguments[1], error, status.dwCurrentState, status.dwControlsAccepted);
}

const struct verb process_verbs[] = {
    {L"library", 2, library},
    {L"shimmed", 0, shimmed},
    {L"reset", 0, reset},
    {L"put", 2, put},
    {L"run", 1, run},
    {L"many-threads", 2, many_threads},
    {L"frames", 1, frames},
    {L"exit", 1, exit_with},
    {L"hold", 0, hold},
    {L"environment", 0, environment},
    {L"console", 0, console},
    {L"tick", 0, tick},
    {L"clock", 0, clock_time},
    {L"echo", 1, echo},
    {L"service-create", 2, service_create},
    {L"service-delete", 1, service_delete},
    {L"service", 3, service_control},
    {NULL, 0, NULL},
};
