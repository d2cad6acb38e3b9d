// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Security descriptors of files, which Wine 8 reduces to the mode bits of Linux: what is set is kept (store.c) and
// comes back, and children show what they inherit. Nothing is enforced.
//
// A stored DACL holds the explicit ACEs; the inherited ones are worked out from the folders above whenever a
// descriptor is asked for, so a change above shows below at once, as SetNamedSecurityInfo has it on Windows. A stored
// DACL that does hold inherited ACEs (set so by the system call itself, or kept when the file moved to another folder)
// is shown as it is.
#include "shim.h"

#include <aclapi.h>
#include <wchar.h>

#define PARTS (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION)
#define PROTECTION (PROTECTED_DACL_SECURITY_INFORMATION | UNPROTECTED_DACL_SECURITY_INFORMATION)
#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

// --- pieces of descriptors ------------------------------------------------------------------------------------------

// The DACL of a descriptor. FALSE: it has none. A DACL that is present but NULL (everybody may do all) gives NULL.
static BOOL get_dacl(PSECURITY_DESCRIPTOR from, ACL **dacl, BOOL *is_protected)
{
    SECURITY_DESCRIPTOR_CONTROL control = 0;
    BOOL present = FALSE, defaulted;
    DWORD revision;

    *dacl = NULL;
    GetSecurityDescriptorDacl(from, &present, dacl, &defaulted);
    GetSecurityDescriptorControl(from, &control, &revision);
    *is_protected = (control & SE_DACL_PROTECTED) != 0;
    return present;
}

static void set_dacl(PSECURITY_DESCRIPTOR to, ACL *dacl, BOOL is_protected)
{
    SECURITY_DESCRIPTOR_CONTROL control = is_protected ? SE_DACL_PROTECTED : 0;

    if (dacl && acl_has_inherited(dacl))
        control |= SE_DACL_AUTO_INHERITED;
    SetSecurityDescriptorDacl(to, TRUE, dacl, FALSE);
    SetSecurityDescriptorControl(to, SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED, control);
}

static void take_principals(PSECURITY_DESCRIPTOR to, PSECURITY_DESCRIPTOR from, SECURITY_INFORMATION parts)
{
    BOOL defaulted;
    PSID sid;

    if ((parts & OWNER_SECURITY_INFORMATION) && GetSecurityDescriptorOwner(from, &sid, &defaulted) && sid)
        SetSecurityDescriptorOwner(to, sid, FALSE);
    if ((parts & GROUP_SECURITY_INFORMATION) && GetSecurityDescriptorGroup(from, &sid, &defaulted) && sid)
        SetSecurityDescriptorGroup(to, sid, FALSE);
}

// A self-relative copy of an absolute descriptor.
static PSECURITY_DESCRIPTOR packed(PSECURITY_DESCRIPTOR absolute)
{
    PSECURITY_DESCRIPTOR result;
    DWORD length = 0;

    MakeSelfRelativeSD(absolute, NULL, &length);
    result = shim_alloc(length);
    MakeSelfRelativeSD(absolute, result, &length);
    return result;
}

// What Wine itself says of a file; NULL when it says nothing.
static PSECURITY_DESCRIPTOR wine_descriptor(HANDLE file)
{
    PSECURITY_DESCRIPTOR result;
    ULONG length = 0;

    if (real.NtQuerySecurityObject(file, PARTS, NULL, 0, &length) != STATUS_BUFFER_TOO_SMALL)
        return NULL;
    result = shim_alloc(length);
    if (real.NtQuerySecurityObject(file, PARTS, result, length, &length) >= 0)
        return result;
    shim_free(result);
    return NULL;
}

// --- inheritance ----------------------------------------------------------------------------------------------------

struct principals {
    PSID owner, group;
};

static ACL *inherited_dacl(const WCHAR *path, BOOL container, const struct principals *who);

// The whole DACL of a file: from its stored descriptor, if it has one, and the folders above. NULL: nothing is known of
// it, or everybody may do all (both give a child nothing).
static ACL *whole_dacl(PSECURITY_DESCRIPTOR stored, const WCHAR *path, BOOL container, const struct principals *who)
{
    ACL *own = NULL, *inherited, *result;
    BOOL is_protected = FALSE, has_own = stored && get_dacl(stored, &own, &is_protected);

    if (has_own && !own)
        return NULL;
    if (has_own && (is_protected || acl_has_inherited(own)))
        return acl_copy(own);
    inherited = inherited_dacl(path, container, who);
    if (!has_own)
        return inherited;
    result = acl_joined(own, inherited);
    shim_free(inherited);
    return result;
}

// What the folders above give a file; NULL: nothing.
static ACL *inherited_dacl(const WCHAR *path, BOOL container, const struct principals *who)
{
    WCHAR *above = shim_alloc(PATH_CAPACITY * sizeof(WCHAR));
    ACL *parent_dacl = NULL, *result = NULL;
    PSECURITY_DESCRIPTOR stored;

    wcscpy(above, path);
    if (path_cut_last(above)) {
        stored = store_load(above);
        parent_dacl = whole_dacl(stored, above, TRUE, who);
        shim_free(stored);
    }
    if (parent_dacl) {
        result = acl_inherited_by(parent_dacl, container, who->owner, who->group);
        if (!result->AceCount) {
            shim_free(result);
            result = NULL;
        }
        shim_free(parent_dacl);
    }
    shim_free(above);
    return result;
}

// The descriptor the store and the folders above give a file, self-relative; NULL: they say nothing, ask Wine.
static PSECURITY_DESCRIPTOR descriptor_of(HANDLE file, const WCHAR *path)
{
    FILE_STANDARD_INFORMATION info = {0};
    SECURITY_DESCRIPTOR build;
    PSECURITY_DESCRIPTOR stored, basis, result = NULL;
    struct principals who = {0};
    BOOL defaulted, is_protected = FALSE, wine_protected;
    IO_STATUS_BLOCK io;
    ACL *dacl, *own;

    if (!(basis = wine_descriptor(file)))
        return NULL;
    real.NtQueryInformationFile(file, &io, &info, sizeof info, CLASS_STANDARD);
    InitializeSecurityDescriptor(&build, SECURITY_DESCRIPTOR_REVISION);
    take_principals(&build, basis, PARTS);
    stored = store_load(path);
    if (stored)
        take_principals(&build, stored, PARTS);
    GetSecurityDescriptorOwner(&build, &who.owner, &defaulted);
    GetSecurityDescriptorGroup(&build, &who.group, &defaulted);
    dacl = who.owner && who.group ? whole_dacl(stored, path, info.Directory, &who) : NULL;
    if (stored || dacl) {
        if (!stored || !get_dacl(stored, &own, &is_protected)) {
            is_protected = FALSE;
            get_dacl(basis, &own, &wine_protected);
        }
        set_dacl(&build, dacl ? dacl : own, is_protected);
        result = packed(&build);
    }
    shim_free(dacl);
    shim_free(stored);
    shim_free(basis);
    return result;
}

// --- the system calls -----------------------------------------------------------------------------------------------

static BOOL has_access(HANDLE file, ACCESS_MASK wanted)
{
    PUBLIC_OBJECT_BASIC_INFORMATION info;
    ULONG length;

    return NtQueryObject(file, ObjectBasicInformation, &info, sizeof info, &length) >= 0 &&
           (info.GrantedAccess & wanted) == wanted;
}

NTSTATUS NTAPI hook_NtQuerySecurityObject(HANDLE object, SECURITY_INFORMATION parts, PSECURITY_DESCRIPTOR descriptor,
                                          ULONG length, ULONG *needed)
{
    WCHAR path[PATH_CAPACITY];
    PSECURITY_DESCRIPTOR whole, answer;
    SECURITY_DESCRIPTOR build;
    NTSTATUS status = 0;
    BOOL is_protected;
    ULONG size;
    ACL *dacl;

    if (!(parts & PARTS) || shim_is_busy() || !path_of_handle(object, path) || !has_access(object, READ_CONTROL) ||
        !shim_enter())
        return real.NtQuerySecurityObject(object, parts, descriptor, length, needed);
    whole = descriptor_of(object, path);
    if (whole) {
        InitializeSecurityDescriptor(&build, SECURITY_DESCRIPTOR_REVISION);
        take_principals(&build, whole, parts);
        if ((parts & DACL_SECURITY_INFORMATION) && get_dacl(whole, &dacl, &is_protected))
            set_dacl(&build, dacl, is_protected);
        answer = packed(&build);
        size = GetSecurityDescriptorLength(answer);
        if (needed)
            *needed = size;
        if (length < size)
            status = STATUS_BUFFER_TOO_SMALL;
        else
            CopyMemory(descriptor, answer, size);
        shim_free(answer);
        shim_free(whole);
    }
    shim_leave();
    return whole ? status : real.NtQuerySecurityObject(object, parts, descriptor, length, needed);
}

// Changes `parts` of what is stored of a file.
static NTSTATUS change(HANDLE file, const WCHAR *path, SECURITY_INFORMATION parts, PSECURITY_DESCRIPTOR descriptor)
{
    PSECURITY_DESCRIPTOR stored = store_load(path), result;
    PSECURITY_DESCRIPTOR basis = stored ? stored : wine_descriptor(file);
    SECURITY_DESCRIPTOR build;
    BOOL is_protected, has_dacl;
    NTSTATUS status;
    ACL *dacl;

    InitializeSecurityDescriptor(&build, SECURITY_DESCRIPTOR_REVISION);
    if (basis)
        take_principals(&build, basis, PARTS);
    take_principals(&build, descriptor, parts);
    if (parts & DACL_SECURITY_INFORMATION)
        has_dacl = get_dacl(descriptor, &dacl, &is_protected);
    else
        has_dacl = stored && get_dacl(stored, &dacl, &is_protected);
    if (parts & PROTECTION)
        is_protected = (parts & PROTECTED_DACL_SECURITY_INFORMATION) != 0;
    if (has_dacl)
        set_dacl(&build, dacl, is_protected);
    result = packed(&build);
    status = store_save(path, result);
    shim_free(result);
    shim_free(basis);
    return status;
}

NTSTATUS NTAPI hook_NtSetSecurityObject(HANDLE object, SECURITY_INFORMATION parts, PSECURITY_DESCRIPTOR descriptor)
{
    ACCESS_MASK access = (parts & DACL_SECURITY_INFORMATION ? WRITE_DAC : 0) |
                         (parts & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION) ? WRITE_OWNER : 0);
    struct file_fault fault = {0};
    WCHAR path[PATH_CAPACITY];
    NTSTATUS status;

    if (fault_wanted(CALL_SET_SECURITY) && !fault_before_handle(CALL_SET_SECURITY, object, &fault))
        return fault.status;
    if (!(parts & PARTS) || shim_is_busy() || !path_of_handle(object, path)) {
        status = real.NtSetSecurityObject(object, parts, descriptor);
    } else if (!IsValidSecurityDescriptor(descriptor)) {
        status = STATUS_INVALID_SECURITY_DESCR;
    } else if (!has_access(object, access) || !shim_enter()) {
        status = STATUS_ACCESS_DENIED;
    } else {
        status = change(object, path, parts, descriptor);
        shim_leave();
    }
    fault_after(&fault);
    return status;
}

// --- files that come, go and move -----------------------------------------------------------------------------------

static BOOL is_on_a_drive(const OBJECT_ATTRIBUTES *attributes)
{
    const UNICODE_STRING *name = attributes->ObjectName;

    return attributes->RootDirectory || (name && name->Length >= 6 * sizeof(WCHAR) && name->Buffer[5] == L':');
}

OBJECT_ATTRIBUTES security_strip(const OBJECT_ATTRIBUTES *attributes)
{
    OBJECT_ATTRIBUTES plain = *attributes;

    if (plain.SecurityDescriptor && is_on_a_drive(attributes))
        plain.SecurityDescriptor = NULL;
    return plain;
}

void security_created(const OBJECT_ATTRIBUTES *attributes)
{
    PSECURITY_DESCRIPTOR given = attributes->SecurityDescriptor, result;
    WCHAR path[PATH_CAPACITY];
    SECURITY_DESCRIPTOR build;
    BOOL is_protected;
    ACL *dacl, *own = NULL;

    if (!given || !path_of_attributes(attributes, path) || !shim_enter())
        return;
    InitializeSecurityDescriptor(&build, SECURITY_DESCRIPTOR_REVISION);
    take_principals(&build, given, PARTS);
    if (get_dacl(given, &dacl, &is_protected)) {
        // Inherited ACEs of the caller's do not count: the folders above give those.
        own = dacl ? acl_without_inherited(dacl) : NULL;
        set_dacl(&build, own, is_protected);
    }
    result = packed(&build);
    store_save(path, result);
    shim_free(result);
    shim_free(own);
    shim_leave();
}

PSECURITY_DESCRIPTOR security_moving(HANDLE file, const struct rename_info *rename)
{
    WCHAR path[PATH_CAPACITY], from[PATH_CAPACITY], to[PATH_CAPACITY];
    PSECURITY_DESCRIPTOR kept = NULL;
    HANDLE readable;

    if (!path_of_handle(file, path) || !path_of_rename(rename, to))
        return NULL;
    wcscpy(from, path);
    if (!path_cut_last(from) || !path_cut_last(to) || CompareStringOrdinal(from, -1, to, -1, TRUE) == CSTR_EQUAL ||
        !shim_enter())
        return NULL;
    // The caller's handle need not have the right to read the descriptor.
    readable = CreateFileW(path, READ_CONTROL, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (readable != INVALID_HANDLE_VALUE) {
        kept = descriptor_of(readable, path);
        CloseHandle(readable);
    }
    shim_leave();
    return kept;
}

void security_moved(const struct rename_info *rename, PSECURITY_DESCRIPTOR kept, BOOL done)
{
    WCHAR path[PATH_CAPACITY];

    if (kept && done && path_of_rename(rename, path) && shim_enter()) {
        store_save(path, kept);
        shim_leave();
    }
    shim_free(kept);
}

// --- SetSecurityInfo and SetNamedSecurityInfoW ----------------------------------------------------------------------

// Wine's own versions merge ACLs by rules of their own. They are called by name only (.NET, PowerShell), so replacing
// the exports is enough. On Windows they work out inherited ACEs anew, whatever the caller gives.
static DWORD WINAPI hook_SetSecurityInfo(HANDLE object, SE_OBJECT_TYPE type, SECURITY_INFORMATION parts, PSID owner,
                                         PSID group, ACL *dacl, ACL *sacl)
{
    SECURITY_DESCRIPTOR descriptor;
    NTSTATUS status;
    ACL *own = NULL;

    if (type != SE_FILE_OBJECT)
        return SetSecurityInfo(object, type, parts, owner, group, dacl, sacl);
    InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
    if (parts & OWNER_SECURITY_INFORMATION)
        SetSecurityDescriptorOwner(&descriptor, owner, FALSE);
    if (parts & GROUP_SECURITY_INFORMATION)
        SetSecurityDescriptorGroup(&descriptor, group, FALSE);
    if (parts & DACL_SECURITY_INFORMATION) {
        own = dacl && !(parts & PROTECTED_DACL_SECURITY_INFORMATION) ? acl_without_inherited(dacl) : NULL;
        SetSecurityDescriptorDacl(&descriptor, TRUE, own ? own : dacl, FALSE);
    }
    status = hook_NtSetSecurityObject(object, parts, &descriptor);
    shim_free(own);
    return status ? RtlNtStatusToDosError(status) : ERROR_SUCCESS;
}

static DWORD WINAPI hook_SetNamedSecurityInfoW(WCHAR *name, SE_OBJECT_TYPE type, SECURITY_INFORMATION parts, PSID owner,
                                               PSID group, ACL *dacl, ACL *sacl)
{
    ACCESS_MASK access = READ_CONTROL;
    HANDLE file;
    DWORD error;

    if (type != SE_FILE_OBJECT)
        return SetNamedSecurityInfoW(name, type, parts, owner, group, dacl, sacl);
    if (parts & DACL_SECURITY_INFORMATION)
        access |= WRITE_DAC;
    if (parts & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION))
        access |= WRITE_OWNER;
    file = CreateFileW(name, access, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError();
    error = hook_SetSecurityInfo(file, type, parts, owner, group, dacl, sacl);
    CloseHandle(file);
    return error;
}

BOOL security_install(void)
{
    HMODULE advapi32 = GetModuleHandleW(L"advapi32.dll");

    if (advapi32 && hooks_replace_export(advapi32, "SetSecurityInfo", (void *)hook_SetSecurityInfo) &&
        hooks_replace_export(advapi32, "SetNamedSecurityInfoW", (void *)hook_SetNamedSecurityInfoW))
        return TRUE;
    shim_complain(L"advapi32.dll's exports cannot be replaced");
    return FALSE;
}
