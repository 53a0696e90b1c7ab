"""What the noise alone allows on the frozen stamps, whatever the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from consumers.evaluate_lens.stamps import auroc
from models.baselines.known_arcs import told_among, told_by_arcs
from models.lens_finder import fitted
from models.simulate.lenses.population import TEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.intervals import Figure
    from models.lens_network import Form

#: Stamps with arcs, and without.
_TESTED = 1000


def ceiling(arcs: NDArray[np.float32], form: Form) -> tuple[float, Figure]:
    """Measure the area under the curve of who knows all light but the arcs', and these too, or that they are listed.

    Both are told more than a network can be: it must also tell arcs from companions, rings and spirals.

    Parameters
    ----------
    arcs : float32 array (n, bands, side, side)
        Of the form's sky, in units of the sky's noise.
    form : Form
        Sees its own bands and window.
    """
    scale, detection = form.pixel_scale, TEST[form.sky].camera.detection
    seen = np.stack([fitted(one if form.bands > 1 else one[detection], scale, form) for one in arcs])
    tested = min(_TESTED, len(seen))
    lenses, none = told_among(seen, np.random.default_rng(len(seen)), tested)
    return told_by_arcs(seen), auroc(np.concatenate([lenses, none]), np.repeat([True, False], tested))
