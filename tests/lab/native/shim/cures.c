// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// What Wine 8 lacks and the engine needs, whatever the configuration.
#include "shim.h"

// .NET translates file patterns into the wildcards of DOS (< > "), which Wine 8 takes for themselves and so finds
// nothing. * in their place finds more, never less: .NET matches every name again by itself.
UNICODE_STRING *cure_mask(UNICODE_STRING *mask, UNICODE_STRING *cured, WCHAR storage[MASK_CAPACITY])
{
    size_t length = mask && mask->Buffer ? mask->Length / sizeof(WCHAR) : 0;
    size_t used = 0, i;
    BOOL found = FALSE;

    if (length > MASK_CAPACITY)
        return mask;
    for (i = 0; i < length; i++) {
        WCHAR c = mask->Buffer[i];

        if (c == L'<' || c == L'>' || c == L'"') {
            found = TRUE;
            c = L'*';
        }
        if (c != L'*' || !used || storage[used - 1] != L'*')
            storage[used++] = c;
    }
    if (!found)
        return mask;
    cured->Buffer = storage;
    cured->Length = cured->MaximumLength = (USHORT)(used * sizeof(WCHAR));
    return cured;
}

// Deletion with flags is unknown to Wine 8; the plain one does the same but for names that vanish at once.
NTSTATUS cure_disposition(HANDLE file, IO_STATUS_BLOCK *io, ULONG flags)
{
    BOOLEAN wish = flags & 1;

    return real.NtSetInformationFile(file, io, &wish, sizeof wish, CLASS_DISPOSITION);
}
