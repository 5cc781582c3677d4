"""CSV downloads that are safe to open in spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

CSV = "text/csv; charset=utf-8"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Write the rows as CSV, in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    """Return a value as text. If a text begins with ``=``, ``@`` or another character that starts a
    formula, an apostrophe before it keeps a spreadsheet from running it. Numbers get none."""
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    is_number = text.lstrip("+-").replace(".", "", 1).isdigit()
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


def csv_headers(name: str) -> dict[str, str]:
    """Return the headers of a CSV download. ``name``: the file's name."""
    return {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": CSV}
