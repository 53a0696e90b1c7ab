"""From a history's address to the history."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from broker.history.history import KEPT_EPOCHS
from broker.history.sqlite import SqliteHistory, renewed
from schemas.errors import HistoryError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from broker.history.history import History

SQLITE = "sqlite:"
REDIS = ("redis://", "rediss://")


def open_history(
    url: str,
    keep: int = KEPT_EPOCHS,
    expiry_s: float | None = None,
    username: str | None = None,
    password: str | None = None,
) -> History:
    """Open the history at an address.

    Parameters
    ----------
    url : str
        ``sqlite:PATH`` or ``redis://host:port/db``.
    keep : int
        Epochs kept of a series.
    expiry_s : float or None
        A series to which nothing was written for so long is forgotten [s].
    username, password : str, optional
        For a server.

    Raises
    ------
    LostHistoryError
        It is damaged, or was and is not yet filled again; see `renewed_history`.
    HistoryError
        It cannot be reached, or is of another version.
    """
    if url.startswith(SQLITE) and url != SQLITE:
        return SqliteHistory(Path(url.removeprefix(SQLITE)), keep, expiry_s)
    if url.startswith(REDIS):
        from broker.history.redis import RedisHistory  # the client takes a while to import

        return RedisHistory(url, keep, expiry_s, username, password)
    raise HistoryError(f"{url!r} is no history; write sqlite:PATH or redis://host:port/db")


def renewed_history(
    url: str,
    keep: int = KEPT_EPOCHS,
    expiry_s: float | None = None,
    username: str | None = None,
    password: str | None = None,
) -> AbstractContextManager[History]:
    """Open the history at an address for what was lost to be written again under ``with``.

    A damaged file is set aside; see `broker.history.sqlite.renewed`. Anything else is opened as it is: what is
    there already does not change. Parameters and errors are those of `open_history`.
    """
    if url.startswith(SQLITE) and url != SQLITE:
        return renewed(Path(url.removeprefix(SQLITE)), keep, expiry_s)
    return closing(open_history(url, keep, expiry_s, username, password))
