// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// certadm.dll being loaded, asked for its functions and unloaded: journalled, and faultable. The product calls kernel32
// by P/Invoke, which looks the functions up by name, so replacing kernel32's exports before the engine starts is
// enough; Wine's other modules keep calling kernelbase.
#include "../common/fault.h"
#include "../common/journal.h"
#include "shim.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define CERTADM L"certadm"
#define CERTADM_DLL CERTADM L".dll"

static volatile HMODULE certadm;

static BOOL names_certadm(const WCHAR *name)
{
    const WCHAR *last = name + wcslen(name);

    while (last > name && last[-1] != L'\\' && last[-1] != L'/')
        last--;
    return !_wcsicmp(last, CERTADM) || !_wcsicmp(last, CERTADM_DLL);
}

// TRUE when the call is to fail, with *error.
static BOOL faulted(const char *function, BOOL *crash_after, DWORD *error)
{
    struct lab_fault faults[LAB_FAULT_MAX];
    const struct lab_fault *found;
    int count = lab_fault_take(function, NULL, faults, LAB_FAULT_MAX);

    *crash_after = FALSE;
    if (count == LAB_FAULTS_BROKEN) {
        *error = (DWORD)E_UNEXPECTED;
        return TRUE;
    }
    lab_fault_before(faults, count);
    *crash_after = lab_fault_find(faults, count, LAB_FAULT_CRASH_AFTER) != NULL;
    found = lab_fault_find(faults, count, LAB_FAULT_HRESULT);
    *error = found ? (DWORD)found->number : ERROR_SUCCESS;
    return found != NULL;
}

static void finish(const char *function, BOOL crash_after, DWORD error, struct lab_json *args, struct lab_json *out)
{
    unsigned long result = error;
    struct file_fault fault = {.crash_after = crash_after};

    lab_journal_call(function, lab_call_number(function), &result, args, out);
    fault_after(&fault);
    SetLastError(error);
}

static HMODULE WINAPI hook_LoadLibraryExW(const WCHAR *name, HANDLE file, DWORD flags)
{
    struct lab_json args = LAB_JSON_EMPTY, out = LAB_JSON_EMPTY;
    HMODULE module = NULL;
    BOOL crash_after;
    DWORD error;

    if (!name || !names_certadm(name))
        return LoadLibraryExW(name, file, flags);
    lab_json_string(&args, "name", name);
    lab_json_code(&args, "flags", flags);
    if (!faulted("LoadLibrary", &crash_after, &error)) {
        module = LoadLibraryExW(name, file, flags);
        error = module ? ERROR_SUCCESS : GetLastError();
        if (module)
            certadm = module;
    }
    lab_json_pointer(&out, "module", module);
    finish("LoadLibraryExW", crash_after, error, &args, &out);
    return module;
}

static FARPROC WINAPI hook_GetProcAddress(HMODULE module, const char *name)
{
    struct lab_json args = LAB_JSON_EMPTY, out = LAB_JSON_EMPTY;
    char fault_name[128], number[16];
    FARPROC found = NULL;
    BOOL crash_after;
    DWORD error;

    if (!module || module != certadm)
        return GetProcAddress(module, name);
    if (IS_INTRESOURCE(name))
        snprintf(number, sizeof number, "#%u", (unsigned)(ULONG_PTR)name);
    snprintf(fault_name, sizeof fault_name, "GetProcAddress:%s", IS_INTRESOURCE(name) ? number : name);
    lab_json_text(&args, "name", IS_INTRESOURCE(name) ? number : name);
    lab_json_pointer(&args, "module", module);
    if (!faulted(fault_name, &crash_after, &error)) {
        found = GetProcAddress(module, name);
        error = found ? ERROR_SUCCESS : GetLastError();
    }
    lab_json_bool(&out, "found", found != NULL);
    finish("GetProcAddress", crash_after, error, &args, &out);
    return found;
}

static BOOL WINAPI hook_FreeLibrary(HMODULE module)
{
    struct lab_json args = LAB_JSON_EMPTY, out = LAB_JSON_EMPTY;
    BOOL done = FALSE, crash_after;
    DWORD error;

    if (!module || module != certadm)
        return FreeLibrary(module);
    lab_json_pointer(&args, "module", module);
    if (!faulted("FreeLibrary", &crash_after, &error)) {
        done = FreeLibrary(module);
        error = done ? ERROR_SUCCESS : GetLastError();
        // Another module may come to lie at its address.
        if (done && !GetModuleHandleW(CERTADM_DLL))
            certadm = NULL;
    }
    finish("FreeLibrary", crash_after, error, &args, &out);
    return done;
}

BOOL library_install(void)
{
    HMODULE kernel32 = GetModuleHandleW(L"kernel32.dll");

    if (hooks_replace_export(kernel32, "LoadLibraryExW", (void *)hook_LoadLibraryExW) &&
        hooks_replace_export(kernel32, "GetProcAddress", (void *)hook_GetProcAddress) &&
        hooks_replace_export(kernel32, "FreeLibrary", (void *)hook_FreeLibrary))
        return TRUE;
    shim_complain(L"kernel32.dll's exports cannot be replaced");
    return FALSE;
}
