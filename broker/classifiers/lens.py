"""Strong lenses: the reference, the host in its middle, and how much a candidate's arcs can teach."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from broker.annotation import Lens
from broker.classifiers.contract import Abstention, Verdict
from models.lens_domain import form_for, reason_to_abstain
from models.lens_finder import THRESHOLDS, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from broker.classifiers.contract import View
    from broker.classifiers.views import PacketViews
    from models.lens_finder import LensFinder, LensLook

#: The networks of one band, as alerts have it.
FORMS = ("ground", "space")

NO_NETWORK = "no network for such images"


class LensClassifier:
    """The lens networks on packets.

    Parameters
    ----------
    finders : mapping of str to LensFinder
        By form, of `FORMS`.
    """

    name = "lens"
    version = VERSION

    def __init__(self, finders: Mapping[str, LensFinder]) -> None:
        self._finders = finders

    def view(self, views: PacketViews) -> View | Abstention:
        """Take the host, where arcs can be seen round it."""
        view = views.lasting
        if isinstance(view, Abstention):
            return view
        reason = reason_to_abstain(view.pixel_scale, view.seeing, view.width)
        if reason is None and form_for(view.pixel_scale, view.seeing, 1) not in self._finders:
            reason = NO_NETWORK
        return views.host if reason is None else Abstention(view.input_image, reason)

    def look(self, views: Sequence[View]) -> list[Verdict]:
        """Score views, those of one survey in one pass; a candidate is ranked by its information content."""
        alike: dict[tuple[str, float], list[int]] = defaultdict(list)
        for i, view in enumerate(views):
            form = form_for(view.pixel_scale, view.seeing, 1)
            assert form is not None  # or there would be no view
            alike[form, round(view.pixel_scale, 3)].append(i)
        found: dict[int, Verdict] = {}
        for (form, pixel_scale), members in alike.items():
            looks = self._finders[form].look([views[i].pixels for i in members], pixel_scale)
            found |= {i: _verdict(one, THRESHOLDS[form]) for i, one in zip(members, looks, strict=True)}
        return [found[i] for i in range(len(views))]


def _verdict(one: LensLook, threshold: float) -> Verdict:
    known = math.isfinite(one.information_content) and math.isfinite(one.spread)  # the annotation has no null there
    ranked = known and one.score > threshold
    return Verdict(one.score, lens=Lens(one.information_content, one.spread) if ranked else None)
