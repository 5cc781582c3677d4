"""CSV files to download, which spreadsheets open safely."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

CSV = "text/csv; charset=utf-8"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as lines of CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    """A value as text, written so that a spreadsheet does not read people's words as a formula."""
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    is_number = text.lstrip("+-").replace(".", "", 1).isdigit()
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


def csv_headers(name: str) -> dict[str, str]:
    """The headers of a file to download."""
    return {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": CSV}
