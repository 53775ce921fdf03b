"""Executes a notebook in its folder; fails with the cell that fails."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

path = Path(sys.argv[1])
notebook = nbformat.read(path, as_version=4)
NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
print(sum(cell.cell_type == "code" for cell in notebook.cells))
