"""Programs leave rejections unobserved and promises unsettled; nobody wants to read the reports."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from promisepy import set_report_hook

from .adapter import PromisepyApi


@pytest.fixture(autouse=True, scope="package")
def no_reports() -> Iterator[None]:
    previous = set_report_hook(lambda report: None)
    yield
    # What is freed later would be reported. Jobs keep promises, and dropped promises leave jobs.
    for _ in range(3):
        gc.collect()
        PromisepyApi().drain()
    set_report_hook(previous)
