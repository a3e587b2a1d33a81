"""Tables in Markdown, with numbered notes below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Notes:
    """Numbers the reasons, equal ones once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, reason: str | None) -> str:
        """Return what stands in the cell."""
        if reason is None:
            return ""
        return f" [{self._numbers.setdefault(reason, len(self._numbers) + 1)}]"

    def lines(self) -> list[str]:
        """Return what stands below the table."""
        # Two spaces at the end keep Markdown from joining the lines.
        return [f"[{number}] {text}  " for text, number in self._numbers.items()]


def table(header: Sequence[str], rows: Iterable[Sequence[str]], notes: Notes | None = None) -> str:
    """Return a table whose first column is text and whose other columns are figures."""
    lines = [_line(header), _line(["---"] + ["---:"] * (len(header) - 1)), *map(_line, rows)]
    reasons = notes.lines() if notes is not None else []
    return "\n\n".join("\n".join(part) for part in (lines, reasons) if part)


def duration(seconds: float) -> str:
    """Write a duration with the unit that leaves one to three digits before the point."""
    for limit, factor, unit in ((1e-6, 1e9, "ns"), (1e-3, 1e6, "µs"), (1.0, 1e3, "ms")):
        if seconds < limit:
            return f"{seconds * factor:.{0 if unit == 'ns' else 2}f} {unit}"
    return f"{seconds:.2f} s"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
