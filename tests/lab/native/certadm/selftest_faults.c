// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Cases of faults.txt: every action does what it says, on the call it names, and nothing else.

#include "selftest.h"

#include <string.h>
#include <wchar.h>

static BYTE buffer[BUFFER_BYTES];
static struct names names;
static LARGE_INTEGER size;
static DWORD came;
static BOOL online;

static const WCHAR database[] = UNC L"\\Pr\u00FCf.edb";

static void fail_the_second_call(void)
{
    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK_HR(0x80070005, api.is_online(SERVER, &online));
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    unload();
    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK_HR(0x80070005, api.is_online(SERVER, &online));
    unload();
}

// One fault for each function: whatever fails, an orderly caller breaks no rule.
static void fail_each_function(void)
{
    HCSBC session = NULL;

    load();
    CHECK_HR(0x80004001, api.is_online(SERVER, &online));
    CHECK_HR(0x80004002, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    CHECK_HR(S_OK, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    CHECK_HR(0x80004003, api.locations(session, &names.text, &names.bytes));
    api.free(get(api.locations, session).text);
    CHECK_HR(0x80004004, api.databases(session, &names.text, &names.bytes));
    api.free(get(api.databases, session).text);
    CHECK_HR(0x80004005, api.open(session, database, 0, &size));
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(0x80004006, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK(came == BUFFER_BYTES && buffer[0] == 1);
    CHECK_HR(S_OK, api.close(session));
    back_up(session, database);
    CHECK_HR(0x80004008, api.logs(session, &names.text, &names.bytes));
    names = get(api.logs, session);
    back_up_all(session, names);
    api.free(names.text);
    CHECK_HR(0x80004009, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\*") == 5);
    CHECK_HR(0x8000400A, api.dynamic(session, &names.text, &names.bytes));
    CHECK_HR(0x8000400B, api.end(session));
    unload();
}

static void fail_close_and_end(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(0x80004007, api.close(session));
    CHECK_HR(0x8000400B, api.end(session));
    unload();
}

static void fail_close_only(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(0x80004007, api.close(session));
    finish(session);
}

static void prepare_after_failed_end(void)
{
    load();
    CHECK_HR(0x8000400B, api.end(prepare(CSBACKUP_TYPE_FULL)));
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    unload();
    load();
    CHECK_HR(0x8000400B, api.end(prepare(CSBACKUP_TYPE_FULL)));
    unload();
}

static void ask_once(void)
{
    load();
    api.is_online(SERVER, &online);
    unload();
}

static void slow(void)
{
    ULONGLONG start;

    load();
    start = GetTickCount64();
    CHECK_HR(0x80070005, api.is_online(SERVER, &online));
    CHECK(GetTickCount64() - start >= 300);
    unload();
}

static void crash_on_free(void)
{
    load();
    api.free(get(api.locations, prepare(CSBACKUP_TYPE_FULL)).text);
}

static void stop_service(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK(came == BUFFER_BYTES);
    CHECK_HR(0x800706BA, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK_HR(0x800706BA, api.close(session));
    CHECK_HR(0x800706BA, api.end(session));
    CHECK_HR(0x800706BA, api.is_online(SERVER, &online));
    unload();
    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    unload();
}

static void add_log(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    back_up(session, database);
    CHECK(count_files(LOG_FOLDER L"\\edb0001C.log") == 1 && count_files(LOG_FOLDER L"\\edb0001D.log") == 0);
    names = get(api.logs, session);
    CHECK(count_names(names) == 5);
    CHECK(!wcscmp(nth_name(names, 3), L"!" UNC L"\\logs\\edb0001C.log"));
    CHECK(!wcscmp(nth_name(names, 4), L"!" UNC L"\\logs\\edb0001D.log"));
    back_up_all(session, names);
    api.free(names.text);
    CHECK_HR(S_OK, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\*") == 3 && count_files(LOG_FOLDER L"\\edb0001E.log") == 1);
    finish(session);
}

static void paused(void)
{
    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK(!online);
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK(online);
    unload();
}

static void early_end(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK(came == 0 && buffer[0] == 0xDD);
    CHECK_HR(S_OK, api.close(session));
    CHECK_HR(0x8000FFFF, api.logs(session, &names.text, &names.bytes));
    finish(session);
}

static void overcount(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK(came > BUFFER_BYTES);
    CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK(came == BUFFER_BYTES);
    CHECK_HR(S_OK, api.close(session));
    finish(session);
}

// Reads a whole file and counts what came after its announced end.
static void read_extra(HCSBC session, DWORD room, ULONGLONG extra)
{
    ULONGLONG total = 0;

    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    do {
        CHECK_HR(S_OK, api.read(session, buffer, room, &came));
        for (DWORD i = 0; i < came; i++)
            CHECK(total + i < DATABASE_BYTES || buffer[i] == 0xEE);
        total += came;
    } while (came);
    CHECK(total == DATABASE_BYTES + extra);
    CHECK_HR(S_OK, api.close(session));
}

static void long_file(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    read_extra(session, BUFFER_BYTES, 100000);
    read_extra(session, 4096, 100000);
    finish(session);
}

static void corrupt(void)
{
    static BYTE good[BUFFER_BYTES];
    HCSBC session;
    int changed = 0;

    load();
    session = up_to_databases();
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(S_OK, api.read(session, good, BUFFER_BYTES, &came));
    CHECK_HR(S_OK, api.close(session));
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK(came == BUFFER_BYTES);
    CHECK_HR(S_OK, api.close(session));
    for (DWORD i = 0; i < BUFFER_BYTES; i++)
        changed += good[i] != buffer[i];
    CHECK(changed == 1);
    finish(session);
}

static void edited_lists(void)
{
    HCSBC session;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    names = get(api.locations, session);
    CHECK(!names.text && !names.bytes);
    names = get(api.databases, session);
    CHECK(names.bytes == sizeof(L"%\\\\other\\x\u2028 \0!\0"));
    CHECK(!memcmp(names.text, L"%\\\\other\\x\u2028 \0!\0", names.bytes));
    CHECK_HR(0x80070002, api.open(session, L"\\\\other\\x\u2028 ", 0, &size));
    api.free(names.text);
    finish(session);
}

// What is appended can be read and must be read before truncation, but only the CA's own logs are ever deleted.
static void appended_entries(void)
{
    HCSBC session;

    CHECK(CopyFileW(LOG_FOLDER L"\\edb.log", SELFTEST_FOLDER L"\\edb00077.log", FALSE));
    load();
    session = up_to_databases();
    back_up(session, database);
    names = get(api.logs, session);
    CHECK(count_names(names) == 5);
    CHECK(!wcscmp(nth_name(names, 3), L"!" UNC L"\\logs\\edbtmp.log"));
    CHECK(!wcscmp(nth_name(names, 4), L"!" UNC L"\\edb00077.log"));
    back_up(session, UNC L"\\logs\\edb00009.log");
    back_up(session, UNC L"\\logs\\edb0001A.log");
    back_up(session, UNC L"\\logs\\edb0001b.log");
    CHECK_HR(0xC8000209, api.truncate(session));
    back_up(session, UNC L"\\logs\\edbtmp.log");
    back_up(session, UNC L"\\edb00077.log");
    CHECK_HR(S_OK, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\*") == 2 && count_files(LOG_FOLDER L"\\edbtmp.log") == 1);
    CHECK(count_files(SELFTEST_FOLDER L"\\edb00077.log") == 1);
    api.free(names.text);
    finish(session);
}

static void all_that_match_apply(void)
{
    load();
    names = get(api.locations, prepare(CSBACKUP_TYPE_FULL));
    CHECK(count_names(names) == 2);
    CHECK(!wcscmp(nth_name(names, 0), L"Da") && !wcscmp(nth_name(names, 1), L"Db"));
    api.free(names.text);
    api.locations(NULL, &names.text, &names.bytes);
}

static void nothing_works(void)
{
    HCSBC session = NULL;

    load();
    CHECK_HR(0x8000FFFF, api.is_online(SERVER, &online));
    CHECK_HR(0x8000FFFF, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    unload();
}

#define BROKEN(label, lines) {.name = label, .run = nothing_works, .faults = lines, .violations = "faults_unreadable"}

const struct selftest fault_cases[] = {
    {.name = "fail_the_second_call",
     .run = fail_the_second_call,
     .faults = "CertSrvIsServerOnlineW 2 hresult 0x80070005"},
    {.name = "fail_each_function",
     .run = fail_each_function,
     .faults = "CertSrvIsServerOnlineW 1 hresult 0x80004001\n"
               "CertSrvBackupPrepareW 1 hresult 0x80004002\n"
               "CertSrvRestoreGetDatabaseLocationsW 1 hresult 0x80004003\n"
               "CertSrvBackupGetDatabaseNamesW 1 hresult 0x80004004\n"
               "CertSrvBackupOpenFileW 1 hresult 0x80004005\n"
               "CertSrvBackupRead 1 hresult 0x80004006\n"
               "CertSrvBackupGetBackupLogsW 1 hresult 0x80004008\n"
               "CertSrvBackupTruncateLogs 1 hresult 0x80004009\n"
               "CertSrvBackupGetDynamicFileListW * hresult 0x8000400a\r\n"
               "\n"
               "CertSrvBackupEnd 1 hresult 0x8000400B"},
    {.name = "fail_close_and_end",
     .run = fail_close_and_end,
     .faults = "CertSrvBackupClose 1 hresult 0x80004007\nCertSrvBackupEnd 1 hresult 0x8000400B"},
    {.name = "fail_close_only", .run = fail_close_only, .faults = "CertSrvBackupClose 1 hresult 0x80004007"},
    {.name = "prepare_after_failed_end",
     .run = prepare_after_failed_end,
     .faults = "CertSrvBackupEnd * hresult 0x8000400B"},
    {.name = "crash", .run = ask_once, .faults = "CertSrvIsServerOnlineW 1 crash", .exit_code = EXIT_CRASHED},
    {.name = "crash_after",
     .run = ask_once,
     .faults = "CertSrvIsServerOnlineW 1 crash_after",
     .exit_code = EXIT_CRASHED},
    {.name = "crash_of_another_call", .run = ask_once, .faults = "CertSrvIsServerOnlineW 2 crash"},
    {.name = "crash_on_free", .run = crash_on_free, .faults = "CertSrvBackupFree 1 crash", .exit_code = EXIT_CRASHED},
    {.name = "hang", .run = ask_once, .faults = "CertSrvIsServerOnlineW * hang", .exit_code = EXIT_HANGS},
    {.name = "slow",
     .run = slow,
     .faults = "CertSrvIsServerOnlineW 1 slow 300\nCertSrvIsServerOnlineW 1 hresult 0x80070005"},
    {.name = "stop_service", .run = stop_service, .faults = "CertSrvBackupRead 1 stop_service"},
    {.name = "add_log",
     .run = add_log,
     .faults = "CertSrvBackupRead 2 add_log\n"
               "CertSrvBackupGetBackupLogsW 1 add_log\n"
               "CertSrvBackupTruncateLogs 1 add_log"},
    {.name = "paused", .run = paused, .faults = "CertSrvIsServerOnlineW 1 paused"},
    {.name = "early_end", .run = early_end, .faults = "CertSrvBackupRead 2 eof", .violations = "order"},
    {.name = "overcount", .run = overcount, .faults = "CertSrvBackupRead 1 overcount"},
    {.name = "long_file", .run = long_file, .faults = "CertSrvBackupRead * long 100000"},
    {.name = "corrupt", .run = corrupt, .faults = "CertSrvBackupRead 2 corrupt"},
    {.name = "edited_lists",
     .run = edited_lists,
     .faults = "CertSrvRestoreGetDatabaseLocationsW 1 empty\n"
               "CertSrvBackupGetDatabaseNamesW 1 replace %\\\\other\\x\\x2028 \n"
               "CertSrvBackupGetDatabaseNamesW 1 append !"},
    {.name = "appended_entries",
     .run = appended_entries,
     .faults = "CertSrvBackupGetBackupLogsW 1 append !\\\\ca01.lab.example\\C$\\CertadmSelftest\\logs\\edbtmp.log\n"
               "CertSrvBackupGetBackupLogsW 1 append !\\\\ca01.lab.example\\C$\\CertadmSelftest\\edb00077.log",
     .violations = "truncate_too_early"},
    {.name = "all_that_match_apply",
     .run = all_that_match_apply,
     .faults = "CertSrvRestoreGetDatabaseLocationsW 1 empty\n"
               "CertSrvRestoreGetDatabaseLocationsW * append Da\n"
               "CertSrvRestoreGetDatabaseLocationsW 1 append Db\n"
               "CertSrvRestoreGetDatabaseLocationsW 2 crash\n"
               "NtWriteFile@with a space 3.log 1 hresult 0xC000007F\n"
               "GetProcAddress:CertSrvBackupEnd * hresult 0x0000007F",
     .exit_code = EXIT_CRASHED},
    BROKEN("broken_function", "CertSrvBackupRaed 1 eof"),
    BROKEN("broken_call", "CertSrvBackupRead 0 eof"),
    BROKEN("broken_action", "CertSrvBackupRead 1 explode"),
    BROKEN("broken_action_of_function", "CertSrvBackupClose 1 eof"),
    BROKEN("broken_hresult_of_void", "CertSrvBackupFree 1 hresult 0x80004005"),
    BROKEN("broken_answer_of_void", "CertSrvBackupFree 1 answer 0x00000001"),
    BROKEN("broken_answer_of_failure", "CertSrvBackupRead 1 answer 0x80004005"),
    BROKEN("broken_argument", "CertSrvBackupRead 1 hresult 0x8000400"),
    BROKEN("broken_number", "CertSrvBackupRead 1 slow -1"),
    BROKEN("broken_missing_argument", "CertSrvBackupGetBackupLogsW 1 append"),
    BROKEN("broken_extra_argument", "CertSrvBackupRead 1 eof now"),
    BROKEN("broken_path_part", "CertSrvBackupRead@x 1 eof"),
    BROKEN("broken_no_path_part", "NtWriteFile 1 crash"),
    BROKEN("broken_second_line", "CertSrvBackupRead 1 eof\nnonsense"),
    {.name = NULL},
};
