"""The reports of a session as a table: for the notebook's live view, and as CSV for whoever ran the session."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from edgelab.fleet.content import FleetError

if TYPE_CHECKING:
    import pandas as pd

    from edgelab.fleet.store import Kept

COLUMNS = (
    *("device", "received_at", "kind", "system", "browser", "cores", "memory_gb", "screen_width", "screen_height"),
    *("download_ms", "session_ms", "first_ms", "p10_ms", "p50_ms", "p90_ms", "p99_ms", "runs", "batch"),
    *("clock_step_ms", "sustained_s", "sustained_p50_ms"),
)
Row = dict[str, Any]


def rows_of(kept: Sequence["Kept"]) -> list[Row]:
    """A row of `COLUMNS` for each report, in the order of arrival. `device` counts visits from 1: a device that reported
    again has the same number. `sustained_p50_ms` is a list, or None."""
    numbers: dict[str, int] = {}
    return [_row(report, numbers.setdefault(report.visit, len(numbers) + 1)) for report in kept]


def body_of(kept: "Kept") -> dict[str, Any]:
    """What a report says.

    Raises:
        StoreError: the lab has not written it so: the database was damaged, or changed by hand.
    """
    from pydantic import ValidationError

    from edgelab.fleet.engine import StoreError
    from edgelab.fleet.reports import Report

    try:
        Report.model_validate_json(kept.body)
        datetime.fromtimestamp(kept.received_at, UTC)
        return json.loads(kept.body)
    except (ValidationError, ValueError, TypeError, OverflowError, OSError, RecursionError):
        raise StoreError(
            f"the report of visit {str(kept.visit)[:36]!r}: expected what the lab has kept, found something else: damaged"
        ) from None


def _row(kept: "Kept", number: int) -> Row:
    body = body_of(kept)
    device, loading, sustained = body["device"], body["load_ms"], body["sustained"] or {}
    width, height = device["screen"]
    return {
        "device": number,
        "received_at": datetime.fromtimestamp(kept.received_at, UTC).isoformat(timespec="seconds"),
        **{name: device[name] for name in ("kind", "system", "browser", "cores", "memory_gb")},
        **{"screen_width": width, "screen_height": height},
        **{"download_ms": loading["download"], "session_ms": loading["session"], "first_ms": body["first_ms"]},
        **{f"{name}_ms": value for name, value in body["latency_ms"].items()},
        **{name: body[name] for name in ("runs", "batch", "clock_step_ms")},
        **{"sustained_s": sustained.get("seconds"), "sustained_p50_ms": sustained.get("p50_ms")},
    }


def read_rows(db: str | None = None, session: str | None = None) -> tuple[str, list[Row]]:
    """A session's name and the rows of its reports: of the newest one that has any, unless another is named.

    Raises:
        FleetError: there is no such session, or none with reports; or the database cannot be read.
    """
    from edgelab.fleet.store import open_store

    store = open_store(db, create=False)
    try:
        names = store.sessions()
        if not names:
            raise FleetError(f"{store.where}: expected reports, found none yet")
        if session is not None and session not in names:
            raise FleetError(f"{store.where}: expected a session of {', '.join(names[:10])}, found {session[:60]!r}")
        name = session or names[0]
        return name, rows_of(store.reports(name))
    finally:
        store.close()


def data_frame(rows: Sequence[Row]) -> "pd.DataFrame":
    """The rows as a table of `COLUMNS`, `received_at` as times (UTC); also of no rows."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    frame["received_at"] = pd.to_datetime(frame["received_at"], utc=True)
    numbers = [name for name in COLUMNS if name.endswith("_ms") and name != "sustained_p50_ms"]
    for name in (*numbers, "cores", "memory_gb", "sustained_s"):
        frame[name] = frame[name].astype(float)
    return frame


def as_csv(rows: Sequence[Row]) -> str:
    """The rows as CSV: empty where a device told nothing, `sustained_p50_ms` with spaces between."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        windows = row["sustained_p50_ms"]
        writer.writerow(row | {"sustained_p50_ms": None if windows is None else " ".join(map(str, windows))})
    return text.getvalue()
