// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// certadm_selftest.exe: drives certadm.dll as good and bad callers do. Every case runs in a process of its own; the
// parent prepares the CA before it and compares exit code and violations after it.

#ifndef CERTADM_SELFTEST_H
#define CERTADM_SELFTEST_H

#include <windows.h>

#include <certbcli.h>

#define SELFTEST_FOLDER L"C:\\CertadmSelftest"
#define LOG_FOLDER SELFTEST_FOLDER L"\\logs"
#define DATABASE SELFTEST_FOLDER L"\\Pr\u00FCf.edb"
#define UNC L"\\\\ca01.lab.example\\C$\\CertadmSelftest"
#define SERVER L"ca01.lab.example"

#define DATABASE_BYTES (3 * 65536 + 4096 + 123)
#define LOG_BYTES 8192
#define BUFFER_BYTES 65536

#define EXIT_FAILED 1
#define EXIT_TOUCHED 0x70C4ED            // an access violation: a guard has worked
#define EXIT_CRASHED 0xC0000005          // the fault crash or crash_after
#define EXIT_HANGS 0x4A46                // for the parent: the fault hang is met, the process must still run

enum privileges { BOTH_ENABLED, NONE_ENABLED };

struct selftest {
    const char *name;
    void (*run)(void);
    const char *violations;  // names in order, with a space between
    const char *faults;      // lines of faults.txt behind `case`; NULL: no file
    const char *conf;        // more lines of sim.conf
    DWORD service;           // state of CertSvc; 0: SERVICE_RUNNING
    DWORD exit_code;
    enum privileges privileges;
};

// Each ends with a case without a name. The helpers are no cases of their own: other cases start them.
extern const struct selftest data_cases[], order_cases[], contract_cases[], fault_cases[], answer_cases[], variety_cases[],
    helper_cases[];

struct api {
    FNCERTSRVISSERVERONLINEW *is_online;
    FNCERTSRVBACKUPPREPAREW *prepare;
    FNCERTSRVRESTOREGETDATABASELOCATIONSW *locations;
    FNCERTSRVBACKUPGETDATABASENAMESW *databases;
    FNCERTSRVBACKUPGETBACKUPLOGSW *logs;
    FNCERTSRVBACKUPGETDYNAMICFILELISTW *dynamic;
    FNCERTSRVBACKUPOPENFILEW *open;
    FNCERTSRVBACKUPREAD *read;
    FNCERTSRVBACKUPCLOSE *close;
    FNCERTSRVBACKUPTRUNCATELOGS *truncate;
    FNCERTSRVBACKUPEND *end;
    FNCERTSRVBACKUPFREE *free;
    FNCERTSRVRESTOREPREPAREW *restore_prepare;
    FNCERTSRVRESTOREREGISTERW *restore_register;
    FNCERTSRVRESTOREREGISTERW *restore_register_file;
    FNCERTSRVRESTOREREGISTERCOMPLETE *restore_complete;
    FNCERTSRVRESTOREEND *restore_end;
    FNCERTSRVSERVERCONTROLW *control;
};

extern struct api api;

void check(int holds, const char *what, int line);
void check_code(HRESULT got, unsigned long wanted, const char *what, int line);
#define CHECK(condition) check((condition) != 0, #condition, __LINE__)
#define CHECK_HR(wanted, call) check_code((call), (wanted), #call, __LINE__)

void load(void);
void unload(void);

// A list the tests hold until they free it.
struct names {
    WCHAR *text;
    DWORD bytes;
};
typedef HRESULT(WINAPI list_function)(HCSBC, WCHAR **, DWORD *);
struct names get(list_function *list, HCSBC session);
size_t count_names(struct names names);
const WCHAR *nth_name(struct names names, size_t index);  // with its tag

// The steps of a good caller. prepare() asks IsServerOnline first.
HCSBC prepare(ULONG type);
// Opens the file, reads it to its end, closes it; returns the bytes that came.
ULONGLONG back_up(HCSBC session, const WCHAR *name);
void back_up_all(HCSBC session, struct names names);
// A session up to a step; lists got on the way are freed.
HCSBC up_to_databases(void);  // listed, not read
HCSBC up_to_logs(void);       // databases read, logs listed, not read
HCSBC up_to_truncation(void); // everything read
void finish(HCSBC session);   // End and unload

size_t count_files(const WCHAR *pattern);
// Runs `certadm_selftest.exe --child <name>` to its end and returns its exit code.
DWORD run_child(const char *name, const WCHAR *extra);

#endif
