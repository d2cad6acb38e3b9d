// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The system calls the shim replaces, and the parts of the NT interface that mingw's winternl.h leaves out.
#ifndef LAB_NT_H
#define LAB_NT_H

#include <windows.h>
#include <winternl.h>

// One line a call: its name and parameters. The list makes the prototypes hook_<name>, the originals in `real` and the
// table that hooks.c works off.
#define NT_CALLS(X)                                                                                                    \
    X(NtCreateFile, (HANDLE * file, ACCESS_MASK access, OBJECT_ATTRIBUTES * attributes, IO_STATUS_BLOCK * io,          \
                     LARGE_INTEGER * size, ULONG flags, ULONG sharing, ULONG disposition, ULONG options, void *ea,     \
                     ULONG ea_length))                                                                                 \
    X(NtOpenFile, (HANDLE * file, ACCESS_MASK access, OBJECT_ATTRIBUTES * attributes, IO_STATUS_BLOCK * io,            \
                   ULONG sharing, ULONG options))                                                                      \
    X(NtReadFile, (HANDLE file, HANDLE event, void *apc, void *context, IO_STATUS_BLOCK *io, void *buffer,             \
                   ULONG length, LARGE_INTEGER *offset, ULONG *key))                                                   \
    X(NtWriteFile, (HANDLE file, HANDLE event, void *apc, void *context, IO_STATUS_BLOCK *io, const void *buffer,      \
                    ULONG length, LARGE_INTEGER *offset, ULONG *key))                                                  \
    X(NtFlushBuffersFile, (HANDLE file, IO_STATUS_BLOCK * io))                                                         \
    X(NtSetInformationFile, (HANDLE file, IO_STATUS_BLOCK * io, void *data, ULONG length, ULONG class))                \
    X(NtQueryInformationFile, (HANDLE file, IO_STATUS_BLOCK * io, void *data, ULONG length, ULONG class))              \
    X(NtQueryVolumeInformationFile, (HANDLE file, IO_STATUS_BLOCK * io, void *data, ULONG length, ULONG class))        \
    X(NtQueryDirectoryFile, (HANDLE folder, HANDLE event, void *apc, void *context, IO_STATUS_BLOCK *io, void *data,   \
                             ULONG length, ULONG class, BOOLEAN single, UNICODE_STRING *mask, BOOLEAN restart))        \
    X(NtQueryAttributesFile, (const OBJECT_ATTRIBUTES *attributes, FILE_BASIC_INFORMATION *info))                      \
    X(NtQueryFullAttributesFile, (const OBJECT_ATTRIBUTES *attributes, struct network_open_info *info))                \
    X(NtSetSecurityObject, (HANDLE object, SECURITY_INFORMATION parts, PSECURITY_DESCRIPTOR descriptor))               \
    X(NtQuerySecurityObject, (HANDLE object, SECURITY_INFORMATION parts, PSECURITY_DESCRIPTOR descriptor,              \
                              ULONG length, ULONG *needed))                                                            \
    X(NtQueryInformationToken, (HANDLE token, ULONG class, void *data, ULONG length, ULONG *needed))                   \
    X(NtAdjustPrivilegesToken, (HANDLE token, BOOLEAN disable_all, TOKEN_PRIVILEGES *wanted, ULONG length,             \
                                TOKEN_PRIVILEGES *previous, ULONG *needed))                                            \
    X(NtCreateUserProcess, (HANDLE * process, HANDLE * thread, ACCESS_MASK process_access, ACCESS_MASK thread_access,  \
                            OBJECT_ATTRIBUTES *process_attributes, OBJECT_ATTRIBUTES *thread_attributes,               \
                            ULONG process_flags, ULONG thread_flags, RTL_USER_PROCESS_PARAMETERS *parameters,          \
                            void *create_info, void *attribute_list))

#ifndef STATUS_SUCCESS
#define STATUS_SUCCESS ((NTSTATUS)0)
#endif
#define STATUS_NOT_ALL_ASSIGNED ((NTSTATUS)0x00000106)
#ifndef STATUS_INFO_LENGTH_MISMATCH
#define STATUS_INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004)
#endif
#define STATUS_BUFFER_OVERFLOW ((NTSTATUS)0x80000005)
#define STATUS_ACCESS_DENIED ((NTSTATUS)0xC0000022)
#define STATUS_BUFFER_TOO_SMALL ((NTSTATUS)0xC0000023)
#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034)
#define STATUS_INVALID_SECURITY_DESCR ((NTSTATUS)0xC0000079)
#define STATUS_NOT_SUPPORTED ((NTSTATUS)0xC00000BB)

// File information classes (Set and Query) that the shim knows.
enum {
    CLASS_BASIC = 4,
    CLASS_STANDARD = 5,
    CLASS_RENAME = 10,
    CLASS_DISPOSITION = 13,
    CLASS_ALL = 18,
    CLASS_NETWORK_OPEN = 34,
    CLASS_ATTRIBUTE_TAG = 35,
    CLASS_DISPOSITION_EX = 64
};

struct network_open_info {
    LARGE_INTEGER times[4];
    LARGE_INTEGER allocation_size;
    LARGE_INTEGER end_of_file;
    ULONG attributes;
};

// What CLASS_RENAME is given.
struct rename_info {
    ULONG replace;
    HANDLE root;
    ULONG name_bytes;
    WCHAR name[1];
};

#endif
