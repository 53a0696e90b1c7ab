"""What goes wrong when a local server is fetched or run."""

from __future__ import annotations

from schemas.errors import SosiaError


class FetchError(SosiaError):
    """A server's files cannot be fetched, or are not the ones that are pinned."""


class ServerError(SosiaError):
    """A local server does not start, does not answer or has died; carries the end of its log."""
