// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Faults a test asks for in C:\LabCA\faults.txt: `case <text>`, then one line for each fault:
// `<function>[@<path part>] <call> <action> [argument]`. The file is read at the first call, and again by
// lab_fault_reload().

#ifndef LAB_FAULT_H
#define LAB_FAULT_H

#include <windows.h>

#define LAB_FAULTS_PATH L"C:\\LabCA\\faults.txt"
#define LAB_FAULT_MAX 8         // faults of one call
#define LAB_FAULT_TEXT 512      // WCHARs of an entry, with the final NUL
#define LAB_FAULTS_BROKEN (-1)  // faults.txt was not understood

enum lab_fault_action {
    LAB_FAULT_HRESULT,       // fail with (unsigned long)number, do nothing
    LAB_FAULT_CRASH,         // end the process with 0xC0000005 at once
    LAB_FAULT_HANG,          // never return
    LAB_FAULT_SLOW,          // number: milliseconds
    LAB_FAULT_CRASH_AFTER,   // do the call, then crash
    LAB_FAULT_STOP_SERVICE,  // do the call, then the CA counts as stopped
    LAB_FAULT_ADD_LOG,       // a new database log appears, then the call goes on
    LAB_FAULT_PAUSED,        // CertSrvIsServerOnlineW: S_OK, FALSE
    LAB_FAULT_EOF,           // CertSrvBackupRead: 0 bytes now
    LAB_FAULT_LONG,          // CertSrvBackupRead: number of bytes after the announced end
    LAB_FAULT_OVERCOUNT,     // CertSrvBackupRead: more bytes reported than the buffer holds
    LAB_FAULT_CORRUPT,       // CertSrvBackupRead, NtReadFile, NtWriteFile: altered data, success
    LAB_FAULT_APPEND,        // list functions: text is one more entry
    LAB_FAULT_REPLACE,       // list functions: text is the only entry
    LAB_FAULT_EMPTY,         // list functions: no entries; S_OK, NULL, 0 unless a form or a seed has it otherwise
    LAB_FAULT_FORM,          // list functions: text is the form (certadm/answers.h)
    LAB_FAULT_ANSWER,        // do the call, then answer with the success code (unsigned long)number
    LAB_FAULT_END_CODE,      // CertSrvBackupRead: the code of a read at the end of the file
    LAB_FAULT_NO_SESSION,    // CertSrvBackupPrepareW: S_OK and a NULL handle
    LAB_FAULT_FREE,          // NtQueryVolumeInformationFile: number of free bytes
    LAB_FAULT_SET_CLOCK      // from now on the process reads a clock that is off by (long long)number seconds
};

struct lab_fault {
    enum lab_fault_action action;
    unsigned long long number;
    unsigned call;  // the n-th matching call, from 1
    WCHAR text[LAB_FAULT_TEXT];
    size_t text_length;  // without the final NUL; the text itself may hold NULs
};

// Counts a call of `function` ("CertSrvBackupRead", "GetProcAddress:CertSrvBackupEnd", "NtWriteFile") and copies the
// faults that match it, in file order, to `out`; each is journalled first. `path` is the file concerned: a line with
// @<path part> counts and matches only calls whose path contains the part, in any case; NULL matches none of them.
// Returns the number of faults, or LAB_FAULTS_BROKEN: the caller must fail with 0x8000FFFF (or its like). Returns 0 and
// counts nothing while this thread is inside common/ itself.
int lab_fault_take(const char *function, const WCHAR *path, struct lab_fault *out, int max);

// How many lines of faults.txt are about `function`, so that a hook that is not asked for costs nothing; as above
// LAB_FAULTS_BROKEN when the file was not understood. Counts no call.
int lab_fault_lines(const char *function);

// Acts on what is alike for every function before its work: set_clock, crash, hang and slow. Does not return from the
// crash and the hang.
void lab_fault_before(const struct lab_fault *faults, int count);
// Acts on crash_after.
void lab_fault_after(const struct lab_fault *faults, int count);
// The first fault with this action, or NULL.
const struct lab_fault *lab_fault_find(const struct lab_fault *faults, int count, enum lab_fault_action action);

// The n of "n-th call of this function since load or reload", from 1, for the journal. `function` must be a literal.
unsigned lab_call_number(const char *function);

// Reads faults.txt again; every counter starts from 0.
void lab_fault_reload(void);

#endif
