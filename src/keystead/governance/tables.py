"""How are rows given out to other programs?"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows of the same names as CSV (RFC 4180) with a head.

    What a caller chose, such as the name of a course, must not become a formula of whoever opens it in a spreadsheet.
    """
    if not rows:
        return ""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(rows[0])
    table.writerows([_harmless(value) for value in row.values()] for row in rows)
    return written.getvalue()


def as_json_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return one JSON object on each line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
