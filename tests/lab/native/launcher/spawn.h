// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Starting a process that shares our standard handles, and loading a DLL into it before its own code runs.
#ifndef LAB_SPAWN_H
#define LAB_SPAWN_H

#include <windows.h>

#define LABSHIM_PATH L"C:\\Lab\\labshim.dll"

// The longest command line and the largest environment value Windows knows, in characters with the final zero.
#define MAX_COMMAND_LINE 32768

// CreateProcessW, suspended, with this process's standard handles. `command_line` is written to by Windows.
BOOL spawn_suspended(WCHAR *command_line, DWORD flags, PROCESS_INFORMATION *process);

// Closes our standard handles, so that whoever reads them sees their end when the child is done, waits for the
// child and returns its exit code.
DWORD wait_for_exit(PROCESS_INFORMATION *process);

// Loads `dll` into a process that has not run yet (or has just been created). FALSE with the reason in `*why`.
BOOL inject(HANDLE process, const WCHAR *dll, const WCHAR **why);

#endif
