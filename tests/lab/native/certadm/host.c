// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "host.h"

#include <string.h>

#define SERVICE_NAME L"CertSvc"
#define TOKEN_BYTES 4096

static volatile int stopped;
// Kept open, and given back with the process: asking for the state is one message to the manager, opening is several.
static SC_HANDLE service;

void host_stop_service(void)
{
    stopped = 1;
}

static void open_service(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);

    if (!manager)
        return;
    service = OpenServiceW(manager, SERVICE_NAME, SERVICE_QUERY_STATUS);
    CloseServiceHandle(manager);
}

enum service_state host_service_state(void)
{
    SERVICE_STATUS status;

    if (!stopped && !service)
        open_service();
    if (stopped || !service || !QueryServiceStatus(service, &status))
        return SERVICE_IS_DOWN;
    if (status.dwCurrentState == SERVICE_RUNNING)
        return SERVICE_IS_RUNNING;
    return status.dwCurrentState == SERVICE_PAUSED ? SERVICE_IS_PAUSED : SERVICE_IS_DOWN;
}

int host_privilege_enabled(const WCHAR *name)
{
    union {
        TOKEN_PRIVILEGES privileges;
        BYTE bytes[TOKEN_BYTES];
    } info;
    int enabled = 0;
    DWORD length;
    HANDLE token;
    LUID luid;

    if (!LookupPrivilegeValueW(NULL, name, &luid))
        return 0;
    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token) &&
        !OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return 0;
    if (GetTokenInformation(token, TokenPrivileges, &info, sizeof info, &length)) {
        for (DWORD i = 0; i < info.privileges.PrivilegeCount; i++) {
            const LUID_AND_ATTRIBUTES *held = &info.privileges.Privileges[i];

            if (!memcmp(&held->Luid, &luid, sizeof luid) && (held->Attributes & SE_PRIVILEGE_ENABLED))
                enabled = 1;
        }
    }
    CloseHandle(token);
    return enabled;
}

static int same_name(const WCHAR *a, const WCHAR *b)
{
    return CompareStringOrdinal(a, -1, b, -1, TRUE) == CSTR_EQUAL;
}

int host_is_named(const struct config *config, const WCHAR *server)
{
    WCHAR computer[MAX_COMPUTERNAME_LENGTH + 1];
    DWORD length = MAX_COMPUTERNAME_LENGTH + 1;

    return same_name(server, config->host) || (GetComputerNameW(computer, &length) && same_name(server, computer));
}
