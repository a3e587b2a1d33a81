"""Record anew what V8 makes of the programs in `v8.json`: `python -m tests.model.record_v8`, which needs Node.

To add a program, append `[program, [], {}]` to the file (see `language.to_json`) and record.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .language import from_json
from .v8 import V8

CORPUS = Path(__file__).with_name("v8.json")


def record() -> int:
    """Run every program under Node and write the logs and final states back; give the number of programs."""
    programs = [row[0] for row in json.loads(CORPUS.read_text(encoding="utf-8"))]
    with V8() as v8:
        rows = [[program, *v8.run(from_json(program))] for program in programs]
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    CORPUS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return len(rows)


if __name__ == "__main__":
    print(f"{record()} programs recorded")
    sys.exit(0)
