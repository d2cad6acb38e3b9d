// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "../common/fault.h"
#include "../common/journal.h"
#include "shim.h"

#include <string.h>
#include <wchar.h>

static const char *const names[CALL_COUNT] = {
    [CALL_CREATE] = "NtCreateFile",
    [CALL_OPEN] = "NtOpenFile",
    [CALL_READ] = "NtReadFile",
    [CALL_WRITE] = "NtWriteFile",
    [CALL_FLUSH] = "NtFlushBuffersFile",
    [CALL_RENAME] = "NtSetInformationFile",
    [CALL_SPACE] = "NtQueryVolumeInformationFile",
    [CALL_SET_SECURITY] = "NtSetSecurityObject",
    [CALL_ATTRIBUTES] = "NtQueryAttributesFile",
};

// FileFsSizeInformation and FileFsFullSizeInformation.
enum { SPACE_CLASS = 3, FULL_SPACE_CLASS = 7 };

static volatile BOOL wanted[CALL_COUNT];

BOOL fault_configure(void)
{
    BOOL understood = TRUE;
    int call, lines;

    lab_fault_reload();
    for (call = 0; call < CALL_COUNT; call++) {
        lines = lab_fault_lines(names[call]);
        wanted[call] = lines > 0;
        understood &= lines != LAB_FAULTS_BROKEN;
    }
    return understood;
}

BOOL fault_wanted(enum file_call call)
{
    return wanted[call] && !shim_is_busy();
}

// The CA is certadm.dll's: what happens to it during a file call, happens there. Without it there is no CA: loud.
static void act_on_ca(const struct lab_fault *faults, int count, enum lab_fault_action action, const char *name)
{
    HMODULE certadm = GetModuleHandleW(L"certadm.dll");
    void(WINAPI *act)(void);
    FARPROC found;

    if (!lab_fault_find(faults, count, action))
        return;
    found = certadm ? GetProcAddress(certadm, name) : NULL;
    if (!found) {
        lab_journal_violation("no_ca", L"%hs needs certadm.dll in the process", name);
        return;
    }
    memcpy(&act, &found, sizeof act);
    act();
}

static BOOL before(enum file_call call, const WCHAR *path, struct file_fault *fault)
{
    struct lab_fault faults[LAB_FAULT_MAX];
    const struct lab_fault *found;
    int count = lab_fault_take(names[call], path, faults, LAB_FAULT_MAX);

    if (count <= 0)
        return TRUE;
    lab_fault_before(faults, count);
    act_on_ca(faults, count, LAB_FAULT_ADD_LOG, "LabAddLog");
    act_on_ca(faults, count, LAB_FAULT_STOP_SERVICE, "LabStopService");
    fault->crash_after = lab_fault_find(faults, count, LAB_FAULT_CRASH_AFTER) != NULL;
    fault->corrupt = lab_fault_find(faults, count, LAB_FAULT_CORRUPT) != NULL;
    found = lab_fault_find(faults, count, LAB_FAULT_FREE);
    fault->has_free_bytes = found != NULL;
    fault->free_bytes = found ? found->number : 0;
    found = lab_fault_find(faults, count, LAB_FAULT_HRESULT);
    fault->status = found ? (NTSTATUS)found->number : 0;
    return !found;
}

BOOL fault_before_handle(enum file_call call, HANDLE file, struct file_fault *fault)
{
    WCHAR path[PATH_CAPACITY];

    return !path_of_handle(file, path) || before(call, path, fault);
}

BOOL fault_before_attributes(enum file_call call, const OBJECT_ATTRIBUTES *attributes, struct file_fault *fault)
{
    WCHAR path[PATH_CAPACITY];

    return !path_of_attributes(attributes, path) || before(call, path, fault);
}

BOOL fault_before_rename(HANDLE file, const struct rename_info *rename, struct file_fault *fault)
{
    static const WCHAR arrow[] = L" -> ";
    WCHAR path[2 * PATH_CAPACITY + 8], target[PATH_CAPACITY];

    if (!path_of_handle(file, path) || !path_of_rename(rename, target))
        return TRUE;
    wcscat(path, arrow);
    wcscat(path, target);
    return before(CALL_RENAME, path, fault);
}

void fault_after(const struct file_fault *fault)
{
    static const struct lab_fault crash = {.action = LAB_FAULT_CRASH_AFTER};

    if (fault->crash_after)
        lab_fault_after(&crash, 1);
}

void fault_corrupt_read(const struct file_fault *fault, void *data, ULONG length)
{
    if (fault->corrupt && length)
        ((BYTE *)data)[length / 2] ^= 1;
}

void *fault_corrupt_write(const struct file_fault *fault, const void *data, ULONG length)
{
    void *copy = fault->corrupt && length ? shim_alloc(length) : NULL;

    if (copy) {
        memcpy(copy, data, length);
        fault_corrupt_read(fault, copy, length);
    }
    return copy;
}

BOOL fault_is_about_space(ULONG class)
{
    return class == SPACE_CLASS || class == FULL_SPACE_CLASS;
}

void fault_set_free_space(const struct file_fault *fault, ULONG class, void *data)
{
    FILE_FS_SIZE_INFORMATION *space = data;
    FILE_FS_FULL_SIZE_INFORMATION *full = data;

    if (!fault->has_free_bytes)
        return;
    if (class == SPACE_CLASS) {
        space->AvailableAllocationUnits.QuadPart =
            fault->free_bytes / (space->SectorsPerAllocationUnit * space->BytesPerSector);
    } else if (class == FULL_SPACE_CLASS) {
        full->ActualAvailableAllocationUnits.QuadPart =
            fault->free_bytes / (full->SectorsPerAllocationUnit * full->BytesPerSector);
        full->CallerAvailableAllocationUnits = full->ActualAvailableAllocationUnits;
    }
}
