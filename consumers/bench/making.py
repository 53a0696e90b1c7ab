"""Makes a load's alerts in as many processes as there are cores: packing the stamps takes longer than judging them."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING

from consumers.bench.load import Load
from consumers.cores import granted_cores
from schemas.source import FolderSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

#: Alerts that a process makes at a time, and how many such parts wait: all of them would not fit into memory.
_PART, _WAITING = 200, 16


class ManyAlerts:
    """The alerts of a `Load`: the same whichever process makes them.

    Parameters
    ----------
    packets : sequence of bytes
        The templates, of one survey.
    schemas : Path or None
        Folder of the schemas of wire-format packets.
    folder : Path
        Where the templates are put for the processes; made.
    """

    def __init__(self, packets: Sequence[bytes], schemas: Path | None, folder: Path) -> None:
        folder.mkdir(parents=True)
        for number, packet in enumerate(packets):
            (folder / f"{number:06d}").write_bytes(packet)
        self._folder, self._schemas = folder, schemas

    def alerts(self, count: int, first: int = 0) -> Iterator[bytes]:
        """Yield alerts number ``first`` and on; see `Load.alerts`."""
        if count <= _PART:
            yield from _made(self._folder, self._schemas, count, first)
            return
        waiting: deque[Future[list[bytes]]] = deque()
        with ProcessPoolExecutor(granted_cores(), get_context("spawn")) as processes:
            for start in range(0, count, _PART):
                part = min(_PART, count - start)
                waiting.append(processes.submit(_made, self._folder, self._schemas, part, first + start))
                if len(waiting) > _WAITING:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()


def _made(folder: Path, schemas: Path | None, count: int, first: int) -> list[bytes]:
    return list(_load(folder, schemas).alerts(count, first))


@cache
def _load(folder: Path, schemas: Path | None) -> Load:
    """Open the templates once a process."""
    source = None if schemas is None else FolderSource(schemas)
    return Load([file.read_bytes() for file in sorted(folder.iterdir())], source)
