// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "selftest.h"

#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

#define LINE_CAPACITY 16384

void say(const WCHAR *format, ...)
{
    static WCHAR text[LINE_CAPACITY];
    static char utf8[3 * LINE_CAPACITY];
    va_list arguments;
    DWORD written;
    int length;

    va_start(arguments, format);
    length = _vsnwprintf(text, LINE_CAPACITY - 1, format, arguments);
    va_end(arguments);
    if (length < 0)
        length = LINE_CAPACITY - 1;
    text[length++] = L'\n';
    length = WideCharToMultiByte(CP_UTF8, 0, text, length, utf8, sizeof utf8, NULL, NULL);
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), utf8, (DWORD)length, &written, NULL);
}

FARPROC nt(const char *name)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), name);
}

FARPROC kernel(const char *name)
{
    return GetProcAddress(GetModuleHandleW(L"kernel32.dll"), name);
}

DWORD error_unless(BOOL done)
{
    return done ? ERROR_SUCCESS : GetLastError();
}

HANDLE open_existing(const WCHAR *path, DWORD access)
{
    return CreateFileW(path, access, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
}

static const struct verb *find(const WCHAR *name)
{
    const struct verb *tables[] = {file_verbs, listing_verbs, security_verbs, process_verbs};
    const struct verb *verb;
    size_t i;

    for (i = 0; i < sizeof tables / sizeof *tables; i++)
        for (verb = tables[i]; verb->name; verb++)
            if (!wcscmp(verb->name, name))
                return verb;
    return NULL;
}

int wmain(int argc, WCHAR **argv)
{
    const struct verb *verb;
    int i;

    for (i = 1; i < argc; i += 1 + verb->arguments) {
        verb = find(argv[i]);
        if (!verb || i + verb->arguments >= argc) {
            say(L"%ls\tis no verb, or lacks an argument", argv[i]);
            return 2;
        }
        verb->run(argv + i + 1);
    }
    return 0;
}
