// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// What every exported function does before and after its own work: count, faults, one call at a time, journal.

#ifndef CERTADM_CALL_H
#define CERTADM_CALL_H

#include "api.h"

#include "../common/fault.h"
#include "../common/journal.h"

struct call {
    const char *function;
    unsigned number;  // n-th call of the function since load
    struct lab_fault faults[LAB_FAULT_MAX];
    int fault_count;  // or LAB_FAULTS_BROKEN
    struct lab_json args;
    struct lab_json out;
};

// Journals the violation and yields the result.
#define VIOLATION(result, ...) (lab_journal_violation(__VA_ARGS__), (HRESULT)(result))

// The same for a call out of the documented order.
HRESULT call_out_of_order(const char *function, const WCHAR *why);

// May not return (crash, hang). On return no other call is at work.
void call_begin(struct call *call, const char *function);
// Whether the call must fail with *result before it does anything: a fault, or sim.conf or faults.txt is no good.
int call_refused(const struct call *call, HRESULT *result);
// Journals the call; crash_after and stop_service act here. Returns `result`.
HRESULT call_end(struct call *call, HRESULT result);
// The same for a function without a result.
void call_end_void(struct call *call);

#endif
