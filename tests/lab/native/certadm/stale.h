// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// faults.txt and sim.conf are read once in each load. A process that never unloads the library would go on with those
// of an earlier test, and miss the checks at unload as well: such a test must not pass.

#ifndef CERTADM_STALE_H
#define CERTADM_STALE_H

void stale_remember(void);
// Journals a violation when either file has changed, come or gone since.
void stale_check(void);

#endif
