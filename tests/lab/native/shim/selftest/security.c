// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Verbs about security descriptors (as SDDL) and privileges.
#include "selftest.h"

#include <aclapi.h>
#include <sddl.h>
#include <wchar.h>

#define DESCRIPTOR_PARTS (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION)

// By name, as .NET finds it: a static import would be resolved before the shim replaces the export.
typedef DWORD(WINAPI *set_named)(WCHAR *, SE_OBJECT_TYPE, SECURITY_INFORMATION, PSID, PSID, ACL *, ACL *);

static PSECURITY_DESCRIPTOR parse(const WCHAR *sddl)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;

    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &descriptor, NULL))
        say(L"sddl\t%lu", GetLastError());
    return descriptor;
}

// acl <path>: its owner and DACL by GetNamedSecurityInfo.
static void get_acl(WCHAR **arguments)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    WCHAR *text = NULL;
    DWORD error = GetNamedSecurityInfoW(arguments[0], SE_FILE_OBJECT, DESCRIPTOR_PARTS, NULL, NULL, NULL, NULL,
                                        &descriptor);

    if (!error)
        ConvertSecurityDescriptorToStringSecurityDescriptorW(descriptor, SDDL_REVISION_1, DACL_SECURITY_INFORMATION,
                                                             &text, NULL);
    say(L"acl\t%lu\t%ls", error, text ? text : L"");
    LocalFree(text);
    LocalFree(descriptor);
}

// owner <path>
static void get_owner(WCHAR **arguments)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    WCHAR *text = NULL;
    PSID owner = NULL;
    DWORD error = GetNamedSecurityInfoW(arguments[0], SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL,
                                        NULL, &descriptor);

    if (!error && owner)
        ConvertSidToStringSidW(owner, &text);
    say(L"owner\t%lu\t%ls", error, text ? text : L"");
    LocalFree(text);
    LocalFree(descriptor);
}

// set-acl <path> <sddl>: what the SDDL names, by SetNamedSecurityInfo.
static void set_acl(WCHAR **arguments)
{
    set_named set = (set_named)(void *)GetProcAddress(GetModuleHandleW(L"advapi32.dll"), "SetNamedSecurityInfoW");
    PSECURITY_DESCRIPTOR descriptor = parse(arguments[1]);
    SECURITY_DESCRIPTOR_CONTROL control = 0;
    SECURITY_INFORMATION parts = 0;
    BOOL present = FALSE, defaulted;
    PSID owner = NULL;
    ACL *dacl = NULL;
    DWORD revision, error;

    GetSecurityDescriptorControl(descriptor, &control, &revision);
    GetSecurityDescriptorDacl(descriptor, &present, &dacl, &defaulted);
    GetSecurityDescriptorOwner(descriptor, &owner, &defaulted);
    if (owner)
        parts |= OWNER_SECURITY_INFORMATION;
    if (present)
        parts |= DACL_SECURITY_INFORMATION | (control & SE_DACL_PROTECTED ? PROTECTED_DACL_SECURITY_INFORMATION
                                                                         : UNPROTECTED_DACL_SECURITY_INFORMATION);
    error = set(arguments[0], SE_FILE_OBJECT, parts, owner, NULL, dacl, NULL);
    say(L"set-acl\t%lu", error);
    LocalFree(descriptor);
}

// set-acl-raw <path> <sddl> <access>: the DACL by SetKernelObjectSecurity, through a handle opened with <access>.
static void set_acl_raw(WCHAR **arguments)
{
    PSECURITY_DESCRIPTOR descriptor = parse(arguments[1]);
    HANDLE file = open_existing(arguments[0], wcstoul(arguments[2], NULL, 16));
    BOOL done = SetKernelObjectSecurity(file, DACL_SECURITY_INFORMATION, descriptor);

    say(L"set-acl-raw\t%lu", error_unless(done));
    CloseHandle(file);
    LocalFree(descriptor);
}

// make <path> <sddl or ->: a folder (when the path ends with a backslash) or file, with a descriptor of its own.
static void make(WCHAR **arguments)
{
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, NULL, FALSE};
    SECURITY_ATTRIBUTES *given = NULL;
    HANDLE file;
    BOOL done;

    if (wcscmp(arguments[1], L"-")) {
        attributes.lpSecurityDescriptor = parse(arguments[1]);
        given = &attributes;
    }
    if (arguments[0][wcslen(arguments[0]) - 1] == L'\\') {
        done = CreateDirectoryW(arguments[0], given);
        say(L"make\t%lu", error_unless(done));
    } else {
        file = CreateFileW(arguments[0], GENERIC_WRITE, 0, given, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        say(L"make\t%lu", error_unless(file != INVALID_HANDLE_VALUE));
        CloseHandle(file);
    }
    LocalFree(attributes.lpSecurityDescriptor);
}

// privileges: the names in the process token, and whether each is enabled.
static void list_privileges(WCHAR **arguments)
{
    BYTE data[4096];
    TOKEN_PRIVILEGES *privileges = (TOKEN_PRIVILEGES *)data;
    WCHAR name[64];
    HANDLE token;
    DWORD needed, length, i;

    (void)arguments;
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token);
    GetTokenInformation(token, TokenPrivileges, data, sizeof data, &needed);
    for (i = 0; i < privileges->PrivilegeCount; i++) {
        length = 64;
        if (!LookupPrivilegeNameW(NULL, &privileges->Privileges[i].Luid, name, &length))
            wcscpy(name, L"?");
        say(L"privileges\t%ls\t%ls", name,
            privileges->Privileges[i].Attributes & SE_PRIVILEGE_ENABLED ? L"enabled" : L"disabled");
    }
    CloseHandle(token);
}

// enable <first> <second>: both privileges in one call, then what was before is put back.
static void enable(WCHAR **arguments)
{
    struct {
        DWORD count;
        LUID_AND_ATTRIBUTES rows[2];
    } wanted = {2, {{{0, 0}, SE_PRIVILEGE_ENABLED}, {{0, 0}, SE_PRIVILEGE_ENABLED}}}, previous = {0};
    HANDLE token;
    DWORD needed;
    BOOL done;

    LookupPrivilegeValueW(NULL, arguments[0], &wanted.rows[0].Luid);
    LookupPrivilegeValueW(NULL, arguments[1], &wanted.rows[1].Luid);
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES, &token);
    done = AdjustTokenPrivileges(token, FALSE, (TOKEN_PRIVILEGES *)&wanted, sizeof previous,
                                 (TOKEN_PRIVILEGES *)&previous, &needed);
    say(L"enable\t%d\t%lu\t%lu", done, GetLastError(), previous.count);
    list_privileges(arguments);
    done = AdjustTokenPrivileges(token, FALSE, (TOKEN_PRIVILEGES *)&previous, 0, NULL, NULL);
    say(L"restore\t%d\t%lu", done, GetLastError());
    CloseHandle(token);
}

const struct verb security_verbs[] = {
    {L"acl", 1, get_acl},
    {L"owner", 1, get_owner},
    {L"set-acl", 2, set_acl},
    {L"set-acl-raw", 3, set_acl_raw},
    {L"make", 2, make},
    {L"privileges", 0, list_privileges},
    {L"enable", 2, enable},
    {NULL, 0, NULL},
};
