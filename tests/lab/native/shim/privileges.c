// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Privileges named in C:\LabCA\missing_privileges.txt look absent from every token. Wine can remove a privilege for
// good, but a test needs it back for the next case.
#include "../common/journal.h"
#include "shim.h"

#define MISSING_PRIVILEGES LAB_FOLDER L"\\missing_privileges.txt"
#define MISSING_MAX 16

static SRWLOCK lock = SRWLOCK_INIT;
static LUID missing[MISSING_MAX];
static volatile LONG missing_count;

static BOOL add(const WCHAR *name)
{
    if (missing_count == MISSING_MAX || !LookupPrivilegeValueW(NULL, name, &missing[missing_count]))
        return FALSE;
    missing_count++;
    return TRUE;
}

BOOL privileges_configure(void)
{
    BOOL understood;

    AcquireSRWLockExclusive(&lock);
    missing_count = 0;
    understood = shim_read_lines(MISSING_PRIVILEGES, add);
    ReleaseSRWLockExclusive(&lock);
    return understood;
}

// Takes the missing ones out; TRUE when there were any.
static BOOL drop_missing(TOKEN_PRIVILEGES *privileges)
{
    DWORD kept = 0, i;
    LONG j;

    AcquireSRWLockShared(&lock);
    for (i = 0; i < privileges->PrivilegeCount; i++) {
        const LUID *luid = &privileges->Privileges[i].Luid;

        for (j = 0; j < missing_count; j++)
            if (luid->LowPart == missing[j].LowPart && luid->HighPart == missing[j].HighPart)
                break;
        if (j == missing_count)
            privileges->Privileges[kept++] = privileges->Privileges[i];
    }
    ReleaseSRWLockShared(&lock);
    i = privileges->PrivilegeCount;
    privileges->PrivilegeCount = kept;
    return kept < i;
}

static ULONG size_of(DWORD count)
{
    return (ULONG)(FIELD_OFFSET(TOKEN_PRIVILEGES, Privileges) + count * sizeof(LUID_AND_ATTRIBUTES));
}

NTSTATUS NTAPI hook_NtQueryInformationToken(HANDLE token, ULONG class, void *data, ULONG length, ULONG *needed)
{
    NTSTATUS status = real.NtQueryInformationToken(token, class, data, length, needed);

    if (status >= 0 && class == TokenPrivileges && missing_count && drop_missing(data) && needed)
        *needed = size_of(((TOKEN_PRIVILEGES *)data)->PrivilegeCount);
    return status;
}

NTSTATUS NTAPI hook_NtAdjustPrivilegesToken(HANDLE token, BOOLEAN disable_all, TOKEN_PRIVILEGES *wanted, ULONG length,
                                            TOKEN_PRIVILEGES *previous, ULONG *needed)
{
    TOKEN_PRIVILEGES *possible;
    NTSTATUS status;
    BOOL dropped;

    if (!missing_count || disable_all || !wanted)
        return real.NtAdjustPrivilegesToken(token, disable_all, wanted, length, previous, needed);
    possible = shim_alloc(size_of(wanted->PrivilegeCount));
    CopyMemory(possible, wanted, size_of(wanted->PrivilegeCount));
    dropped = drop_missing(possible);
    status = real.NtAdjustPrivilegesToken(token, FALSE, possible, length, previous, needed);
    shim_free(possible);
    return status == 0 && dropped ? STATUS_NOT_ALL_ASSIGNED : status;
}
