"""A server that lives as long as a ``with`` block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class InBlock(ABC):
    """What is started at the beginning of a ``with`` block and closed at its end."""

    @abstractmethod
    def start(self) -> None:
        """Start, and return when it answers."""

    @abstractmethod
    def close(self) -> None:
        """Stop, and remove what it left, unless that is to be kept; also where it was not started, or in part."""

    def __enter__(self) -> Self:
        """Start; a start that fails leaves nothing behind."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()
