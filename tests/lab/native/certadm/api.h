// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// certbcli.h as the implementing side needs it, and the codes it answers with.

#ifndef CERTADM_API_H
#define CERTADM_API_H

#include <windows.h>

// The header declares imports only. Turning the word round lets the compiler check our definitions against it.
#define dllimport dllexport
#include <certbcli.h>
#undef dllimport

#define HR_ORDER ((HRESULT)0x8000FFFF)                    // E_UNEXPECTED: calls out of order
#define HR_SERVER_UNAVAILABLE ((HRESULT)0x800706BA)       // RPC_S_SERVER_UNAVAILABLE
#define HR_SERVER_SUSPENDED ((HRESULT)0x80094006)         // CERTSRV_E_SERVER_SUSPENDED
#define HR_PRIVILEGE_NOT_HELD ((HRESULT)0x80070522)       // ERROR_PRIVILEGE_NOT_HELD
#define HR_FILE_NOT_FOUND ((HRESULT)0x80070002)           // ERROR_FILE_NOT_FOUND
#define HR_BACKUP_IN_PROGRESS ((HRESULT)0xC80001F9)       // hrBackupInProgress
#define HR_INVALID_SEQUENCE ((HRESULT)0xC8000209)         // hrInvalidBackupSequence
#define HR_MISSING_FULL_BACKUP ((HRESULT)0xC8000230)      // hrMissingFullBackup

#endif
