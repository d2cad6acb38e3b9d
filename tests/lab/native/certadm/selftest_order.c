// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Cases of bad callers: calls out of order, each with its code and its violation.

#include "selftest.h"

#include <string.h>
#include <wchar.h>

#define ORDER 0x8000FFFF
#define SEQUENCE 0xC8000209
#define INVALID 0x80070057

static BYTE buffer[BUFFER_BYTES];
static struct names names;
static LARGE_INTEGER size;
static DWORD came;

static const WCHAR database[] = UNC L"\\Pr\u00FCf.edb";
static const WCHAR log_name[] = UNC L"\\logs\\edb0001A.log";

// --- order ----------------------------------------------------------------------------------------------------------

static void prepare_without_online(void)
{
    HCSBC session = NULL;

    load();
    CHECK_HR(S_OK, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    CHECK_HR(S_OK, api.end(session));
    CHECK_HR(S_OK, api.end(prepare(CSBACKUP_TYPE_FULL)));
    CHECK_HR(S_OK, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    finish(session);
}

static void prepare_twice(void)
{
    HCSBC session, second = NULL;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    CHECK_HR(0xC80001F9, api.prepare(SERVER, 0, CSBACKUP_TYPE_LOGS_ONLY, &second));
    CHECK(second != session);
    finish(session);
}

static void lists_out_of_order(void)
{
    HCSBC session;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    CHECK_HR(ORDER, api.databases(session, &names.text, &names.bytes));
    CHECK_HR(ORDER, api.logs(session, &names.text, &names.bytes));
    CHECK_HR(ORDER, api.dynamic(session, &names.text, &names.bytes));
    api.free(get(api.locations, session).text);
    CHECK_HR(ORDER, api.locations(session, &names.text, &names.bytes));
    CHECK_HR(ORDER, api.logs(session, &names.text, &names.bytes));
    api.free(get(api.databases, session).text);
    CHECK_HR(ORDER, api.databases(session, &names.text, &names.bytes));
    CHECK_HR(ORDER, api.dynamic(session, &names.text, &names.bytes));
    finish(session);
}

static void logs_before_databases_were_read(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(ORDER, api.logs(session, &names.text, &names.bytes));
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(S_OK, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK_HR(ORDER, api.logs(session, &names.text, &names.bytes));
    CHECK_HR(S_OK, api.close(session));
    CHECK_HR(ORDER, api.logs(session, &names.text, &names.bytes));
    back_up(session, database);
    api.free(get(api.logs, session).text);
    finish(session);
}

static void dynamic_before_logs_were_read(void)
{
    HCSBC session;

    load();
    session = up_to_logs();
    CHECK_HR(ORDER, api.dynamic(session, &names.text, &names.bytes));
    finish(session);
}

static void files_before_lists(void)
{
    HCSBC session;

    load();
    session = prepare(CSBACKUP_TYPE_FULL);
    CHECK_HR(ORDER, api.open(session, database, 0, &size));
    api.free(get(api.locations, session).text);
    CHECK_HR(ORDER, api.open(session, database, 0, &size));
    finish(session);
}

static void files_after_truncation(void)
{
    HCSBC session;

    load();
    session = up_to_truncation();
    CHECK_HR(S_OK, api.truncate(session));
    CHECK_HR(ORDER, api.open(session, database, 0, &size));
    api.free(get(api.dynamic, session).text);
    CHECK_HR(ORDER, api.open(session, log_name, 0, &size));
    finish(session);
}

static void databases_in_logs_session(void)
{
    HCSBC session;

    load();
    CHECK_HR(S_OK, api.end(up_to_truncation()));
    session = prepare(CSBACKUP_TYPE_LOGS_ONLY);
    CHECK_HR(SEQUENCE, api.databases(session, &names.text, &names.bytes));
    CHECK_HR(SEQUENCE, api.truncate(session));
    finish(session);
}

// --- truncation -----------------------------------------------------------------------------------------------------

static void truncate_before_lists(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(SEQUENCE, api.truncate(session));
    back_up(session, database);
    CHECK_HR(SEQUENCE, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\*") == 5);
    finish(session);
}

static void truncate_with_a_log_unread(void)
{
    HCSBC session;

    load();
    session = up_to_logs();
    CHECK_HR(SEQUENCE, api.truncate(session));
    back_up(session, UNC L"\\logs\\edb00009.log");
    back_up(session, UNC L"\\logs\\edb0001A.log");
    CHECK_HR(SEQUENCE, api.truncate(session));
    CHECK_HR(S_OK, api.open(session, UNC L"\\logs\\edb0001b.log", 0, &size));
    CHECK_HR(S_OK, api.read(session, buffer, 4096, &came));
    CHECK_HR(S_OK, api.close(session));
    CHECK_HR(SEQUENCE, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\*") == 5);
    back_up(session, UNC L"\\logs\\edb0001b.log");
    CHECK_HR(S_OK, api.truncate(session));
    finish(session);
}

static void truncate_with_a_file_open(void)
{
    HCSBC session;

    load();
    session = up_to_truncation();
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(SEQUENCE, api.truncate(session));
    CHECK(count_files(LOG_FOLDER L"\\*") == 5);
    CHECK_HR(S_OK, api.close(session));
    finish(session);
}

static void truncate_late(void)
{
    HCSBC session;

    load();
    session = up_to_truncation();
    CHECK_HR(S_OK, api.truncate(session));
    CHECK_HR(ORDER, api.truncate(session));
    CHECK_HR(S_OK, api.end(session));
    session = up_to_truncation();
    api.free(get(api.dynamic, session).text);
    CHECK_HR(ORDER, api.truncate(session));
    finish(session);
}

// --- files ----------------------------------------------------------------------------------------------------------

static void names_not_listed(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(0x80070002, api.open(session, L"D" UNC L"\\Pr\u00FCf.edb", 0, &size));
    CHECK_HR(0x80070002, api.open(session, DATABASE, 0, &size));
    CHECK_HR(0x80070002, api.open(session, UNC L"\\PR\u00FCF.EDB", 0, &size));
    CHECK_HR(0x80070002, api.open(session, log_name, 0, &size));
    finish(session);
}

static void listed_but_gone(void)
{
    HCSBC session;

    load();
    session = up_to_logs();
    CHECK(DeleteFileW(LOG_FOLDER L"\\edb0001A.log"));
    CHECK_HR(0x80070002, api.open(session, log_name, 0, &size));
    finish(session);
}

static void open_twice(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    CHECK_HR(ORDER, api.open(session, database, 0, &size));
    CHECK_HR(S_OK, api.close(session));
    finish(session);
}

static void read_and_close_before_open(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(ORDER, api.read(session, buffer, BUFFER_BYTES, &came));
    CHECK_HR(ORDER, api.close(session));
    back_up(session, database);
    CHECK_HR(ORDER, api.close(session));
    CHECK_HR(ORDER, api.read(session, buffer, BUFFER_BYTES, &came));
    finish(session);
}

static void close_missing(void)
{
    HCSBC session;

    load();
    session = up_to_databases();
    CHECK_HR(S_OK, api.open(session, database, 0, &size));
    finish(session);
}

// --- restore --------------------------------------------------------------------------------------------------------

static void restore_order(void)
{
    HCSBC session = NULL;

    load();
    CHECK_HR(INVALID, api.restore_prepare(SERVER, CSRESTORE_TYPE_ONLINE, &session));
    CHECK_HR(S_OK, api.restore_prepare(SERVER, CSRESTORE_TYPE_FULL, &session));
    CHECK_HR(ORDER, api.restore_complete(session, S_OK));
    CHECK_HR(ORDER, api.locations(session, &names.text, &names.bytes));
    CHECK_HR(INVALID, api.restore_register(session, NULL, NULL, NULL, 1, NULL, 1, 1));
    CHECK_HR(INVALID, api.restore_register(session, NULL, NULL, NULL, 0, NULL, 2, 1));
    CHECK_HR(S_OK, api.restore_register(session, NULL, NULL, NULL, 0, NULL, 1, 1));
    CHECK_HR(ORDER, api.restore_register_file(session, NULL, NULL, NULL, 0, NULL, 1, 1));
    CHECK_HR(S_OK, api.restore_end(session));
    unload();
}

static void restore_while_running(void)
{
    HCSBC session = NULL;

    load();
    CHECK_HR(ORDER, api.restore_prepare(SERVER, CSRESTORE_TYPE_FULL, &session));
    CHECK_HR(INVALID, api.control(SERVER, 4, NULL, NULL));
    CHECK_HR(INVALID, api.control(NULL, CSCONTROL_SHUTDOWN, NULL, NULL));
    unload();
}

#define FOUR(name) name " " name " " name " " name

const struct selftest order_cases[] = {
    {.name = "prepare_without_online", .run = prepare_without_online, .violations = "order order"},
    {.name = "prepare_twice", .run = prepare_twice, .violations = "prepare_twice"},
    {.name = "lists_out_of_order", .run = lists_out_of_order, .violations = FOUR("order") " order order order"},
    {.name = "logs_before_databases_were_read",
     .run = logs_before_databases_were_read,
     .violations = "order order order"},
    {.name = "dynamic_before_logs_were_read", .run = dynamic_before_logs_were_read, .violations = "order"},
    {.name = "files_before_lists", .run = files_before_lists, .violations = "order order"},
    {.name = "files_after_truncation", .run = files_after_truncation, .violations = "order order"},
    {.name = "databases_in_logs_session",
     .run = databases_in_logs_session,
     .violations = "databases_in_logs_session truncate_too_early"},
    {.name = "truncate_before_lists",
     .run = truncate_before_lists,
     .violations = "truncate_too_early truncate_too_early"},
    {.name = "truncate_with_a_log_unread",
     .run = truncate_with_a_log_unread,
     .violations = "truncate_too_early truncate_too_early truncate_too_early"},
    {.name = "truncate_with_a_file_open", .run = truncate_with_a_file_open, .violations = "truncate_too_early"},
    {.name = "truncate_late", .run = truncate_late, .violations = "order order"},
    {.name = "names_not_listed", .run = names_not_listed, .violations = FOUR("name_not_listed")},
    {.name = "listed_but_gone", .run = listed_but_gone},
    {.name = "open_twice", .run = open_twice, .violations = "open_twice"},
    {.name = "read_and_close_before_open",
     .run = read_and_close_before_open,
     .violations = "read_before_open close_before_open close_before_open read_before_open"},
    {.name = "close_missing", .run = close_missing, .violations = "close_missing"},
    {.name = "restore_order",
     .run = restore_order,
     .violations = "bad_argument order order bad_argument bad_argument order order",
     .service = SERVICE_STOPPED},
    {.name = "restore_while_running",
     .run = restore_while_running,
     .violations = "restore_service_running bad_argument bad_argument"},
    {.name = NULL},
};
