# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of hosts, CAs and files become pseudonyms. Only words that every CA has stay; whatever is not known is replaced."""

from __future__ import annotations

import re

WELL_KNOWN = frozenset({"windows", "winnt", "system32", "certlog", "certsrv", "certenroll", "certbkxp.dat"})
LOG = re.compile(r"edb([0-9a-f]{5,8})?\.log", re.IGNORECASE)
ADDRESS = re.compile(r"[0-9.]+|.*:.*")
DRIVE = re.compile(r"[a-z]\$", re.IGNORECASE)
UNC = re.compile(r"\\\\([^\\]+)\\([^\\]+)(.*)", re.DOTALL)
LOCAL = re.compile(r"([a-z]):(\\.*)", re.IGNORECASE | re.DOTALL)
# the mark of a delta CRL may stand before the extension
FILE = re.compile(r"(?P<base>.+?)(?P<delta>\+?)(?P<extension>\.(?:edb|log|crl|crt|pat|chk))", re.IGNORECASE | re.DOTALL)


class Pseudonyms:
    """The pseudonyms of one report: the same word, in any case, has the same one everywhere."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def of(self, kind: str, word: str) -> str:
        """Return the pseudonym of a word, such as ``host-1``. A host is the same with its domain and without."""
        folded = word.casefold()
        if kind == "host" and not ADDRESS.fullmatch(folded):
            folded = folded.partition(".")[0]
        key = (kind, folded)
        if key not in self._known:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._known[key] = f"{kind}-{self._counts[kind]}"
        return self._known[key]

    def path(self, path: str) -> str:
        r"""Return a name such as ``\\ca01\C$\folder\file.edb`` with everything replaced that is not well known."""
        if match := UNC.fullmatch(path):
            host, share, rest = match.groups()
            root = f"\\\\{self.of('host', host)}\\{share if DRIVE.fullmatch(share) else self.of('share', share)}"
        elif match := LOCAL.fullmatch(path):
            drive, rest = match.groups()
            root = f"{drive}:"
        else:
            return self.of("text", path)
        return root + "".join(f"\\{self._element(element)}" for element in rest.split("\\")[1:])

    def _element(self, element: str) -> str:
        if not element or element.casefold() in WELL_KNOWN or LOG.fullmatch(element):
            return element
        if match := FILE.fullmatch(element):
            kind = "ca" if match["extension"].casefold() == ".edb" else "name"
            return f"{self.of(kind, match['base'])}{match['delta']}{match['extension'].lower()}"
        return self.of("name", element)
