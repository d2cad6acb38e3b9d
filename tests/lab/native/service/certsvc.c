// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// certsvc.exe: the CertSvc service as the service control manager sees it: it starts, pauses, continues and stops, and
// does nothing else. The certification authority itself is simulated in certadm.dll. `certsvc.exe pause` pauses the
// service: Wine's sc.exe cannot.
#include "../common/journal.h"

#define SERVICE_NAME L"CertSvc"
#define HOLD_START LAB_FOLDER L"\\hold_start.txt"  // as long as it exists, the service goes on starting
#define POLL_MS 20

static SERVICE_STATUS_HANDLE status_handle;
static HANDLE stop_event;
static DWORD current_state;

static void set_state(DWORD state)
{
    SERVICE_STATUS status = {0};

    current_state = state;
    status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    status.dwCurrentState = state;
    if (state == SERVICE_RUNNING || state == SERVICE_PAUSED)
        status.dwControlsAccepted = SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PAUSE_CONTINUE;
    SetServiceStatus(status_handle, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
    (void)type;
    (void)data;
    (void)context;
    switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_SHUTDOWN:
        set_state(SERVICE_STOP_PENDING);
        SetEvent(stop_event);
        return NO_ERROR;
    case SERVICE_CONTROL_PAUSE:
        set_state(SERVICE_PAUSED);
        return NO_ERROR;
    case SERVICE_CONTROL_CONTINUE:
        set_state(SERVICE_RUNNING);
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
        set_state(current_state);
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

static void WINAPI service_main(DWORD count, WCHAR **arguments)
{
    (void)count;
    status_handle = RegisterServiceCtrlHandlerExW(arguments[0], on_control, NULL);
    if (!status_handle)
        return;
    set_state(SERVICE_START_PENDING);
    while (GetFileAttributesW(HOLD_START) != INVALID_FILE_ATTRIBUTES)
        Sleep(POLL_MS);
    stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    set_state(SERVICE_RUNNING);
    WaitForSingleObject(stop_event, INFINITE);
    set_state(SERVICE_STOPPED);
}

static int pause_service(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = OpenServiceW(manager, SERVICE_NAME, SERVICE_PAUSE_CONTINUE);
    SERVICE_STATUS status;

    return service && ControlService(service, SERVICE_CONTROL_PAUSE, &status) ? 0 : (int)GetLastError();
}

int wmain(int count, WCHAR **arguments)
{
    SERVICE_TABLE_ENTRYW services[] = {{SERVICE_NAME, service_main}, {NULL, NULL}};

    if (count > 1 && !wcscmp(arguments[1], L"pause"))
        return pause_service();
    return StartServiceCtrlDispatcherW(services) ? 0 : (int)GetLastError();
}
