// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The replaced file calls. Each is a short list of what happens around the real call, in order: faults first, then the
// call, then what the caller must see differently.
#include "shim.h"

static BOOL is_known_info(ULONG class)
{
    return class == CLASS_BASIC || class == CLASS_ALL || class == CLASS_NETWORK_OPEN || class == CLASS_ATTRIBUTE_TAG;
}

NTSTATUS NTAPI hook_NtCreateFile(HANDLE *file, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes, IO_STATUS_BLOCK *io,
                                 LARGE_INTEGER *size, ULONG flags, ULONG sharing, ULONG disposition, ULONG options,
                                 void *ea, ULONG ea_length)
{
    struct file_fault fault = {0};
    OBJECT_ATTRIBUTES plain;
    NTSTATUS status;

    if (!attributes || shim_is_busy())
        return real.NtCreateFile(file, access, attributes, io, size, flags, sharing, disposition, options, ea,
                                 ea_length);
    if (fault_wanted(CALL_CREATE) && !fault_before_attributes(CALL_CREATE, attributes, &fault))
        return fault.status;
    plain = security_strip(attributes);
    status = real.NtCreateFile(file, access, &plain, io, size, flags, sharing, disposition, options, ea, ea_length);
    if (status >= 0 && io->Information == FILE_CREATED)
        security_created(attributes);
    fault_after(&fault);
    return status;
}

NTSTATUS NTAPI hook_NtOpenFile(HANDLE *file, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes, IO_STATUS_BLOCK *io,
                               ULONG sharing, ULONG options)
{
    struct file_fault fault = {0};
    NTSTATUS status;

    if (fault_wanted(CALL_OPEN) && !fault_before_attributes(CALL_OPEN, attributes, &fault))
        return fault.status;
    status = real.NtOpenFile(file, access, attributes, io, sharing, options);
    fault_after(&fault);
    return status;
}

NTSTATUS NTAPI hook_NtReadFile(HANDLE file, HANDLE event, void *apc, void *context, IO_STATUS_BLOCK *io, void *buffer,
                               ULONG length, LARGE_INTEGER *offset, ULONG *key)
{
    struct file_fault fault = {0};
    NTSTATUS status;

    if (fault_wanted(CALL_READ) && !fault_before_handle(CALL_READ, file, &fault))
        return fault.status;
    status = real.NtReadFile(file, event, apc, context, io, buffer, length, offset, key);
    if (status == STATUS_SUCCESS)
        fault_corrupt_read(&fault, buffer, (ULONG)io->Information);
    fault_after(&fault);
    return status;
}

NTSTATUS NTAPI hook_NtWriteFile(HANDLE file, HANDLE event, void *apc, void *context, IO_STATUS_BLOCK *io,
                                const void *buffer, ULONG length, LARGE_INTEGER *offset, ULONG *key)
{
    struct file_fault fault = {0};
    void *altered;
    NTSTATUS status;

    if (fault_wanted(CALL_WRITE) && !fault_before_handle(CALL_WRITE, file, &fault))
        return fault.status;
    altered = fault_corrupt_write(&fault, buffer, length);
    status = real.NtWriteFile(file, event, apc, context, io, altered ? altered : buffer, length, offset, key);
    if (altered)
        shim_free(altered);
    if (status >= 0)
        watch_handle("write", file);
    fault_after(&fault);
    return status;
}

NTSTATUS NTAPI hook_NtFlushBuffersFile(HANDLE file, IO_STATUS_BLOCK *io)
{
    struct file_fault fault = {0};
    NTSTATUS status;

    if (fault_wanted(CALL_FLUSH) && !fault_before_handle(CALL_FLUSH, file, &fault))
        return fault.status;
    status = real.NtFlushBuffersFile(file, io);
    if (status >= 0)
        watch_handle("flush", file);
    fault_after(&fault);
    return status;
}

static NTSTATUS rename_file(HANDLE file, IO_STATUS_BLOCK *io, void *data, ULONG length, ULONG class)
{
    struct file_fault fault = {0};
    PSECURITY_DESCRIPTOR kept;
    NTSTATUS status;

    if (fault_wanted(CALL_RENAME) && !fault_before_rename(file, data, &fault))
        return fault.status;
    if (rename_is_blocked(file))
        return STATUS_ACCESS_DENIED;
    kept = security_moving(file, data);
    status = real.NtSetInformationFile(file, io, data, length, class);
    security_moved(data, kept, status >= 0);
    fault_after(&fault);
    return status;
}

NTSTATUS NTAPI hook_NtSetInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *data, ULONG length, ULONG class)
{
    if (!shim_is_busy() && class == CLASS_RENAME && length >= sizeof(struct rename_info))
        return rename_file(file, io, data, length, class);
    if (class == CLASS_DISPOSITION_EX && length >= sizeof(ULONG))
        return cure_disposition(file, io, *(const ULONG *)data);
    return real.NtSetInformationFile(file, io, data, length, class);
}

NTSTATUS NTAPI hook_NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *data, ULONG length, ULONG class)
{
    NTSTATUS status = real.NtQueryInformationFile(file, io, data, length, class);

    if (reparse_wanted() && is_known_info(class) && (status >= 0 || status == STATUS_BUFFER_OVERFLOW))
        reparse_mark_info(file, class, data);
    return status;
}

NTSTATUS NTAPI hook_NtQueryVolumeInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *data, ULONG length,
                                                 ULONG class)
{
    struct file_fault fault = {0};
    NTSTATUS status;

    if (!fault_is_about_space(class) || !fault_wanted(CALL_SPACE))
        return real.NtQueryVolumeInformationFile(file, io, data, length, class);
    if (!fault_before_handle(CALL_SPACE, file, &fault))
        return fault.status;
    status = real.NtQueryVolumeInformationFile(file, io, data, length, class);
    if (status >= 0)
        fault_set_free_space(&fault, class, data);
    fault_after(&fault);
    return status;
}

NTSTATUS NTAPI hook_NtQueryDirectoryFile(HANDLE folder, HANDLE event, void *apc, void *context, IO_STATUS_BLOCK *io,
                                         void *data, ULONG length, ULONG class, BOOLEAN single, UNICODE_STRING *mask,
                                         BOOLEAN restart)
{
    WCHAR storage[MASK_CAPACITY];
    UNICODE_STRING cured;
    NTSTATUS status;

    mask = cure_mask(mask, &cured, storage);
    status = real.NtQueryDirectoryFile(folder, event, apc, context, io, data, length, class, single, mask, restart);
    if (status >= 0 && reparse_wanted())
        reparse_mark_listing(folder, class, data);
    return status;
}

NTSTATUS NTAPI hook_NtQueryAttributesFile(const OBJECT_ATTRIBUTES *attributes, FILE_BASIC_INFORMATION *info)
{
    struct file_fault fault = {0};
    NTSTATUS status;

    if (fault_wanted(CALL_ATTRIBUTES) && !fault_before_attributes(CALL_ATTRIBUTES, attributes, &fault))
        return fault.status;
    status = real.NtQueryAttributesFile(attributes, info);
    if (status >= 0 && reparse_wanted() && reparse_is_listed(attributes))
        info->FileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
    fault_after(&fault);
    return status;
}

NTSTATUS NTAPI hook_NtQueryFullAttributesFile(const OBJECT_ATTRIBUTES *attributes, struct network_open_info *info)
{
    struct file_fault fault = {0};
    NTSTATUS status;

    if (fault_wanted(CALL_ATTRIBUTES) && !fault_before_attributes(CALL_ATTRIBUTES, attributes, &fault))
        return fault.status;
    status = real.NtQueryFullAttributesFile(attributes, info);
    if (status >= 0 && reparse_wanted() && reparse_is_listed(attributes))
        info->attributes |= FILE_ATTRIBUTE_REPARSE_POINT;
    fault_after(&fault);
    return status;
}
