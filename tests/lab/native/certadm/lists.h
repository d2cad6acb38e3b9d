// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Lists of names: built as entries, handed out as multi-strings in guarded memory.

#ifndef CERTADM_LISTS_H
#define CERTADM_LISTS_H

#include "answers.h"
#include "api.h"

#include "../common/fault.h"
#include "../common/journal.h"

struct list_entry {
    WCHAR *text;    // tag and name, NUL-terminated; a hostile entry may hold NULs of its own
    size_t length;  // without the final NUL
};

struct list {
    struct list_entry *entries;
    size_t count;
};

// Adds `text` with `tag` in front; tag 0 is none.
void list_add(struct list *list, WCHAR tag, const WCHAR *text, size_t length);
// Adds \\host\X$\rest for the local path X:\rest; an empty `name` adds the folder itself.
void list_add_unc(struct list *list, WCHAR tag, const WCHAR *host, const WCHAR *path, const WCHAR *name);
// Applies append, replace and empty in file order.
void list_apply_faults(struct list *list, const struct lab_fault *faults, int count);
void list_journal(const struct list *list, struct lab_json *out);
void list_release(struct list *list);

// The list as a multi-string that ends against an inaccessible page, so reading a byte past it crashes. A plain empty
// list is NULL with size 0. `function` is remembered for the journal.
WCHAR *guarded_list(const struct list *list, enum list_form form, const char *function, DWORD *bytes);

enum free_result { FREE_DONE, FREE_TWICE, FREE_FOREIGN };
// From then on every access to the list crashes; its address is not used again before the library is unloaded.
enum free_result guarded_free(void *pointer, const char **function, DWORD *thread);
// Journals a violation for every list that was not freed.
void guarded_report_leaks(void);
void guarded_release_all(void);

#endif
