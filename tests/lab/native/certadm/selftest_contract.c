// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Cases of bad callers: arguments, contexts, threads, lists and loading, each with its violation or the crash of a
// guard.

#include "selftest.h"

#define ORDER 0x8000FFFF
#define INVALID 0x80070057

static BYTE buffer[BUFFER_BYTES];
static struct names names;
static LARGE_INTEGER size;
static DWORD came;

static const WCHAR database[] = UNC L"\\Pr\u00FCf.edb";

// --- arguments ------------------------------------------------------------------------------------------------------

static void bad_arguments_of_prepare(void)
{
    HCSBC session = NULL;
    BOOL online;

    load();
    CHECK_HR(INVALID, api.is_online(NULL, &online));
    CHECK_HR(INVALID, api.is_online(SERVER, NULL));
    CHECK_HR(INVALID, api.prepare(NULL, 0, CSBACKUP_TYPE_FULL, &session));
    CHECK_HR(INVALID, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, NULL));
    CHECK_HR(INVALID, api.prepare(SERVER, 1, CSBACKUP_TYPE_FULL, &session));
    CHECK_HR(INVALID, api.prepare(SERVER, 0, 0, &session));
    CHECK_HR(INVALID, api.prepare(SERVER, 0, CSBACKUP_TYPE_MASK, &session));
    unload();
}

static void bad_arguments_of_lists(void)
{
    HCSBC session;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    CHECK_HR(INVALID, api.locations(session, NULL, &names.bytes));
    CHECK_HR(INVALID, api.locations(session, &names.text, NULL));
    finish(session);
}

static void bad_arguments_of_files(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(INVALID, api.open(session, NULL, 0, &size));
    CHECK_HR(INVALID, api.open(session, database, 0, NULL));
    CHECK_HR(INVALID, api.open(session, database, 65537, &size));
    CHECK_HR(INVALID, api.open(session, database, 32768, &size));
    CHECK_HR(INVALID, api.open(session, database, 8388608, &size));
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(INVALID, api.read(session, NULL, BUFFER_BYTES, &came));
    CHECK_HR(INVALID, api.read(session, buffer, BUFFER_BYTES, NULL));
    CHECK_HR(INVALID, api.read(session, buffer, 0, &came));
    CHECK_HR(INVALID, api.read(session, buffer, 4095, &came));
    CHECK_HR(INVALID, api.read(session, buffer, 6144, &came));
    CHECK_HR(S_OK, api.close(session));
    finish(session);
}

// --- contexts and threads -------------------------------------------------------------------------------------------

static void use_after_end(void)
{
    HCSBC session;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    CHECK_HR(S_OK, api.end(session));
    CHECK_HR(ORDER, api.locations(session, &names.text, &names.bytes));
    CHECK_HR(ORDER, api.end(session));
    CHECK_HR(S_OK, api.end(prepare(CSBACKUP_TYPE_FULL)));
    CHECK_HR(ORDER, api.end(session));
    unload();
}

static void call_after_failed_prepare(void)
{
    HCSBC session = NULL;
    BOOL online;

    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK_HR(0x800706BA, api.prepare(L"elsewhere", 0, CSBACKUP_TYPE_FULL, &session));
    CHECK(session != NULL);
    CHECK_HR(ORDER, api.locations(session, &names.text, &names.bytes));
    CHECK_HR(ORDER, api.end(NULL));
    CHECK_HR(S_OK, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    CHECK_HR(S_OK, api.end(session));
    CHECK_HR(ORDER, api.end(session));
    unload();
}

static void bad_context(void)
{
    HCSBC session;
    int mine;

    load();
    CHECK_HR(ORDER, api.end(NULL));
    CHECK_HR(ORDER, api.locations(&mine, &names.text, &names.bytes));
    session = prepare(CSBACKUP_TYPE_FULL);
    CHECK_HR(0x80070006, api.end(&mine));
    CHECK_HR(0x80070006, api.end((BYTE *)session + 4096));
    finish(session);
}

static void follow_a_context(void)
{
    load();
    buffer[0] = *(volatile BYTE *)prepare(CSBACKUP_TYPE_FULL);
}

static DWORD WINAPI locations_elsewhere(void *session)
{
    CHECK_HR(ORDER, api.locations(session, &names.text, &names.bytes));
    CHECK_HR(ORDER, api.end(session));
    return 0;
}

static DWORD WINAPI free_elsewhere(void *list)
{
    api.free(list);
    return 0;
}

static void on_thread(LPTHREAD_START_ROUTINE run, void *argument)
{
    HANDLE thread = CreateThread(NULL, 0, run, argument, 0, NULL);

    CHECK(WaitForSingleObject(thread, 30000) == WAIT_OBJECT_0);
    CloseHandle(thread);
}

static void second_thread(void)
{
    HCSBC session;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    on_thread(locations_elsewhere, session);
    on_thread(free_elsewhere, get(api.locations, session).text);
    finish(session);
}

static void end_missing(void)
{
    load();
    prepare(CSBACKUP_TYPE_FULL);
    unload();
    load();
    finish(prepare(CSBACKUP_TYPE_FULL));
}

static void library_not_freed(void)
{
    load();
    get(api.locations, prepare(CSBACKUP_TYPE_FULL));
}

static void loaded_twice_freed_once(void)
{
    load();
    load();
    unload();
}

// --- lists ----------------------------------------------------------------------------------------------------------

static void list_leaked(void)
{
    HCSBC session;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    get(api.locations, session);
    get(api.databases, session);
    finish(session);
}

static void double_and_foreign_free(void)
{
    HCSBC session;
    int mine;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    names = get(api.locations, session);
    api.free(names.text + 1);
    api.free(names.text);
    api.free(names.text);
    api.free(&mine);
    finish(session);
}

static void list_overwritten(void)
{
    HCSBC session;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    names = get(api.locations, session);
    names.text[-1] = 0;
    api.free(names.text);
    finish(session);
}

static void read_behind_a_list(void)
{
    load();
    names = get(api.locations, prepare(CSBACKUP_TYPE_FULL));
    buffer[0] = ((volatile BYTE *)names.text)[names.bytes - 1];
    CHECK(buffer[0] == 0);
    buffer[0] = ((volatile BYTE *)names.text)[names.bytes];
}

static void read_a_freed_list(void)
{
    load();
    names = get(api.locations, prepare(CSBACKUP_TYPE_FULL));
    api.free(names.text);
    buffer[0] = *(volatile BYTE *)names.text;
}

// --- configuration --------------------------------------------------------------------------------------------------

static void nothing_works(void)
{
    HCSBC session = NULL;
    BOOL online;

    load();
    CHECK_HR(ORDER, api.is_online(SERVER, &online));
    CHECK_HR(ORDER, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    unload();
}

static void never_unloaded(void)
{
    BOOL online;

    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK(DeleteFileW(L"C:\\LabCA\\faults.txt"));
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    unload();
    load();
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    CHECK(CopyFileW(L"C:\\LabCA\\journal.jsonl", L"C:\\LabCA\\sim.conf", FALSE));
    CHECK_HR(S_OK, api.is_online(SERVER, &online));
    unload();
}

static void config_missing(void)
{
    CHECK(DeleteFileW(L"C:\\LabCA\\sim.conf"));
    nothing_works();
}

#define FOUR(name) name " " name " " name " " name

const struct selftest contract_cases[] = {
    {.name = "bad_arguments_of_prepare",
     .run = bad_arguments_of_prepare,
     .violations = FOUR("bad_argument") " bad_argument bad_argument bad_argument"},
    {.name = "bad_arguments_of_lists", .run = bad_arguments_of_lists, .violations = "bad_argument bad_argument"},
    {.name = "bad_arguments_of_files",
     .run = bad_arguments_of_files,
     .violations = FOUR("bad_argument") " " FOUR("bad_argument") " bad_argument bad_argument"},
    {.name = "use_after_end", .run = use_after_end, .violations = "use_after_end use_after_end use_after_end"},
    {.name = "call_after_failed_prepare",
     .run = call_after_failed_prepare,
     .violations = "call_after_failed_prepare call_after_failed_prepare use_after_end"},
    {.name = "bad_context", .run = bad_context, .violations = FOUR("bad_context")},
    {.name = "follow_a_context", .run = follow_a_context, .exit_code = EXIT_TOUCHED},
    {.name = "second_thread", .run = second_thread, .violations = "second_thread second_thread second_thread"},
    {.name = "end_missing", .run = end_missing, .violations = "end_missing"},
    {.name = "library_not_freed",
     .run = library_not_freed,
     .violations = "library_not_freed end_missing list_leaked"},
    {.name = "loaded_twice_freed_once", .run = loaded_twice_freed_once, .violations = "library_not_freed"},
    {.name = "list_leaked", .run = list_leaked, .violations = "list_leaked list_leaked"},
    {.name = "double_and_foreign_free",
     .run = double_and_foreign_free,
     .violations = "foreign_free double_free foreign_free"},
    {.name = "list_overwritten", .run = list_overwritten, .violations = "list_overwritten"},
    {.name = "read_behind_a_list", .run = read_behind_a_list, .exit_code = EXIT_TOUCHED},
    {.name = "read_a_freed_list", .run = read_a_freed_list, .exit_code = EXIT_TOUCHED},
    {.name = "never_unloaded",
     .run = never_unloaded,
     .faults = "CertSrvBackupEnd 9 crash",
     .violations = "lab_stale lab_stale"},
    {.name = "config_missing", .run = config_missing, .violations = "config_unreadable"},
    {.name = "config_unknown_key",
     .run = nothing_works,
     .conf = "keep_log=1\n",
     .violations = "config_unreadable"},
    {.name = "config_bad_value",
     .run = nothing_works,
     .conf = "short_reads=some\n",
     .violations = "config_unreadable"},
    {.name = "config_bad_path", .run = nothing_works, .conf = "dynamic=x.crl\n", .violations = "config_unreadable"},
    {.name = "config_twice", .run = nothing_works, .conf = "host=other\n", .violations = "config_unreadable"},
    {.name = NULL},
};
