// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "session.h"

#include "host.h"
#include "logs.h"

#include <string.h>
#include <wchar.h>

#define LOCK_PATH LAB_FOLDER L"\\session.lock"
#define HANDLE_BYTES 65536  // address space the handles are taken from
#define HANDLE_STEP 16

static struct session current;
static int live;
static int prepare_failed;  // the last Prepare failed

// Handles are addresses that cannot be read and are given out once, so following one crashes and a stale one is known.
// The first address is what a failed Prepare hands out.
static BYTE *handles;
static size_t handles_used;

static void *allocate(size_t bytes)
{
    return HeapAlloc(GetProcessHeap(), HEAP_GENERATE_EXCEPTIONS | HEAP_ZERO_MEMORY, bytes);
}

static int reserve_handles(void)
{
    if (!handles)
        handles = VirtualAlloc(NULL, HANDLE_BYTES, MEM_RESERVE, PAGE_NOACCESS);
    return handles != NULL;
}

static HCSBC new_handle(void)
{
    if (!reserve_handles() || (handles_used + 1) * HANDLE_STEP >= HANDLE_BYTES)
        return NULL;
    return handles + ++handles_used * HANDLE_STEP;
}

HRESULT session_start(enum session_kind kind, const struct config *config, struct session **out)
{
    HANDLE lock = CreateFileW(LOCK_PATH, GENERIC_WRITE, 0, NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);

    if (lock == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();

        if (error == ERROR_SHARING_VIOLATION)
            return HR_BACKUP_IN_PROGRESS;
        return VIOLATION(HRESULT_FROM_WIN32(error), "lab_failed", L"%ls: error %lu", LOCK_PATH, error);
    }
    memset(&current, 0, sizeof current);
    current.kind = kind;
    current.handle = new_handle();
    current.thread = GetCurrentThreadId();
    current.random = config->short_reads;
    current.lock = lock;
    if (!current.handle) {
        CloseHandle(lock);
        return VIOLATION(E_OUTOFMEMORY, "lab_failed", L"no session handle is left in this load of the library");
    }
    live = 1;
    prepare_failed = 0;
    *out = &current;
    return S_OK;
}

void session_refuse(HCSBC *handle)
{
    reserve_handles();
    if (handle)
        *handle = handles;
    if (!live)
        prepare_failed = 1;
}

struct session *session_live(void)
{
    return live && !current.end_called ? &current : NULL;
}

static HRESULT wrong_context(const struct call *call, HCSBC handle)
{
    const BYTE *address = handle;

    if (prepare_failed || (handles && address == handles))
        return VIOLATION(HR_ORDER, "call_after_failed_prepare", L"%hs after a failed Prepare", call->function);
    if (handles && address > handles && address <= handles + handles_used * HANDLE_STEP)
        return VIOLATION(HR_ORDER, "use_after_end", L"%hs with the context of an ended session", call->function);
    return VIOLATION(live ? E_HANDLE : HR_ORDER, "bad_context", L"%hs with a context no Prepare has given",
                     call->function);
}

HRESULT session_enter(const struct call *call, HCSBC handle, unsigned kinds, struct session **out)
{
    HRESULT result;

    *out = NULL;
    if (!live || handle != current.handle)
        return wrong_context(call, handle);
    if (current.thread != GetCurrentThreadId())
        return VIOLATION(HR_ORDER, "second_thread", L"%hs on thread %lu, the session belongs to thread %lu",
                         call->function, GetCurrentThreadId(), current.thread);
    if (!(current.kind & kinds))
        return VIOLATION(HR_ORDER, "order", L"%hs in a session of another kind", call->function);
    *out = &current;
    if (call_refused(call, &result))
        return result;
    if ((current.kind & SESSION_BACKUP) && host_service_state() == SERVICE_IS_DOWN)
        return HR_SERVER_UNAVAILABLE;
    return S_OK;
}

// \\host\X$\rest -> X:\rest in new memory; NULL for any other form.
static WCHAR *to_local(const WCHAR *name, const WCHAR *host)
{
    size_t length = wcslen(host);
    const WCHAR *share;
    WCHAR *local;

    if (wcslen(name) < length + 6 || wcsncmp(name, L"\\\\", 2) || _wcsnicmp(name + 2, host, length))
        return NULL;
    share = name + 2 + length;
    if (share[0] != L'\\' || !iswalpha(share[1]) || wcsncmp(share + 2, L"$\\", 2))
        return NULL;
    local = allocate((wcslen(share) + 1) * sizeof(WCHAR));
    local[0] = share[1];
    local[1] = L':';
    wcscpy(local + 2, share + 3);
    return local;
}

// Only a numbered log right in the log folder may ever be deleted, whatever else a list names.
static unsigned long generation_of(const WCHAR *local, const WCHAR *log_dir)
{
    const WCHAR *last = local ? wcsrchr(local, L'\\') : NULL;
    size_t folder = last ? (size_t)(last - local) : 0;

    if (!last || !log_dir || folder != wcslen(log_dir) || _wcsnicmp(local, log_dir, folder))
        return 0;
    return logs_generation(last + 1);
}

void session_add_files(struct session *session, const struct list *list, const WCHAR *host, const WCHAR *log_dir)
{
    struct listed *grown = allocate((session->file_count + list->count + 1) * sizeof *grown);

    if (session->files) {
        memcpy(grown, session->files, session->file_count * sizeof *grown);
        HeapFree(GetProcessHeap(), 0, session->files);
    }
    session->files = grown;
    for (size_t i = 0; i < list->count; i++) {
        const struct list_entry *entry = &list->entries[i];
        struct listed *file = &grown[session->file_count++];
        const WCHAR *name = entry->length ? entry->text + 1 : entry->text;

        file->name = allocate((wcslen(name) + 1) * sizeof(WCHAR));
        wcscpy(file->name, name);
        file->local = to_local(name, host);
        file->generation = generation_of(file->local, log_dir);
    }
}

struct listed *session_find_file(struct session *session, const WCHAR *name)
{
    for (size_t i = 0; i < session->file_count; i++)
        if (!wcscmp(session->files[i].name, name))
            return &session->files[i];
    return NULL;
}

int session_all_read(const struct session *session, const WCHAR **what)
{
    if (session->open.file) {
        *what = session->open.file->name;
        return 0;
    }
    for (size_t i = 0; i < session->file_count; i++) {
        if (!session->files[i].complete) {
            *what = session->files[i].name;
            return 0;
        }
    }
    return 1;
}

unsigned long session_highest_generation(const struct session *session)
{
    unsigned long highest = session->base_generation;

    for (size_t i = 0; i < session->file_count; i++)
        if (session->files[i].generation > highest)
            highest = session->files[i].generation;
    return highest;
}

void session_close_file(struct session *session)
{
    CloseHandle(session->open.handle);
    if (session->open.offset >= session->open.size)
        session->open.file->complete = 1;
    memset(&session->open, 0, sizeof session->open);
}

void session_end(struct session *session)
{
    if (session->open.file) {
        if (!session->open.close_failed)
            lab_journal_violation("close_missing", L"the session ended with '%ls' open", session->open.file->name);
        session_close_file(session);
    }
    for (size_t i = 0; i < session->file_count; i++) {
        HeapFree(GetProcessHeap(), 0, session->files[i].name);
        if (session->files[i].local)
            HeapFree(GetProcessHeap(), 0, session->files[i].local);
    }
    if (session->files)
        HeapFree(GetProcessHeap(), 0, session->files);
    CloseHandle(session->lock);
    memset(session, 0, sizeof *session);
    live = 0;
}

void session_unload(void)
{
    if (live && !current.end_called)
        lab_journal_violation("end_missing", L"the library was unloaded without End of a prepared session");
    if (live)
        session_end(&current);
    if (handles)
        VirtualFree(handles, 0, MEM_RELEASE);
}
