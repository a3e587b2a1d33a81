"""Runs the cells of a notebook, `notebook.py CELLS`, in a kernel, and prints what each has shown and how the kernel ends."""

from __future__ import annotations

import json
import sys
from typing import Any

import nbformat
from nbclient import NotebookClient


def shown(output: Any) -> list[str]:
    """Give the kind of an output, and its text."""
    if output.output_type == "error":
        return ["error", output.ename]
    if output.output_type == "stream":
        return [output.name, output.text.strip()]
    return ["result", output.data["text/plain"]]


cells = [nbformat.v4.new_code_cell(source) for source in json.loads(sys.argv[1])]
client = NotebookClient(
    nbformat.v4.new_notebook(cells=cells),
    kernel_name="python3",
    timeout=10,
    interrupt_on_timeout=True,  # so that a cell which hangs shows KeyboardInterrupt
    allow_errors=True,
    extra_arguments=["--log-level=ERROR"],  # it warns of its transport
)
with client.setup_kernel():
    process = client.km.provisioner.process
    for index, cell in enumerate(cells):
        client.execute_cell(cell, index)
        print(json.dumps([shown(output) for output in cell.outputs]))
print("kernel ended with", process.returncode)
