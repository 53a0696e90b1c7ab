"""Settings from a text, as a file would hold it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from consumers.settings import Settings
from schemas.errors import ConfigurationError

Load = Callable[[str], Settings]


def refused(load: Load, text: str) -> str:
    """What is said of a text that is refused."""
    with pytest.raises(ConfigurationError) as caught:
        load(text)
    return str(caught.value)
