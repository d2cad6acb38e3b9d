# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ways to spoil the manifest of a set, each a name and a function of the set's folder.

Some break the manifest's own hash, as a bad disk does; others come with a right one, as an attacker's would.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from adcs_lab import sets

from helpers.component.fabricate import write_manifest

Tamper = Callable[[Path], None]

MANIFEST = "manifest.json"
MORE_THAN_ANY_MANIFEST = (64 << 20) + 1
VALUES: tuple[Any, ...] = (
    None,
    -1,
    1 << 62,
    1 << 70,
    1.5,
    True,
    "",
    "text",
    "\u202e\u0000",
    [],
    [[]],
    [None],
    {},
    {"": {}},
)
TIMES = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00+00:00", "now")
HOSTILE_PATHS = (
    r"..\manifest.json", r"..\..\canary.bin", r"..\..\..\..\canary.bin", r"C:\canary.bin", r"\canary.bin", r"\\server\share\x",
    r"\\?\C:\canary.bin", r"DataBase\..\..\..\canary.bin", r"DataBase/certbkxp.dat", r"DataBase\certbkxp.dat::$DATA", r"DataBase\CON",
    r"DataBase\NUL.txt", r"DataBase\x.", "DataBase\\x ", "", "\\", "DataBase\\\u0000", "DataBase\\*", "x" * 5000,
)  # fmt: skip


def raw(change: Callable[[bytes], bytes]) -> Tamper:
    """Change the bytes of the manifest; its hash does not follow."""

    def tamper(folder: Path) -> None:
        path = folder / MANIFEST
        path.write_bytes(change(path.read_bytes()))

    return tamper


def signed(change: Callable[[dict[str, Any]], object]) -> Tamper:
    """Change the document; its hash follows."""

    def tamper(folder: Path) -> None:
        document = sets.manifest(folder)
        change(document)
        write_manifest(folder, document)

    return tamper


def signed_text(change: Callable[[str], str]) -> Tamper:
    """Change the text of the document in ways that no JSON writer would; its hash follows."""

    def tamper(folder: Path) -> None:
        path = folder / MANIFEST
        text = change(sets.HASH_LINE.sub(b"", path.read_bytes()).decode())
        digest = hashlib.sha256(text.encode()).hexdigest()
        path.write_bytes(text.replace("{\n", f'{{\n  "manifest_sha256": "{digest}",\n', 1).encode())

    return tamper


def everything(seed: int, count: int, document: dict[str, Any], canary: Path) -> Iterator[tuple[str, Tamper]]:
    """Give every way of tampering, ``count`` of each random kind."""
    yield from _damage(random.Random(seed), count)
    yield from _forms()
    yield from _types(document)
    yield from _hostile(canary)


def _damage(chance: random.Random, count: int) -> Iterator[tuple[str, Tamper]]:
    def flip(place: float, bit: int) -> Callable[[bytes], bytes]:
        def change(text: bytes) -> bytes:
            at = int(place * len(text))
            return text[:at] + bytes([text[at] ^ 1 << bit]) + text[at + 1 :]

        return change

    def reorder(seed: int) -> Callable[[bytes], bytes]:
        def change(text: bytes) -> bytes:
            lines = text.splitlines(keepends=True)
            random.Random(seed).shuffle(lines)
            return b"".join(lines)

        return change

    for _ in range(count):
        place, bit, order = chance.random(), chance.randrange(8), chance.random()
        yield f"cut off at {place}", raw(lambda text, place=place: text[: int(place * len(text))])
        yield f"bit {bit} flipped at {place}", raw(flip(place, bit))
        yield f"lines in the order {order}", raw(reorder(int(order * 2**32)))


def _forms() -> Iterator[tuple[str, Tamper]]:
    yield "missing", lambda folder: (folder / MANIFEST).unlink()
    yield "a folder", lambda folder: ((folder / MANIFEST).unlink(), (folder / MANIFEST).mkdir(), None)[-1]
    yield "huge", lambda folder: os.truncate(folder / MANIFEST, MORE_THAN_ANY_MANIFEST)
    for name, content in {
        "empty": b"",
        "zeros": b"\0" * 4096,
        "a list": b"[]\n",
        "null": b"null\n",
        "a number": b"1\n",
        "deep": b"[" * 200_000,
        "no JSON": b"manifest\n",
    }.items():
        yield name, raw(lambda _, content=content: content)
    yield "UTF-16", raw(lambda text: text.decode().encode("utf-16"))
    yield "a byte order mark", raw(lambda text: b"\xef\xbb\xbf" + text)
    yield "not UTF-8", raw(lambda text: text.replace(b'"tool"', b'"t\xff\xfe"', 1))
    yield "two hashes", raw(lambda text: text.replace(b"{\n", b"{\n" + (sets.HASH_LINE.search(text) or [b""])[0], 1))
    yield "duplicate label", signed_text(
        lambda text: text.replace("{\n", '{\n  "label": "20200101T000000Z-full",\n', 1)
    )
    yield "duplicate files", signed_text(lambda text: text.replace("{\n", '{\n  "files": [],\n', 1))
    yield "deep, signed", signed_text(
        lambda text: text.replace("{\n", '{\n  "a": ' + "[" * 5000 + "]" * 5000 + ",\n", 1)
    )
    yield "a million keys", signed(lambda document: document.update({f"key{n}": n for n in range(100_000)}))
    yield "strange keys", signed(
        lambda document: document.update({"": 1, "\u202e": 2, "a b": 3, "type ": 4, "Label": 5})
    )
    yield "half a character", signed_text(lambda text: text.replace('"type": "full"', '"type": "\\ud800"', 1))
    yield "JavaScript", signed_text(lambda text: text.replace('"schema": 1', '"schema": 0x1 // one', 1))


def _types(document: dict[str, Any]) -> Iterator[tuple[str, Tamper]]:
    for key in sorted(document):
        if key == "manifest_sha256":
            continue
        yield f"without {key}", signed(lambda document, key=key: document.pop(key))
        for value in VALUES:
            yield f"{key} = {value!r}", signed(lambda document, key=key, value=value: document.update({key: value}))
    for key in ("started", "finished"):
        for value in TIMES:
            yield f"{key} = {value}", signed(lambda document, key=key, value=value: document.update({key: value}))
    for group in ("ca", "truncation"):
        for key in document[group]:
            for value in (None, -1, "text", [], {}):
                yield f"{group}.{key} = {value!r}", signed(
                    lambda document, group=group, key=key, value=value: document[group].update({key: value})
                )
    for key in ("path", "kind", "source", "size", "sha256"):
        for value in (None, -1, 1 << 62, 1 << 70, True, "", "text", [], {}):
            yield f"files[0].{key} = {value!r}", signed(
                lambda document, key=key, value=value: document["files"][0].update({key: value})
            )


def _hostile(canary: Path) -> Iterator[tuple[str, Tamper]]:
    content = canary.read_bytes()
    entry = {"kind": "log", "source": "x", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    for path in HOSTILE_PATHS:
        yield f"the path {path[:40]!r}", signed(
            lambda document, path=path: document["files"].append({**entry, "path": path})
        )
    yield "a file twice", signed(lambda document: document["files"].append(document["files"][0]))
    yield "a file twice, in capitals", signed(
        lambda document: document["files"].append(
            {**document["files"][0], "path": document["files"][0]["path"].upper()}
        )
    )
    for label in ("20200101T000000Z-full", "20260101T000000Z-logs", "..", r"..\..\x", "", "20260101T000000Z-full\n"):
        yield f"the label {label!r}", signed(lambda document, label=label: document.update({"label": label}))
    yield "sizes beyond all numbers", signed(
        lambda document: [file.update({"size": (1 << 63) - 1}) for file in document["files"]]
    )
    yield "another state", signed(lambda document: document.update({"state": "published"}))
    yield "another CA", signed(lambda document: document["ca"].update({"name": "Other", "host": "other.lab.example"}))
    yield "a prior that is itself", signed(lambda document: document.update({"prior": document["label"]}))
    yield "a prior that is a path", signed(lambda document: document.update({"prior": r"..\..\x"}))
