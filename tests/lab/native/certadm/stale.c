// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "stale.h"

#include "../common/fault.h"
#include "../common/journal.h"
#include "config.h"

#include <string.h>

struct stamp {
    FILETIME written;
    DWORD size;
};

static const WCHAR *const paths[] = {LAB_FAULTS_PATH, CONFIG_PATH};
#define PATH_COUNT (sizeof paths / sizeof *paths)

static struct stamp remembered[PATH_COUNT];

// All zero for a missing file.
static struct stamp stamp_of(const WCHAR *path)
{
    struct stamp stamp = {{0, 0}, 0};
    WIN32_FILE_ATTRIBUTE_DATA data;

    if (GetFileAttributesExW(path, GetFileExInfoStandard, &data)) {
        stamp.written = data.ftLastWriteTime;
        stamp.size = data.nFileSizeLow;
    }
    return stamp;
}

void stale_remember(void)
{
    for (size_t i = 0; i < PATH_COUNT; i++)
        remembered[i] = stamp_of(paths[i]);
}

void stale_check(void)
{
    for (size_t i = 0; i < PATH_COUNT; i++) {
        struct stamp now = stamp_of(paths[i]);

        if (memcmp(&now, &remembered[i], sizeof now))
            lab_journal_violation("lab_stale", L"%ls has changed since this process loaded the library, which reads it "
                                               L"only once",
                                  paths[i]);
    }
}
