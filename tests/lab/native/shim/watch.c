// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// How far a file is on its way to the disk. Of files whose path contains an entry of C:\LabCA\watched.txt, in any case,
// every write, flush and write-through rename that succeeded is journalled: what was written and not flushed since is
// what a power failure would take.
#include "../common/journal.h"
#include "shim.h"

#include <wchar.h>

#define WATCHED_PARTS LAB_FOLDER L"\\watched.txt"
#define PARTS_MAX 8
#define PART_CAPACITY 128

static SRWLOCK lock = SRWLOCK_INIT;
static WCHAR parts[PARTS_MAX][PART_CAPACITY];
static volatile LONG part_count;

static BOOL(WINAPI *real_move)(const WCHAR *, const WCHAR *, DWORD);

static BOOL add(const WCHAR *entry)
{
    if (wcslen(entry) >= PART_CAPACITY || part_count == PARTS_MAX)
        return FALSE;
    wcscpy(parts[part_count], entry);
    part_count++;
    return TRUE;
}

BOOL watch_configure(void)
{
    BOOL understood;

    AcquireSRWLockExclusive(&lock);
    part_count = 0;
    understood = shim_read_lines(WATCHED_PARTS, add);
    ReleaseSRWLockExclusive(&lock);
    return understood;
}

static BOOL is_watched(const WCHAR *path)
{
    BOOL found = FALSE;
    int length = (int)wcslen(path), i, at;

    AcquireSRWLockShared(&lock);
    for (i = 0; i < part_count && !found; i++) {
        int wanted = (int)wcslen(parts[i]);

        for (at = 0; at + wanted <= length && !found; at++)
            found = CompareStringOrdinal(path + at, wanted, parts[i], wanted, TRUE) == CSTR_EQUAL;
    }
    ReleaseSRWLockShared(&lock);
    return found;
}

void watch_handle(const char *action, HANDLE file)
{
    WCHAR path[PATH_CAPACITY];

    if (part_count && !shim_is_busy() && path_of_handle(file, path) && is_watched(path))
        lab_journal_file(action, path, NULL);
}

// Wine knows nothing of a rename being written through, so the system call cannot show it.
static BOOL WINAPI hook_move(const WCHAR *from, const WCHAR *to, DWORD flags)
{
    BOOL done = real_move(from, to, flags);

    if (done && part_count && to && (flags & MOVEFILE_WRITE_THROUGH) && is_watched(from))
        lab_journal_file("rename", from, to);
    return done;
}

BOOL watch_install(void)
{
    HMODULE kernel32 = GetModuleHandleW(L"kernel32.dll");

    real_move = (void *)GetProcAddress(kernel32, "MoveFileExW");
    if (real_move && hooks_replace_export(kernel32, "MoveFileExW", (void *)hook_move))
        return TRUE;
    shim_complain(L"MoveFileExW of kernel32.dll cannot be replaced");
    return FALSE;
}
