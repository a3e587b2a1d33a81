"""Record anew what V8 makes of the programs in `v8.json`: `python -m tests.model.record_v8`, which needs Node.

To add a program, append `[program, [], {}]` to the file (see `language.to_json`) and record.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "v8.json"


def record() -> int:
    """Run every program under Node and write the logs and final states back; give the number of programs."""
    programs = [row[0] for row in json.loads(CORPUS.read_text(encoding="utf-8"))]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "programs.json"), Path(folder, "logs.json")
        source.write_text(json.dumps(programs), encoding="utf-8")
        subprocess.run(["node", "--no-warnings", str(HERE / "v8.js"), str(source), str(target)], check=True)
        outcomes = json.loads(target.read_text(encoding="utf-8"))
    rows = [[program, *outcome] for program, outcome in zip(programs, outcomes, strict=True)]
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    CORPUS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return len(rows)


if __name__ == "__main__":
    print(f"{record()} programs recorded")
    sys.exit(0)
