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

static void take_file(HCSBC session, const WCHAR *name, DWORD bytes)
{
    CHECK_HR(S_FALSE, api.open(session, name, 0, &size));
    CHECK(size.QuadPart == bytes);
    for (DWORD total = 0; total < bytes; total += came)
        CHECK_HR(S_FALSE, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK_HR(0x80070026, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK(came == 0);
    CHECK_HR(S_FALSE, api.close(session));
}

// The work is done, whatever the success code.
static void other_answers(void)
{
    HCSBC session;

    load();
    CHECK_HR(S_FALSE, api.is_online(SERVER, &online));
    CHECK(online);
    CHECK_HR(S_FALSE, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    CHECK_HR(0x7FFFFFFF, api.locations(session, &names.text, &names.bytes));
    CHECK(count_names(names) == 3);
    api.free(names.text);
    CHECK_HR(0x102, api.databases(session, &names.text, &names.bytes));
    CHECK(count_names(names) == 1);
    api.free(names.text);
    take_file(session, database, DATABASE_BYTES);
    CHECK_HR(S_FALSE, api.logs(session, &names.text, &names.bytes));
    CHECK(count_names(names) == 3);
    for (size_t i = 0; i < 3; i++)
        take_file(session, nth_name(names, i) + 1, LOG_BYTES);
    api.free(names.text);
    CHECK_HR(S_FALSE, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\edb0*") == 0);
    CHECK_HR(S_FALSE, api.dynamic(session, &names.text, &names.bytes));
    CHECK(count_names(names) == 2);
    api.free(names.text);
    CHECK_HR(S_FALSE, api.end(session));
    CHECK_HR(S_FALSE, api.control(SERVER, CSCONTROL_SHUTDOWN, NULL, NULL));
    unload();
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

// A form of entries for a list that has none is the plain one.
static void forms_without_entries(void)
{
    HCSBC session;

    CHECK(DeleteFileW(LOG_FOLDER L"\\edb00009.log") && DeleteFileW(LOG_FOLDER L"\\edb0001A.log"));
    CHECK(DeleteFileW(LOG_FOLDER L"\\edb0001b.log"));
    load();
    session = up_to_databases();
    back_up(session, database);
    check_form(session, api.logs, 0, 1);
    check_form(session, api.dynamic, 4, 0);
    CHECK_HR(S_OK, api.end(session));
    unload();
}

static void read_to_end(HCSBC session, HRESULT end)
{
    HRESULT last;

    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    do
        last = api.read(session, buffer, BUFFER_BYTES, &came);
    while (came);
    CHECK(last == end);
}

// The read that gives the end is the last one; a file that is opened again is read anew.
static void read_past_end(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    read_to_end(session, S_OK);
    CHECK_HR(0x8000FFFF, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK_HR(S_OK, api.close(session));
    read_to_end(session, S_OK);
    CHECK_HR(S_OK, api.close(session));
    finish(session);
}

static void read_past_end_code(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    read_to_end(session, (HRESULT)0x80070026);
    CHECK_HR(0x8000FFFF, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK_HR(S_OK, api.close(session));
    finish(session);
}

// A caller that stops at the announced size breaks no rule.
static void no_read_at_end(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    for (DWORD total = 0; total < DATABASE_BYTES; total += came)
        CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK_HR(S_OK, api.close(session));
    back_up_all(session, names = get(api.logs, session));
    api.free(names.text);
    CHECK_HR(S_OK, api.truncate(session));
    finish(session);
}

static void answers_of_a_restore(void)
{
    HCSBC session = NULL;

    load();
    CHECK_HR(S_FALSE, api.restore_prepare(SERVER, CSRESTORE_TYPE_FULL, &session));
    CHECK_HR(S_FALSE, api.restore_register(session, NULL, NULL, NULL, 0, NULL, 1, 1));
    CHECK_HR(S_FALSE, api.restore_complete(session, S_OK));
    CHECK_HR(S_FALSE, api.restore_register_file(session, NULL, NULL, NULL, 0, NULL, 1, 1));
    CHECK_HR(S_FALSE, api.restore_complete(session, S_OK));
    CHECK_HR(S_FALSE, api.restore_end(session));
    unload();
}

const struct selftest answer_cases[] = {
    {.name = "other_answers",
     .run = other_answers,
     .faults = "CertSrvIsServerOnlineW 1 answer 0x00000001\n"
               "CertSrvBackupPrepareW 1 answer 0x00000001\n"
               "CertSrvRestoreGetDatabaseLocationsW 1 answer 0x7FFFFFFF\n"
               "CertSrvBackupGetDatabaseNamesW 1 answer 0x00000102\n"
               "CertSrvBackupOpenFileW * answer 0x00000001\n"
               "CertSrvBackupRead * answer 0x00000001\n"
               "CertSrvBackupRead * end_code 0x80070026\n"
               "CertSrvBackupClose * answer 0x00000001\n"
               "CertSrvBackupGetBackupLogsW 1 answer 0x00000001\n"
               "CertSrvBackupTruncateLogs 1 answer 0x00000001\n"
               "CertSrvBackupGetDynamicFileListW 1 answer 0x00000001\n"
               "CertSrvBackupEnd 1 answer 0x00000001\n"
               "CertSrvServerControlW 1 answer 0x00000001"},
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
    {.name = "forms_without_entries",
     .run = forms_without_entries,
     .faults = "CertSrvBackupGetBackupLogsW 1 form cut\nCertSrvBackupGetDynamicFileListW 1 form nothing4"},
    {.name = "read_past_end", .run = read_past_end, .violations = "read_past_end"},
    {.name = "read_past_end_code",
     .run = read_past_end_code,
     .faults = "CertSrvBackupRead * end_code 0x80070026",
     .violations = "read_past_end"},
    {.name = "no_read_at_end", .run = no_read_at_end},
    {.name = "answers_of_a_restore",
     .run = answers_of_a_restore,
     .service = SERVICE_STOPPED,
     .faults = "CertSrvRestorePrepareW 1 answer 0x00000001\n"
               "CertSrvRestoreRegisterW 1 answer 0x00000001\n"
               "CertSrvRestoreRegisterThroughFile 1 answer 0x00000001\n"
               "CertSrvRestoreRegisterComplete * answer 0x00000001\n"
               "CertSrvRestoreEnd 1 answer 0x00000001"},
    {.name = NULL},
};
