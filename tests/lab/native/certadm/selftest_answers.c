// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Cases of what the library may answer beside the plain answers.

#include "selftest.h"

#define LOCATION_BYTES \
    (sizeof(L"D" UNC L"\\Pr\u00FCf.edb") + sizeof(L"x" UNC L"\\system") + sizeof(L"x" UNC L"\\logs") + sizeof(WCHAR))

static BYTE buffer[BUFFER_BYTES];
static struct names names;
static LARGE_INTEGER size;
static DWORD came;
static BOOL online;
static volatile unsigned touched;

static const WCHAR database[] = UNC L"\\Pr\u00FCf.edb";

// The work is done, whatever the success code.
static void other_answers(void)
{
    HCSBC session;
    HRESULT last;

    load();
    CHECK_HR(S_FALSE, api.is_online(SERVER, &online));
    CHECK(online);
    CHECK_HR(S_FALSE, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    names = get(api.locations, session);
    api.free(names.text);
    CHECK_HR(0x102, api.databases(session, &names.text, &names.bytes));
    CHECK(count_names(names) == 1);
    api.free(names.text);
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    do
        came = 0, last = api.read(session, buffer, BUFFER_BYTES, &came);
    while (came);
    CHECK(last == (HRESULT)0x80070026);
    CHECK_HR(S_OK, api.close(session));
    names = get(api.logs, session);
    back_up_all(session, names);
    api.free(names.text);
    CHECK_HR(S_FALSE, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\edb0*") == 0);
    finish(session);
}

static void no_session(void)
{
    HCSBC session = INVALID_HANDLE_VALUE;

    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK_HR(S_OK, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    CHECK(!session);
    unload();
}

static void check_form(HCSBC session, list_function *list, DWORD bytes, int is_null)
{
    CHECK_HR(S_OK, list(session, &names.text, &names.bytes));
    CHECK(names.bytes == bytes);
    CHECK((names.text == NULL) == is_null);
    for (DWORD i = 0; names.text && i < bytes; i++)
        touched += ((BYTE *)names.text)[i];
    api.free(names.text);
}

// One form after the other, each read to its last byte; the list of locations is asked for first in every session.
static void forms(void)
{
    static const struct {
        int more;
        DWORD bytes;
    } forms_of[] = {{0, 0}, {-2, 0}, {2, 0}, {4, 0}, {6, 0}, {1, 0}, {-4, 0}, {2, 0}, {0, 64}, {0, 0}, {0, 2}, {0, 4}};

    load();
    for (int i = 0; i < 12; i++) {
        HCSBC session = prepare(CSBACKUP_TYPE_FULL);

        check_form(session, api.locations, i < 8 ? LOCATION_BYTES + forms_of[i].more : forms_of[i].bytes, i == 8);
        CHECK_HR(S_OK, api.end(session));
    }
    unload();
}

static void truncate_at_end(void)
{
    HCSBC session;

    load();
    session = up_to_truncation();
    CHECK_HR(S_OK, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\edb0*") == 3);
    CHECK_HR(S_OK, api.end(session));
    CHECK(count_files(LOG_FOLDER L"\\edb0*") == 0);
    unload();
}

// Whatever is drawn, a caller that knows all of it backs up, truncates and ends.
static void variety(void)
{
    HCSBC session;
    int others = 0;

    load();
    for (int i = 0; i < 8; i++) {
        others += api.is_online(SERVER, &online) != S_OK;
        CHECK(online);
    }
    CHECK(others > 0 && others < 8);
    CHECK(SUCCEEDED(api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session)));
    CHECK(SUCCEEDED(api.end(session)));
    unload();
}

const struct selftest answer_cases[] = {
    {.name = "other_answers",
     .run = other_answers,
     .faults = "CertSrvIsServerOnlineW 1 answer 0x00000001\n"
               "CertSrvBackupPrepareW 1 answer 0x00000001\n"
               "CertSrvBackupGetDatabaseNamesW 1 answer 0x00000102\n"
               "CertSrvBackupRead 5 end_code 0x80070026\n"
               "CertSrvBackupTruncateLogs 1 answer 0x00000001"},
    {.name = "no_session", .run = no_session, .faults = "CertSrvBackupPrepareW 1 no_session"},
    {.name = "forms",
     .run = forms,
     .faults = "CertSrvRestoreGetDatabaseLocationsW 1 form plain\n"
               "CertSrvRestoreGetDatabaseLocationsW 2 form unclosed\n"
               "CertSrvRestoreGetDatabaseLocationsW 3 form zero1\n"
               "CertSrvRestoreGetDatabaseLocationsW 4 form zero2\n"
               "CertSrvRestoreGetDatabaseLocationsW 5 form zero3\n"
               "CertSrvRestoreGetDatabaseLocationsW 6 form odd\n"
               "CertSrvRestoreGetDatabaseLocationsW 7 form cut\n"
               "CertSrvRestoreGetDatabaseLocationsW 8 form middle\n"
               "CertSrvRestoreGetDatabaseLocationsW 9 form null\n"
               "CertSrvRestoreGetDatabaseLocationsW 10 form nothing0\n"
               "CertSrvRestoreGetDatabaseLocationsW 11 form nothing2\n"
               "CertSrvRestoreGetDatabaseLocationsW 12 form nothing4"},
    {.name = "truncate_at_end", .run = truncate_at_end, .conf = "truncate_at_end=1\n"},
    {.name = "variety", .run = variety, .conf = "variety=7\n"},
    {.name = NULL},
};
