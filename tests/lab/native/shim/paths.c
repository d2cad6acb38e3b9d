// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "shim.h"

#include <string.h>
#include <wchar.h>

#define NT_PREFIX L"\\??\\"
#define NT_PREFIX_LENGTH 4
#define UNC_PREFIX L"UNC\\"
#define UNC_PREFIX_LENGTH 4
#define DRIVE_ROOT_LENGTH 3

// Where Wine keeps the folders behind \\server\share; a handle there has the name of the Linux file.
static const WCHAR unix_prefix[] = L"unix\\";
static const WCHAR unix_shares[] = L"\\dosdevices\\unc\\";

// Where the name of a server begins in an NT path, without \??\, of a file on a share; NULL for any other file.
static const WCHAR *behind_share(const WCHAR *text, size_t length)
{
    size_t prefix = sizeof unix_prefix / sizeof(WCHAR) - 1, part = sizeof unix_shares / sizeof(WCHAR) - 1, i;

    if (length > UNC_PREFIX_LENGTH && !_wcsnicmp(text, UNC_PREFIX, UNC_PREFIX_LENGTH))
        return text + UNC_PREFIX_LENGTH;
    if (length > prefix && !wmemcmp(text, unix_prefix, prefix)) {
        for (i = prefix; i + part < length; i++) {
            if (!wmemcmp(text + i, unix_shares, part))
                return text + i + part;
        }
    }
    return NULL;
}

// Takes `length` characters of NT path after `used` characters of DOS path in `path`.
static BOOL finish(WCHAR *path, size_t used, const WCHAR *text, size_t length)
{
    const WCHAR *share;

    if (!used) {
        if (length < NT_PREFIX_LENGTH + 2 || wmemcmp(text, NT_PREFIX, NT_PREFIX_LENGTH))
            return FALSE;
        text += NT_PREFIX_LENGTH;
        length -= NT_PREFIX_LENGTH;
        if ((share = behind_share(text, length))) {
            length -= (size_t)(share - text);
            text = share;
            path[used++] = L'\\';
            path[used++] = L'\\';
        } else if (text[1] != L':') {
            return FALSE;
        }
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
