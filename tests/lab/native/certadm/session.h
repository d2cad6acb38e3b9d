// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The one backup or restore session, from Prepare to End: who owns it, how far it is, which files were listed and read.

#ifndef CERTADM_SESSION_H
#define CERTADM_SESSION_H

#include "call.h"
#include "config.h"
#include "lists.h"

enum session_kind { SESSION_FULL = 1, SESSION_LOGS = 2, SESSION_RESTORE = 4 };
#define SESSION_BACKUP (SESSION_FULL | SESSION_LOGS)

// How far a backup is, in the documented order.
enum stage { STAGE_PREPARED, STAGE_LOCATIONS, STAGE_DATABASES, STAGE_LOGS, STAGE_TRUNCATED, STAGE_DYNAMIC };

// A database or log file as the caller was told of it.
struct listed {
    WCHAR *name;               // without the tag
    WCHAR *local;              // X:\... ; NULL when the name is not on this host
    unsigned long generation;  // of a real log file of the CA; 0 for anything else
    int complete;              // was read to its end and closed
};

struct open_file {
    struct listed *file;  // NULL: none is open
    HANDLE handle;
    ULONGLONG size;       // as announced
    ULONGLONG offset;     // delivered so far
    ULONGLONG extra;      // bytes still to come after the announced end
    int extra_asked;
    int end_answered;     // a read has given no bytes: the caller knows the end
    int close_failed;     // Close was called and a fault made it fail: the caller has done its part
};

struct session {
    enum session_kind kind;
    HCSBC handle;
    DWORD thread;
    enum stage stage;
    struct listed *files;
    size_t file_count;
    struct open_file open;
    unsigned long base_generation;  // a logs session lists what is newer
    unsigned random;                // state of the short reads
    int truncate_pending;           // TruncateLogs left the deletion to End
    int registered;                 // a restore: Register without its Complete
    int end_called;
    HANDLE lock;                    // the lock file that keeps other processes out; freed with the process
};

// Opens a session for this thread; 0xC80001F9 while another process has one. The caller knows that this process has
// none.
HRESULT session_start(enum session_kind kind, const struct config *config, struct session **out);
// Prepare failed: hands out a handle that must not be used, and remembers it. `handle` may be NULL.
void session_refuse(HCSBC *handle);
// The session nobody has ended yet, or NULL.
struct session *session_live(void);

// The checks every call with a context has in common: the context itself, its kind, its thread, faults, the service.
// *out is NULL unless the context and the thread are right, and is set even when a fault makes the call fail.
HRESULT session_enter(const struct call *call, HCSBC handle, unsigned kinds, struct session **out);

// Remembers what a list told the caller; `log_dir` is given for a list of logs and NULL for databases.
void session_add_files(struct session *session, const struct list *list, const WCHAR *host, const WCHAR *log_dir);
struct listed *session_find_file(struct session *session, const WCHAR *name);
// Whether every listed file was read to its end and none is open; otherwise `what` names the first that was not.
int session_all_read(const struct session *session, const WCHAR **what);
unsigned long session_highest_generation(const struct session *session);

// Deletes the logs that a truncation left to the end of the session (transfer.c).
HRESULT transfer_end(struct session *session, struct lab_json *out);

void session_close_file(struct session *session);
void session_end(struct session *session);
// At unload: journals what the caller has left undone, then ends what is still open.
void session_unload(void);

#endif
