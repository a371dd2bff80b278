"""Compiling loops with numba, or taking what an earlier process has compiled and kept."""

import platform
from collections.abc import Callable
from typing import TypeVar

import numba
from numba.core import codegen

_Function = TypeVar("_Function", bound=Callable[..., int | None])

if platform.machine() in {"x86_64", "AMD64"}:
    # LLVM spares processors their widest vectors, at the first of which some slow down. The loops hardly do
    # anything else, and take a sixth less time with them.
    _given: str | None = vars(numba.config)["CPU_FEATURES"]
    _features = codegen.get_host_cpu_features() if _given is None else _given  # type: ignore[no-untyped-call]
    vars(numba.config)["CPU_FEATURES"] = ",".join(filter(None, [_features, "-prefer-256-bit"]))

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
