# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a report on the controller: each host's document, and the page that is made of all of them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import plain_text
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import (
    DamagedFileError,
    Document,
    Entry,
    ForeignFileError,
    destination_key,
    document_text,
    entry,
    entry_for,
    file_name,
    parse_document,
    read_document,
    with_entry,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._fleet import fleet, worst_rows
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._outcome import dated
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html import page
from ansible_collections.adcs.ca.plugins.plugin_utils.records._files import (
    FileError,
    make_folder,
    read_folder,
    read_text,
    write_text,
)

PAGE = "fleet.html"
LOST = (
    "This job recorded no result for this host. Possible causes: the host was lost before the role began or in your hook, a task was "
    "skipped or stopped, or the job was interrupted. Run the job again for this host."
)


@dataclass
class Written:
    """What became of the files: those that had to be written (in check mode: would have to be), and those that could not be."""

    check_mode: bool
    files: list[str] = field(default_factory=list)
    diff: list[dict[str, str]] = field(default_factory=list)
    not_written: list[dict[str, str]] = field(default_factory=list)

    def update(self, path: Path, text: str, *, show: bool = True) -> None:
        """Make a file hold a text; ``show`` puts it in the diff."""
        try:
            before = read_text(path)
            if before == text:
                return
            if not self.check_mode:
                make_folder(path.parent)
                write_text(path, text)
        except FileError as error:
            self.refuse(path, str(error))
            return
        self.files.append(str(path))
        if show:
            headers = {"before_header": str(path), "after_header": str(path)}
            self.diff.append({**headers, "before": before or "", "after": text})

    def refuse(self, path: Path, why: str) -> None:
        """Note a file that could not be written."""
        self.not_written.append({"path": str(path), "why": why})


def known_document(folder: Path | None, host: str) -> Document | None:
    """Return the document of a host, None when there is none; FileError or ForeignFileError when it cannot be used."""
    text = read_text(folder / file_name(host)) if folder else None
    return None if text is None else read_document(text, host)


def known_entry(folder: Path | None, host: str, path: str | None) -> Entry:
    """Return what is known of a destination of a host; an entry that knows nothing where that cannot be read."""
    try:
        return entry_for(known_document(folder, host), path)
    except (FileError, ForeignFileError):
        return entry({"path": path})


def record(folder: Path | None, host: str, new: Entry, written: Written, *, keep_pathless: bool = False) -> Document:
    """Write an entry into the document of a host, and return the document (see ``with_entry``)."""
    host = plain_text(host)
    try:
        document = with_entry(known_document(folder, host), host, new, keep_pathless=keep_pathless)
    except (FileError, ForeignFileError) as error:
        path = (folder or Path()) / file_name(host)
        why = str(error) if isinstance(error, FileError) else f"{path} stays as it is: {error}. Move it away."
        written.refuse(path, why)
        return with_entry(None, host, new)
    if folder:
        written.update(folder / file_name(host), document_text(document))
    return document


def documents_in(folder: Path | None) -> tuple[dict[str, Document], dict[str, str]]:
    """Return ``{host: document}`` of a folder, and ``{name: why}`` of files that may be documents and cannot be used.

    A file under another name is none. FileError when the folder cannot be read.
    """
    texts, unread = read_folder(folder, ".json") if folder else ({}, {})
    found = {}
    for name, text in texts.items():
        try:
            document = parse_document(text)
        except DamagedFileError as error:
            unread[name] = f"{plain_text(name)}: {error}."
            continue
        except ForeignFileError:
            continue
        if document and file_name(document["host"]) == name:
            found[document["host"]] = document
    return found, {name: plain_text(why) for name, why in unread.items()}


def draw(
    folder: Path | None, outcomes: Mapping[str, Mapping[str, Any] | None], written: Written
) -> tuple[dict[str, Any], set[str], list[str]]:
    """Draw the page of a folder. Return the fleet that is on it, the hosts of it that are of this job, and why documents were left out.

    Args:
        folder: where the documents are; None for a job without files.
        outcomes: the outcome of each host of this job that reports there; None for a host that has none, which gets a document.
        written: takes what became of the files.
    """
    try:
        documents, unread = documents_in(folder)
    except FileError as error:
        written.refuse(folder or Path(), str(error))
        documents, unread = {}, {}
    looked_at = {}
    now_s = time.time()
    for host, outcome in outcomes.items():
        name = plain_text(host)
        if outcome is None:
            lost = dated(entry({"message": LOST}), entry_for(documents.get(name), None), now_s)
            documents[name] = record(folder, name, lost, written)
            looked_at[name] = {""}
        else:
            documents[name] = _as_judged(outcome, documents.get(name), name)
            looked_at[name] = {destination_key(row["path"]) for row in outcome["destinations"]}
    found = fleet(documents.values(), now_s, looked_at)
    # what is wrong with the document of a host of this job is told by its outcome
    mine = set(map(file_name, looked_at))
    left_out = [why for name, why in unread.items() if name not in mine]
    if folder and documents and not any(item["path"] == str(folder) for item in written.not_written):
        written.update(folder / PAGE, page(found, left_out), show=False)
    return found, set(looked_at), left_out


def _as_judged(outcome: Mapping[str, Any], known: Document | None, host: str) -> Document:
    """Return the document of a host with the statuses that this job judged, also where its file could not be written."""
    document = outcome.get("record") or known
    for row in worst_rows(outcome["destinations"]):
        before = entry_for(document, row["path"])
        document = with_entry(document, host, {**_entry_of(row, before), "status": row["status"]}, keep_pathless=True)
    return document or with_entry(None, host, entry({}))


def _entry_of(row: Mapping[str, Any], before: Entry) -> Entry:
    """Return the entry of a row of an outcome: the one of the document if that has the same set, else what the row knows."""
    newest = before["newest"]["label"] if before["newest"] else None
    if newest == row["label"]:
        return {**before, "path": row["path"], "message": row["message"]}
    sets = [{**row, "type": "full", "complete": True}] if row["label"] else []
    made = {"sets": sets, "newest": {"label": row["label"]}, "ca": {"name": row["ca"]}}
    return entry({**{key: row[key] for key in ("path", "message", "late_after_s")}, **made})


def attention_of(
    outcomes: Mapping[str, Mapping[str, Any] | None], fail_on: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Return ``[{host, ca, path, status, message}]`` of each destination of this job that is not judged good."""
    rows: list[dict[str, Any]] = []
    for host, outcome in outcomes.items():
        if outcome is None:
            rows.append({"host": plain_text(host), "ca": None, "path": None, "status": "failed", "message": LOST})
        else:
            rows += bad_destinations(plain_text(host), outcome["destinations"], fail_on)
    return rows


def bad_destinations(
    host: str, destinations: Sequence[Mapping[str, Any]], fail_on: Collection[str]
) -> list[dict[str, Any]]:
    """Return the destinations of a host that are not judged good."""
    bad = worst_rows(row for row in destinations if row["attention"] or row["status"] in fail_on)
    return [{"host": host, **{key: row[key] for key in ("ca", "path", "status", "message")}} for row in bad]
