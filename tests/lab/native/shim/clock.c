// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// The time of day that the process reads, off by what a test asks for. Clocks that only count on are left alone.
#include "shim.h"

#define TICKS_PER_SECOND 10000000LL

static volatile LONGLONG shift_ticks;

static void(WINAPI *real_time)(FILETIME *);
static void(WINAPI *real_precise_time)(FILETIME *);

static void shift(FILETIME *time)
{
    ULARGE_INTEGER ticks = {.LowPart = time->dwLowDateTime, .HighPart = time->dwHighDateTime};

    ticks.QuadPart += (ULONGLONG)shift_ticks;
    time->dwLowDateTime = ticks.LowPart;
    time->dwHighDateTime = ticks.HighPart;
}

static void WINAPI hook_time(FILETIME *time)
{
    real_time(time);
    shift(time);
}

static void WINAPI hook_precise_time(FILETIME *time)
{
    real_precise_time(time);
    shift(time);
}

// From now on the clock is this many seconds ahead, or behind when negative, of the true one.
__declspec(dllexport) void WINAPI LabShiftClock(LONGLONG seconds)
{
    shift_ticks = seconds * TICKS_PER_SECOND;
}

void clock_configure(void)
{
    shift_ticks = 0;
}

BOOL clock_install(void)
{
    HMODULE kernel32 = GetModuleHandleW(L"kernel32.dll");

    real_time = (void *)GetProcAddress(kernel32, "GetSystemTimeAsFileTime");
    real_precise_time = (void *)GetProcAddress(kernel32, "GetSystemTimePreciseAsFileTime");
    if (real_time && real_precise_time && hooks_replace_export(kernel32, "GetSystemTimeAsFileTime", (void *)hook_time) &&
        hooks_replace_export(kernel32, "GetSystemTimePreciseAsFileTime", (void *)hook_precise_time))
        return TRUE;
    shim_complain(L"the clock of kernel32.dll cannot be replaced");
    return FALSE;
}
