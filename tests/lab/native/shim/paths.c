// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "shim.h"

#include <string.h>
#include <wchar.h>

#define NT_PREFIX L"\\??\\"
#define NT_PREFIX_LENGTH 4
#define DRIVE_ROOT_LENGTH 3

// Takes `length` characters of NT path after `used` characters of DOS path in `path`.
static BOOL finish(WCHAR *path, size_t used, const WCHAR *text, size_t length)
{
    if (!used) {
        if (length < NT_PREFIX_LENGTH + 2 || wmemcmp(text, NT_PREFIX, NT_PREFIX_LENGTH) ||
            text[NT_PREFIX_LENGTH + 1] != L':')
            return FALSE;
        text += NT_PREFIX_LENGTH;
        length -= NT_PREFIX_LENGTH;
    }
    if (used + length + 2 > PATH_CAPACITY)
        return FALSE;
    wmemcpy(path + used, text, length);
    used += length;
    while (used > DRIVE_ROOT_LENGTH && path[used - 1] == L'\\')
        used--;
    path[used] = L'\0';
    return TRUE;
}

BOOL path_of_handle(HANDLE file, WCHAR *path)
{
    struct {
        UNICODE_STRING name;
        WCHAR text[PATH_CAPACITY];
    } object;
    ULONG length;

    // Class 1 is ObjectNameInformation, which the header does not name.
    if (NtQueryObject(file, (OBJECT_INFORMATION_CLASS)1, &object, sizeof object, &length) < 0 || !object.name.Buffer)
        return FALSE;
    return finish(path, 0, object.name.Buffer, object.name.Length / sizeof(WCHAR));
}

BOOL path_of_attributes(const OBJECT_ATTRIBUTES *attributes, WCHAR *path)
{
    const UNICODE_STRING *name = attributes ? attributes->ObjectName : NULL;
    size_t used = 0;

    if (!name)
        return FALSE;
    if (attributes->RootDirectory) {
        if (!path_of_handle(attributes->RootDirectory, path))
            return FALSE;
        used = wcslen(path);
        if (path[used - 1] != L'\\')
            path[used++] = L'\\';
    }
    return finish(path, used, name->Buffer, name->Length / sizeof(WCHAR));
}

BOOL path_of_rename(const struct rename_info *rename, WCHAR *path)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES target;

    if (rename->name_bytes >= PATH_CAPACITY * sizeof(WCHAR))
        return FALSE;
    name.Buffer = (WCHAR *)rename->name;
    name.Length = name.MaximumLength = (USHORT)rename->name_bytes;
    InitializeObjectAttributes(&target, &name, 0, rename->root, NULL);
    return path_of_attributes(&target, path);
}

BOOL path_cut_last(WCHAR *path)
{
    WCHAR *last = wcsrchr(path, L'\\');

    if (!last || !last[1])
        return FALSE;
    // The root keeps its backslash: "C:" alone would mean the current folder of the drive.
    last[last - path < DRIVE_ROOT_LENGTH] = L'\0';
    return TRUE;
}
