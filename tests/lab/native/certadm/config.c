// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "config.h"

#include "../common/journal.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static struct config config;
static int loaded;
static int usable;

static int is_local_path(const WCHAR *path)
{
    return iswalpha(path[0]) && path[1] == L':' && path[2] == L'\\' && wcslen(path) < MAX_PATH;
}

static int set_once(const WCHAR **field, const WCHAR *value)
{
    if (*field)
        return 0;
    *field = value;
    return 1;
}

static int set_path(const WCHAR **field, const WCHAR *value)
{
    return is_local_path(value) && set_once(field, value);
}

static int add_path(const WCHAR **paths, size_t *count, const WCHAR *value)
{
    if (!is_local_path(value) || *count == CONFIG_FILES_MAX)
        return 0;
    paths[(*count)++] = value;
    return 1;
}

static int set_number(unsigned *field, const WCHAR *value)
{
    WCHAR *end;

    *field = (unsigned)wcstoul(value, &end, 10);
    return iswdigit(*value) && !*end;
}

static int set(const WCHAR *key, const WCHAR *value)
{
    if (!wcscmp(key, L"host"))
        return *value && set_once(&config.host, value);
    if (!wcscmp(key, L"database"))
        return add_path(config.databases, &config.database_count, value);
    if (!wcscmp(key, L"log_dir"))
        return set_path(&config.log_dir, value);
    if (!wcscmp(key, L"checkpoint_dir"))
        return set_path(&config.checkpoint_dir, value);
    if (!wcscmp(key, L"dynamic"))
        return add_path(config.dynamic, &config.dynamic_count, value);
    if (!wcscmp(key, L"short_reads"))
        return set_number(&config.short_reads, value);
    if (!wcscmp(key, L"keep_logs"))
        return set_number(&config.keep_logs, value);
    if (!wcscmp(key, L"truncate_at_end"))
        return set_number(&config.truncate_at_end, value);
    if (!wcscmp(key, L"variety"))
        return set_number(&config.variety, value);
    return 0;
}

// The values point into `text`, which lives as long as the library.
static int parse(WCHAR *text)
{
    unsigned number = 1;

    for (WCHAR *line = text, *next; line; line = next, number++) {
        size_t length;
        WCHAR *value;

        next = wcschr(line, L'\n');
        if (next)
            *next++ = 0;
        length = wcslen(line);
        if (length && line[length - 1] == L'\r')
            line[--length] = 0;
        if (!length || *line == L'#')
            continue;
        value = wcschr(line, L'=');
        if (value)
            *value++ = 0;
        if (!value || !set(line, value)) {
            lab_journal_violation("config_unreadable", L"line %u of %ls: '%ls' is not understood", number, CONFIG_PATH,
                                  line);
            return 0;
        }
    }
    if (!config.host || !config.log_dir || !config.checkpoint_dir) {
        lab_journal_violation("config_unreadable", L"%ls lacks host, log_dir or checkpoint_dir", CONFIG_PATH);
        return 0;
    }
    return 1;
}

static int load(void)
{
    DWORD error = 0;
    WCHAR *text = NULL;

    if (lab_enter()) {
        text = lab_read_text(CONFIG_PATH, &error);
        lab_leave();
    }
    if (text)
        return parse(text);
    lab_journal_violation("config_unreadable", L"%ls is missing or unreadable: error %lu", CONFIG_PATH, error);
    return 0;
}

const struct config *config_get(void)
{
    if (!loaded) {
        usable = load();
        loaded = 1;
    }
    return usable ? &config : NULL;
}
