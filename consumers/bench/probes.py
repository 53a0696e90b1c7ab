"""CPU time of the parts of a pipeline, measured from outside: functions are wrapped while a block runs.

A part's time is its own: what it calls is another part's. All threads count, TensorFlow's too, so nothing else may run
in the process meanwhile.
"""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


@dataclass(slots=True)
class Times:
    """Seconds of CPU by part, and the calls of the parts that are to be repeated.

    Attributes
    ----------
    cpu_s : dict of str to float
    calls : list of callable
        Each makes one call again, with the same arguments.
    """

    cpu_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: list[Callable[[], object]] = field(default_factory=list)
    _open: list[float] = field(default_factory=list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure a block as a part."""
        self._open.append(0.0)
        started = time.process_time()
        try:
            yield
        finally:
            whole = time.process_time() - started
            self.cpu_s[name] += whole - self._open.pop()
            if self._open:
                self._open[-1] += whole


@contextmanager
def watched(parts: Mapping[str, Sequence[str]], keep: str | None = None) -> Iterator[Times]:
    """Measure functions while the block under ``with`` runs.

    Parameters
    ----------
    parts : mapping
        Part to its functions, ``module:attribute`` or ``module:Class.method``, as their callers look them up.
    keep : str, optional
        The part whose calls are kept.
    """
    times = Times()
    with ExitStack() as stack:
        for part, places in parts.items():
            for place in places:
                owner, name = _find(place)
                wrapped = _timed(getattr(owner, name), part, times, keep=part == keep)
                stack.enter_context(patch.object(owner, name, wrapped))
        yield times


def _find(place: str) -> tuple[Any, str]:
    module, _, path = place.partition(":")
    owner: Any = import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    return owner, name


def _timed(function: Callable[..., Any], part: str, times: Times, *, keep: bool) -> Callable[..., Any]:
    @wraps(function)
    def timed(*arguments: Any, **named: Any) -> Any:
        if keep:
            times.calls.append(lambda: function(*arguments, **named))
        with times.part(part):
            return function(*arguments, **named)

    return timed
