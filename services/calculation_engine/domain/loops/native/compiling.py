"""Compiling loops with numba, or taking what an earlier process has compiled and kept."""

import hashlib
import platform
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import numba
from numba.core import codegen

_Function = TypeVar("_Function", bound=Callable[..., int | None])


def _allow_widest_vectors() -> None:
    """LLVM spares processors their widest vectors, at the first of which some slow down. The loops hardly do
    anything else, and take a sixth less time with them. Numba asks for this once, when it is first used."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        return
    settings = vars(numba.config)
    features = settings["CPU_FEATURES"]
    if features is None:
        features = codegen.get_host_cpu_features()  # type: ignore[no-untyped-call]
    settings["CPU_FEATURES"] = ",".join(filter(None, [features, "-prefer-256-bit"]))


_allow_widest_vectors()

_noted: list[tuple[Callable[..., int | None], str]] = []


def compiled(signature: str) -> Callable[[_Function], _Function]:
    """Has `compile_noted` compile a function: importing alone touches no file."""

    def noted(function: _Function) -> _Function:
        _noted.append((function, signature))
        return function

    return noted


def compile_noted(sources: Iterable[Path]) -> None:
    """Puts compiled functions in the places of those noted, in their order: what one calls stands before it.

    What is kept counts until one of the sources changes that it was made of; numba looks at each function's
    own file alone.
    """
    version = digest(sources)
    while _noted:
        function, signature = _noted.pop(0)
        # Part of the name that it is kept by.
        function.__qualname__ = f"{function.__name__}_{version}"
        compiler = numba.njit(signature, cache=True, nogil=True, error_model="numpy", boundscheck=False)
        function.__globals__[function.__name__] = compiler(function)


def digest(sources: Iterable[Path]) -> str:
    """Another one for other contents."""
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
