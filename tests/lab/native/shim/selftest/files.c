// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Verbs that create, read, write, rename and delete files.
#include "selftest.h"

#include <wchar.h>
#include <winternl.h>

typedef NTSTATUS(NTAPI *set_information)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, ULONG);
typedef BOOL(WINAPI *move_ex)(const WCHAR *, const WCHAR *, DWORD);
typedef NTSTATUS(NTAPI *query_volume)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, ULONG);

#define DISPOSITION_EX_CLASS 64
#define FULL_SPACE_CLASS 7

// write <path> <times>: creates the file, writes 10 bytes a time, flushes.
static void write_file(WCHAR **arguments)
{
    int times = (int)wcstol(arguments[1], NULL, 10), i;
    HANDLE file = CreateFileW(arguments[0], GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    DWORD written;
    BOOL done;

    say(L"write\tcreate\t%lu", error_unless(file != INVALID_HANDLE_VALUE));
    if (file == INVALID_HANDLE_VALUE)
        return;
    for (i = 1; i <= times; i++) {
        written = 0;
        done = WriteFile(file, "0123456789", 10, &written, NULL);
        say(L"write\t%d\t%lu\t%lu", i, error_unless(done), written);
    }
    done = FlushFileBuffers(file);
    say(L"write\tflush\t%lu", error_unless(done));
    CloseHandle(file);
}

// read <path>: reads once, up to 1000 bytes.
static void read_file(WCHAR **arguments)
{
    HANDLE file = open_existing(arguments[0], GENERIC_READ);
    char data[1000];
    DWORD length = 0;
    BOOL done;

    if (file == INVALID_HANDLE_VALUE) {
        say(L"read\topen\t%lu", GetLastError());
        return;
    }
    done = ReadFile(file, data, sizeof data, &length, NULL);
    say(L"read\t%lu\t%lu", error_unless(done), length);
    CloseHandle(file);
}

// show <path>: the first bytes as text.
static void show_file(WCHAR **arguments)
{
    HANDLE file = open_existing(arguments[0], GENERIC_READ);
    char data[100];
    DWORD length = 0;

    ReadFile(file, data, sizeof data, &length, NULL);
    CloseHandle(file);
    say(L"show\t%.*hs", (int)length, data);
}

// move <from> <to>
static void move_file(WCHAR **arguments)
{
    move_ex move = (move_ex)(void *)kernel("MoveFileExW");
    BOOL done = move(arguments[0], arguments[1], MOVEFILE_WRITE_THROUGH);

    say(L"move\t%lu", error_unless(done));
}

// move-open <from> <to> <file>: moves while <file> is open, then once more after it is closed.
static void move_open(WCHAR **arguments)
{
    move_ex move = (move_ex)(void *)kernel("MoveFileExW");
    HANDLE file = open_existing(arguments[2], GENERIC_READ);
    BOOL done;

    say(L"move-open\topen\t%lu", error_unless(file != INVALID_HANDLE_VALUE));
    done = move(arguments[0], arguments[1], 0);
    say(L"move-open\twhile\t%lu", error_unless(done));
    CloseHandle(file);
    done = move(arguments[0], arguments[1], 0);
    say(L"move-open\tafter\t%lu", error_unless(done));
}

// delete <path>: DeleteFile, or RemoveDirectory when it is a folder.
static void delete_file(WCHAR **arguments)
{
    DWORD attributes = GetFileAttributesW(arguments[0]);
    BOOL folder = attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
    BOOL done = folder ? RemoveDirectoryW(arguments[0]) : DeleteFileW(arguments[0]);

    say(L"delete\t%lu", error_unless(done));
}

// delete-ex <path>: by FileDispositionInformationEx.
static void delete_ex(WCHAR **arguments)
{
    set_information set = (set_information)(void *)nt("NtSetInformationFile");
    HANDLE file = open_existing(arguments[0], DELETE);
    ULONG flags = 3;
    IO_STATUS_BLOCK io;
    NTSTATUS status = set(file, &io, &flags, sizeof flags, DISPOSITION_EX_CLASS);

    CloseHandle(file);
    say(L"delete-ex\t0x%08lx\t%ls", status,
        GetFileAttributesW(arguments[0]) == INVALID_FILE_ATTRIBUTES ? L"gone" : L"there");
}

// space <folder>: by GetDiskFreeSpaceEx and by FileFsFullSizeInformation.
static void free_space(WCHAR **arguments)
{
    query_volume query = (query_volume)(void *)nt("NtQueryVolumeInformationFile");
    HANDLE folder = open_existing(arguments[0], GENERIC_READ);
    FILE_FS_FULL_SIZE_INFORMATION full = {0};
    ULARGE_INTEGER bytes = {0}, total = {0};
    IO_STATUS_BLOCK io;
    BOOL done = GetDiskFreeSpaceExW(arguments[0], &bytes, &total, NULL);
    DWORD error = error_unless(done);
    NTSTATUS status = query(folder, &io, &full, sizeof full, FULL_SPACE_CLASS);

    CloseHandle(folder);
    say(L"space\t%lu\t%llu\t%llu\t0x%08lx\t%llu", error, bytes.QuadPart, total.QuadPart, status,
        full.CallerAvailableAllocationUnits.QuadPart * full.SectorsPerAllocationUnit * full.BytesPerSector);
}

const struct verb file_verbs[] = {
    {L"write", 2, write_file},
    {L"read", 1, read_file},
    {L"show", 1, show_file},
    {L"move", 2, move_file},
    {L"move-open", 3, move_open},
    {L"delete", 1, delete_file},
    {L"delete-ex", 1, delete_ex},
    {L"space", 1, free_space},
    {NULL, 0, NULL},
};
