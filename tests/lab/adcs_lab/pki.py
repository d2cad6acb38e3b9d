# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A CA certificate and CRLs that parse as what they are; their signatures are filler and verify against nothing.

The same name always gives the same bytes.
"""

from __future__ import annotations

import datetime
import hashlib

NOT_BEFORE = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
NOT_AFTER = datetime.datetime(2044, 1, 1, tzinfo=datetime.timezone.utc)

SEQUENCE = 0x30
SET = 0x31
COMMON_NAME = "550403"
EC_PUBLIC_KEY = "2a8648ce3d0201"
P256 = "2a8648ce3d030107"
ECDSA_SHA256 = "2a8648ce3d040302"
BASIC_CONSTRAINTS = "551d13"
KEY_USAGE = "551d0f"
CRL_NUMBER = "551d14"
DELTA_CRL_INDICATOR = "551d1b"
# Any point of the curve will do for a public key; this is its generator.
POINT = (
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


def certificate(common_name: str) -> bytes:
    """Return a self-issued CA certificate, DER."""
    name = _name(common_name)
    key = _der(SEQUENCE, _der(SEQUENCE, _oid(EC_PUBLIC_KEY), _oid(P256)), _bits(bytes.fromhex(POINT)))
    constraints = _extension(BASIC_CONSTRAINTS, _der(SEQUENCE, _der(0x01, b"\xff")), critical=True)
    usage = _extension(KEY_USAGE, _der(0x03, b"\x01\x86"), critical=True)
    return _signed(
        _der(0xA0, _integer(2)),
        _integer(int.from_bytes(hashlib.sha256(common_name.encode()).digest()[:8], "big") >> 1),
        _algorithm(),
        name,
        _der(SEQUENCE, _time(NOT_BEFORE), _time(NOT_AFTER)),
        name,
        key,
        _der(0xA3, _der(SEQUENCE, constraints, usage)),
    )


def crl(common_name: str, number: int, base: int | None = None) -> bytes:
    """Return an empty CRL, DER; with ``base`` a delta CRL on the CRL of that number."""
    extensions = [_extension(CRL_NUMBER, _integer(number))]
    if base is not None:
        extensions.append(_extension(DELTA_CRL_INDICATOR, _integer(base), critical=True))
    return _signed(
        _integer(1),
        _algorithm(),
        _name(common_name),
        _time(NOT_BEFORE),
        _time(NOT_AFTER),
        _der(0xA0, _der(SEQUENCE, *extensions)),
    )


def thumbprint(der: bytes) -> bytes:
    """Return what Windows calls a certificate's thumbprint."""
    return hashlib.sha1(der, usedforsecurity=False).digest()


def _signed(*parts: bytes) -> bytes:
    to_be_signed = _der(SEQUENCE, *parts)
    filler = int.from_bytes(hashlib.sha256(to_be_signed).digest(), "big") >> 1
    return _der(SEQUENCE, to_be_signed, _algorithm(), _bits(_der(SEQUENCE, _integer(filler), _integer(filler))))


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def _oid(encoded: str) -> bytes:
    return _der(0x06, bytes.fromhex(encoded))


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _bits(content: bytes) -> bytes:
    return _der(0x03, b"\x00", content)


def _algorithm() -> bytes:
    return _der(SEQUENCE, _oid(ECDSA_SHA256))


def _name(common_name: str) -> bytes:
    return _der(SEQUENCE, _der(SET, _der(SEQUENCE, _oid(COMMON_NAME), _der(0x0C, common_name.encode()))))


def _time(moment: datetime.datetime) -> bytes:
    return _der(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def _extension(oid: str, value: bytes, critical: bool = False) -> bytes:
    return _der(SEQUENCE, _oid(oid), _der(0x01, b"\xff") if critical else b"", _der(0x04, value))
