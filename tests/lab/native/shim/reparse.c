// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Files named in C:\LabCA\reparse.txt look like reparse points (Wine makes none). Only their attributes do: opening one
// opens the file itself. A handle looks like one even when it was opened without FILE_FLAG_OPEN_REPARSE_POINT.
// A line is a path, for a symbolic link, or 0x, a tag in eight digits, a space and a path.
#include "../common/journal.h"
#include "shim.h"

#include <wchar.h>

#define LISTED_PATHS LAB_FOLDER L"\\reparse.txt"
#define LISTED_MAX 32
#define TAG_LENGTH 11

struct listed_file {
    WCHAR *path;
    ULONG tag;
};

static SRWLOCK lock = SRWLOCK_INIT;
static struct listed_file listed[LISTED_MAX];
static volatile LONG listed_count;

static void clear(void)
{
    while (listed_count > 0) {
        LONG last = InterlockedDecrement(&listed_count);

        shim_free(listed[last].path);
    }
}

// Takes the tag off the start of a line; FALSE when there is half a one.
static BOOL take_tag(const WCHAR **entry, ULONG *tag)
{
    WCHAR *end;

    *tag = IO_REPARSE_TAG_SYMLINK;
    if ((*entry)[0] != L'0')
        return TRUE;
    *tag = wcstoul(*entry, &end, 16);
    if (end != *entry + TAG_LENGTH - 1 || *end != L' ')
        return FALSE;
    *entry += TAG_LENGTH;
    return TRUE;
}

static BOOL add(const WCHAR *entry)
{
    ULONG tag;
    BOOL understood = take_tag(&entry, &tag);
    size_t length = wcslen(entry);
    BOOL on_share = entry[0] == L'\\' && entry[1] == L'\\';

    if (!understood || length < 4 || !(on_share || (entry[1] == L':' && entry[2] == L'\\')) || entry[length - 1] == L'\\' ||
        length >= PATH_CAPACITY || listed_count == LISTED_MAX)
        return FALSE;
    listed[listed_count].tag = tag;
    listed[listed_count].path = shim_alloc((length + 1) * sizeof(WCHAR));
    wcscpy(listed[listed_count].path, entry);
    InterlockedIncrement(&listed_count);
    return TRUE;
}

BOOL reparse_configure(void)
{
    BOOL understood;

    AcquireSRWLockExclusive(&lock);
    clear();
    understood = shim_read_lines(LISTED_PATHS, add);
    ReleaseSRWLockExclusive(&lock);
    return understood;
}

BOOL reparse_wanted(void)
{
    return listed_count > 0 && !shim_is_busy();
}

// The tag of a path, 0 when it is not listed.
static ULONG tag_of(const WCHAR *path)
{
    ULONG tag = 0;
    LONG i;

    AcquireSRWLockShared(&lock);
    for (i = 0; i < listed_count && !tag; i++)
        if (CompareStringOrdinal(path, -1, listed[i].path, -1, TRUE) == CSTR_EQUAL)
            tag = listed[i].tag;
    ReleaseSRWLockShared(&lock);
    return tag;
}

BOOL reparse_is_listed(const OBJECT_ATTRIBUTES *attributes)
{
    WCHAR path[PATH_CAPACITY];

    return path_of_attributes(attributes, path) && tag_of(path);
}

void reparse_mark_info(HANDLE file, ULONG class, void *data)
{
    WCHAR path[PATH_CAPACITY];
    ULONG tag = path_of_handle(file, path) ? tag_of(path) : 0;

    if (!tag)
        return;
    if (class == CLASS_ATTRIBUTE_TAG) {
        ((ULONG *)data)[0] |= FILE_ATTRIBUTE_REPARSE_POINT;
        ((ULONG *)data)[1] = tag;
    } else if (class == CLASS_NETWORK_OPEN) {
        ((struct network_open_info *)data)->attributes |= FILE_ATTRIBUTE_REPARSE_POINT;
    } else {
        // FileAllInformation starts with the basic information.
        ((FILE_BASIC_INFORMATION *)data)->FileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
    }
}

// --- directory listings ---------------------------------------------------------------------------------------------

// The start is alike in every class; where the name lies, and whether a field before it tells the tag, differs.
struct entry {
    ULONG next;
    ULONG index;
    LARGE_INTEGER times[4];
    LARGE_INTEGER sizes[2];
    ULONG attributes;
    ULONG name_bytes;
    ULONG tag;
};

// Offset of the name in an entry, 0 for a class that the shim leaves alone.
static size_t name_offset(ULONG class)
{
    switch (class) {
    case 1:  // FileDirectoryInformation
        return 64;
    case 2:  // FileFullDirectoryInformation
        return 68;
    case 3:  // FileBothDirectoryInformation
        return 94;
    case 37:  // FileIdBothDirectoryInformation
        return 104;
    case 38:  // FileIdFullDirectoryInformation
        return 80;
    default:
        return 0;
    }
}

void reparse_mark_listing(HANDLE folder, ULONG class, void *data)
{
    WCHAR path[PATH_CAPACITY];
    size_t at_name = name_offset(class), used;
    struct entry *entry = data;
    ULONG tag;

    if (!at_name || !path_of_handle(folder, path))
        return;
    used = wcslen(path);
    if (path[used - 1] != L'\\')
        path[used++] = L'\\';
    for (;; entry = (struct entry *)((BYTE *)entry + entry->next)) {
        size_t length = entry->name_bytes / sizeof(WCHAR);

        if (used + length < PATH_CAPACITY) {
            wmemcpy(path + used, (const WCHAR *)((const BYTE *)entry + at_name), length);
            path[used + length] = L'\0';
            tag = tag_of(path);
            if (tag) {
                entry->attributes |= FILE_ATTRIBUTE_REPARSE_POINT;
                if (class != 1)
                    entry->tag = tag;
            }
        }
        if (!entry->next)
            return;
    }
}
