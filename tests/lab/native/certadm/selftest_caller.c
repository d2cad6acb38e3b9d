// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The steps of a well-behaved caller, out of which the cases are made.

#include "selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

struct api api;
static HMODULE library;

void check(int holds, const char *what, int line)
{
    if (holds)
        return;
    printf("# line %d: %s does not hold\n", line, what);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), EXIT_FAILED);
}

void check_code(HRESULT got, unsigned long wanted, const char *what, int line)
{
    if ((unsigned long)got == wanted)
        return;
    printf("# line %d: %s gave 0x%08lX, not 0x%08lX\n", line, what, (unsigned long)got, wanted);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), EXIT_FAILED);
}

static FARPROC resolve(const char *name)
{
    FARPROC function = GetProcAddress(library, name);

    check(function != NULL, name, __LINE__);
    return function;
}

void load(void)
{
    library = LoadLibraryExW(L"certadm.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    CHECK(library != NULL);
    api.is_online = (void *)resolve("CertSrvIsServerOnlineW");
    api.prepare = (void *)resolve("CertSrvBackupPrepareW");
    api.locations = (void *)resolve("CertSrvRestoreGetDatabaseLocationsW");
    api.databases = (void *)resolve("CertSrvBackupGetDatabaseNamesW");
    api.logs = (void *)resolve("CertSrvBackupGetBackupLogsW");
    api.dynamic = (void *)resolve("CertSrvBackupGetDynamicFileListW");
    api.open = (void *)resolve("CertSrvBackupOpenFileW");
    api.read = (void *)resolve("CertSrvBackupRead");
    api.close = (void *)resolve("CertSrvBackupClose");
    api.truncate = (void *)resolve("CertSrvBackupTruncateLogs");
    api.end = (void *)resolve("CertSrvBackupEnd");
    api.free = (void *)resolve("CertSrvBackupFree");
    api.restore_prepare = (void *)resolve("CertSrvRestorePrepareW");
    api.restore_register = (void *)resolve("CertSrvRestoreRegisterW");
    api.restore_register_file = (void *)resolve("CertSrvRestoreRegisterThroughFile");
    api.restore_complete = (void *)resolve("CertSrvRestoreRegisterComplete");
    api.restore_end = (void *)resolve("CertSrvRestoreEnd");
    api.control = (void *)resolve("CertSrvServerControlW");
}

void unload(void)
{
    CHECK(FreeLibrary(library));
    library = NULL;
}

struct names get(list_function *list, HCSBC session)
{
    struct names names = {NULL, 0};

    CHECK_HR(S_OK, list(session, &names.text, &names.bytes));
    CHECK(!names.text == !names.bytes);
    return names;
}

const WCHAR *nth_name(struct names names, size_t index)
{
    const WCHAR *name = names.text;

    while (index-- && name && *name)
        name += wcslen(name) + 1;
    return name && *name ? name : NULL;
}

size_t count_names(struct names names)
{
    size_t count = 0;

    while (nth_name(names, count))
        count++;
    return count;
}

HCSBC prepare(ULONG type)
{
    HCSBC session = NULL;
    BOOL online = FALSE;

    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK(online);
    CHECK_HR(S_OK, api.prepare(SERVER, 0, type, &session));
    CHECK(session != NULL);
    return session;
}

static BYTE *file_bytes(const WCHAR *unc, DWORD *size)
{
    WCHAR path[MAX_PATH];
    HANDLE file;
    BYTE *bytes;

    swprintf(path, MAX_PATH, SELFTEST_FOLDER L"%ls", unc + wcslen(UNC));
    file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE);
    *size = GetFileSize(file, NULL);
    bytes = malloc(*size + 1);
    CHECK(ReadFile(file, bytes, *size, size, NULL));
    CloseHandle(file);
    return bytes;
}

ULONGLONG back_up(HCSBC session, const WCHAR *name)
{
    static BYTE buffer[BUFFER_BYTES];
    LARGE_INTEGER size = {.QuadPart = -1};
    DWORD wanted, came = 1;
    BYTE *bytes = file_bytes(name, &wanted);
    ULONGLONG total = 0;

    CHECK_HR(S_OK, api.open(session, name, BUFFER_BYTES, &size));
    CHECK(size.QuadPart == wanted);
    while (came) {
        came = 0xFFFFFFFF;
        CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &came));
        CHECK(came <= BUFFER_BYTES && total + came <= wanted);
        CHECK(!memcmp(buffer, bytes + total, came));
        total += came;
    }
    CHECK(total == wanted);
    CHECK_HR(S_OK, api.close(session));
    free(bytes);
    return total;
}

void back_up_all(HCSBC session, struct names names)
{
    for (size_t i = 0; nth_name(names, i); i++)
        back_up(session, nth_name(names, i) + 1);
}

HCSBC up_to_databases(void)
{
    HCSBC session = prepare(CSBACKUP_TYPE_FULL);

    api.free(get(api.locations, session).text);
    api.free(get(api.databases, session).text);
    return session;
}

HCSBC up_to_logs(void)
{
    HCSBC session = up_to_databases();

    back_up(session, UNC L"\\Pr\u00FCf.edb");
    api.free(get(api.logs, session).text);
    return session;
}

HCSBC up_to_truncation(void)
{
    HCSBC session = up_to_databases();
    struct names logs;

    back_up(session, UNC L"\\Pr\u00FCf.edb");
    logs = get(api.logs, session);
    back_up_all(session, logs);
    api.free(logs.text);
    return session;
}

void finish(HCSBC session)
{
    CHECK_HR(S_OK, api.end(session));
    unload();
}

size_t count_files(const WCHAR *pattern)
{
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(pattern, &found);
    size_t count = 0;

    if (search == INVALID_HANDLE_VALUE)
        return 0;
    do
        count += !(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY);
    while (FindNextFileW(search, &found));
    FindClose(search);
    return count;
}
