"""Mergers: the reference, the host in its middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.classifiers.contract import Abstention, Verdict, View
from models.merger_domain import NO_GALAXY, is_point_source, reason_to_abstain
from models.merger_finder import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from broker.classifiers.views import PacketViews
    from models.merger_finder import MergerFinder


class MergerClassifier:
    """The merger network on packets.

    Parameters
    ----------
    finder : MergerFinder

    Attributes
    ----------
    finder : MergerFinder
    """

    name = "merger"
    version = VERSION

    def __init__(self, finder: MergerFinder) -> None:
        self.finder = finder

    def view(self, views: PacketViews) -> View | Abstention:
        """Take the host, where it is a galaxy and tidal tails can be seen round it."""
        view = views.lasting
        if isinstance(view, Abstention):
            return view
        reason = reason_to_abstain(view.pixel_scale, view.seeing, view.width)
        if reason is not None:
            return Abstention(view.input_image, reason)
        host = views.host
        if isinstance(host, View) and is_point_source(host.pixels, host.seeing / host.pixel_scale):
            return Abstention(host.input_image, NO_GALAXY)
        return host

    def look(self, views: Sequence[View]) -> list[Verdict]:
        """Score views; the network cuts each to its galaxy's own size, whatever the pixel scale."""
        return [Verdict(score) for score in self.finder.look([view.pixels for view in views])]
