// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Where security descriptors of files are kept: in an extended attribute of the Linux file, self-relative. So they go
// where the file goes, and with it when it is deleted, whoever does it. Wine offers no way to such attributes; Linux's
// own system calls work in a process of Wine 8.
#include "shim.h"

#define ATTRIBUTE "user.adcs_lab.sd"
#define DESCRIPTOR_MAX 65536

enum { LINUX_SETXATTR = 188, LINUX_GETXATTR = 191 };
enum { LINUX_ENOENT = 2 };

typedef char *(CDECL *unix_name)(const WCHAR *path);

void *shim_alloc(SIZE_T size)
{
    return HeapAlloc(GetProcessHeap(), HEAP_GENERATE_EXCEPTIONS | HEAP_ZERO_MEMORY, size);
}

void shim_free(void *memory)
{
    if (memory)
        HeapFree(GetProcessHeap(), 0, memory);
}

// The result is negative for an error: Linux's number of it.
static long long linux_call(long long number, const char *path, const char *name, void *value, size_t size)
{
    register long long flags __asm__("r8") = 0;
    register size_t length __asm__("r10") = size;
    long long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(path), "S"(name), "d"(value), "r"(length), "r"(flags)
                     : "rcx", "r11", "memory");
    return result;
}

// The file's name on Linux, for shim_free(); NULL when there is no such file.
static char *linux_path(const WCHAR *path)
{
    static unix_name convert;

    if (!convert)
        convert = (unix_name)(void *)GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "wine_get_unix_file_name");
    return convert ? convert(path) : NULL;
}

PSECURITY_DESCRIPTOR store_load(const WCHAR *path)
{
    PSECURITY_DESCRIPTOR descriptor = shim_alloc(DESCRIPTOR_MAX);
    char *file = linux_path(path);
    long long length = file ? linux_call(LINUX_GETXATTR, file, ATTRIBUTE, descriptor, DESCRIPTOR_MAX) : 0;

    shim_free(file);
    if (length > 0 && IsValidSecurityDescriptor(descriptor))
        return descriptor;
    shim_free(descriptor);
    return NULL;
}

NTSTATUS store_save(const WCHAR *path, PSECURITY_DESCRIPTOR descriptor)
{
    char *file = linux_path(path);
    long long result = file ? linux_call(LINUX_SETXATTR, file, ATTRIBUTE, descriptor,
                                         GetSecurityDescriptorLength(descriptor))
                            : -LINUX_ENOENT;

    shim_free(file);
    if (result >= 0)
        return STATUS_SUCCESS;
    if (result == -LINUX_ENOENT)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    shim_complain(L"the descriptor of '%ls' cannot be kept in an extended attribute (Linux error %lld)", path, -result);
    return STATUS_NOT_SUPPORTED;
}
