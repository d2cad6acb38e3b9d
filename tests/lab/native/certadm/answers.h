// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Which of the answers that the documents allow a call gives: the one that a fault asks for, else one drawn with the
// seed `variety` of sim.conf, else the plain one.

#ifndef CERTADM_ANSWERS_H
#define CERTADM_ANSWERS_H

#include "call.h"

enum list_form {
    FORM_PLAIN,     // each entry closed by one zero, then one more
    FORM_UNCLOSED,  // without the last zero
    FORM_ZERO1,     // zeros more than plain
    FORM_ZERO2,
    FORM_ZERO3,
    FORM_ODD,       // a byte more than plain
    FORM_CUT,       // the last name without its closing zero
    FORM_MIDDLE,    // an empty name behind the first one
    FORM_NULL,      // no entries: NULL and a size
    FORM_NOTHING0,  // no entries: a pointer and so many zero bytes
    FORM_NOTHING2,
    FORM_NOTHING4
};
#define FORM_HAS_ENTRIES(form) ((form) < FORM_NULL)

// What a call that has done its work answers: S_OK or another success code.
HRESULT answers_success(const struct call *call);
// What a read at the end of a file answers: S_OK (with 0 bytes) or ERROR_HANDLE_EOF.
HRESULT answers_end_of_file(const struct call *call);
// A list without entries that is to have a form of entries is plain.
enum list_form answers_form(const struct call *call, int has_entries);
// How many of the bytes that a read could give it gives, at least one.
DWORD answers_read_length(DWORD possible);
// Whether TruncateLogs leaves the deletion to End.
int answers_truncate_at_end(void);

#endif
