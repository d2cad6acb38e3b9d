# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A certification authority without Windows: Wine, a PowerShell engine, a simulated Certadm.dll, a WinRM endpoint."""
