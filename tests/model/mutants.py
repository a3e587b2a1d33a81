"""Faults to plant in promisepy, and the run that has to notice them.

A mutant replaces one piece of the package's source. The piece must occur exactly once: when the code has moved on, the
mutant has to move with it, and says so.

    python -m <this module>      compares the promisepy in the current directory with what V8 did
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import promisepy

from .adapter import PromisepyApi, run_on_loop
from .programs import recorded, run

AGREED = "agreed"
DIFFERS = "differs"


@dataclass(frozen=True)
class Mutant:
    """`old` occurs `times` times in the file; the one with number `nth` is replaced."""

    name: str
    file: str
    old: str
    new: str
    nth: int = 0
    times: int = 1

    def plant(self, package: Path) -> None:
        path = package / self.file
        pieces = path.read_text(encoding="utf-8").split(self.old)
        count = len(pieces) - 1
        if count != self.times:
            raise LookupError(
                f"mutant {self.name!r}: expected its text {self.times} times in {self.file}, found it {count} times: "
                f"the code has moved on, and the mutant has to follow"
            )
        before, after = pieces[: self.nth + 1], pieces[self.nth + 1 :]
        path.write_text(self.old.join(before) + self.new + self.old.join(after), encoding="utf-8")


MUTANTS = (
    Mutant(
        "adopts a job early",
        "_resolve.py",
        "self._home.enqueue(adoption)",
        "adoption._run()",
    ),
    Mutant(
        "adopts a job late",
        "_resolve.py",
        "adoption = Adoption(self, value)",
        "adoption = Adoption(self, value.then())",
    ),
    Mutant(
        "adopts a settled promise at once",
        "_resolve.py",
        "self._home.enqueue(adoption)",
        "self._home.enqueue(adoption) if value._state is PENDING else self._settle_like(value)",
    ),
    Mutant(
        "a second resolve counts",
        "_resolve.py",
        "        claim.promise = promise._producer = None\n",
        "        promise._producer = None\n",
        times=2,
    ),
    Mutant(
        "a reject after a resolve counts",
        "_resolve.py",
        "    def reject(reason: object = None, /, *more: object, **named: object) -> None:\n        promise = claim.promise\n",
        "    at_first = promise\n\n"
        "    def reject(reason: object = None, /, *more: object, **named: object) -> None:\n        promise = at_first\n",
    ),
    Mutant(
        "a second resolve settles again",
        "_resolve.py",
        "        claim.promise = promise._producer = None\n",
        "        if promise._state is not PENDING:\n            promise._begin(promise._home)\n",
        times=2,
    ),
    Mutant(
        "fulfilment runs reactions last come first",
        "_cell.py",
        "for reaction in reactions.copy():  # `_queue`, in place",
        "for reaction in reactions[::-1]:",
    ),
    Mutant(
        "rejection runs reactions last come first",
        "_cell.py",
        "_queue(reactions)\n",
        "_queue(reactions[::-1])\n",
        times=2,
    ),
    Mutant(
        "two jobs change places when a promise is fulfilled",
        "_cell.py",
        "home.jobs.append(reaction)",
        "home.jobs.insert(max(0, len(home.jobs) - 1), reaction)",
        times=2,
    ),
    Mutant(
        "two jobs change places when a promise is rejected",
        "_cell.py",
        "home.jobs.append(reaction)",
        "home.jobs.insert(max(0, len(home.jobs) - 1), reaction)",
        nth=1,
        times=2,
    ),
    Mutant("jobs run last come first", "_jobs.py", "take = jobs.popleft", "take = jobs.pop"),
    Mutant(
        "a burst loses the job at its end",
        "_jobs.py",
        "            if self.suspects and not jobs:\n",
        "            else:\n                if jobs:\n                    take()\n            if self.suspects and not jobs:\n",
    ),
    Mutant(
        "the rest of the queue is forgotten when an interrupt leaves a job",
        "_jobs.py",
        "            if jobs:\n                self.arm()\n\n    def abandon",
        "\n    def abandon",
    ),
    Mutant(
        "a home that has been drained is not woken again",
        "_jobs.py",
        "            self.armed = False\n            if jobs:\n",
        "            if jobs:\n",
    ),
    Mutant("a handler is called inside then", "_cell.py", "reaction._home.enqueue(reaction)", "reaction._run()"),
    Mutant(
        "handlers are called inside resolve",
        "_cell.py",
        "home.jobs.append(reaction)",
        "reaction._run()",
        times=2,
    ),
    Mutant(
        "handlers are called inside reject",
        "_cell.py",
        "home.jobs.append(reaction)",
        "reaction._run()",
        nth=1,
        times=2,
    ),
    Mutant(
        "an error of a then-method is lost",
        "_resolve.py",
        "settle_by_raise(target, reject, error)",
        "pass",
    ),
    Mutant(
        "an error of a then-method counts after its resolve",
        "_resolve.py",
        "settle_by_raise(target, reject, error)",
        "target._reject(error, None)",
    ),
    Mutant(
        "a then-method is called at once",
        "_resolve.py",
        "            self._home.enqueue(job)\n",
        "            job._run()\n",
    ),
    Mutant(
        "then is read twice",
        "_rules.py",
        "return then if callable(then) else None",
        "return value.then if callable(then) else None",
    ),
    Mutant(
        "an error of a lookup is lost",
        "_resolve.py",
        "            self._fail(error, 2)\n",
        "            self._fulfil(None)\n",
    ),
    Mutant("self-resolution goes unnoticed", "_resolve.py", "elif value is self:", "elif False:", times=2),
    Mutant(
        "a handler that returns its own promise goes unnoticed",
        "_resolve.py",
        "elif value is self:",
        "elif False:",
        nth=1,
        times=2,
    ),
    Mutant(
        "a rejection is not passed on",
        "_resolve.py",
        "elif self._fail_with(source._failure):",
        "elif False:",
    ),
    Mutant(
        "an error of a handler is lost",
        "_resolve.py",
        "            self._fail(error)\n",
        "            pass\n",
    ),
    Mutant(
        "a handler's job is lost when an interrupt leaves it",
        "_resolve.py",
        "        cut_context(error, self._home.outer)\n        reason = as_reason(error)\n",
        "        if fatal(error):\n            raise error\n        reason = as_reason(error)\n",
    ),
    Mutant(
        "catch sees every reason",
        "_resolve.py",
        "left.types if isinstance(left, Filtered) else Exception)",
        "left.types if isinstance(left, Filtered) else BaseException)",
    ),
    Mutant(
        "catch with types sees only exceptions",
        "_resolve.py",
        "left.types if isinstance(left, Filtered) else Exception)",
        "Exception)",
    ),
    Mutant(
        "finally does not wait",
        "_promise.py",
        "source = Promise.resolve(on_finally())",
        "on_finally(); source = Promise.resolve(None)",
    ),
    Mutant(
        "finally forgets a rejection of its callback",
        "_combine.py",
        "original if source._state is FULFILLED else source",
        "original",
    ),
    Mutant(
        "finally saves jobs",
        "_promise.py",
        "            source._subscribe(Restore(result, self, source))\n            return result\n",
        "            source._subscribe(Restore(result, self, source))\n"
        "            return result if source._state != FULFILLED or self._state != FULFILLED else self._value\n",
    ),
    Mutant(
        "all puts a value in the wrong place",
        "_combine.py",
        "self.outcomes[key] = source._value",
        "self.outcomes[-1 - key] = source._value",
        times=2,
    ),
    Mutant(
        "any puts a reason in the wrong place",
        "_combine.py",
        "self.outcomes[key] = source._value",
        "self.outcomes[-1 - key] = source._value",
        nth=1,
        times=2,
    ),
    Mutant(
        "all_settled puts an outcome in the wrong place",
        "_combine.py",
        "self.outcomes[key] = outcome_of(source)",
        "self.outcomes[key - 1] = outcome_of(source)",
    ),
    Mutant("all counts without a guard", "_combine.py", "        self.remaining = 1\n", "        self.remaining = 0\n"),
    Mutant(
        "an iterable that fails leaves its combinator pending",
        "_combine.py",
        "self.result._reject(as_reason(error),",
        "{}.get(id(error),",
    ),
    Mutant(
        "combinators do not coerce lazily",
        "_combine.py",
        "for key, value in enumerate(inputs):",
        "for key, value in enumerate(list(inputs)):",
    ),
    Mutant(
        "race takes the last",
        "_combine.py",
        '        """Take it."""\n        self.take(source)',
        '        """Take it."""\n        if not any(element._source is not None for element in self.elements):\n            self.take(source)',
    ),
)


def main() -> str:
    """Run the recorded programs; tell the first that does not go as recorded."""
    for number, (program, expected) in enumerate(recorded()):
        seen = run_on_loop(program) if number % 4 == 0 else run(program, PromisepyApi(burst=number % 4))
        if seen != expected:
            return f"{DIFFERS} in program {number}: {program}\nexpected {expected}\nseen {seen}"
    return AGREED


if __name__ == "__main__":
    if Path(promisepy.__file__).resolve().parents[1] != Path.cwd().resolve():
        raise SystemExit(f"not the promisepy of the current directory: {promisepy.__file__}")
    promisepy.set_report_hook(lambda report: None)
    print(main())
