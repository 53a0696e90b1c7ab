"""Look-alikes in an index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from consumers.api.epochs import embed
from consumers.api.networks import examiner, frame_of
from schemas.errors import StampError, StampReason

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from consumers.look_alikes.sightings import Seen
    from consumers.look_alikes.similar import LookAlike


def look_alikes(
    query: ArrayLike | Path | str,
    index: Path | str,
    count: int = 16,
    *,
    pixel_scale: float | None = None,
    survey: str | None = None,
    band: str | None = None,
) -> list[LookAlike]:
    """Find what looks like an image, or like an object that the index holds.

    By the distance between embeddings, |f - f_i|, as in ULISSE (Doorenbos et al. 2022, A&A 666, A171), in the
    index's own space (``models/cards/novelty.md``).

    Parameters
    ----------
    query : array (rows, columns) or (bands, rows, columns), path or str
        A stamp; a file: FITS, PNG, JPEG, Avro or Parquet, of which the first image counts; or an id that the index
        holds.
    index : path
        Folder of indexes, as ``sosia index build`` makes them.
    count : int
        How many.
    pixel_scale : float, optional
        Of an array or picture [arcsec/px]; by default all of it is seen.
    survey : str, optional
        Whose index; by default the only one.
    band : str, optional
        Whose images to look among; by default the image's own.

    Returns
    -------
    list of LookAlike
        The nearest first: `object_id`, `epoch_id`, `distance`, `thumbnail`.

    Raises
    ------
    NoveltyIndexError
        There is no such index, band or object, or the index is of another backbone.
    SosiaError
        The image cannot be used.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from broker.novelty.recipe import Recipe
    >>> from consumers.api import read_alerts
    >>> from consumers.configuration import load_settings
    >>> from consumers.look_alikes.build import build_from_files
    >>> from consumers.look_alikes.sightings import FileReader
    >>> from consumers.simulated_night import save_night
    >>> folder = Path(mkdtemp())
    >>> save_night(folder, "ztf", alerts=80, seed=5)
    80
    >>> _ = build_from_files([folder], folder / "index", FileReader(load_settings()), Recipe())
    >>> alert = next(one for one in read_alerts([folder]) if one.band == "r")
    >>> found = look_alikes(alert.stamps.science, folder / "index", 3, pixel_scale=1.01, band="r")
    >>> [(one.object_id, round(one.distance, 1)) for one in found]
    [('SIM25aaaaaad', 2.5), ('SIM25aaaaaad', 2.6), ('SIM25aaaaaag', 2.8)]
    """
    from consumers.configuration import load_settings
    from consumers.look_alikes.sightings import FileReader
    from consumers.look_alikes.similar import open_index, similar_to_entry, similar_to_image

    named = isinstance(query, str | Path) and not Path(query).exists()
    version = open_index(Path(index), survey, lookups=named)
    if named:
        return [one for answer in similar_to_entry(version, str(query), count) for one in answer.found]
    survey = version.manifest.survey
    if isinstance(query, str | Path):
        reader = FileReader(load_settings(), survey, pixel_scale=pixel_scale, examiner=examiner())
        seen = next(reader.read([Path(query)]), None)
        if seen is None:
            raise StampError(StampReason.MISSING, f"{query} holds no image")
    else:
        seen = _seen(query, survey, pixel_scale)
    if seen.error is not None:
        raise seen.error
    return list(similar_to_image(version, seen, count, band).found)


def _seen(query: ArrayLike, survey: str, pixel_scale: float | None) -> Seen:
    from broker.history.embedding_bytes import half
    from broker.novelty.sighting import Identity, Population, Sighting
    from consumers.look_alikes.sightings import Seen

    (place,) = embed([query], pixel_scale, survey)
    frame, _ = frame_of(survey)
    digest = examiner().embedder.digest(frame)
    if np.isnan(place).all():
        return Seen(Path("array"), error=StampError(StampReason.MASKED, f"blank, or too small for a frame of {survey}"))
    return Seen(Path("array"), Sighting(Population(survey, ""), Identity(""), "", None, digest, half(place)))
