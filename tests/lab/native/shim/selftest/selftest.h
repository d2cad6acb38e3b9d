// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// shim_selftest.exe: plain Windows calls on demand, to compare a process with the shim and one without.
// Its command line is a row of verbs with their arguments; each verb prints lines of tab-separated fields, UTF-8, the
// first of them its name. An error of Windows is a field, never an end: what a call answers is what is tested.
#ifndef LAB_SELFTEST_H
#define LAB_SELFTEST_H

#include <windows.h>

struct verb {
    const WCHAR *name;
    int arguments;
    void (*run)(WCHAR **arguments);
};

// Each table ends with a row without a name.
extern const struct verb file_verbs[], listing_verbs[], security_verbs[], process_verbs[];

// Prints one line; `format` as in swprintf, with \t between fields.
void say(const WCHAR *format, ...);

// A function of ntdll, by name: what .NET and Wine's own DLLs call.
FARPROC nt(const char *name);
// A function of kernel32, by name, as .NET's P/Invoke finds it.
FARPROC kernel(const char *name);

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

// The last error when `done` is FALSE, else 0.
DWORD error_unless(BOOL done);

// Opens an existing file or folder; INVALID_HANDLE_VALUE on failure.
HANDLE open_existing(const WCHAR *path, DWORD access);

#endif
