"""pygame: loops over its events, by which the host posts."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pygame

pygame.display.init()
pygame.display.set_mode((9, 9))
CALL = pygame.event.custom_type()
stopped: list[None] = []


def host() -> object:
    return SimpleNamespace(post=post)


def post(call: Callable[[], object]) -> None:
    pygame.event.post(pygame.event.Event(CALL, call=call))


def run(start: Callable[[], object]) -> None:
    post(start)
    go_round(stopped)


def go_round(ended: list[None]) -> None:
    while not ended:
        event = pygame.event.wait()
        if event.type == CALL:
            event.call()


def stop() -> None:
    stopped.append(None)


def later(seconds: float, call: Callable[[], object]) -> Callable[[], object]:
    wanted = [call]
    event = pygame.event.Event(CALL, call=lambda: [call() for call in wanted])
    pygame.time.set_timer(event, max(round(seconds * 1000), 1), loops=1)
    return wanted.clear


def menu(opens: Callable[[Callable[[], object]], object]) -> None:
    closed: list[None] = []
    opens(lambda: closed.append(None))
    go_round(closed)
