# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fleet in short: the artifact of a job, and the message that it fails with. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils._report import SCHEMA, shortened

ROW_LIMIT = 200
BYTES_LIMIT = 64 * 1024
CELL_LIMIT = 200
# What the keys beside the rows take, and more.
BYTES_OF_FRAME = 1024
NAMED_LIMIT = 20


def summary(fleet: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{schema, counts, rows, omitted}``, in JSON no more than 64 KiB.

    A row is ``{host, ca, status, label, started, bytes, message}``. Rows are in the order of the fleet, the worst first, so that
    those left out, ``omitted``, are the best.
    """
    rows: list[dict[str, Any]] = []
    room = BYTES_LIMIT - BYTES_OF_FRAME
    for document in fleet["cas"][:ROW_LIMIT]:
        row = _row(document)
        room -= len(json.dumps(row)) + 2
        if room < 0:
            break
        rows.append(row)
    return {"schema": SCHEMA, "counts": fleet["counts"], "rows": rows, "omitted": len(fleet["cas"]) - len(rows)}


def failure(fleet: Mapping[str, Any], fail_on: Collection[str], fail_for: Collection[str] | None = None) -> str | None:
    """Return what a job fails with because of CAs in one of these states; None when there is none.

    With ``fail_for`` one of these hosts has to be among them. The text names the others all the same: a job fails in as many tasks
    as it has hosts, and whichever of them somebody reads has to tell of every CA.
    """
    failing = [document for document in fleet["cas"] if document["status"] in fail_on]
    if not any(fail_for is None or document["host"] in fail_for for document in failing):
        return None
    named = [f"{_name(document)} {_word(document)}: {_cell(document['message'])}" for document in failing[:NAMED_LIMIT]]
    if len(failing) > NAMED_LIMIT:
        named.append(f"and {len(failing) - NAMED_LIMIT} more")
    return f"{len(failing)} of {len(fleet['cas'])} CAs need attention. " + "; ".join(named)


def _row(document: Mapping[str, Any]) -> dict[str, Any]:
    newest = document["newest"] or {"label": None, "started": None, "bytes": None}
    return {
        "host": _cell(document["host"]),
        "ca": _cell(document["ca"]["name"]),
        "status": document["status"],
        "label": _cell(newest["label"]),
        "started": newest["started"],
        "bytes": newest["bytes"],
        "message": _cell(document["message"]),
    }


def _cell(text: str | None) -> str | None:
    return None if text is None else shortened(" ".join(text.split()), CELL_LIMIT)


def _name(document: Mapping[str, Any]) -> str:
    ca = document["ca"]["name"]
    return f"{_cell(document['host'])} ({_cell(ca)})" if ca else f"{_cell(document['host'])}"


def _word(document: Mapping[str, Any]) -> str:
    return {"never": "has no set", "late": "is late", "failed": "failed"}.get(
        document["status"], f"is {document['status']}"
    )
