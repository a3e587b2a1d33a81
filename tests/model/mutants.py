"""Faults to plant in promisepy, and the run that has to notice them; `planting` says how to read them.

python -m <this module>      compares the promisepy in the current directory with what V8 did
"""

from __future__ import annotations

from .adapter import PromisepyApi, run_on_loop
from .planting import AGREED, DIFFERS, Mutant, tell
from .programs import recorded, run

MUTANTS = (
    Mutant(
        "adopts a job early",
        "Resolution._adopt",
        "self._home.enqueue(adoption)",
        "adoption._run()",
    ),
    Mutant(
        "adopts a job late",
        "Resolution._adopt",
        "Adoption(self, value)",
        "Adoption(self, value.then())",
    ),
    Mutant(
        "adopts a settled promise at once",
        "Resolution._adopt",
        "self._home.enqueue(adoption)",
        "if value._reactions is None: self._settle_like(value)\nelse: ...",
    ),
    Mutant(
        "a second resolve counts",
        "resolving_functions.resolve",
        "claim.promise = None",
        "",
    ),
    Mutant(
        "a reject after a resolve counts",
        "resolving_functions",
        "return resolve, reject",
        """
        def reject_at_any_time(reason):
            claim.close(promise)
            promise._reject(as_reason(to_exception(reason)), None)
        return resolve, reject_at_any_time
        """,
    ),
    Mutant(
        "a second resolve settles again",
        "resolving_functions.resolve",
        "claim.promise = None",
        "if promise._state is not PENDING: promise._begin(promise._home)",
    ),
    Mutant(
        "fulfilment runs reactions last come first",
        "Cell._fulfil",
        "reactions.copy()",
        "reactions[::-1]",
    ),
    Mutant(
        "rejection runs reactions last come first",
        "Cell._announce",
        "reactions.copy()",
        "reactions[::-1]",
    ),
    Mutant(
        "two jobs change places when a promise is fulfilled",
        "Cell._fulfil",
        "home.jobs.append(reaction)",
        "home.jobs.insert(max(0, len(home.jobs) - 1), reaction)",
    ),
    Mutant(
        "two jobs change places when a promise is rejected",
        "Cell._announce",
        "home.jobs.append(reaction)",
        "home.jobs.insert(max(0, len(home.jobs) - 1), reaction)",
    ),
    Mutant(
        "jobs run last come first",
        "Home.drain",
        "self.jobs.popleft",
        "self.jobs.pop",
    ),
    Mutant(
        "a burst loses the job at its end",
        "Home.drain",
        "if self.suspects and not jobs: self._accuse(below)",
        "if jobs: take()\n...",
    ),
    Mutant(
        "the rest of the queue is forgotten when an interrupt leaves a job",
        "Home.drain",
        "if jobs and not self.armed: self.arm()",
        "",
    ),
    Mutant(
        "a home that has been drained is not woken again",
        "Home.drain",
        "self.armed = False",
        "",
    ),
    Mutant(
        "a handler is called inside then",
        "Cell._subscribe",
        "reaction._home.enqueue(reaction)",
        "reaction._run()",
    ),
    Mutant(
        "handlers are called inside resolve",
        "Cell._fulfil",
        "home.jobs.append(reaction)",
        "reaction._run()",
    ),
    Mutant(
        "handlers are called inside reject",
        "Cell._announce",
        "home.jobs.append(reaction)",
        "reaction._run()",
    ),
    Mutant(
        "an error of a then-method is lost",
        "ThenableJob._run",
        "settle_by_raise(target, reject, error)",
        "",
    ),
    Mutant(
        "an error of a then-method counts after its resolve",
        "ThenableJob._run",
        "settle_by_raise(target, reject, error)",
        "target._reject(error, None)",
    ),
    Mutant(
        "a then-method is called at once",
        "Resolution._adopt",
        "self._home.enqueue(job)",
        "job._run()",
    ),
    Mutant(
        "then is read twice",
        "find_then",
        "return then if callable(then) else None",
        "return value.then if callable(then) else None",
    ),
    Mutant(
        "an error of a lookup is lost",
        "Resolution._adopt",
        "self._fail(error)",
        "self._fulfil(None)",
    ),
    Mutant(
        "self-resolution goes unnoticed",
        "Resolution._resolve",
        "value is self",
        "False",
    ),
    Mutant(
        "a handler that returns its own promise goes unnoticed",
        "Resolution._run",
        "value is self",
        "False",
    ),
    Mutant(
        "a rejection is not passed on",
        "Resolution._settle_like",
        "self._fail_with(source._failure)",
        "False",
    ),
    Mutant(
        "an error of a handler is lost",
        "Resolution._run",
        "self._fail(error)",
        "",
    ),
    Mutant(
        "a handler's job is lost when an interrupt leaves it",
        "Resolution._fail",
        "reason = as_reason(error)",
        "if fatal(error): raise error\n...",
    ),
    Mutant(
        "catch sees every reason",
        "_matching",
        "left.types if isinstance(left, Filtered) else Exception",
        "left.types if isinstance(left, Filtered) else BaseException",
    ),
    Mutant(
        "catch with types sees only exceptions",
        "_matching",
        "left.types if isinstance(left, Filtered) else Exception",
        "Exception",
    ),
    Mutant(
        "finally does not wait",
        "Promise.finally_.restore_after",
        "source = Promise.resolve(on_finally())",
        "on_finally(); source = Promise.resolve(None)",
    ),
    Mutant(
        "finally forgets a rejection of its callback",
        "Restore._run",
        "original if source._state is FULFILLED else source",
        "original",
    ),
    Mutant(
        "finally saves jobs",
        "Promise.finally_.restore_after",
        "return result",
        "if source._state is FULFILLED and self._state is FULFILLED: return self._value\n...",
    ),
    Mutant(
        "all puts a value in the wrong place",
        "All.settled",
        "self.outcomes[key] = source._value",
        "self.outcomes[-1 - key] = source._value",
    ),
    Mutant(
        "any puts a reason in the wrong place",
        "Any_.settled",
        "self.outcomes[key] = source._value",
        "self.outcomes[-1 - key] = source._value",
    ),
    Mutant(
        "all_settled puts an outcome in the wrong place",
        "AllSettled.settled",
        "self.outcomes[key] = outcome_of(source)",
        "self.outcomes[key - 1] = outcome_of(source)",
    ),
    Mutant(
        "all counts without a guard",
        "Group.__init__",
        "self.remaining = 1",
        "self.remaining = 0",
    ),
    Mutant(
        "an iterable that fails leaves its combinator pending",
        "Group.wire",
        "self.result._reject(as_reason(error), raised(error))",
        "",
    ),
    Mutant(
        "combinators do not coerce lazily",
        "Group.wire",
        "enumerate(inputs)",
        "enumerate(list(inputs))",
    ),
    Mutant(
        "race takes the last",
        "Race.settled",
        "self.take(source)",
        "if not any(element._source is not None for element in self.elements): ...",
    ),
)


def named(name: str) -> Mutant:
    """Find a mutant."""
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name == name]
    return mutant


def main() -> str:
    """Run the recorded programs; tell the first that does not go as recorded."""
    for number, (program, expected) in enumerate(recorded()):
        seen = run_on_loop(program) if number % 4 == 0 else run(program, PromisepyApi(burst=number % 4))
        if seen != expected:
            return f"{DIFFERS} in program {number}: {program}\nexpected {expected}\nseen {seen}"
    return AGREED


if __name__ == "__main__":
    tell(main)
