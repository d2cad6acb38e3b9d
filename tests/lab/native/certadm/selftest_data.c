// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Cases of good callers: what the library gives them, byte for byte.

#include "selftest.h"

#include <string.h>
#include <wchar.h>

#define HINT_MIN 65536
#define HINT_MAX 4194304

static int is_exactly(struct names names, const WCHAR *text, size_t bytes)
{
    return names.bytes == bytes && !memcmp(names.text, text, bytes);
}

// `text` is a literal: its own final NUL is the one that ends the list, so sizeof is the size in bytes.
#define IS_LIST(names, text) is_exactly(names, text, sizeof(text))

static void full_backup(void)
{
    struct names locations, databases, logs, dynamic;
    HCSBC session;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    locations = get(api.locations, session);
    CHECK(IS_LIST(locations, L"D" UNC L"\\Pr\u00FCf.edb\0"
                             L"\x0083" UNC L"\\system\0"
                             L"\x0082" UNC L"\\logs\0"));
    databases = get(api.databases, session);
    CHECK(IS_LIST(databases, L"D" UNC L"\\Pr\u00FCf.edb\0"));
    CHECK(back_up(session, nth_name(databases, 0) + 1) == DATABASE_BYTES);
    logs = get(api.logs, session);
    CHECK(IS_LIST(logs, L"!" UNC L"\\logs\\edb00009.log\0"
                        L"!" UNC L"\\logs\\edb0001A.log\0"
                        L"!" UNC L"\\logs\\edb0001b.log\0"));
    back_up_all(session, logs);
    CHECK_HR(S_OK, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\*") == 2);
    CHECK(count_files(LOG_FOLDER L"\\edb.log") == 1);
    dynamic = get(api.dynamic, session);
    CHECK(IS_LIST(dynamic, UNC L"\\a.crl\0" UNC L"\\b.crl\0"));
    CHECK_HR(S_OK, api.end(session));
    api.free(locations.text);
    api.free(databases.text);
    api.free(logs.text);
    api.free(dynamic.text);
    unload();
}

static void without_truncation(void)
{
    HCSBC session;

    load();
    session = up_to_truncation();
    api.free(get(api.dynamic, session).text);
    CHECK(count_files(LOG_FOLDER L"\\*") == 5);
    finish(session);
}

static void empty_lists(void)
{
    struct names names;
    HCSBC session;

    CHECK(DeleteFileW(LOG_FOLDER L"\\edb00009.log") && DeleteFileW(LOG_FOLDER L"\\edb0001A.log"));
    CHECK(DeleteFileW(LOG_FOLDER L"\\edb0001b.log"));
    load();
    session = up_to_databases();
    back_up(session, UNC L"\\Pr\u00FCf.edb");
    names = get(api.logs, session);
    CHECK(!names.text && !names.bytes);
    api.free(names.text);
    CHECK_HR(S_OK, api.truncate(session));
    names = get(api.dynamic, session);
    CHECK(!names.text && !names.bytes);
    finish(session);
}

static void generations(void)
{
    struct names logs;
    HCSBC session;

    CHECK(MoveFileW(LOG_FOLDER L"\\edb00009.log", LOG_FOLDER L"\\edb00100000.log"));
    CHECK(MoveFileW(LOG_FOLDER L"\\edb0001A.log", LOG_FOLDER L"\\EDBFFFFF.LOG"));
    CHECK(CopyFileW(LOG_FOLDER L"\\edb.log", LOG_FOLDER L"\\edb001.log", TRUE));
    CHECK(CopyFileW(LOG_FOLDER L"\\edb.log", LOG_FOLDER L"\\edb000000001.log", TRUE));
    CHECK(CopyFileW(LOG_FOLDER L"\\edb.log", LOG_FOLDER L"\\edb00001.jrs", TRUE));
    load();
    session = up_to_databases();
    back_up(session, UNC L"\\Pr\u00FCf.edb");
    logs = get(api.logs, session);
    CHECK(IS_LIST(logs, L"!" UNC L"\\logs\\edb0001b.log\0"
                        L"!" UNC L"\\logs\\EDBFFFFF.LOG\0"
                        L"!" UNC L"\\logs\\edb00100000.log\0"));
    api.free(logs.text);
    finish(session);
}

static void keep_logs(void)
{
    HCSBC session;

    load();
    session = up_to_truncation();
    CHECK_HR(S_OK, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\edb00009.log") == 0);
    CHECK(count_files(LOG_FOLDER L"\\edb0001A.log") == 1 && count_files(LOG_FOLDER L"\\edb0001b.log") == 1);
    finish(session);
}

static void truncation_fails_part_way(void)
{
    HCSBC session;
    HANDLE busy;

    load();
    session = up_to_truncation();
    busy = CreateFileW(LOG_FOLDER L"\\edb0001A.log", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(busy != INVALID_HANDLE_VALUE);
    CHECK_HR(0x80070020, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\edb00009.log") == 0);
    CHECK(count_files(LOG_FOLDER L"\\edb0001A.log") == 1 && count_files(LOG_FOLDER L"\\edb0001b.log") == 1);
    CloseHandle(busy);
    finish(session);
}

// The sizes of the reads of the database, in units the tests can compare.
static size_t read_sizes(DWORD *sizes, size_t room)
{
    static BYTE buffer[BUFFER_BYTES];
    HCSBC session = up_to_databases();
    LARGE_INTEGER size;
    size_t count = 0;

    CHECK_HR(S_OK, api.open(session, UNC L"\\Pr\u00FCf.edb", 0, &size));
    do {
        CHECK(count < room);
        CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &sizes[count]));
        for (size_t i = sizes[count]; i < BUFFER_BYTES; i++)
            CHECK(buffer[i] == 0xDD);
    } while (sizes[count++]);
    CHECK_HR(S_OK, api.close(session));
    CHECK_HR(S_OK, api.end(session));
    return count;
}

static void full_reads(void)
{
    DWORD sizes[64];

    load();
    CHECK(read_sizes(sizes, 64) == DATABASE_BYTES / BUFFER_BYTES + 2);
    CHECK(sizes[0] == BUFFER_BYTES && sizes[2] == BUFFER_BYTES && sizes[3] == DATABASE_BYTES % BUFFER_BYTES);
    unload();
}

static void short_reads(void)
{
    DWORD first[64], second[64];
    size_t count, shorter = 0;

    load();
    count = read_sizes(first, 64);
    CHECK(count == read_sizes(second, 64) && !memcmp(first, second, count * sizeof *first));
    for (size_t i = 0; i < count - 2; i++)
        shorter += first[i] < BUFFER_BYTES;
    CHECK(shorter > 0 && first[0] + first[1] < DATABASE_BYTES);
    finish(up_to_truncation());
}

static void growing_file(void)
{
    static BYTE buffer[BUFFER_BYTES];
    DWORD came = 1, written;
    ULONGLONG total = 0;
    LARGE_INTEGER size;
    HCSBC session;
    HANDLE file;

    load();
    session = up_to_databases();
    CHECK_HR(S_OK, api.open(session, UNC L"\\Pr\u00FCf.edb", 0, &size));
    file = CreateFileW(DATABASE, FILE_APPEND_DATA, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE && WriteFile(file, "more", 4, &written, NULL));
    CloseHandle(file);
    while (came) {
        CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &came));
        total += came;
    }
    CHECK(size.QuadPart == DATABASE_BYTES && total == DATABASE_BYTES);
    CHECK_HR(S_OK, api.close(session));
    finish(session);
}

static void hints(void)
{
    HCSBC session;
    LARGE_INTEGER size;

    load();
    session = up_to_databases();
    for (DWORD hint = HINT_MIN; hint <= HINT_MAX; hint *= 2) {
        CHECK_HR(S_OK, api.open(session, UNC L"\\Pr\u00FCf.edb", hint, &size));
        CHECK_HR(S_OK, api.close(session));
    }
    finish(session);
}

static void logs_session(void)
{
    struct names names;
    HCSBC session;

    load();
    CHECK_HR(S_OK, api.end(up_to_truncation()));
    CHECK(CopyFileW(LOG_FOLDER L"\\edb.log", LOG_FOLDER L"\\edb0001C.log", TRUE));
    session = prepare(CSBACKUP_TYPE_LOGS_ONLY);
    names = get(api.logs, session);
    CHECK(IS_LIST(names, L"!" UNC L"\\logs\\edb0001C.log\0"));
    back_up_all(session, names);
    api.free(names.text);
    CHECK_HR(S_OK, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\edb0001C.log") == 0 && count_files(LOG_FOLDER L"\\edb0001b.log") == 1);
    CHECK_HR(S_OK, api.end(session));
    CHECK(CopyFileW(LOG_FOLDER L"\\edb.log", LOG_FOLDER L"\\edb0001D.log", TRUE));
    session = prepare(CSBACKUP_TYPE_LOGS_ONLY);
    api.free(get(api.locations, session).text);
    names = get(api.logs, session);
    CHECK(IS_LIST(names, L"!" UNC L"\\logs\\edb0001D.log\0"));
    api.free(names.text);
    finish(session);
}

static void logs_session_without_full(void)
{
    HCSBC session = NULL;
    BOOL online;

    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK_HR(0xC8000230, api.prepare(SERVER, 0, CSBACKUP_TYPE_LOGS_ONLY, &session));
    CHECK_HR(S_OK, api.end(up_to_logs()));
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK_HR(0xC8000230, api.prepare(SERVER, 0, CSBACKUP_TYPE_LOGS_ONLY, &session));
    unload();
}

static void server_names(void)
{
    WCHAR computer[MAX_COMPUTERNAME_LENGTH + 1];
    DWORD length = MAX_COMPUTERNAME_LENGTH + 1;
    HCSBC session = NULL;
    BOOL online = FALSE;

    load();
    CHECK(GetComputerNameW(computer, &length));
    CHECK_HR(S_OK, api.is_online(computer, &online));
    CHECK(online);
    CharLowerW(computer);
    CHECK_HR(S_OK, api.is_online(computer, &online));
    CHECK_HR(S_OK, api.is_online(L"CA01.LAB.example", &online));
    CHECK_HR(0x800706BA, api.is_online(L"localhost", &online));
    CHECK_HR(0x800706BA, api.is_online(L"ca01", &online));
    CHECK_HR(0x800706BA, api.prepare(L"", 0, CSBACKUP_TYPE_FULL, &session));
    CHECK_HR(S_OK, api.prepare(computer, 0, CSBACKUP_TYPE_FULL, &session));
    finish(session);
}

static void service_stopped(void)
{
    HCSBC session = NULL;
    BOOL online = TRUE;

    load();
    CHECK_HR(0x800706BA, api.is_online(SERVER, &online));
    CHECK_HR(0x800706BA, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    unload();
}

static void service_paused(void)
{
    HCSBC session = NULL;
    BOOL online = TRUE;

    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK(!online);
    CHECK_HR(0x80094006, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    unload();
}

static void privilege_not_enabled(void)
{
    HCSBC session = NULL;
    BOOL online;

    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK_HR(0x80070522, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    unload();
}

// The token of the thread counts, not that of the process.
static void privilege_of_the_thread(void)
{
    TOKEN_PRIVILEGES none = {1, {{{0, 0}, 0}}};
    HCSBC session = NULL;
    HANDLE token;
    BOOL online;

    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK(ImpersonateSelf(SecurityImpersonation));
    CHECK(OpenThreadToken(GetCurrentThread(), TOKEN_ADJUST_PRIVILEGES, TRUE, &token));
    CHECK(LookupPrivilegeValueW(NULL, L"SeBackupPrivilege", &none.Privileges[0].Luid));
    CHECK(AdjustTokenPrivileges(token, FALSE, &none, 0, NULL, NULL));
    CloseHandle(token);
    CHECK_HR(0x80070522, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    CHECK(RevertToSelf());
    CHECK_HR(S_OK, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    finish(session);
}

// Helpers of session_of_another_process: they run as children of a child.
static void only_prepare(void)
{
    HCSBC session = NULL;
    BOOL online;

    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK_HR(0xC80001F9, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    unload();
}

static void die_prepared(void)
{
    load();
    prepare(CSBACKUP_TYPE_FULL);
    TerminateProcess(GetCurrentProcess(), 7);
}

static void session_of_another_process(void)
{
    HCSBC session;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    CHECK(run_child("helper_only_prepare", L"") == 0);
    CHECK_HR(S_OK, api.end(session));
    CHECK(run_child("helper_die_prepared", L"") == 7);
    finish(prepare(CSBACKUP_TYPE_FULL));
}

static DWORD WINAPI ask_often(void *unused)
{
    BOOL online;

    (void)unused;
    for (int i = 0; i < 50; i++)
        CHECK_HR(S_OK, api.is_online(SERVER, &online));
    return 0;
}

static void ask_on_threads(void)
{
    HANDLE threads[4];

    load();
    for (int i = 0; i < 4; i++)
        threads[i] = CreateThread(NULL, 0, ask_often, NULL, 0, NULL);
    CHECK(WaitForMultipleObjects(4, threads, TRUE, 30000) == WAIT_OBJECT_0);
    unload();
}

static DWORD WINAPI run_ask_on_threads(void *unused)
{
    (void)unused;
    return run_child("helper_ask_on_threads", L"");
}

// 1 + 3 processes of 4 threads, 50 calls each: 800 lines of calls and 4 of each event; the driver counts them.
static void many_writers(void)
{
    HANDLE threads[3];

    for (int i = 0; i < 3; i++)
        threads[i] = CreateThread(NULL, 0, run_ask_on_threads, NULL, 0, NULL);
    ask_on_threads();
    CHECK(WaitForMultipleObjects(3, threads, TRUE, 60000) == WAIT_OBJECT_0);
    for (int i = 0; i < 3; i++) {
        DWORD code = 1;

        CHECK(GetExitCodeThread(threads[i], &code) && code == 0);
    }
}

static void restore(void)
{
    CSEDB_RSTMAPW map[] = {{L"C:\\old.edb", L"C:\\new.edb"}};
    HCSBC session = NULL;

    load();
    CHECK_HR(S_OK, api.restore_prepare(SERVER, CSRESTORE_TYPE_FULL, &session));
    CHECK_HR(S_OK, api.restore_register(session, NULL, LOG_FOLDER, map, 1, NULL, 9, 0x1B));
    CHECK(count_files(L"C:\\LabCA\\restore_register.json") == 1);
    CHECK_HR(S_OK, api.restore_complete(session, S_OK));
    CHECK_HR(S_OK, api.restore_register_file(session, NULL, NULL, NULL, 0, NULL, 0x1C, 0x1C));
    CHECK_HR(S_OK, api.restore_complete(session, S_OK));
    CHECK_HR(S_OK, api.restore_end(session));
    unload();
}

static void restore_without_privilege(void)
{
    HCSBC session = NULL;

    load();
    CHECK_HR(0x80070522, api.restore_prepare(SERVER, CSRESTORE_TYPE_FULL, &session));
    unload();
}

static void server_control(void)
{
    BYTE *out = (BYTE *)1;
    DWORD bytes = 1;
    BOOL online;

    load();
    CHECK_HR(S_OK, api.control(SERVER, CSCONTROL_SUSPEND, &bytes, &out));
    CHECK(!bytes && !out);
    CHECK_HR(S_OK, api.control(SERVER, CSCONTROL_RESTART, NULL, NULL));
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK_HR(S_OK, api.control(SERVER, CSCONTROL_SHUTDOWN, NULL, NULL));
    CHECK_HR(0x800706BA, api.is_online(SERVER, &online));
    unload();
    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    unload();
}

const struct selftest data_cases[] = {
    {.name = "full_backup", .run = full_backup},
    {.name = "without_truncation", .run = without_truncation},
    {.name = "empty_lists", .run = empty_lists, .conf = ""},
    {.name = "generations", .run = generations},
    {.name = "keep_logs", .run = keep_logs, .conf = "keep_logs=2\n"},
    {.name = "truncation_fails_part_way", .run = truncation_fails_part_way},
    {.name = "full_reads", .run = full_reads},
    {.name = "short_reads", .run = short_reads, .conf = "short_reads=7\r\n"},
    {.name = "growing_file", .run = growing_file},
    {.name = "hints", .run = hints},
    {.name = "logs_session", .run = logs_session},
    {.name = "logs_session_without_full", .run = logs_session_without_full},
    {.name = "server_names", .run = server_names},
    {.name = "service_starting", .run = service_stopped, .service = SERVICE_START_PENDING},
    {.name = "service_stopped", .run = service_stopped, .service = SERVICE_STOPPED},
    {.name = "service_paused", .run = service_paused, .service = SERVICE_PAUSED},
    {.name = "privilege_not_enabled", .run = privilege_not_enabled, .privileges = NONE_ENABLED},
    {.name = "privilege_of_the_thread", .run = privilege_of_the_thread},
    {.name = "session_of_another_process", .run = session_of_another_process},
    {.name = "many_writers", .run = many_writers},
    {.name = "restore", .run = restore, .service = SERVICE_STOPPED},
    {.name = "restore_without_privilege",
     .run = restore_without_privilege,
     .service = SERVICE_STOPPED,
     .privileges = NONE_ENABLED},
    {.name = "server_control", .run = server_control},
    {.name = NULL},
};

const struct selftest helper_cases[] = {
    {.name = "helper_only_prepare", .run = only_prepare},
    {.name = "helper_die_prepared", .run = die_prepared},
    {.name = "helper_ask_on_threads", .run = ask_on_threads},
    {.name = NULL},
};
