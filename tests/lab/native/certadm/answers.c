// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "answers.h"

#include "config.h"

#include <wchar.h>

#define HR_END_OF_FILE ((HRESULT)0x80070026)
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const struct {
    const WCHAR *name;
    enum list_form form;
} forms[] = {
    {L"plain", FORM_PLAIN},       {L"unclosed", FORM_UNCLOSED}, {L"zero1", FORM_ZERO1},       {L"zero2", FORM_ZERO2},
    {L"zero3", FORM_ZERO3},       {L"odd", FORM_ODD},           {L"cut", FORM_CUT},           {L"middle", FORM_MIDDLE},
    {L"null", FORM_NULL},         {L"nothing0", FORM_NOTHING0}, {L"nothing2", FORM_NOTHING2}, {L"nothing4", FORM_NOTHING4},
};

// One of `count` choices, the same ones in every process with the same seed; 0 without a seed.
static unsigned draw(unsigned count)
{
    static unsigned state;

    if (!config_get() || !config_get()->variety)
        return 0;
    if (!state)
        state = config_get()->variety;
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % count;
}

HRESULT answers_success(const struct call *call)
{
    static const HRESULT codes[] = {S_OK, S_FALSE, 0x102};
    const struct lab_fault *fault = lab_fault_find(call->faults, call->fault_count, LAB_FAULT_ANSWER);

    return fault ? (HRESULT)fault->number : codes[draw(COUNT_OF(codes))];
}

HRESULT answers_end_of_file(const struct call *call)
{
    static const HRESULT codes[] = {S_OK, HR_END_OF_FILE};
    const struct lab_fault *fault = lab_fault_find(call->faults, call->fault_count, LAB_FAULT_END_CODE);

    return fault ? (HRESULT)fault->number : codes[draw(COUNT_OF(codes))];
}

static enum list_form form_named(const WCHAR *name)
{
    for (size_t i = 0; i < COUNT_OF(forms); i++)
        if (!wcscmp(forms[i].name, name))
            return forms[i].form;
    lab_journal_violation("lab_failed", L"no such form of a list: %ls", name);
    return FORM_PLAIN;
}

enum list_form answers_form(const struct call *call, int has_entries)
{
    static const enum list_form full[] = {FORM_PLAIN, FORM_UNCLOSED, FORM_ZERO1, FORM_ZERO2};
    static const enum list_form empty[] = {FORM_PLAIN, FORM_NULL, FORM_NOTHING0, FORM_NOTHING2, FORM_NOTHING4};
    const struct lab_fault *fault = lab_fault_find(call->faults, call->fault_count, LAB_FAULT_FORM);

    if (fault) {
        enum list_form form = form_named(fault->text);

        return FORM_HAS_ENTRIES(form) && !has_entries ? FORM_PLAIN : form;
    }
    return has_entries ? full[draw(COUNT_OF(full))] : empty[draw(COUNT_OF(empty))];
}

DWORD answers_read_length(DWORD possible)
{
    return possible > 1 && draw(2) ? 1 + draw(possible - 1) : possible;
}

int answers_truncate_at_end(void)
{
    return config_get()->truncate_at_end || draw(2);
}
