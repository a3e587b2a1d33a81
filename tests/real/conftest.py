"""Servers that several tests share; each test has topics, keys and names of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..servers import free_port, mosquitto, redis_server


@pytest.fixture(scope="session")
def mqtt_port() -> Iterator[int]:
    """Run an MQTT broker that lets everybody in."""
    with mosquitto(free_port()) as port:
        yield port


@pytest.fixture(scope="session")
def redis_port() -> Iterator[int]:
    """Run a Redis server."""
    with redis_server(free_port()) as port:
        yield port
