"""What the tests of this folder need."""

from __future__ import annotations

import pytest

from ..servers import lacking
from .suite import LackingError, packages


@pytest.fixture(scope="session")
def node_packages() -> None:
    """Install Pyodide and the suite, or skip."""
    try:
        packages()
    except LackingError as error:
        lacking(str(error))
