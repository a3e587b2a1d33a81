"""A promise as an object: compared, copied, subclassed, shown, and mistaken for its value (S16)."""

from __future__ import annotations

import copy
import pickle
import weakref
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Report

REASON = ValueError("reason")


class TestObjects:
    @pytest.mark.parametrize(
        "duplicate",
        [copy.copy, copy.deepcopy, pickle.dumps, lambda promise: copy.deepcopy([promise])],
        ids=["copy", "deepcopy", "pickle", "deepcopy of a list"],
    )
    def test_a_promise_is_neither_copied_nor_pickled(self, duplicate: Any) -> None:
        with pytest.raises(TypeError, match="a promise cannot be copied or pickled"):
            duplicate(Promise.resolve(1))

    def test_promises_are_compared_by_identity_and_can_be_keys(self) -> None:
        first, second = Promise.resolve(1), Promise.resolve(1)
        assert first != second
        assert {first: "first", second: "second"}[first] == "first"

    @pytest.mark.parametrize(
        ("use", "advice"),
        [
            (bool, "await it, or compare"),
            (iter, "await it, or iterate over"),
            (list, "await it, or iterate over"),
        ],
        ids=["bool", "iter", "list"],
    )
    def test_using_a_promise_for_its_value_is_answered_with_advice(self, use: Any, advice: str) -> None:
        with pytest.raises(TypeError, match=advice):
            use(Promise.resolve([1]))

    def test_with_on_a_promise_is_answered_with_advice(self) -> None:
        with pytest.raises(TypeError, match="not a context manager"), Promise.resolve(1):
            pass

    def test_a_subclass_may_add_attributes_and_methods(self) -> None:
        class Request(Promise[str]):
            def __init__(self, url: str) -> None:
                super().__init__(lambda resolve, reject: resolve(url.upper()))
                self.url = url

        request = Request("page")
        assert (request.url, request.wait()) == ("page", "PAGE")
        assert isinstance(request, Promise)
        assert type(request.then(len)) is Promise
        assert request.then(len).wait() == 4

    def test_a_promise_has_no_dictionary_and_can_be_referred_to_weakly(self) -> None:
        promise = Promise.resolve(1)
        assert not hasattr(promise, "__dict__")
        assert weakref.ref(promise)() is promise

    def test_reprs_name_the_public_module(self, reports: list[Report]) -> None:
        assert Promise.__module__ == Cancelled.__module__ == Report.__module__ == "promisepy"
        assert repr(Promise.resolve(1)).startswith("<Promise fulfilled: 1")
        assert repr(Promise.reject(REASON)).startswith("<Promise rejected: ValueError('reason')")
