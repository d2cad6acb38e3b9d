// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The restore half of certbcli.h and ServerControl: arguments, order and privileges are checked, nothing is restored.

#include "call.h"
#include "config.h"
#include "host.h"
#include "session.h"

#define REGISTER_PATH LAB_FOLDER L"\\restore_register.json"

static HRESULT restore_prepare(const struct call *call, const WCHAR *server, ULONG flags, HCSBC *handle)
{
    struct session *session;
    HRESULT result;

    if (!server || !handle || flags != CSRESTORE_TYPE_FULL)
        return VIOLATION(E_INVALIDARG, "bad_argument", L"RestorePrepare: NULL, or dwRestoreFlags %lu", flags);
    if (session_live())
        return VIOLATION(HR_BACKUP_IN_PROGRESS, "prepare_twice",
                         L"RestorePrepare before End of this process's own session");
    if (call_refused(call, &result))
        return result;
    if (!host_is_named(config_get(), server))
        return HR_SERVER_UNAVAILABLE;
    if (host_service_state() != SERVICE_IS_DOWN)
        return VIOLATION(HR_ORDER, "restore_service_running", L"RestorePrepare while CertSvc is not stopped");
    if (!host_privilege_enabled(PRIVILEGE_RESTORE))
        return HR_PRIVILEGE_NOT_HELD;
    result = session_start(SESSION_RESTORE, config_get(), &session);
    if (SUCCEEDED(result))
        *handle = session->handle;
    return result;
}

HRESULT WINAPI CertSrvRestorePrepareW(WCHAR const *pwszServerName, ULONG dwRestoreFlags, HCSBC *phbc)
{
    struct call call;
    HRESULT result;

    call_begin(&call, "CertSrvRestorePrepareW");
    lab_json_string(&call.args, "server", pwszServerName);
    lab_json_number(&call.args, "flags", dwRestoreFlags);
    lab_json_bool(&call.args, "se_restore", host_privilege_enabled(PRIVILEGE_RESTORE));
    result = restore_prepare(&call, pwszServerName, dwRestoreFlags, phbc);
    if (FAILED(result))
        session_refuse(phbc);
    else
        lab_json_pointer(&call.out, "context", *phbc);
    return call_end(&call, result);
}

// The same members go to the journal and to restore_register.json.
struct registration {
    const WCHAR *checkpoint, *logs, *backup_logs;
    const CSEDB_RSTMAPW *map;
    LONG map_count;
    ULONG low, high;
};

static void describe(const struct registration *registration, struct lab_json *json)
{
    lab_json_string(json, "checkpoint", registration->checkpoint);
    lab_json_string(json, "logs", registration->logs);
    for (LONG i = 0; registration->map && i < registration->map_count; i++) {
        lab_json_string(json, i ? "more_database" : "database", registration->map[i].pwszDatabaseName);
        lab_json_string(json, i ? "more_new_database" : "new_database", registration->map[i].pwszNewDatabaseName);
    }
    lab_json_number(json, "map_count", registration->map_count);
    lab_json_string(json, "backup_logs", registration->backup_logs);
    lab_json_number(json, "low", registration->low);
    lab_json_number(json, "high", registration->high);
}

static int store(const struct registration *registration)
{
    HANDLE file = CreateFileW(REGISTER_PATH, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL,
                              NULL);
    struct lab_json json = LAB_JSON_EMPTY;
    DWORD written;
    int stored;

    if (file == INVALID_HANDLE_VALUE)
        return 0;
    describe(registration, &json);
    stored = WriteFile(file, "{", 1, &written, NULL) &&
             WriteFile(file, json.text, (DWORD)json.length, &written, NULL) &&
             WriteFile(file, "}\n", 2, &written, NULL);
    lab_json_free(&json);
    CloseHandle(file);
    return stored;
}

static HRESULT restore_register(const char *function, HCSBC hbc, const struct registration *registration)
{
    struct session *session;
    struct call call;
    HRESULT result;

    call_begin(&call, function);
    lab_json_pointer(&call.args, "context", hbc);
    describe(registration, &call.args);
    result = session_enter(&call, hbc, SESSION_RESTORE, &session);
    if (SUCCEEDED(result) && (registration->map_count < 0 || (registration->map_count && !registration->map) ||
                              registration->low > registration->high))
        result = VIOLATION(E_INVALIDARG, "bad_argument", L"%hs: %ld map entries, generations %lu to %lu", function,
                           registration->map_count, registration->low, registration->high);
    if (SUCCEEDED(result) && session->registered)
        result = VIOLATION(HR_ORDER, "order", L"%hs before RegisterComplete of the one before", function);
    if (SUCCEEDED(result)) {
        session->registered = 1;
        if (!store(registration))
            lab_journal_violation("lab_failed", L"%ls cannot be written", REGISTER_PATH);
    }
    return call_end(&call, result);
}

HRESULT WINAPI CertSrvRestoreRegisterW(HCSBC hbc, WCHAR const *pwszCheckPointFilePath, WCHAR const *pwszLogPath,
                                       CSEDB_RSTMAPW rgrstmap[], LONG crstmap, WCHAR const *pwszBackupLogPath,
                                       ULONG genLow, ULONG genHigh)
{
    struct registration registration = {pwszCheckPointFilePath, pwszLogPath, pwszBackupLogPath, rgrstmap, crstmap,
                                        genLow, genHigh};

    return restore_register("CertSrvRestoreRegisterW", hbc, &registration);
}

HRESULT WINAPI CertSrvRestoreRegisterThroughFile(HCSBC hbc, WCHAR const *pwszCheckPointFilePath,
                                                 WCHAR const *pwszLogPath, CSEDB_RSTMAPW rgrstmap[], LONG crstmap,
                                                 WCHAR const *pwszBackupLogPath, ULONG genLow, ULONG genHigh)
{
    struct registration registration = {pwszCheckPointFilePath, pwszLogPath, pwszBackupLogPath, rgrstmap, crstmap,
                                        genLow, genHigh};

    return restore_register("CertSrvRestoreRegisterThroughFile", hbc, &registration);
}

HRESULT WINAPI CertSrvRestoreRegisterComplete(HCSBC hbc, HRESULT hrRestoreState)
{
    struct session *session;
    struct call call;
    HRESULT result;

    call_begin(&call, "CertSrvRestoreRegisterComplete");
    lab_json_pointer(&call.args, "context", hbc);
    lab_json_code(&call.args, "state", (unsigned long)hrRestoreState);
    result = session_enter(&call, hbc, SESSION_RESTORE, &session);
    if (SUCCEEDED(result) && !session->registered)
        result = VIOLATION(HR_ORDER, "order", L"RegisterComplete before Register");
    if (SUCCEEDED(result))
        session->registered = 0;
    return call_end(&call, result);
}

HRESULT WINAPI CertSrvRestoreEnd(HCSBC hbc)
{
    struct session *session;
    struct call call;
    HRESULT result;

    call_begin(&call, "CertSrvRestoreEnd");
    lab_json_pointer(&call.args, "context", hbc);
    result = session_enter(&call, hbc, SESSION_RESTORE, &session);
    if (session)
        session->end_called = 1;
    if (SUCCEEDED(result) && session->registered)
        lab_journal_violation("order", L"RestoreEnd before RegisterComplete");
    if (SUCCEEDED(result))
        session_end(session);
    return call_end(&call, result);
}

static HRESULT server_control(const struct call *call, const WCHAR *server, DWORD control, DWORD *bytes, BYTE **out)
{
    HRESULT result;

    if (!server || control < CSCONTROL_SHUTDOWN || control > CSCONTROL_RESTART)
        return VIOLATION(E_INVALIDARG, "bad_argument", L"ServerControl: NULL, or dwControlFlags %lu", control);
    if (call_refused(call, &result))
        return result;
    if (!host_is_named(config_get(), server) || host_service_state() == SERVICE_IS_DOWN)
        return HR_SERVER_UNAVAILABLE;
    if (bytes)
        *bytes = 0;
    if (out)
        *out = NULL;
    if (control == CSCONTROL_SHUTDOWN)
        host_stop_service();
    return S_OK;
}

HRESULT WINAPI CertSrvServerControlW(WCHAR const *pwszServerName, DWORD dwControlFlags, DWORD *pcbOut, BYTE **ppbOut)
{
    struct call call;

    call_begin(&call, "CertSrvServerControlW");
    lab_json_string(&call.args, "server", pwszServerName);
    lab_json_number(&call.args, "control", dwControlFlags);
    return call_end(&call, server_control(&call, pwszServerName, dwControlFlags, pcbOut, ppbOut));
}
