// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// labshim.dll inside: what its parts give each other. Every part may be called from any thread.
#ifndef LAB_SHIM_H
#define LAB_SHIM_H

#include "nt.h"

// The longest path the shim looks at, in characters; a longer one matches no fault and no reparse point.
#define PATH_CAPACITY 2048

// The longest file pattern that is cured, in characters; .NET hands on names of at most 255.
#define MASK_CAPACITY 300

// --- hooks.c: replacing system calls and exports --------------------------------------------------------------------

// The replaced system calls as Wine has them: what the shim itself uses.
#define NT_MEMBER(name, parameters) NTSTATUS(NTAPI *name) parameters;
struct nt_calls {
    NT_CALLS(NT_MEMBER)
};
extern struct nt_calls real;

// The replacements, each defined by the part that owns it.
#define NT_PROTOTYPE(name, parameters) NTSTATUS NTAPI hook_##name parameters;
NT_CALLS(NT_PROTOTYPE)

// Replaces every call of NT_CALLS. FALSE, with nothing replaced, when a stub is not the one that is known.
BOOL hooks_install(void);

// Makes GetProcAddress and later imports of `export_name` from `module` find `replacement`. FALSE: no such export.
BOOL hooks_replace_export(HMODULE module, const char *export_name, void *replacement);

// --- main.c: configuration and the recursion guard ------------------------------------------------------------------

// TRUE when this thread may do the shim's work: FALSE inside that work, where a hook must pass the call through.
// Pair with shim_leave(). Keeps the last error.
BOOL shim_enter(void);
void shim_leave(void);
BOOL shim_is_busy(void);

// A text file of one entry a line: empty lines and lines that start with # are left out. `each` gets every entry and
// says whether it is understood. FALSE after a journalled violation; a missing file has no entries.
BOOL shim_read_lines(const WCHAR *path, BOOL (*each)(const WCHAR *entry));

// Says on stderr why the shim cannot do its work.
void shim_complain(const WCHAR *format, ...);

// --- paths.c: C:\... and \\server\... paths of what a call is about --------------------------------------------------

// Each fills `path` (PATH_CAPACITY characters), without a final backslash but for a root. FALSE: not on a drive or a share.
BOOL path_of_handle(HANDLE file, WCHAR *path);
BOOL path_of_attributes(const OBJECT_ATTRIBUTES *attributes, WCHAR *path);
// Where a rename leads.
BOOL path_of_rename(const struct rename_info *rename, WCHAR *path);
// Cuts the last element off; FALSE at a root.
BOOL path_cut_last(WCHAR *path);

// --- filefaults.c: faults of file calls -----------------------------------------------------------------------------

enum file_call {
    CALL_CREATE,
    CALL_OPEN,
    CALL_READ,
    CALL_WRITE,
    CALL_FLUSH,
    CALL_RENAME,
    CALL_SPACE,
    CALL_SET_SECURITY,
    CALL_ATTRIBUTES,
    CALL_COUNT
};

struct file_fault {
    NTSTATUS status;       // what to fail with, when the call is to fail
    BOOL crash_after;
    BOOL corrupt;          // CALL_READ and CALL_WRITE only
    BOOL has_free_bytes;   // CALL_SPACE only
    ULONGLONG free_bytes;
};

// Whether faults.txt says anything of the call: when not, nothing else here need be called.
BOOL fault_wanted(enum file_call call);
// Acts on the faults of one call about a file; FALSE: fail with fault->status.
BOOL fault_before_handle(enum file_call call, HANDLE file, struct file_fault *fault);
BOOL fault_before_attributes(enum file_call call, const OBJECT_ATTRIBUTES *attributes, struct file_fault *fault);
// A rename's path is "<from> -> <to>", so that a fault can name either.
BOOL fault_before_rename(HANDLE file, const struct rename_info *rename, struct file_fault *fault);
void fault_after(const struct file_fault *fault);
// The data of a read or a write with one byte altered, when the fault says so. A write must not change the caller's
// buffer: it gets a copy for shim_free(), NULL when nothing is altered.
void fault_corrupt_read(const struct file_fault *fault, void *data, ULONG length);
void *fault_corrupt_write(const struct file_fault *fault, const void *data, ULONG length);
BOOL fault_is_about_space(ULONG class);
void fault_set_free_space(const struct file_fault *fault, ULONG class, void *data);
// Reads faults.txt; FALSE when it is not understood.
BOOL fault_configure(void);

// --- security.c, store.c, inherit.c: security descriptors of files --------------------------------------------------

// A copy of `attributes` without a descriptor for files (the store keeps it, Wine would only make mode bits of it).
OBJECT_ATTRIBUTES security_strip(const OBJECT_ATTRIBUTES *attributes);
// A file was created: keeps the descriptor it was given, if any.
void security_created(const OBJECT_ATTRIBUTES *attributes);
// A file moves from one folder to another: what it had inherited stays. security_moved() releases `kept`.
PSECURITY_DESCRIPTOR security_moving(HANDLE file, const struct rename_info *rename);
void security_moved(const struct rename_info *rename, PSECURITY_DESCRIPTOR kept, BOOL done);
// SetSecurityInfo and SetNamedSecurityInfoW; FALSE when they cannot be replaced.
BOOL security_install(void);

// Self-relative descriptors. store_load() gives memory for shim_free(), or NULL when nothing is stored.
PSECURITY_DESCRIPTOR store_load(const WCHAR *path);
NTSTATUS store_save(const WCHAR *path, PSECURITY_DESCRIPTOR descriptor);

void *shim_alloc(SIZE_T size);
void shim_free(void *memory);

// Each returns a new ACL for shim_free().
ACL *acl_copy(const ACL *acl);
ACL *acl_inherited_by(const ACL *parent, BOOL container, PSID owner, PSID group);  // what a child gets
ACL *acl_without_inherited(const ACL *acl);
ACL *acl_joined(const ACL *first, const ACL *second);  // either may be NULL
BOOL acl_has_inherited(const ACL *acl);

// --- the other parts ------------------------------------------------------------------------------------------------

// reparse.c: files that look like reparse points.
BOOL reparse_configure(void);
BOOL reparse_wanted(void);
BOOL reparse_is_listed(const OBJECT_ATTRIBUTES *attributes);
void reparse_mark_info(HANDLE file, ULONG class, void *data);
void reparse_mark_listing(HANDLE folder, ULONG class, void *data);

// privileges.c: privileges that look absent.
BOOL privileges_configure(void);

// cures.c: what Wine 8 lacks. From cures_install() on, exceptions find live handlers only. `storage` holds the new mask.
BOOL cures_install(void);
UNICODE_STRING *cure_mask(UNICODE_STRING *mask, UNICODE_STRING *cured, WCHAR storage[MASK_CAPACITY]);
NTSTATUS cure_disposition(HANDLE file, IO_STATUS_BLOCK *io, ULONG flags);

// rename.c: whether this process has something open below the folder `file`.
BOOL rename_is_blocked(HANDLE file);

// clock.c: the time of day a process reads; FALSE when it cannot be replaced.
BOOL clock_install(void);
void clock_configure(void);

// watch.c: what is on its way to the disk. Call watch_handle() after a "write" or a "flush" that succeeded.
BOOL watch_configure(void);
void watch_handle(const char *action, HANDLE file);
BOOL watch_install(void);

// library.c: LoadLibraryExW, GetProcAddress and FreeLibrary of certadm.dll; FALSE when they cannot be replaced.
BOOL library_install(void);

// manager.c: OpenSCManagerW; FALSE when it cannot be replaced.
BOOL manager_install(void);

#endif
