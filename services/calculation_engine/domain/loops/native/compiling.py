"""Compiling loops with numba, or taking what an earlier process has compiled and kept."""

from collections.abc import Callable
from typing import TypeVar

import numba

_Function = TypeVar("_Function", bound=Callable[..., int | None])

_noted: list[tuple[Callable[..., int | None], str]] = []


def compiled(signature: str) -> Callable[[_Function], _Function]:
    """Has `compile_noted` compile a function: importing alone touches no file."""

    def noted(function: _Function) -> _Function:
        _noted.append((function, signature))
        return function

    return noted


def compile_noted() -> None:
    """Puts compiled functions in the places of those noted, in their order: what one calls stands before
    it."""
    while _noted:
        function, signature = _noted.pop(0)
        compiler = numba.njit(signature, cache=True, nogil=True, error_model="numpy", boundscheck=False)
        function.__globals__[function.__name__] = compiler(function)
