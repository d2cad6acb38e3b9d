// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Messages of the lab's own programs: one line on stderr, UTF-8, with the program's name in front.
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

#include <windows.h>

// Exit code of a lab program that could not start what it was asked to start.
#define EXIT_NOT_STARTED 9009

// Writes "<program>: <text>" to stderr; `format` as in swprintf. Text past 2,000 characters is cut.
void report(const WCHAR *program, const WCHAR *format, ...);

#endif
