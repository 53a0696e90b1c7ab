"""Where the sky is in an image stamp, and the frame that it is brought to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from broker.cutout import Header

#: A header whose pixels are larger or smaller does not describe a stamp of any survey [arcsec/px].
_FINEST, _COARSEST = 0.01, 10.0
#: Nor does one that puts the object farther off [px]: what is measured there would be no number any more.
_FARTHEST = 1e6


@dataclass(frozen=True, slots=True)
class SkyFrame:
    """Size and sampling of a survey's frame.

    Attributes
    ----------
    side : int
        [px].
    scale : float
        [arcsec/px].
    """

    side: int
    scale: float


@dataclass(frozen=True, slots=True)
class Geometry:
    """An affine map from the sky frame to the pixels of one stamp.

    A point of the frame lies ``(u, v)`` arcsec right of and above its centre; the
    stamp's pixel under it is ``(x, y) = centre + matrix @ (u, v)``. Where north is
    known, up is north and right is west (so east is left, as on the sky); where it
    is not, up and right are the stamp's own rows and columns.

    Attributes
    ----------
    x, y : float
        The object's mean position [px], 0 at the centre of the first pixel; ``x``
        counts columns, ``y`` rows.
    matrix : tuple of 4 floats
        ``(dx/du, dx/dv, dy/du, dy/dv)`` [px/arcsec].
    north_known : bool
        Whether up is north.
    """

    x: float
    y: float
    matrix: tuple[float, float, float, float]
    north_known: bool

    @property
    def pixel_scale(self) -> float:
        """[arcsec/px]."""
        a, b, c, d = self.matrix
        return 1.0 / math.sqrt(abs(a * d - b * c))

    def offset(self, x: float, y: float) -> tuple[float, float]:
        """Return where a pixel lies right of and above the frame's centre [arcsec]."""
        a, b, c, d = self.matrix
        determinant = a * d - b * c
        dx, dy = x - self.x, y - self.y
        return (d * dx - b * dy) / determinant, (a * dy - c * dx) / determinant

    @classmethod
    def plain(cls, shape: tuple[int, ...], pixel_scale: float) -> Geometry:
        """Frame a stamp as it is: its middle in the centre, no rotation.

        Parameters
        ----------
        shape : (..., rows, columns)
            [px].
        pixel_scale : float
            [arcsec/px].
        """
        rows, columns = shape[-2:]
        per_arcsec = 1.0 / pixel_scale
        return cls((columns - 1) / 2, (rows - 1) / 2, (per_arcsec, 0.0, 0.0, per_arcsec), north_known=False)

    @classmethod
    def from_wcs(cls, header: Header, ra: float, dec: float) -> Geometry | None:
        """Read the frame off a FITS header's linear world coordinates.

        The tangent plane is taken as flat around the reference point: over the few
        arcseconds between it and the object the error is far below a pixel. CTYPE is
        not asked for, since Rubin's stamps have none.

        Parameters
        ----------
        header : mapping
            FITS cards: CRPIXi, CRVALi, and CDi_j or PCi_j with CDELTi.
        ra, dec : float
            What to put into the centre, ICRS [deg].

        Returns
        -------
        Geometry or None
            None where the header has no such coordinates, or senseless ones.
        """
        try:
            cd = _matrix(header)
            (x0, y0), (ra0, dec0) = ([float(header[f"{key}{axis}"]) for axis in (1, 2)] for key in ("CRPIX", "CRVAL"))
        except (KeyError, ValueError, TypeError):
            return None
        determinant = cd[0] * cd[3] - cd[1] * cd[2]
        if not (math.sqrt(abs(determinant)) >= _FINEST and max(map(abs, cd)) <= _COARSEST and math.isfinite(dec0)):
            return None
        # Pixels per arcsec towards east and north.
        to_pixel = (cd[3] / determinant, -cd[1] / determinant, -cd[2] / determinant, cd[0] / determinant)
        east = (((ra - ra0 + 180.0) % 360.0) - 180.0) * math.cos(math.radians(dec0)) * 3600.0
        north = (dec - dec0) * 3600.0
        x = x0 - 1.0 + to_pixel[0] * east + to_pixel[1] * north
        y = y0 - 1.0 + to_pixel[2] * east + to_pixel[3] * north
        if not (abs(x) <= _FARTHEST and abs(y) <= _FARTHEST):  # nor where it is not a number
            return None
        return cls(x, y, (-to_pixel[0], to_pixel[1], -to_pixel[2], to_pixel[3]), north_known=True)


def _matrix(header: Header) -> tuple[float, float, float, float]:
    """Return d(east, north)/d(x, y) [arcsec/px], row by row."""
    if "CD1_1" in header:
        values = [float(header.get(f"CD{i}_{j}", 0.0)) for i in (1, 2) for j in (1, 2)]
    else:
        steps = [float(header[f"CDELT{i}"]) for i in (1, 2)]
        values = [
            steps[i - 1] * float(header.get(f"PC{i}_{j}", 1.0 if i == j else 0.0)) for i in (1, 2) for j in (1, 2)
        ]
    return (values[0] * 3600.0, values[1] * 3600.0, values[2] * 3600.0, values[3] * 3600.0)
