"""Puts the page together and serves it until it is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from consumers.bounded_read import topics_of
from consumers.page.app import Page, application
from consumers.page.board import Board
from consumers.page.feed import Feed
from consumers.page.look_alikes import LookAlikes
from consumers.page.packets import Packets
from consumers.page.pictures import Pictures
from consumers.registry import open_source
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from starlette.applications import Starlette

    from consumers.settings import Settings

LOOPBACK = ["127.0.0.1", "localhost"]


@contextmanager
def open_page(
    settings: Settings, surveys: Sequence[str], held: int, hosts: Sequence[str] = (), index: Path | None = None
) -> Iterator[Starlette]:
    """Read the scores of some surveys while the block under ``with`` runs.

    Parameters
    ----------
    settings : Settings
        The cluster and the registry.
    surveys : sequence of str
        Their names; empty for all that the cluster has, and those that it will have.
    held : int
        Annotations that the page holds.
    hosts : sequence of str, optional
        Names by which the page may be called, besides this machine's own for itself.
    index : Path, optional
        Folder of indexes, in which an alert's look-alikes are sought.

    Raises
    ------
    NoveltyIndexError
        The folder holds none.
    SosiaError
        The cluster does not answer; where it goes away later, the page says so and waits.
    """
    config = settings.kafka.client_config()
    topics_of(config)
    source = open_source(settings.registry)
    board, packets = Board(held), Packets(config)
    try:
        look_alikes = None if index is None else LookAlikes(index, packets, source)
        with Feed(board, config, surveys, source):
            page = Page(board, packets, Pictures(packets, source), look_alikes)
            yield application(page, [*LOOPBACK, *hosts])
    finally:
        packets.close()


def serve(
    settings: Settings,
    surveys: Sequence[str],
    held: int,
    host: str,
    port: int,
    index: Path | None = None,
    listening: Callable[[str], object] = lambda _: None,
) -> None:
    """Serve the page until interrupted.

    Parameters
    ----------
    settings, surveys, held, index
        As in `open_page`.
    host, port
        Where to listen; port 0 takes any free one.
    listening : callable, optional
        Told the address.

    Raises
    ------
    ConfigurationError
        The port is taken, or the address is not this machine's.
    """
    import uvicorn

    hosts = ["*"] if host in ("0.0.0.0", "::") else [host]  # noqa: S104  compared, not listened on
    with open_page(settings, surveys, held, hosts, index) as app:
        config = uvicorn.Config(app, host=host, port=port, log_level="warning", lifespan="off", ws="none")
        try:
            socket = config.bind_socket()
        except SystemExit:  # uvicorn's answer to a port that is taken
            raise ConfigurationError(
                f"cannot listen on {host}:{port}: the port is taken, or the address is none of this machine's; name "
                "another --port or --host"
            ) from None
        socket.listen()  # who is told the address may come at once
        listening(f"http://{f'[{host}]' if ':' in host else host}:{socket.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[socket])
