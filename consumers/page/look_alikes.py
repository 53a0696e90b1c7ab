"""An alert's look-alikes in a folder of indexes, by the embedding that its worker published."""

from __future__ import annotations

import base64
import io
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from broker.embedding_record import EmbeddingReader
from broker.novelty.sighting import SCIENCE
from broker.novelty.versions import current, open_current
from consumers.look_alikes.sightings import Seen
from consumers.look_alikes.similar import known_surveys, similar_to_image
from consumers.names import EMBEDDINGS
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from broker.novelty.versions import Version
    from consumers.page.board import Entry
    from consumers.page.packets import Packets
    from schemas.source import SchemaSource

#: Look-alikes of an alert.
SHOWN = 12


class LookAlikes:
    """Finds look-alikes; a version that is put to use meanwhile is taken up.

    Parameters
    ----------
    root : Path
        The folder of indexes.
    packets : Packets
        Finds the embeddings.
    source : SchemaSource or None
        Where schemas of wire format come from.

    Raises
    ------
    NoveltyIndexError
        The folder holds no index.
    """

    def __init__(self, root: Path, packets: Packets, source: SchemaSource | None) -> None:
        known_surveys(root)
        self._root, self._packets = root, packets
        self._reader = EmbeddingReader(source)
        self._versions: dict[str, Version] = {}
        self._lock = threading.Lock()

    def find(self, entry: Entry) -> dict[str, Any]:
        """Return the look-alikes of an entry's science image, as JSON has them, nearest first.

        Raises
        ------
        NoveltyIndexError
            Its embedding is not kept, or the index is of another survey, band or backbone.
        UnreadableError
            The embedding's schema is not known here.
        confluent_kafka.KafkaException
            The cluster does not answer.
        """
        annotation = entry.annotation
        row = self._packets.find_in(
            EMBEDDINGS, entry, lambda value: self._reader.sighting(value).population.image == SCIENCE
        )
        if row is None:
            raise NoveltyIndexError(f"{EMBEDDINGS} holds no embedding of this alert, or no longer")
        with self._lock:  # it is opened once, and searched with one thread
            version = self._version(annotation["survey"])
            seen = Seen(Path(annotation["epochId"]), self._reader.sighting(row))
            answer = similar_to_image(version, seen, SHOWN)
        return {
            "version": version.name,
            "lookAlikes": [
                {
                    "objectId": one.object_id, "epochId": one.epoch_id, "distance": one.distance,
                    "picture": _address(one.thumbnail),
                }
                for one in answer.found
            ],
            "estimates": [
                {"name": one.name, "value": one.value, "scatter": one.scatter} for one in answer.estimates
            ],
        }  # fmt: skip

    def _version(self, survey: str) -> Version:
        held = self._versions.get(survey)
        if held is None or held.name != current(self._root, survey):
            held = self._versions[survey] = open_current(self._root, survey)
        return held


def _address(picture: NDArray[np.uint8] | None) -> str | None:
    """Return a picture as an address that holds it; None where the index keeps no pictures."""
    if picture is None:
        return None
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
