// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The lab's journal: one JSON object a line in C:\LabCA\journal.jsonl, written by every native part of the lab.
// Linked statically into each of them. Everything here keeps GetLastError() and may be called from any thread.

#ifndef LAB_JOURNAL_H
#define LAB_JOURNAL_H

#include <windows.h>

#define LAB_FOLDER L"C:\\LabCA"
#define LAB_JOURNAL_PATH LAB_FOLDER L"\\journal.jsonl"

// A JSON object under construction. Start from LAB_JSON_EMPTY; the function that takes it releases it.
struct lab_json {
    char *text;
    size_t length;
    size_t capacity;
};
#define LAB_JSON_EMPTY {NULL, 0, 0}

void lab_json_string(struct lab_json *json, const char *key, const WCHAR *value);               // NULL gives null
void lab_json_text(struct lab_json *json, const char *key, const char *value);                  // value is UTF-8
void lab_json_strings(struct lab_json *json, const char *key, const WCHAR *const *values, size_t count);
void lab_json_number(struct lab_json *json, const char *key, long long value);
void lab_json_bool(struct lab_json *json, const char *key, int value);
void lab_json_code(struct lab_json *json, const char *key, unsigned long value);                // "0x8000FFFF"
void lab_json_pointer(struct lab_json *json, const char *key, const void *value);               // "0x7ff..." or null
void lab_json_free(struct lab_json *json);

// A call that has ended. `result` is an HRESULT, NTSTATUS or Win32 code; NULL for a function without a result.
// `args` and `out` may be NULL; both are released and become empty.
void lab_journal_call(const char *function, unsigned call, const unsigned long *result, struct lab_json *args,
                      struct lab_json *out);

void lab_journal_event(const char *event, const WCHAR *path);                                   // "attach", "detach"
// A file came a step nearer to the disk: "write", "flush", or a "rename" to `target`, which is NULL for the others.
void lab_journal_file(const char *action, const WCHAR *path, const WCHAR *target);
void lab_journal_fault(const char *function, unsigned call, const char *action);
// The caller broke the contract. `detail` is a format in the style of wprintf: %ls wide, %hs narrow text.
void lab_journal_violation(const char *name, const WCHAR *detail, ...);

// The one lock of common/. lab_enter() is false when this thread holds it already: file-system hooks use that to see
// that a file operation is the lab's own (reading faults.txt, writing the journal) and pass it through untouched.
int lab_enter(void);
void lab_leave(void);
// For DLL_PROCESS_DETACH at process exit: the other threads are gone, whatever they held is free.
void lab_process_ending(void);

// A whole file as UTF-16 text, without a byte order mark; NULL when it is missing (ERROR_SUCCESS in *error), cannot be
// read or is not UTF-8 (*error says why). Release with HeapFree(GetProcessHeap(), 0, text). Call it inside lab_enter().
WCHAR *lab_read_text(const WCHAR *path, DWORD *error);

#endif
