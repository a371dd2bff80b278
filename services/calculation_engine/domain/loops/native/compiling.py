"""Compiling loops with numba, or taking what an earlier process has compiled and kept."""

import hashlib
import platform
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
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


def compile_noted(read: Iterable[ModuleType]) -> None:
    """Puts compiled functions in the places of those noted, in their order: what one calls stands before it.

    What is kept counts until a file changes that it was made of: a noted function's, this one, or one of the
    modules whose numbers are `read`. Numba looks at each function's own file alone.
    """
    files = {function.__code__.co_filename for function, _ in _noted} | {str(each.__file__) for each in read}
    sources = digest(map(Path, sorted({__file__, *files})))
    while _noted:
        function, signature = _noted.pop(0)
        # Part of the name that it is kept by.
        function.__qualname__ = f"{function.__name__}_{sources}"
        compiler = numba.njit(signature, cache=True, nogil=True, error_model="numpy", boundscheck=False)
        function.__globals__[function.__name__] = compiler(function)


def digest(sources: Iterable[Path]) -> str:
    """Another one for other contents."""
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
