// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Verbs that list folders and look at attributes, by every way .NET and Win32 take.
#include "selftest.h"

#include <wchar.h>
#include <winternl.h>

typedef NTSTATUS(NTAPI *query_directory)(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, void *, ULONG, ULONG,
                                         BOOLEAN, UNICODE_STRING *, BOOLEAN);
typedef NTSTATUS(NTAPI *query_information)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, ULONG);

// Attributes lie alike in every class; the name does not.
struct entry {
    ULONG next;
    ULONG index;
    LARGE_INTEGER numbers[6];
    ULONG attributes;
    ULONG name_bytes;
    ULONG tag;
};

static const struct {
    ULONG class, name_offset;
} listing_classes[] = {{1, 64}, {2, 68}, {3, 94}, {37, 104}, {38, 80}};

static void list_class(const WCHAR *folder, const WCHAR *pattern, ULONG class, ULONG name_offset)
{
    query_directory query = (query_directory)(void *)nt("NtQueryDirectoryFile");
    HANDLE handle = open_existing(folder, FILE_LIST_DIRECTORY | SYNCHRONIZE);
    UNICODE_STRING mask;
    IO_STATUS_BLOCK io;
    BYTE data[8192];
    BOOLEAN restart = TRUE;
    NTSTATUS status;

    RtlInitUnicodeString(&mask, pattern);
    while ((status = query(handle, NULL, NULL, NULL, &io, data, sizeof data, class, FALSE, &mask, restart)) >= 0) {
        const struct entry *entry = (const struct entry *)data;

        for (restart = FALSE;; entry = (const struct entry *)((const BYTE *)entry + entry->next)) {
            const WCHAR *name = (const WCHAR *)((const BYTE *)entry + name_offset);

            if (name[0] != L'.')
                say(L"list\t%lu\t%.*ls\t%s\t0x%lx", class, (int)(entry->name_bytes / sizeof(WCHAR)), name,
                    entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT ? L"reparse" : L"plain",
                    class == 1 ? 0 : entry->tag);
            if (!entry->next)
                break;
        }
    }
    say(L"list\t%lu\tend\t0x%08lx", class, status);
    CloseHandle(handle);
}

// list <folder> <pattern>: by every class of NtQueryDirectoryFile that .NET and Win32 use.
static void list(WCHAR **arguments)
{
    size_t i;

    for (i = 0; i < sizeof listing_classes / sizeof *listing_classes; i++)
        list_class(arguments[0], arguments[1], listing_classes[i].class, listing_classes[i].name_offset);
}

static ULONG by_class(HANDLE file, ULONG class, size_t offset)
{
    query_information query = (query_information)(void *)nt("NtQueryInformationFile");
    IO_STATUS_BLOCK io;
    BYTE data[2048] = {0};

    query(file, &io, data, sizeof data, class);
    return *(const ULONG *)(data + offset);
}

// attributes <path>: by path, by search, by handle.
static void attributes(WCHAR **arguments)
{
    WIN32_FILE_ATTRIBUTE_DATA extended = {0};
    WIN32_FIND_DATAW found = {0};
    BY_HANDLE_FILE_INFORMATION by_handle = {0};
    HANDLE search = FindFirstFileW(arguments[0], &found);
    HANDLE file = open_existing(arguments[0], GENERIC_READ);

    GetFileAttributesExW(arguments[0], GetFileExInfoStandard, &extended);
    GetFileInformationByHandle(file, &by_handle);
    say(L"attributes\tpath\t0x%lx", GetFileAttributesW(arguments[0]));
    say(L"attributes\textended\t0x%lx", extended.dwFileAttributes);
    say(L"attributes\tfind\t0x%lx", found.dwFileAttributes);
    say(L"attributes\thandle\t0x%lx", by_handle.dwFileAttributes);
    say(L"attributes\tbasic\t0x%lx", by_class(file, 4, 32));
    say(L"attributes\tall\t0x%lx", by_class(file, 18, 32));
    say(L"attributes\tnetwork\t0x%lx", by_class(file, 34, 48));
    say(L"attributes\ttag\t0x%lx", by_class(file, 35, 0));
    FindClose(search);
    CloseHandle(file);
}

const struct verb listing_verbs[] = {
    {L"list", 2, list},
    {L"attributes", 1, attributes},
    {NULL, 0, NULL},
};
