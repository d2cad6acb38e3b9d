# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fleet in short: the artifact of a job, and the message that it fails with. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import counted, shortened
from ansible_collections.adcs.ca.plugins.plugin_utils.fleet._document import SCHEMA

ROW_LIMIT = 200
BYTES_LIMIT = 64 * 1024
CELL_LIMIT = 200
# What the keys beside the rows take, and more.
BYTES_OF_FRAME = 1024
NAMED_LIMIT = 20
# The states of a host that did not answer: what failed is no matter of a destination.
UNANSWERED = ("offline", "unreachable")


def summary(fleet: Mapping[str, Any], row_limit: int = ROW_LIMIT) -> dict[str, Any]:
    """Return ``{schema, counts, rows, omitted}``, in JSON no more than 64 KiB and ``row_limit`` rows.

    A row is ``{host, ca, status, label, started, bytes, message}``. Rows are in the order of the fleet, the worst first, so that
    those left out, ``omitted``, are the best.
    """
    rows: list[dict[str, Any]] = []
    room = BYTES_LIMIT - BYTES_OF_FRAME
    for document in fleet["cas"][:row_limit]:
        row = row_of(document)
        room -= len(json.dumps(row)) + 2
        if room < 0:
            break
        rows.append(row)
    return {"schema": SCHEMA, "counts": fleet["counts"], "rows": rows, "omitted": len(fleet["cas"]) - len(rows)}


def attention_text(attention: Sequence[Mapping[str, Any]], hosts: int, total: int) -> str:
    """Return what a job fails with because of some destinations, of ``hosts`` out of ``total`` hosts; empty when there are none."""
    if not attention:
        return ""
    named = [attention_line(row, cell(row["message"])) for row in attention[:NAMED_LIMIT]]
    if len(attention) > NAMED_LIMIT:
        named.append(f"and {len(attention) - NAMED_LIMIT} more")
    return f"{hosts} of {counted(total, 'CA')} {'needs' if hosts == 1 else 'need'} attention. " + "; ".join(named)


def attention_line(row: Mapping[str, Any], message: str | None = None) -> str:
    """Return one destination in words: ``Example CA (ca02) failed at D:\\Backup: no space``. A host that is not reached is nowhere."""
    where = f" at {row['path']}" if row["path"] and row["status"] not in UNANSWERED else ""
    return f"{_name(row)} {_word(row['status'])}{where}: {row['message'] if message is None else message}"


def row_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a host of a fleet as one row."""
    newest = document["newest"] or {"label": None, "started": None, "bytes": None}
    return {
        "host": cell(document["host"]),
        "ca": cell(document["ca"]["name"]),
        "status": document["status"],
        "label": cell(newest["label"]),
        "started": newest["started"],
        "bytes": newest["bytes"],
        "message": cell(document["message"]),
    }


def cell(text: str | None) -> str | None:
    """Return a text in one line, bounded; None for None."""
    return None if text is None else shortened(" ".join(text.split()), CELL_LIMIT)


def _name(row: Mapping[str, Any]) -> str:
    ca = row.get("ca")
    return f"{cell(ca)} ({cell(row['host'])})" if ca else f"{cell(row['host'])}"


def _word(status: str) -> str:
    words = {"failed": "failed", "never": "has no good set", "warning": "needs a look"}
    return words.get(status, f"is {status}")
