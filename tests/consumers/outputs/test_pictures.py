from __future__ import annotations

import numpy as np
import pytest

from consumers.contact_sheet import ACCENT
from consumers.outputs.pictures import SIDE, single


@pytest.mark.parametrize("rows_up", [True, False])
@pytest.mark.parametrize("shape", [(63, 50), (50, 63), (1100, 700)])
def test_rings_stand_where_the_ends_are(shape: tuple[int, int], rows_up: bool) -> None:
    rows, columns = shape
    y, x = rows // 4, columns // 3
    image = np.zeros(shape, np.float32)
    image[y - 3 : y + 4, x - 3 : x + 4] = 100.0
    (picture,) = single("one", image, rows_up=rows_up, ends=[(x, y)])
    assert picture.colours is not None
    assert max(picture.colours.shape) <= SIDE
    ring = np.argwhere((picture.colours == ACCENT).all(axis=-1)).mean(axis=0)
    bright = np.argwhere(picture.colours.min(axis=-1) > 200).mean(axis=0)
    np.testing.assert_allclose(ring, bright, atol=4.0)
