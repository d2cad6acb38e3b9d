# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documents of CAs that are gone: out of the folder of reports into a folder beside them, where no report looks."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import (
    Document,
    ForeignFileError,
    destination_key,
    document_text,
    file_name,
    parse_document,
    read_document,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._fleet import fleet
from ansible_collections.adcs.ca.plugins.plugin_utils.page._html import page
from ansible_collections.adcs.ca.plugins.plugin_utils.records._files import (
    make_folder,
    move_file,
    read_folder,
    read_text,
    write_text,
)
from ansible_collections.adcs.ca.plugins.plugin_utils.records._records import PAGE, Written, documents_in

FOLDER = "retired"
NAMED_LIMIT = 10


class RetireError(ValueError):
    """Nothing can be retired; the text says why."""


@dataclass(frozen=True)
class Retirement:
    """A document, or one destination of it, that goes into the folder of retired ones.

    ``rest`` is what stays of the document; None when it goes as a whole. ``text`` is what is put aside.
    """

    host: str
    source: Path
    target: Path
    before: str
    text: str
    rest: Document | None


def retirement(folder: Path, host: str, path: str | None) -> Retirement | None:
    """Return what is to be done to retire a host, or one destination of it; None when that was done before.

    RetireError for a host or a destination that is not there, FileError for files that cannot be read.
    """
    source = folder / file_name(host)
    before = read_text(source)
    try:
        known = None if before is None else read_document(before, host)
    except ForeignFileError as error:
        raise RetireError(f"{source} stays as it is: {error}. Move it away by hand.") from error
    if before is None or (path is not None and not _holds(known, path)):
        if any(path is None or _holds(document, path) for document in _retired(folder, host)):
            return None
        raise RetireError(_unknown_host(folder, host) if before is None else _unknown_path(source, known, path))
    target = _free_name(folder / FOLDER, source.stem)
    key = destination_key(path)
    entries = known["destinations"] if known else []
    stay = [] if path is None else [item for item in entries if destination_key(item["path"]) != key]
    # an entry without a destination alone is no reason to keep a document
    if not known or not any(item["path"] for item in stay):
        return Retirement(host, source, target, before, before, None)
    going = [item for item in entries if destination_key(item["path"]) == key]
    return Retirement(
        host, source, target, before, document_text({**known, "destinations": going}), {**known, "destinations": stay}
    )


def carry_out(planned: Retirement, written: Written) -> None:
    """Put the document aside and draw the page without it; in check mode only note what would be. FileError when that cannot be.

    What is put aside is written first: whatever stops this, nothing is lost.
    """
    rest = "" if planned.rest is None else document_text(planned.rest)
    if not written.check_mode:
        make_folder(planned.target.parent)
        if planned.rest is None:
            move_file(planned.source, planned.target)
        else:
            write_text(planned.target, planned.text)
            write_text(planned.source, rest)
    written.files += [str(planned.target), *([str(planned.source)] if rest else [])]
    for path, before, after in ((planned.source, planned.before, rest), (planned.target, "", planned.text)):
        written.diff.append({"before_header": str(path), "after_header": str(path), "before": before, "after": after})
    draw_again(planned.source.parent, written, {planned.host: planned.rest})


def draw_again(folder: Path, written: Written, changed: Mapping[str, Document | None] | None = None) -> None:
    """Draw the page of a folder, with these documents in the place of those on the disk; None for one that goes."""
    found, unread = documents_in(folder)
    documents = {**found, **(changed or {})}
    left = [document for document in documents.values() if document is not None]
    written.update(folder / PAGE, page(fleet(left, time.time()), list(unread.values())), show=False)


def _holds(document: Document | None, path: str) -> bool:
    entries = document["destinations"] if document else []
    return destination_key(path) in {destination_key(item["path"]) for item in entries if item["path"]}


def _retired(folder: Path, host: str) -> Iterator[Document | None]:
    """Yield the retired documents of a host; None for one of an earlier form."""
    stem = Path(file_name(host)).stem
    for name, text in read_folder(folder / FOLDER, ".json")[0].items():
        if name.rpartition("~")[0] != stem:
            continue
        try:
            yield parse_document(text)
        except ForeignFileError:
            continue


def _free_name(folder: Path, stem: str) -> Path:
    """Return a name of this second that no file has."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    names = (f"{stem}~{now}{f'-{number}' if number > 1 else ''}.json" for number in range(1, 10_000))
    return next(folder / name for name in names if not (folder / name).exists())


def _unknown_host(folder: Path, host: str) -> str:
    documents, _ = documents_in(folder)
    near = _near(host, documents)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    elif documents:
        hint = f"There are documents of {_listed(sorted(documents))}."
    else:
        hint = "The folder holds no document. Check report_dir."
    return f"There is no document of the host '{host}' in {folder}. {hint}"


def _near(host: str, documents: Mapping[str, Document]) -> list[str]:
    """Return hosts whose name, or that of their CA, is nearly this one."""
    names: dict[str, str] = {}
    for name, document in documents.items():
        cas = (item["ca"][key] for item in document["destinations"] for key in ("name", "host"))
        for word in (*filter(None, cas), name):
            names[word.casefold()] = name
    found = difflib.get_close_matches(host.casefold(), list(names), n=3, cutoff=0.75)
    return list(dict.fromkeys(names[word] for word in found))


def _unknown_path(source: Path, known: Document | None, path: str | None) -> str:
    if known is None:
        return f"{source} has an earlier form, which names no destinations. Leave path out to retire the host."
    paths = [item["path"] for item in known["destinations"] if item["path"]]
    return f"The document of {known['host']} has no destination '{path}'. It has {_listed(paths) if paths else 'none'}."


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED_LIMIT
    return ", ".join(names[:NAMED_LIMIT]) + (f" and {more} more" if more > 0 else "")
