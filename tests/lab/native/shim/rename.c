// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Wine renames a folder although something below it is open; Windows refuses. Only what this process has open counts.
#include "shim.h"

#include <wchar.h>

#define HANDLE_LIST_CLASS 64  // SystemExtendedHandleInformation

struct handle_row {
    void *object;
    ULONG_PTR process_id;
    ULONG_PTR handle;
    ULONG access;
    USHORT trace;
    USHORT type;
    ULONG attributes;
    ULONG reserved;
};

struct handle_list {
    ULONG_PTR count;
    ULONG_PTR reserved;
    struct handle_row rows[1];
};

static struct handle_list *list_handles(void)
{
    ULONG size = 1 << 16, needed;

    for (;;) {
        struct handle_list *list = shim_alloc(size);
        NTSTATUS status = NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)HANDLE_LIST_CLASS, list, size, &needed);

        if (status >= 0)
            return list;
        shim_free(list);
        if (status != STATUS_INFO_LENGTH_MISMATCH)
            return NULL;
        size *= 2;
    }
}

static BOOL is_below(const WCHAR *path, const WCHAR *folder, size_t folder_length)
{
    return wcslen(path) > folder_length && path[folder_length] == L'\\' &&
           CompareStringOrdinal(path, (int)folder_length, folder, (int)folder_length, TRUE) == CSTR_EQUAL;
}

static BOOL is_folder(HANDLE file)
{
    FILE_STANDARD_INFORMATION info;
    IO_STATUS_BLOCK io;

    return real.NtQueryInformationFile(file, &io, &info, sizeof info, CLASS_STANDARD) >= 0 && info.Directory;
}

BOOL rename_is_blocked(HANDLE file)
{
    WCHAR folder[PATH_CAPACITY], path[PATH_CAPACITY];
    struct handle_list *list;
    BOOL blocked = FALSE;
    ULONG_PTR i;

    if (!is_folder(file) || !path_of_handle(file, folder) || !(list = list_handles()))
        return FALSE;
    for (i = 0; i < list->count && !blocked; i++) {
        const struct handle_row *row = &list->rows[i];

        blocked = row->process_id == GetCurrentProcessId() && path_of_handle((HANDLE)row->handle, path) &&
                  is_below(path, folder, wcslen(folder));
    }
    shim_free(list);
    return blocked;
}
