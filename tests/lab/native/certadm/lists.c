// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "lists.h"

#include <string.h>
#include <wchar.h>

#define PAGE 4096
#define PAD_BYTE 0xFD  // what lies in front of a list in its first page
#define SIZE_OF_NULL 64

static void *allocate(size_t bytes)
{
    return HeapAlloc(GetProcessHeap(), HEAP_GENERATE_EXCEPTIONS | HEAP_ZERO_MEMORY, bytes);
}

// --- building -------------------------------------------------------------------------------------------------------

void list_add(struct list *list, WCHAR tag, const WCHAR *text, size_t length)
{
    struct list_entry *grown = allocate((list->count + 1) * sizeof *grown), *entry = &grown[list->count];
    size_t at = 0;

    if (list->entries) {
        memcpy(grown, list->entries, list->count * sizeof *grown);
        HeapFree(GetProcessHeap(), 0, list->entries);
    }
    entry->text = allocate((length + 2) * sizeof(WCHAR));
    if (tag)
        entry->text[at++] = tag;
    memcpy(entry->text + at, text, length * sizeof(WCHAR));
    entry->length = at + length;
    list->entries = grown;
    list->count++;
}

void list_add_unc(struct list *list, WCHAR tag, const WCHAR *host, const WCHAR *path, const WCHAR *name)
{
    size_t room = wcslen(host) + wcslen(path) + wcslen(name) + 8;
    WCHAR *unc = allocate(room * sizeof(WCHAR));

    swprintf(unc, room, L"\\\\%ls\\%lc$%ls%ls%ls", host, path[0], path + 2, *name ? L"\\" : L"", name);
    list_add(list, tag, unc, wcslen(unc));
    HeapFree(GetProcessHeap(), 0, unc);
}

void list_release(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        HeapFree(GetProcessHeap(), 0, list->entries[i].text);
    if (list->entries)
        HeapFree(GetProcessHeap(), 0, list->entries);
    list->entries = NULL;
    list->count = 0;
}

void list_apply_faults(struct list *list, const struct lab_fault *faults, int count)
{
    for (int i = 0; i < count; i++) {
        if (faults[i].action == LAB_FAULT_EMPTY || faults[i].action == LAB_FAULT_REPLACE)
            list_release(list);
        if (faults[i].action == LAB_FAULT_APPEND || faults[i].action == LAB_FAULT_REPLACE)
            list_add(list, 0, faults[i].text, faults[i].text_length);
    }
}

void list_journal(const struct list *list, struct lab_json *out)
{
    const WCHAR **names = allocate((list->count + 1) * sizeof *names);

    for (size_t i = 0; i < list->count; i++)
        names[i] = list->entries[i].text;
    lab_json_strings(out, "entries", names, list->count);
    HeapFree(GetProcessHeap(), 0, names);
}

// --- guarded memory -------------------------------------------------------------------------------------------------

struct guarded {
    struct guarded *next;
    BYTE *base;      // of the reservation: pages of the list, then one inaccessible page
    size_t pages;    // without the inaccessible one
    BYTE *start;     // what the caller got
    const char *function;
    DWORD thread;
    int freed;
};

static struct guarded *lists;

// The bytes of a list in a form; its zeros are those that the memory has.
static size_t size_of(const struct list *list, enum list_form form)
{
    static const int more[] = {[FORM_UNCLOSED] = -2, [FORM_ZERO1] = 2,    [FORM_ZERO2] = 4,  [FORM_ZERO3] = 6, [FORM_ODD] = 1,
                               [FORM_CUT] = -4,      [FORM_MIDDLE] = 2,   [FORM_NOTHING0] = -2, [FORM_NOTHING4] = 2};
    size_t units = 1;

    for (size_t i = 0; i < list->count; i++)
        units += list->entries[i].length + 1;
    return units * sizeof(WCHAR) + more[form];
}

static void write_entries(const struct list *list, enum list_form form, WCHAR *to)
{
    for (size_t i = 0; i < list->count; i++) {
        memcpy(to, list->entries[i].text, list->entries[i].length * sizeof(WCHAR));
        to += list->entries[i].length + 1;
        if (form == FORM_MIDDLE && !i)
            to++;
    }
}

WCHAR *guarded_list(const struct list *list, enum list_form form, const char *function, DWORD *bytes)
{
    struct guarded *guarded;
    size_t size;

    *bytes = form == FORM_NULL ? SIZE_OF_NULL : 0;
    if (form == FORM_NULL || (form == FORM_PLAIN && !list->count))
        return NULL;
    size = size_of(list, form);
    guarded = allocate(sizeof *guarded);
    guarded->pages = size / PAGE + 1;
    guarded->base = VirtualAlloc(NULL, (guarded->pages + 1) * PAGE, MEM_RESERVE, PAGE_NOACCESS);
    if (!guarded->base || !VirtualAlloc(guarded->base, guarded->pages * PAGE, MEM_COMMIT, PAGE_READWRITE)) {
        lab_journal_violation("lab_failed", L"no memory for a list: error %lu", GetLastError());
        HeapFree(GetProcessHeap(), 0, guarded);
        return NULL;
    }
    guarded->start = guarded->base + guarded->pages * PAGE - size;
    guarded->function = function;
    guarded->thread = GetCurrentThreadId();
    memset(guarded->base, PAD_BYTE, guarded->start - guarded->base);
    write_entries(list, form, (WCHAR *)guarded->start);
    guarded->next = lists;
    lists = guarded;
    *bytes = (DWORD)size;
    return (WCHAR *)guarded->start;
}

enum free_result guarded_free(void *pointer, const char **function, DWORD *thread)
{
    for (struct guarded *guarded = lists; guarded; guarded = guarded->next) {
        if (guarded->start != pointer)
            continue;
        *function = guarded->function;
        *thread = guarded->thread;
        if (guarded->freed)
            return FREE_TWICE;
        guarded->freed = 1;
        for (const BYTE *pad = guarded->base; pad < guarded->start; pad++) {
            if (*pad != PAD_BYTE) {
                lab_journal_violation("list_overwritten", L"bytes in front of the list of %hs were written",
                                      guarded->function);
                break;
            }
        }
        VirtualFree(guarded->base, guarded->pages * PAGE, MEM_DECOMMIT);
        return FREE_DONE;
    }
    return FREE_FOREIGN;
}

void guarded_report_leaks(void)
{
    for (const struct guarded *guarded = lists; guarded; guarded = guarded->next)
        if (!guarded->freed)
            lab_journal_violation("list_leaked", L"the list of %hs was never freed", guarded->function);
}

void guarded_release_all(void)
{
    while (lists) {
        struct guarded *guarded = lists;

        lists = guarded->next;
        VirtualFree(guarded->base, 0, MEM_RELEASE);
        HeapFree(GetProcessHeap(), 0, guarded);
    }
}
