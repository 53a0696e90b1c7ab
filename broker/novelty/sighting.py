"""One epoch of one object as the index takes it in: where its image lies in feature space, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from sys import intern
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: The second is embedded where configured.
SCIENCE, REFERENCE = "science", "reference"


@dataclass(frozen=True, slots=True, order=True)
class Population:
    """Images among which look-alikes are sought: of one survey and band, and never science with reference."""

    survey: str
    band: str
    image: str = SCIENCE

    def __str__(self) -> str:
        """Tell it as messages do."""
        return " ".join(part for part in (self.survey, self.band, self.image) if part)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose image it is: what is needed to keep an object from being its own neighbour.

    Attributes
    ----------
    object_id : str
    ra, dec : float or None
        ICRS [deg].
    """

    object_id: str
    ra: float | None = None
    dec: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One embedded image.

    Attributes
    ----------
    population : Population
    identity : Identity
    epoch_id : str
    mjd : float or None
        TAI at mid-exposure [d].
    digest : str
        Of the backbone and all that stands before it.
    embedding : float16 array (d,)
    problematic : bool or None
        What the epoch check said; None where it could not tell.
    thumbnail : uint8 array (side, side) or None
        For pictures of look-alikes.
    scores : tuple of (classifier, version, score)
        What the classifiers said of the epoch.
    disturbance : float32 array (measures,) or None
        Of a picture's galaxy (`models.morphology.disturbance`); alerts have none.
    """

    population: Population
    identity: Identity
    epoch_id: str
    mjd: float | None
    digest: str
    embedding: NDArray[np.float16]
    problematic: bool | None = None
    thumbnail: NDArray[np.uint8] | None = None
    scores: tuple[tuple[str, str, float], ...] = ()
    disturbance: NDArray[np.float32] | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Sighting:
        """Read a row of ``schemas/embedding.avsc``.

        Raises
        ------
        NoveltyIndexError
            It is none.
        """
        try:
            return cls(
                Population(record["survey"], record["band"] or "", record["image"]),
                Identity(record["objectId"], record["ra"], record["dec"]),
                record["epochId"],
                record["mjd"],
                record["backboneDigest"],
                np.frombuffer(record["embedding"], "<f2").astype(np.float16, copy=False),
                record["problematic"],
                # Rows of earlier versions of the schema have none.
                scores=tuple(
                    (intern(one["classifier"]), intern(one["version"]), one["score"])
                    for one in record.get("scores", ())
                ),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise NoveltyIndexError(f"a row is no record of sosia.Embedding: {error!r}") from error
