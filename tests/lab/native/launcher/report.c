// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "report.h"

#include <stdarg.h>
#include <stdio.h>

void report(const WCHAR *program, const WCHAR *format, ...)
{
    WCHAR text[2048];
    char utf8[3 * 2048];
    va_list arguments;
    int used = _snwprintf(text, 64, L"%ls: ", program);
    int added;
    DWORD written;

    va_start(arguments, format);
    added = _vsnwprintf(text + used, 2000, format, arguments);
    va_end(arguments);
    used += added < 0 ? 2000 : added;
    text[used++] = L'\r';
    text[used++] = L'\n';
    used = WideCharToMultiByte(CP_UTF8, 0, text, used, utf8, sizeof utf8, NULL, NULL);
    WriteFile(GetStdHandle(STD_ERROR_HANDLE), utf8, (DWORD)used, &written, NULL);
}
