"""`using`: a resource is held as long as the block lasts, then released, once."""

from __future__ import annotations

import asyncio

import pytest

from promisepy import Promise, using

from ..cancellation.helpers import fail
from ..support import turns
from .resources import Connection, ended, hold

pytestmark = pytest.mark.usefixtures("nothing_lost")


class TestBlock:
    """The plain case: the block ends, the resource is released."""

    def test_in_a_script(self) -> None:
        connection = Connection()
        connection.arrive()
        with connection.using() as resource:
            assert (resource, connection.released) == (connection, [])
        assert connection.released == [connection]

    def test_in_a_task(self) -> None:
        async def main() -> None:
            connection = Connection()
            task = asyncio.create_task(hold(connection))
            await turns()
            connection.arrive()
            assert (await ended(task), connection.released, connection.stopped) == ("held", [connection], [])

        asyncio.run(main())

    def test_an_error_of_the_block_passes_on(self) -> None:
        async def main() -> None:
            connection = Connection()
            connection.arrive()
            with pytest.raises(ValueError, match="reason"):
                async with connection.using():
                    fail()
            assert connection.released == [connection]

        asyncio.run(main())
        connection = Connection()
        connection.arrive()
        with pytest.raises(ValueError, match="reason"), connection.using():
            fail()
        assert connection.released == [connection]

    def test_a_block_that_is_cancelled(self) -> None:
        async def main() -> None:
            connection = Connection()
            connection.arrive()

            async def never() -> None:
                async with connection.using():
                    await asyncio.get_running_loop().create_future()

            task = asyncio.create_task(never())
            await turns()
            task.cancel()
            assert (await ended(task), connection.released) == ("cancelled", [connection])

        asyncio.run(main())

    def test_a_failure_of_the_release_is_raised_and_keeps_that_of_the_block(self) -> None:
        async def main() -> None:
            async with using(Promise.resolve(1), fail):
                raise KeyError("of the block")

        for run in (lambda: asyncio.run(main()), self.run_in_a_script):
            with pytest.raises(ValueError, match="reason") as caught:
                run()
            assert isinstance(caught.value.__context__, KeyError)

    def run_in_a_script(self) -> None:
        with using(Promise.resolve(1), fail):
            raise KeyError("of the block")

    def test_a_resource_that_does_not_come_is_not_released(self) -> None:
        connection = Connection()
        connection.reject(ValueError("no connection"))
        with pytest.raises(ValueError, match="no connection"), connection.using():
            pytest.fail("the block ran")
        assert connection.released == []

    def test_what_can_be_adopted_will_do(self) -> None:
        async def connect() -> str:
            return "it"

        async def main() -> None:
            async with using(connect(), log.append) as resource:
                log.append(f"block {resource}")

        log: list[str] = []
        asyncio.run(main())
        assert log == ["block it", "it"]
