// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The files of a backup session: opened, read and closed one after the other; and what happens to the logs at its end.

#include "answers.h"
#include "call.h"
#include "config.h"
#include "session.h"

#include <string.h>

#define READ_MULTIPLE 4096
#define HINT_MIN 65536
#define HINT_MAX 4194304
#define STALE_BYTE 0xDD  // what a read leaves behind the bytes it returns
#define EXTRA_BYTE 0xEE  // what comes after the announced end

static int is_hint(DWORD hint)
{
    return !hint || (hint >= HINT_MIN && hint <= HINT_MAX && !(hint & (hint - 1)));
}

static HRESULT open_file(struct session *session, const WCHAR *name, DWORD hint, LARGE_INTEGER *size)
{
    struct listed *file;
    HANDLE handle;

    if (!name || !size || !is_hint(hint))
        return VIOLATION(E_INVALIDARG, "bad_argument", L"OpenFile: NULL, or a read hint of %lu", hint);
    if (session->open.file)
        return VIOLATION(HR_ORDER, "open_twice", L"OpenFile of '%ls' with '%ls' open", name, session->open.file->name);
    if (session->stage != STAGE_DATABASES && session->stage != STAGE_LOGS)
        return call_out_of_order("CertSrvBackupOpenFileW", L"does not follow a list of databases or logs");
    file = session_find_file(session, name);
    if (!file)
        return VIOLATION(HR_FILE_NOT_FOUND, "name_not_listed", L"OpenFile of '%ls'", name);
    if (!file->local)
        return HR_FILE_NOT_FOUND;
    handle = CreateFileW(file->local, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                         OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return HRESULT_FROM_WIN32(GetLastError());
    if (!GetFileSizeEx(handle, size)) {
        HRESULT result = HRESULT_FROM_WIN32(GetLastError());

        CloseHandle(handle);
        return result;
    }
    session->open.file = file;
    session->open.handle = handle;
    session->open.size = (ULONGLONG)size->QuadPart;
    return S_OK;
}

HRESULT WINAPI CertSrvBackupOpenFileW(HCSBC hbc, WCHAR const *pwszAttachmentName, DWORD cbReadHintSize,
                                      LARGE_INTEGER *pliFileSize)
{
    struct session *session;
    struct call call;
    HRESULT result;

    call_begin(&call, "CertSrvBackupOpenFileW");
    lab_json_pointer(&call.args, "context", hbc);
    lab_json_string(&call.args, "name", pwszAttachmentName);
    lab_json_number(&call.args, "hint", cbReadHintSize);
    result = session_enter(&call, hbc, SESSION_BACKUP, &session);
    if (SUCCEEDED(result))
        result = open_file(session, pwszAttachmentName, cbReadHintSize, pliFileSize);
    if (SUCCEEDED(result))
        lab_json_number(&call.out, "size", pliFileSize->QuadPart);
    return call_end(&call, result);
}

// A linear congruential generator: the same seed gives the same reads in every run.
static unsigned next_random(struct session *session)
{
    session->random = session->random * 1664525u + 1013904223u;
    return session->random >> 8;
}

static DWORD bytes_to_read(struct session *session, DWORD room)
{
    ULONGLONG left = session->open.size - session->open.offset;
    DWORD now = left < room ? (DWORD)left : room;

    if (config_get()->short_reads && now > 1 && next_random(session) % 2)
        now = 1 + next_random(session) % (now - 1);
    return answers_read_length(now);
}

static HRESULT read_file(struct session *session, struct call *call, BYTE *buffer, DWORD room, DWORD *returned)
{
    const struct lab_fault *longer = lab_fault_find(call->faults, call->fault_count, LAB_FAULT_LONG);
    struct open_file *open = &session->open;
    DWORD now = 0, extra = 0;

    if (!buffer || !returned || !room || room % READ_MULTIPLE)
        return VIOLATION(E_INVALIDARG, "bad_argument", L"Read: NULL, or a buffer of %lu bytes", room);
    if (!open->file)
        return VIOLATION(HR_ORDER, "read_before_open", L"Read with no file open");
    if (open->end_answered)
        return VIOLATION(HR_ORDER, "read_past_end", L"Read of '%ls' once its end was given", open->file->name);
    if (longer && !open->extra_asked) {
        open->extra_asked = 1;
        open->extra = longer->number;
    }
    if (!lab_fault_find(call->faults, call->fault_count, LAB_FAULT_EOF)) {
        if (open->offset < open->size &&
            !ReadFile(open->handle, buffer, bytes_to_read(session, room), &now, NULL))
            return HRESULT_FROM_WIN32(GetLastError());
        open->offset += now;
        if (open->offset >= open->size) {
            extra = open->extra < room - now ? (DWORD)open->extra : room - now;
            memset(buffer + now, EXTRA_BYTE, extra);
            open->extra -= extra;
        }
    }
    *returned = now + extra;
    if (*returned && lab_fault_find(call->faults, call->fault_count, LAB_FAULT_CORRUPT))
        buffer[*returned / 2] ^= 0xFF;
    memset(buffer + *returned, STALE_BYTE, room - *returned);
    if (lab_fault_find(call->faults, call->fault_count, LAB_FAULT_OVERCOUNT))
        *returned = room + READ_MULTIPLE;
    open->end_answered = !*returned;
    lab_json_number(&call->out, "read", *returned);
    return !*returned && open->offset >= open->size ? answers_end_of_file(call) : S_OK;
}

HRESULT WINAPI CertSrvBackupRead(HCSBC hbc, VOID *pvBuffer, DWORD cbBuffer, DWORD *pcbRead)
{
    struct session *session;
    struct call call;
    HRESULT result;

    call_begin(&call, "CertSrvBackupRead");
    lab_json_pointer(&call.args, "context", hbc);
    lab_json_pointer(&call.args, "buffer", pvBuffer);
    lab_json_number(&call.args, "size", cbBuffer);
    result = session_enter(&call, hbc, SESSION_BACKUP, &session);
    if (SUCCEEDED(result))
        result = read_file(session, &call, pvBuffer, cbBuffer, pcbRead);
    return call_end(&call, result);
}

HRESULT WINAPI CertSrvBackupClose(HCSBC hbc)
{
    struct session *session;
    struct call call;
    HRESULT result;

    call_begin(&call, "CertSrvBackupClose");
    lab_json_pointer(&call.args, "context", hbc);
    result = session_enter(&call, hbc, SESSION_BACKUP, &session);
    if (session && !session->open.file)
        result = VIOLATION(HR_ORDER, "close_before_open", L"Close with no file open");
    else if (SUCCEEDED(result))
        session_close_file(session);
    else if (session)
        session->open.close_failed = 1;
    return call_end(&call, result);
}

// --- truncation -----------------------------------------------------------------------------------------------------

static HRESULT delete_logs(const struct session *session, size_t keep, struct lab_json *out)
{
    size_t logs = 0, deleted = 0;
    HRESULT result = S_OK;

    for (size_t i = 0; i < session->file_count; i++)
        logs += session->files[i].generation != 0;
    // The list is in the order of generations, so a failure on the way leaves the newest logs, as the engine does.
    for (size_t i = 0, at = 0; i < session->file_count && SUCCEEDED(result); i++) {
        if (!session->files[i].generation || at++ + keep >= logs)
            continue;
        if (DeleteFileW(session->files[i].local))
            deleted++;
        else
            result = HRESULT_FROM_WIN32(GetLastError());
    }
    lab_json_number(out, "deleted", (long long)deleted);
    lab_json_number(out, "kept", (long long)(logs - deleted));
    return result;
}

static HRESULT truncate_logs(struct session *session, struct lab_json *out)
{
    const WCHAR *what;

    if (session->stage < STAGE_LOGS)
        return VIOLATION(HR_INVALID_SEQUENCE, "truncate_too_early", L"TruncateLogs before the log files were listed");
    if (session->stage > STAGE_LOGS)
        return call_out_of_order("CertSrvBackupTruncateLogs", L"comes after truncation or the dynamic files");
    if (!session_all_read(session, &what))
        return VIOLATION(HR_INVALID_SEQUENCE, "truncate_too_early",
                         L"TruncateLogs before '%ls' was read to its end and closed", what);
    session->stage = STAGE_TRUNCATED;
    session->truncate_pending = answers_truncate_at_end();
    return session->truncate_pending ? S_OK : delete_logs(session, config_get()->keep_logs, out);
}

HRESULT transfer_end(struct session *session, struct lab_json *out)
{
    return session->truncate_pending ? delete_logs(session, config_get()->keep_logs, out) : S_OK;
}

HRESULT WINAPI CertSrvBackupTruncateLogs(HCSBC hbc)
{
    struct session *session;
    struct call call;
    HRESULT result;

    call_begin(&call, "CertSrvBackupTruncateLogs");
    lab_json_pointer(&call.args, "context", hbc);
    result = session_enter(&call, hbc, SESSION_BACKUP, &session);
    if (SUCCEEDED(result))
        result = truncate_logs(session, &call.out);
    return call_end(&call, result);
}
