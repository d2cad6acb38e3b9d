// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// What the simulation asks of the machine: the state of CertSvc, privileges, the machine's names.

#ifndef CERTADM_HOST_H
#define CERTADM_HOST_H

#include <windows.h>

#include "config.h"

#define PRIVILEGE_BACKUP L"SeBackupPrivilege"
#define PRIVILEGE_RESTORE L"SeRestorePrivilege"

enum service_state { SERVICE_IS_RUNNING, SERVICE_IS_PAUSED, SERVICE_IS_DOWN };

// What the service control manager says of CertSvc, unless host_stop_service() was called.
enum service_state host_service_state(void);
// From now on, until the library is unloaded, CertSvc counts as stopped.
void host_stop_service(void);

// Whether the effective token of this thread has the privilege *enabled*; held but disabled is not enough.
int host_privilege_enabled(const WCHAR *name);

// Whether `server` names this machine: its computer name or the FQDN of sim.conf, in any case.
int host_is_named(const struct config *config, const WCHAR *server);

#endif
