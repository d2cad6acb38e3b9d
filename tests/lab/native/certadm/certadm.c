// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// certadm.dll of a CA without Windows. Stricter than the real one: whatever a caller may not rely on is refused or made
// to crash, and every breach of the contract is journalled as a violation. Here: loading, sessions and lists; files are
// in transfer.c, restore in restore.c.

#include "answers.h"
#include "call.h"
#include "config.h"
#include "host.h"
#include "lists.h"
#include "logs.h"
#include "session.h"
#include "stale.h"

static int online_asked;  // IsServerOnline since the last session

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *process_ends)
{
    WCHAR path[MAX_PATH];

    if (reason != DLL_PROCESS_ATTACH && reason != DLL_PROCESS_DETACH)
        return TRUE;
    GetModuleFileNameW(instance, path, MAX_PATH);
    if (reason == DLL_PROCESS_ATTACH) {
        DisableThreadLibraryCalls(instance);
        lab_journal_event("attach", path);
        stale_remember();
        return TRUE;
    }
    if (process_ends) {
        lab_process_ending();
        lab_journal_violation("library_not_freed", L"the process ended with the library loaded");
    }
    session_unload();
    guarded_report_leaks();
    lab_journal_event("detach", path);
    if (!process_ends)
        guarded_release_all();
    return TRUE;
}

// --- opening and closing a session ----------------------------------------------------------------------------------

static HRESULT is_server_online(const struct call *call, const WCHAR *server, BOOL *online)
{
    enum service_state state;
    HRESULT result;

    if (!server || !online)
        return VIOLATION(E_INVALIDARG, "bad_argument", L"IsServerOnline: NULL");
    if (call_refused(call, &result))
        return result;
    if (!host_is_named(config_get(), server))
        return HR_SERVER_UNAVAILABLE;
    state = host_service_state();
    if (state == SERVICE_IS_DOWN)
        return HR_SERVER_UNAVAILABLE;
    *online = state == SERVICE_IS_RUNNING && !lab_fault_find(call->faults, call->fault_count, LAB_FAULT_PAUSED);
    return S_OK;
}

HRESULT WINAPI CertSrvIsServerOnlineW(WCHAR const *pwszServerName, BOOL *pfServerOnline)
{
    struct call call;
    HRESULT result;

    call_begin(&call, "CertSrvIsServerOnlineW");
    lab_json_string(&call.args, "server", pwszServerName);
    stale_check();
    result = is_server_online(&call, pwszServerName, pfServerOnline);
    online_asked = 1;
    if (SUCCEEDED(result) && pfServerOnline)
        lab_json_bool(&call.out, "online", *pfServerOnline);
    return call_end(&call, result);
}

static HRESULT prepare(const struct call *call, const WCHAR *server, ULONG grbit, ULONG flags, HCSBC *handle)
{
    struct session *session;
    unsigned long generation;
    HRESULT result;

    if (!server || !handle)
        return VIOLATION(E_INVALIDARG, "bad_argument", L"Prepare: NULL");
    if (grbit || (flags != CSBACKUP_TYPE_FULL && flags != CSBACKUP_TYPE_LOGS_ONLY))
        return VIOLATION(E_INVALIDARG, "bad_argument", L"Prepare: grbitJet %lu, dwBackupFlags %lu", grbit, flags);
    if (session_live())
        return VIOLATION(HR_BACKUP_IN_PROGRESS, "prepare_twice", L"Prepare before End of this process's own session");
    if (!online_asked)
        lab_journal_violation("order", L"Prepare before IsServerOnline");
    if (call_refused(call, &result))
        return result;
    if (!host_is_named(config_get(), server))
        return HR_SERVER_UNAVAILABLE;
    switch (host_service_state()) {
    case SERVICE_IS_DOWN:
        return HR_SERVER_UNAVAILABLE;
    case SERVICE_IS_PAUSED:
        return HR_SERVER_SUSPENDED;
    case SERVICE_IS_RUNNING:
        break;
    }
    if (!host_privilege_enabled(PRIVILEGE_BACKUP))
        return HR_PRIVILEGE_NOT_HELD;
    if (flags == CSBACKUP_TYPE_LOGS_ONLY && !logs_last_backup(&generation))
        return HR_MISSING_FULL_BACKUP;
    if (lab_fault_find(call->faults, call->fault_count, LAB_FAULT_NO_SESSION)) {
        *handle = NULL;
        return S_OK;
    }
    result = session_start(flags == CSBACKUP_TYPE_FULL ? SESSION_FULL : SESSION_LOGS, config_get(), &session);
    if (FAILED(result))
        return result;
    session->base_generation = flags == CSBACKUP_TYPE_LOGS_ONLY ? generation : 0;
    *handle = session->handle;
    online_asked = 0;
    return S_OK;
}

HRESULT WINAPI CertSrvBackupPrepareW(WCHAR const *pwszServerName, ULONG grbitJet, ULONG dwBackupFlags, HCSBC *phbc)
{
    struct call call;
    HRESULT result;

    call_begin(&call, "CertSrvBackupPrepareW");
    lab_json_string(&call.args, "server", pwszServerName);
    lab_json_number(&call.args, "grbit", grbitJet);
    lab_json_number(&call.args, "flags", dwBackupFlags);
    lab_json_bool(&call.args, "se_backup", host_privilege_enabled(PRIVILEGE_BACKUP));
    lab_json_bool(&call.args, "se_restore", host_privilege_enabled(PRIVILEGE_RESTORE));
    result = prepare(&call, pwszServerName, grbitJet, dwBackupFlags, phbc);
    if (FAILED(result))
        session_refuse(phbc);
    else
        lab_json_pointer(&call.out, "context", *phbc);
    return call_end(&call, result);
}

static void record_backup(const struct session *session)
{
    const WCHAR *what;

    if (session->stage < STAGE_LOGS || !session_all_read(session, &what))
        return;
    if (!logs_record_backup(session_highest_generation(session)))
        lab_journal_violation("lab_failed", L"the state of the last backup cannot be stored");
}

HRESULT WINAPI CertSrvBackupEnd(HCSBC hbc)
{
    struct session *session;
    struct call call;
    HRESULT result;

    call_begin(&call, "CertSrvBackupEnd");
    lab_json_pointer(&call.args, "context", hbc);
    result = session_enter(&call, hbc, SESSION_BACKUP, &session);
    if (session)
        session->end_called = 1;
    if (SUCCEEDED(result))
        result = transfer_end(session, &call.out);
    if (SUCCEEDED(result)) {
        record_backup(session);
        session_end(session);
    }
    return call_end(&call, result);
}

// --- lists ----------------------------------------------------------------------------------------------------------

static HRESULT nothing_unread(const struct session *session, const char *function)
{
    const WCHAR *what;

    if (session_all_read(session, &what))
        return S_OK;
    return VIOLATION(HR_ORDER, "order", L"%hs before '%ls' was read to its end and closed", function, what);
}

struct list_function {
    const char *name;
    HRESULT (*check)(const struct session *session, const char *function);
    void (*build)(const struct session *session, const struct config *config, struct list *list);
    enum stage after;
};

static HRESULT list_call(const struct list_function *function, HCSBC hbc, WCHAR **names, DWORD *bytes)
{
    struct list list = {NULL, 0};
    struct session *session;
    struct call call;
    HRESULT result;

    call_begin(&call, function->name);
    lab_json_pointer(&call.args, "context", hbc);
    result = session_enter(&call, hbc, SESSION_BACKUP, &session);
    if (SUCCEEDED(result) && (!names || !bytes))
        result = VIOLATION(E_INVALIDARG, "bad_argument", L"%hs: NULL", function->name);
    if (SUCCEEDED(result))
        result = function->check(session, function->name);
    if (SUCCEEDED(result)) {
        const struct config *config = config_get();
        enum list_form form;

        function->build(session, config, &list);
        list_apply_faults(&list, call.faults, call.fault_count);
        form = answers_form(&call, list.count != 0);
        if (!FORM_HAS_ENTRIES(form))
            list_release(&list);
        if (function->after == STAGE_DATABASES || function->after == STAGE_LOGS)
            session_add_files(session, &list, config->host, function->after == STAGE_LOGS ? config->log_dir : NULL);
        session->stage = function->after;
        *names = guarded_list(&list, form, function->name, bytes);
        lab_json_pointer(&call.out, "list", *names);
        lab_json_number(&call.out, "bytes", *bytes);
        list_journal(&list, &call.out);
        list_release(&list);
    }
    return call_end(&call, result);
}

static HRESULT check_locations(const struct session *session, const char *function)
{
    return session->stage == STAGE_PREPARED ? S_OK : call_out_of_order(function, L"does not follow Prepare");
}

static void build_locations(const struct session *session, const struct config *config, struct list *list)
{
    (void)session;
    for (size_t i = 0; i < config->database_count; i++)
        list_add_unc(list, CSBFT_CERTSERVER_DATABASE, config->host, config->databases[i], L"");
    list_add_unc(list, CSBFT_CHECKPOINT_DIR, config->host, config->checkpoint_dir, L"");
    list_add_unc(list, CSBFT_LOG_DIR, config->host, config->log_dir, L"");
}

HRESULT WINAPI CertSrvRestoreGetDatabaseLocationsW(HCSBC hbc, WCHAR **ppwszzDatabaseLocationList, DWORD *pcbSize)
{
    static const struct list_function function = {"CertSrvRestoreGetDatabaseLocationsW", check_locations,
                                                  build_locations, STAGE_LOCATIONS};

    return list_call(&function, hbc, ppwszzDatabaseLocationList, pcbSize);
}

static HRESULT check_databases(const struct session *session, const char *function)
{
    if (session->kind == SESSION_LOGS)
        return VIOLATION(HR_INVALID_SEQUENCE, "databases_in_logs_session", L"%hs in a logs-only session", function);
    return session->stage == STAGE_LOCATIONS ? S_OK : call_out_of_order(function, L"does not follow the restore map");
}

static void build_databases(const struct session *session, const struct config *config, struct list *list)
{
    (void)session;
    for (size_t i = 0; i < config->database_count; i++)
        list_add_unc(list, CSBFT_CERTSERVER_DATABASE, config->host, config->databases[i], L"");
}

HRESULT WINAPI CertSrvBackupGetDatabaseNamesW(HCSBC hbc, WCHAR **ppwszzAttachmentInformation, DWORD *pcbSize)
{
    static const struct list_function function = {"CertSrvBackupGetDatabaseNamesW", check_databases, build_databases,
                                                  STAGE_DATABASES};

    return list_call(&function, hbc, ppwszzAttachmentInformation, pcbSize);
}

static HRESULT check_logs(const struct session *session, const char *function)
{
    if (session->kind == SESSION_LOGS ? session->stage > STAGE_LOCATIONS : session->stage != STAGE_DATABASES)
        return call_out_of_order(function, L"does not follow the databases");
    return nothing_unread(session, function);
}

static void build_logs(const struct session *session, const struct config *config, struct list *list)
{
    struct log_file *logs;
    size_t count = logs_scan(config->log_dir, &logs);

    for (size_t i = 0; i < count; i++)
        if (logs[i].generation > session->base_generation)
            list_add_unc(list, CSBFT_LOG, config->host, config->log_dir, logs[i].name);
    HeapFree(GetProcessHeap(), 0, logs);
}

HRESULT WINAPI CertSrvBackupGetBackupLogsW(HCSBC hbc, WCHAR **ppwszzBackupLogFiles, DWORD *pcbSize)
{
    static const struct list_function function = {"CertSrvBackupGetBackupLogsW", check_logs, build_logs, STAGE_LOGS};

    return list_call(&function, hbc, ppwszzBackupLogFiles, pcbSize);
}

static HRESULT check_dynamic(const struct session *session, const char *function)
{
    if (session->stage != STAGE_LOGS && session->stage != STAGE_TRUNCATED)
        return call_out_of_order(function, L"does not follow the log files");
    return nothing_unread(session, function);
}

static void build_dynamic(const struct session *session, const struct config *config, struct list *list)
{
    (void)session;
    for (size_t i = 0; i < config->dynamic_count; i++)
        list_add_unc(list, 0, config->host, config->dynamic[i], L"");
}

HRESULT WINAPI CertSrvBackupGetDynamicFileListW(HCSBC hbc, WCHAR **ppwszzFileList, DWORD *pcbSize)
{
    static const struct list_function function = {"CertSrvBackupGetDynamicFileListW", check_dynamic, build_dynamic,
                                                  STAGE_DYNAMIC};

    return list_call(&function, hbc, ppwszzFileList, pcbSize);
}

VOID WINAPI CertSrvBackupFree(VOID *pv)
{
    const char *function = NULL;
    struct call call;
    DWORD thread = 0;

    call_begin(&call, "CertSrvBackupFree");
    lab_json_pointer(&call.args, "list", pv);
    if (pv) {
        switch (guarded_free(pv, &function, &thread)) {
        case FREE_TWICE:
            lab_journal_violation("double_free", L"the list of %hs was freed already", function);
            break;
        case FREE_FOREIGN:
            lab_journal_violation("foreign_free", L"no list lies at %p", pv);
            break;
        case FREE_DONE:
            if (thread != GetCurrentThreadId())
                lab_journal_violation("second_thread", L"the list of %hs was freed on another thread", function);
            break;
        }
    }
    lab_json_text(&call.out, "from", function);
    call_end_void(&call);
}
