# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that look like a database engine's from outside: no two pages alike, the same bytes for the same arguments."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

PAGE = 4096
BLOCK = 1024 * 1024
SIGNATURE = 0x89ABCDEF
VERSION = 0x620
# Checksum, then the page's number, at the start of every page; the first page is a header.
PAGE_HEADER = struct.Struct("<IQI")
FILE_HEADER = struct.Struct("<IIII")


def write(path: Path, size: int, seed: str) -> None:
    """Write a file of ``size`` bytes whose content depends on ``seed`` alone."""
    with path.open("wb") as file:
        for block in _blocks(size, seed):
            file.write(block)


def _blocks(size: int, seed: str) -> Iterator[bytes]:
    body = hashlib.shake_128(seed.encode()).digest(BLOCK)
    checksum = zlib.crc32(body)
    for start in range(0, size, BLOCK):
        block = bytearray(body[: min(BLOCK, size - start)])
        for offset in range(0, len(block) - PAGE_HEADER.size + 1, PAGE):
            number = (start + offset) // PAGE
            PAGE_HEADER.pack_into(block, offset, (checksum + number * 0x9E3779B1) & 0xFFFFFFFF, number, 0)
        if start == 0 and len(block) >= FILE_HEADER.size:
            FILE_HEADER.pack_into(block, 0, checksum, SIGNATURE, VERSION, 0)
        yield bytes(block)
