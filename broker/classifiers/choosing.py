"""Lets each class network look at those packets of a batch that concern it: its domain first, then the router."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from broker.annotation import Classification
from broker.classifiers.contract import Abstention, View
from broker.classifiers.merger import MergerClassifier
from broker.classifiers.views import PacketViews

if TYPE_CHECKING:
    from broker.annotation import Lens, Streak
    from broker.classifiers.contract import Classifier, Sight
    from models.merger_finder import MergerFinder

#: Reason of a score that the router saved.
BELOW_THRESHOLD = "router: below its threshold"
#: Reason of a score that came out as no number, of pixels that no survey sends.
NOT_FINITE = "score not finite"
#: Reason of a score that a worker did without, since it had fallen behind and was told to.
SHED = "overload: shed"


@dataclass(frozen=True, slots=True)
class Classified:
    """What the class networks say of one packet, as its annotation has it."""

    classifications: tuple[Classification, ...] = ()
    streak: Streak | None = None
    lens: Lens | None = None


#: The views of each class, one a packet.
Views = Mapping[str, Sequence[View | Abstention]]


class Router(Protocol):
    """Tells cheaply which class networks need not run; `broker.classifiers.router.RouterClassifier` is one."""

    @property
    def version(self) -> str:
        """Of its network."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Of the classes that it knows: below, the class network need not run."""

    def look(self, views: Views) -> dict[str, dict[int, float]]:
        """Score the views of all classes that it knows: by class and packet, where there is a view."""


class Classifiers:
    """The configured class networks. For one thread at a time.

    Parameters
    ----------
    networks : sequence of Classifier
        In the order of an annotation's entries.
    router : Router, optional
        None: every network looks at all that its domain allows.

    Attributes
    ----------
    shed : set of str
        Classes at which nobody is to look for now.
    """

    def __init__(self, networks: Sequence[Classifier] = (), router: Router | None = None) -> None:
        self._networks = tuple(networks)
        self._router = router
        self.shed: AbstractSet[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes."""
        return tuple(network.name for network in self._networks)

    @property
    def merger_finder(self) -> MergerFinder | None:
        """The one that is open, for others who need it."""
        return next((network.finder for network in self._networks if isinstance(network, MergerClassifier)), None)

    def classify(self, batch: Sequence[Sight]) -> list[Classified]:
        """Judge a batch of packets.

        Parameters
        ----------
        batch : sequence of Sight
            Of any surveys.

        Returns
        -------
        list of Classified
            One a packet, in order. What is wrong with one stamp touches no other's result.
        """
        packets = [PacketViews(sight) for sight in batch]
        views = {network.name: [self._view(network, packet) for packet in packets] for network in self._networks}
        chances = {} if self._router is None else self._router.look(views)
        entries: list[list[Classification]] = [[] for _ in batch]
        routed: list[list[Classification]] = [[] for _ in batch]
        streaks: list[Streak | None] = [None] * len(batch)
        lenses: list[Lens | None] = [None] * len(batch)
        for network in self._networks:
            asked = self._asked(views[network.name], network.name, chances)
            found = dict(zip(asked, network.look(list(asked.values())) if asked else (), strict=True))
            for i, view in enumerate(views[network.name]):
                score = found[i].score if i in found else None
                entries[i].append(_entry(network.name, network.version, view, score))
                if self._router is not None and network.name in chances:
                    chance = chances[network.name].get(i)
                    routed[i].append(_entry(f"router.{network.name}", self._router.version, view, chance))
            for i, verdict in found.items():
                streaks[i], lenses[i] = streaks[i] or verdict.streak, lenses[i] or verdict.lens
        return [
            Classified((*own, *chance), streak, lens)
            for own, chance, streak, lens in zip(entries, routed, streaks, lenses, strict=True)
        ]

    def _view(self, network: Classifier, packet: PacketViews) -> View | Abstention:
        view = network.view(packet)
        return Abstention(view.input_image, SHED) if network.name in self.shed and isinstance(view, View) else view

    def _asked(
        self, views: Sequence[View | Abstention], name: str, chances: Mapping[str, Mapping[int, float]]
    ) -> dict[int, View]:
        """Return those views that a network is to look at."""
        seen = {i: view for i, view in enumerate(views) if not isinstance(view, Abstention)}
        if self._router is None or name not in chances:
            return seen
        return {i: view for i, view in seen.items() if chances[name][i] >= self._router.thresholds[name]}


def _entry(classifier: str, version: str, view: View | Abstention, score: float | None) -> Classification:
    if score is not None and math.isfinite(score):
        return Classification(classifier, version, view.input_image, score)
    reason = view.reason if isinstance(view, Abstention) else BELOW_THRESHOLD if score is None else NOT_FINITE
    return Classification(classifier, version, view.input_image, reason=reason)
