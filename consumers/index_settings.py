"""The table ``[index]`` of the settings: the novelty index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from consumers.settings_section import Section


class IndexSettings(Section):
    """Where versions of the index are, for those who judge by them, and how `sosia index` makes them."""

    #: A machine's folder of versions, which its workers share; without it novelty is not scored.
    cache: Path | None = None
    #: Publish the references' embeddings too, and judge references among references.
    reference: bool = False

    #: Where `sosia index` puts versions: a folder, or any URL that fsspec opens (``s3://bucket/index``).
    url: Annotated[str, Field(min_length=1)] | None = None
    #: Where it builds them, and where people's feedback is kept.
    folder: Path = Path("index")
    #: What is known of some objects, for estimates: a CSV table whose first column holds object ids.
    labels: Path | None = None
    #: ``ulisse``: distances between whole embeddings in single precision, first neighbour.
    method: Literal["sosia", "ulisse"] = "sosia"
    #: Most memory that building one band takes [bytes]; objects beyond it are left out by a hash of their ids.
    memory: int = Field(default=2_000_000_000, ge=10_000_000)
    #: Between two versions [h].
    every_hours: float = Field(default=24.0, gt=0, le=8784)
    #: A version that finds fewer of the ten nearest look-alikes, as a share, is not announced.
    least_recall: float = Field(default=0.98, ge=0, le=1)
