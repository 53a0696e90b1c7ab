"""The Avro contracts, and the code that loads, frames and evolves them."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """Return one of the project's own schemas.

    Parameters
    ----------
    name : str
        ``annotation``, ``embedding``, ``epoch_stamp``, ``index``, ``ledger`` or ``position``.

    Returns
    -------
    dict
        The schema as JSON; shared by all callers, so do not change it.
    """
    schema: dict[str, Any] = json.loads(files(__name__).joinpath(f"{name}.avsc").read_text(encoding="utf-8"))
    return schema
