// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The database log files edbXXXXX.log of the simulated CA, and what the last backup covered.

#ifndef CERTADM_LOGS_H
#define CERTADM_LOGS_H

#include <windows.h>

#define LOG_NAME_MAX 16  // edb + 8 digits + .log + NUL

struct log_file {
    unsigned long generation;
    WCHAR name[LOG_NAME_MAX];
};

// The finished logs of a folder, lowest generation first; edb.log, the live one, is not among them. Release with
// HeapFree(GetProcessHeap(), 0, logs). Returns their number.
size_t logs_scan(const WCHAR *folder, struct log_file **logs);

// The generation in edb + 5 to 8 hexadecimal digits + .log, in any case; 0 for every other name.
unsigned long logs_generation(const WCHAR *name);

// A new generation appears, as big as the newest one there is.
void logs_add(const WCHAR *folder);

// Whether there was a full backup, and the highest generation the last backup of either type covered.
int logs_last_backup(unsigned long *generation);
// Returns 0 when the state cannot be stored.
int logs_record_backup(unsigned long generation);

#endif
