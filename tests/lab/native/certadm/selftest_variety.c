// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Cases of the answers that a seed draws: a caller that takes them all breaks no rule, every kind comes, and the same
// seed gives the same ones.

#include "selftest.h"

#include <string.h>

#define HR_END_OF_FILE ((HRESULT)0x80070026)
#define SESSIONS 12
#define NOTES_MAX 8192

static const WCHAR *const logs[] = {UNC L"\\logs\\edb00009.log", UNC L"\\logs\\edb0001A.log",
                                    UNC L"\\logs\\edb0001b.log"};
static const WCHAR locations[] = L"D" UNC L"\\Pr\u00FCf.edb\0\x0083" UNC L"\\system\0\x0082" UNC L"\\logs\0";

static BYTE buffer[BUFFER_BYTES];
static struct names names;

// What was answered, in order, and how often each kind was.
static struct notes {
    DWORD values[NOTES_MAX];
    size_t count;
    int codes[3];       // S_OK, S_FALSE, 0x102
    int ends[2];        // a file's end as 0 bytes, as a code
    int full[4];        // zeros behind a list: 1 to 4
    int empty[5];       // NULL and 0, NULL and a size, a pointer and 0, 2 or 4 bytes
    int short_reads;
    int truncations[2]; // at once, at the end
} runs[2], *now;

static void note(DWORD value)
{
    CHECK(now->count < NOTES_MAX);
    now->values[now->count++] = value;
}

static void succeeded(HRESULT code)
{
    CHECK(code == S_OK || code == S_FALSE || code == 0x102);
    now->codes[code == 0x102 ? 2 : code]++;
    note((DWORD)code);
}

static void read_whole(HCSBC session, const WCHAR *name, DWORD bytes)
{
    LARGE_INTEGER size;
    DWORD came = 1, total = 0, possible;
    HRESULT code = S_OK;

    succeeded(api.open(session, name, 0, &size));
    CHECK(size.QuadPart == bytes);
    while (came) {
        possible = bytes - total < BUFFER_BYTES ? bytes - total : BUFFER_BYTES;
        code = api.read(session, buffer, BUFFER_BYTES, &came);
        CHECK(came <= possible && (came || total == bytes));
        if (code == HR_END_OF_FILE)
            CHECK(!came);
        else
            succeeded(code);
        now->short_reads += came < possible;
        total += came;
        note(came);
    }
    now->ends[code == HR_END_OF_FILE]++;
    succeeded(api.close(session));
}

// Every byte of the list can be read; `plain` is the text as a literal has it.
static void take_list(HCSBC session, list_function *list, const WCHAR *plain, DWORD plain_bytes)
{
    DWORD without = plain_bytes - sizeof(WCHAR);

    succeeded(list(session, &names.text, &names.bytes));
    CHECK(names.text && names.bytes >= without && names.bytes <= plain_bytes + 2 * sizeof(WCHAR));
    CHECK(!memcmp(names.text, plain, without));
    for (DWORD i = without; i < names.bytes; i++)
        CHECK(!((BYTE *)names.text)[i]);
    now->full[(names.bytes - without) / sizeof(WCHAR)]++;
    note(names.bytes);
    api.free(names.text);
}

static void take_empty(HCSBC session, list_function *list)
{
    succeeded(list(session, &names.text, &names.bytes));
    if (names.text) {
        CHECK(names.bytes <= 4 && names.bytes % 2 == 0);
        for (DWORD i = 0; i < names.bytes; i++)
            CHECK(!((BYTE *)names.text)[i]);
        now->empty[2 + names.bytes / 2]++;
    } else {
        now->empty[names.bytes != 0]++;
    }
    note(names.bytes);
    api.free(names.text);
}

static void one_session(void)
{
    static const WCHAR databases[] = L"D" UNC L"\\Pr\u00FCf.edb\0";
    static const WCHAR listed[] = L"!" UNC L"\\logs\\edb00009.log\0!" UNC L"\\logs\\edb0001A.log\0!" UNC
                                  L"\\logs\\edb0001b.log\0";
    HCSBC session = NULL;
    BOOL online = FALSE;
    size_t left;

    CopyFileW(LOG_FOLDER L"\\edb.log", LOG_FOLDER L"\\edb00009.log", FALSE);
    CopyFileW(LOG_FOLDER L"\\edb.log", LOG_FOLDER L"\\edb0001A.log", FALSE);
    CopyFileW(LOG_FOLDER L"\\edb.log", LOG_FOLDER L"\\edb0001b.log", FALSE);
    succeeded(api.is_online(SERVER, &online));
    CHECK(online);
    succeeded(api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
    take_list(session, api.locations, locations, sizeof locations);
    take_list(session, api.databases, databases, sizeof databases);
    read_whole(session, UNC L"\\Pr\u00FCf.edb", DATABASE_BYTES);
    take_list(session, api.logs, listed, sizeof listed);
    for (size_t i = 0; i < 3; i++)
        read_whole(session, logs[i], LOG_BYTES);
    succeeded(api.truncate(session));
    left = count_files(LOG_FOLDER L"\\edb0*");
    CHECK(left == 0 || left == 3);
    now->truncations[left == 3]++;
    note((DWORD)left);
    take_empty(session, api.dynamic);
    succeeded(api.end(session));
    CHECK(count_files(LOG_FOLDER L"\\edb0*") == 0);
}

static void run_sessions(struct notes *run)
{
    now = run;
    load();
    for (int i = 0; i < SESSIONS; i++)
        one_session();
    unload();
}

static void variety(void)
{
    run_sessions(&runs[0]);
    for (int i = 0; i < 3; i++)
        CHECK(now->codes[i]);
    for (int i = 0; i < 4; i++)
        CHECK(now->full[i]);
    for (int i = 0; i < 5; i++)
        CHECK(now->empty[i]);
    CHECK(now->ends[0] && now->ends[1]);
    CHECK(now->truncations[0] && now->truncations[1]);
    CHECK(now->short_reads);
}

static void variety_is_the_same_again(void)
{
    run_sessions(&runs[0]);
    run_sessions(&runs[1]);
    CHECK(runs[0].count == runs[1].count);
    CHECK(!memcmp(runs[0].values, runs[1].values, runs[0].count * sizeof *runs[0].values));
}

static void faults_before_variety(void)
{
    HCSBC session;
    BOOL online;

    load();
    for (int i = 0; i < 8; i++) {
        CHECK_HR(S_FALSE, api.is_online(SERVER, &online));
        CHECK_HR(S_OK, api.prepare(SERVER, 0, CSBACKUP_TYPE_FULL, &session));
        CHECK_HR(S_OK, api.locations(session, &names.text, &names.bytes));
        CHECK(names.bytes == sizeof locations);
        api.free(names.text);
        CHECK_HR(S_OK, api.databases(session, &names.text, &names.bytes));
        CHECK(!names.text && !names.bytes);
        CHECK_HR(S_OK, api.end(session));
    }
    unload();
}

#define SEED "variety=7\n"  // and no dynamic files

const struct selftest variety_cases[] = {
    {.name = "variety", .run = variety, .conf = SEED},
    {.name = "variety_is_the_same_again", .run = variety_is_the_same_again, .conf = SEED},
    {.name = "faults_before_variety",
     .run = faults_before_variety,
     .conf = SEED,
     .faults = "CertSrvIsServerOnlineW * answer 0x00000001\n"
               "CertSrvBackupPrepareW * answer 0x00000000\n"
               "CertSrvRestoreGetDatabaseLocationsW * form plain\n"
               "CertSrvRestoreGetDatabaseLocationsW * answer 0x00000000\n"
               "CertSrvBackupGetDatabaseNamesW * empty\n"
               "CertSrvBackupGetDatabaseNamesW * form plain\n"
               "CertSrvBackupGetDatabaseNamesW * answer 0x00000000\n"
               "CertSrvBackupEnd * answer 0x00000000"},
    {.name = NULL},
};
