"""Measures the stack's offset on simulated clean epochs, so that a worker knows it before its first real one."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from broker.cutout import Cutout
from broker.geometry import Geometry
from broker.stack_offset import measure
from broker.stamp_pair import Stamp, StampPair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from broker.embedding import Embedder
    from broker.stack_offset import StackOffset
    from broker.surveys.survey import Survey
    from models.simulate.camera import Camera
    from models.simulate.night import Epoch

#: Fewer objects where frames are larger than this [px]: a worker should not take long to start.
OBJECTS, EPOCHS, USUAL_SIDE = 12, 10, 64
_SEED = 64
#: A survey of own stamps is pictured by Rubin's camera, with no more pixels than these; the frame gives their size.
_LARGEST_SIDE = 128


def simulated_offset(embedder: Embedder, survey: Survey) -> StackOffset:
    """Measure a survey's offset b in a backbone's feature space; always on the same epochs.

    Objects that do not change are seen through varying seeing and new noise; the stack is deeper and sharper.

    Parameters
    ----------
    embedder : Embedder
    survey : Survey
        Its frame counts, and for surveys with alerts of their own its camera.
    """
    camera, zoom = _camera(survey)
    objects = math.ceil(OBJECTS * min(USUAL_SIDE / survey.facts.frame.side, 1.0) ** 2)
    pairs = list(_pairs(camera, zoom, objects, survey))
    embedded = embedder.embed([pair for _, pair in pairs])
    science: dict[int, list[NDArray[np.float32]]] = defaultdict(list)
    stack: dict[int, NDArray[np.float32]] = {}
    for (number, _), places in zip(pairs, embedded, strict=True):
        if places.science_embedding is not None and places.reference_embedding is not None:
            science[number].append(places.science_embedding)
            stack.setdefault(number, places.reference_embedding)
    measured = measure([(np.stack(places), stack[number]) for number, places in science.items()])
    assert measured is not None  # every object has epochs enough, and none of them is faulty
    return measured


def _camera(survey: Survey) -> tuple[Camera, float]:
    """Return a survey's camera, and how much larger on the sky its pixels are to be taken."""
    from models.simulate.camera import RUBIN, ZTF

    known = {camera.name: camera for camera in (ZTF, RUBIN)}
    if survey.name in known:
        return known[survey.name], 1.0
    frame = survey.facts.frame
    side = min(frame.side, _LARGEST_SIDE)
    camera = replace(RUBIN, smallest_side=side, largest_side=side, rotates=False)
    return camera, frame.side * frame.scale / (side * RUBIN.pixel_scale)


def _pairs(camera: Camera, zoom: float, objects: int, survey: Survey) -> Iterator[tuple[int, StampPair]]:
    """Yield each epoch's images, and which object they show."""
    from models.simulate.exposure import expose

    random = np.random.default_rng(_SEED)
    for epoch in _clean(camera, objects, random):
        seen = expose(camera, epoch, random)
        a, b, c, d = (one / zoom for one in seen.matrix)
        geometry = Geometry(seen.x, seen.y, (-a, b, -c, d), north_known=True)  # to the right is west
        science, reference = (Stamp(Cutout(image, {}), geometry) for image in (seen.science, seen.reference))
        yield epoch.object.number, StampPair(science, reference, survey.facts.frame, epoch.visit.seeing * zoom)


def _clean(camera: Camera, objects: int, random: np.random.Generator) -> list[Epoch]:
    """Draw epochs in which nothing is wrong, of objects that do not change."""
    from models.simulate.night import MOVING_SHARE, Kind, epochs

    drawn = epochs(replace(camera, visits=EPOCHS), round(objects * EPOCHS / (1.0 - MOVING_SHARE)), random)
    return [
        replace(one, significance=0.0, fault=None)
        for one in drawn
        if one.object.kind not in (Kind.MOVING, Kind.HOSTLESS)  # without its transient this one is empty sky
    ]
