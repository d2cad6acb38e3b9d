// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The simulated CA as C:\LabCA\sim.conf describes it.

#ifndef CERTADM_CONFIG_H
#define CERTADM_CONFIG_H

#include <windows.h>

#define CONFIG_PATH L"C:\\LabCA\\sim.conf"
#define CONFIG_FILES_MAX 64

struct config {
    const WCHAR *host;  // FQDN in the lists
    const WCHAR *databases[CONFIG_FILES_MAX];
    size_t database_count;
    const WCHAR *log_dir;
    const WCHAR *checkpoint_dir;
    const WCHAR *dynamic[CONFIG_FILES_MAX];
    size_t dynamic_count;
    unsigned short_reads;  // seed of the short reads; 0: none
    unsigned keep_logs;    // how many of the newest listed logs a truncation leaves
    unsigned truncate_at_end;  // not 0: the logs are deleted at the end of the session
    unsigned variety;      // seed of the answers that are drawn; 0: all are plain
};

// Read once, at the first use. NULL: sim.conf is missing or wrong; a violation in the journal says why.
const struct config *config_get(void);

#endif
