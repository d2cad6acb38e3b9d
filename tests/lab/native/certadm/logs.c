// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "logs.h"

#include "../common/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define STATE_PATH LAB_FOLDER L"\\state"
#define STATE_KEY L"last_generation="
#define NEW_LOG_BYTES 1048576  // a log of a CA with default settings
#define CHUNK_BYTES 65536

unsigned long logs_generation(const WCHAR *name)
{
    WCHAR *end;
    unsigned long generation;

    if (_wcsnicmp(name, L"edb", 3) || !iswxdigit(name[3]))
        return 0;
    generation = wcstoul(name + 3, &end, 16);
    if (end - name < 8 || end - name > 11 || _wcsicmp(end, L".log"))
        return 0;
    return generation;
}

static int by_generation(const void *a, const void *b)
{
    unsigned long left = ((const struct log_file *)a)->generation, right = ((const struct log_file *)b)->generation;

    return left < right ? -1 : left > right;
}

size_t logs_scan(const WCHAR *folder, struct log_file **logs)
{
    WCHAR pattern[MAX_PATH + 16];
    WIN32_FIND_DATAW found;
    size_t count = 0, room = 64;
    HANDLE search;

    *logs = HeapAlloc(GetProcessHeap(), HEAP_GENERATE_EXCEPTIONS, room * sizeof **logs);
    swprintf(pattern, MAX_PATH + 16, L"%ls\\edb*", folder);
    search = FindFirstFileW(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return 0;
    do {
        unsigned long generation = logs_generation(found.cFileName);

        if (!generation || (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
            continue;
        if (count == room) {
            room *= 2;
            *logs = HeapReAlloc(GetProcessHeap(), HEAP_GENERATE_EXCEPTIONS, *logs, room * sizeof **logs);
        }
        (*logs)[count].generation = generation;
        wcscpy((*logs)[count].name, found.cFileName);
        count++;
    } while (FindNextFileW(search, &found));
    FindClose(search);
    qsort(*logs, count, sizeof **logs, by_generation);
    return count;
}

static ULONGLONG size_of(const WCHAR *folder, const WCHAR *name)
{
    WCHAR path[MAX_PATH + LOG_NAME_MAX];
    WIN32_FILE_ATTRIBUTE_DATA data;

    swprintf(path, MAX_PATH + LOG_NAME_MAX, L"%ls\\%ls", folder, name);
    if (!GetFileAttributesExW(path, GetFileExInfoStandard, &data))
        return NEW_LOG_BYTES;
    return (ULONGLONG)data.nFileSizeHigh << 32 | data.nFileSizeLow;
}

void logs_add(const WCHAR *folder)
{
    struct log_file *logs;
    size_t count = logs_scan(folder, &logs);
    unsigned long generation = count ? logs[count - 1].generation + 1 : 1;
    ULONGLONG left = count ? size_of(folder, logs[count - 1].name) : NEW_LOG_BYTES;
    WCHAR path[MAX_PATH + LOG_NAME_MAX];
    static BYTE chunk[CHUNK_BYTES];
    HANDLE file;
    int written = 1;

    HeapFree(GetProcessHeap(), 0, logs);
    swprintf(path, MAX_PATH + LOG_NAME_MAX, L"%ls\\edb%05lX.log", folder, generation);
    file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        lab_journal_violation("lab_failed", L"add_log: %ls: error %lu", path, GetLastError());
        return;
    }
    // Content that differs between generations, so that a mixed-up file is noticed.
    for (size_t i = 0; i < CHUNK_BYTES; i++)
        chunk[i] = (BYTE)(generation * 31 + i * 7 + (i >> 8));
    while (left && written) {
        DWORD now = left < CHUNK_BYTES ? (DWORD)left : CHUNK_BYTES, done = 0;

        written = WriteFile(file, chunk, now, &done, NULL) && done == now;
        left -= done;
    }
    if (!written)
        lab_journal_violation("lab_failed", L"add_log: %ls: error %lu", path, GetLastError());
    CloseHandle(file);
}

int logs_last_backup(unsigned long *generation)
{
    size_t key = wcslen(STATE_KEY);
    WCHAR *text = NULL;
    DWORD error = 0;
    int known;

    if (lab_enter()) {
        text = lab_read_text(STATE_PATH, &error);
        lab_leave();
    }
    known = text && !wcsncmp(text, STATE_KEY, key);
    *generation = known ? wcstoul(text + key, NULL, 16) : 0;
    if (text)
        HeapFree(GetProcessHeap(), 0, text);
    return known;
}

int logs_record_backup(unsigned long generation)
{
    char text[64];
    int length = snprintf(text, sizeof text, "last_generation=%lx\n", generation), stored;
    DWORD written = 0;
    HANDLE file = CreateFileW(STATE_PATH, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL,
                              NULL);

    if (file == INVALID_HANDLE_VALUE)
        return 0;
    stored = WriteFile(file, text, (DWORD)length, &written, NULL) && written == (DWORD)length;
    CloseHandle(file);
    return stored;
}
