"""The way of a packet through every decoder, up to the doors of the networks and out again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from broker.annotator import stamp_pair
from broker.classifiers.contract import Sight, View
from broker.classifiers.lens import FORMS, LensClassifier
from broker.classifiers.merger import MergerClassifier
from broker.classifiers.streak import StreakClassifier, on_the_sky
from broker.classifiers.views import PacketViews
from broker.output import Splicer, scores
from broker.reader import Reader
from broker.sky_framed import prepare
from consumers.printable import printable
from models.simulate.streaks.trail import Segment
from schemas.errors import StampError, UnreadableError
from tests.broker.annotations import annotation_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.packet import Packet
    from broker.stamp_pair import Prepared, StampPair
    from schemas.source import SchemaSource

from tests.hostile.packets import SURVEYS

_NETWORK: Any = None  # it does not take part in choosing what it sees
CLASSIFIERS = (StreakClassifier(_NETWORK), LensClassifier(dict.fromkeys(FORMS, _NETWORK)), MergerClassifier(_NETWORK))


@dataclass(slots=True)
class Seen:
    """What became of a packet, and the processor time that it took [s]."""

    outcome: str
    seconds: float
    pair: StampPair | None = None


@dataclass
class Decoders:
    """One worker's: what they remember of one packet must not harm the next."""

    source: SchemaSource
    reader: Reader = field(init=False)
    splicer: Splicer = field(default_factory=Splicer)

    def __post_init__(self) -> None:
        self.reader = Reader(SURVEYS, self.source)

    def decode(self, payload: bytes) -> Seen:
        """Read a packet and its images, and splice an annotation in; only what is meant to be raised is borne."""
        begun = time.thread_time()
        try:
            packet = self.reader.read(payload)
        except UnreadableError as error:
            printable(error.detail)
            return Seen(f"dead: {error.reason}", time.thread_time() - begun)
        pair = stamp_pair(packet)
        _view(Sight(packet, pair.science, pair.reference))
        self._splice(packet)
        image = pair.science
        outcome = f"no image: {image.reason}" if isinstance(image, StampError) else "annotated"
        return Seen(outcome, time.thread_time() - begun, pair)

    def _splice(self, packet: Packet) -> None:
        annotation = annotation_of(packet)
        assert annotation.object_id.isascii()
        assert annotation.object_id.isprintable()
        assert len(self.splicer.annotated(packet, annotation)) > len(packet.framed.body)
        scores(annotation)


def _view(sight: Sight) -> None:
    """Cut out what each class network sees; wherever it lies, a streak in it can be told in finite numbers."""
    views = PacketViews(sight)
    for classifier in CLASSIFIERS:
        view = classifier.view(views)
        if isinstance(view, View):
            assert view.pixels.dtype == np.float32
            found = on_the_sky(Segment(0.0, 0.0, 5.0, 7.0), view)
            assert np.isfinite([found.length, found.position_angle]).all()


def framed(pairs: Sequence[StampPair]) -> list[Prepared]:
    """Bring a batch to the sky frame; whatever was in the images, the networks see numbers."""
    prepared = prepare(pairs)
    for one in prepared:
        for image in (one.science, one.reference, one.planes):
            assert image is None or isinstance(image, StampError) or np.isfinite(image).all()
    return prepared
