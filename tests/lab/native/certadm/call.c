// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "call.h"

#include "answers.h"
#include "config.h"
#include "host.h"
#include "logs.h"

#include <string.h>

static SRWLOCK at_work = SRWLOCK_INIT;

// For labshim.dll, whose faults of file calls may concern the CA. The caller may be any thread, inside a call or not, so
// neither waits for the call that is at work.
void WINAPI LabAddLog(void)
{
    if (config_get())
        logs_add(config_get()->log_dir);
}

void WINAPI LabStopService(void)
{
    host_stop_service();
}

HRESULT call_out_of_order(const char *function, const WCHAR *why)
{
    return VIOLATION(HR_ORDER, "order", L"%hs %ls", function, why);
}

void call_begin(struct call *call, const char *function)
{
    memset(call, 0, sizeof *call);
    call->function = function;
    call->fault_count = lab_fault_take(function, NULL, call->faults, LAB_FAULT_MAX);
    call->number = lab_call_number(function);
    lab_fault_before(call->faults, call->fault_count);
    AcquireSRWLockExclusive(&at_work);
    if (lab_fault_find(call->faults, call->fault_count, LAB_FAULT_ADD_LOG) && config_get())
        logs_add(config_get()->log_dir);
}

int call_refused(const struct call *call, HRESULT *result)
{
    const struct lab_fault *fault = lab_fault_find(call->faults, call->fault_count, LAB_FAULT_HRESULT);

    if (call->fault_count == LAB_FAULTS_BROKEN || !config_get()) {
        *result = HR_ORDER;
        return 1;
    }
    if (fault)
        *result = (HRESULT)fault->number;
    return fault != NULL;
}

static void finish(struct call *call, const unsigned long *code)
{
    lab_journal_call(call->function, call->number, code, &call->args, &call->out);
    if (lab_fault_find(call->faults, call->fault_count, LAB_FAULT_STOP_SERVICE))
        host_stop_service();
    ReleaseSRWLockExclusive(&at_work);
    lab_fault_after(call->faults, call->fault_count);
}

HRESULT call_end(struct call *call, HRESULT result)
{
    unsigned long code;

    if (result == S_OK)
        result = answers_success(call);
    code = (unsigned long)result;
    finish(call, &code);
    return result;
}

void call_end_void(struct call *call)
{
    finish(call, NULL);
}
