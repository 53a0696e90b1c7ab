"""Strongly lensed sources: a singular isothermal ellipsoid with external shear, by lenstronomy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.simulate.lenses.light import Grid, Image, Shape, blobs, sersic
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from lenstronomy.LensModel.lens_model import LensModel


@dataclass(frozen=True, slots=True)
class Deflector:
    """The lens's mass.

    Attributes
    ----------
    einstein_radius : float
        Of the circle with the critical curve's area [arcsec].
    x, y : float
        Centre [arcsec].
    axis_ratio : float
        Of the surface density.
    angle : float
        Of its major axis [rad].
    shear : tuple of two floats
        External.
    """

    einstein_radius: float
    x: float
    y: float
    axis_ratio: float
    angle: float
    shear: tuple[float, float]

    def trace(self, grid: Grid, model: LensModel) -> Grid:
        """Follow every point's ray back to the source plane.

        Parameters
        ----------
        grid : Grid
            In the image plane.
        model : LensModel
            Of `lens_model()`.
        """
        ellipticity = (1 - self.axis_ratio) / (1 + self.axis_ratio)
        keywords = [
            {
                "theta_E": self.einstein_radius,
                "e1": ellipticity * np.cos(2 * self.angle),
                "e2": ellipticity * np.sin(2 * self.angle),
                "center_x": self.x,
                "center_y": self.y,
            },
            {"gamma1": self.shear[0], "gamma2": self.shear[1], "ra_0": self.x, "dec_0": self.y},
        ]
        x, y = model.ray_shooting(grid.x.ravel().astype(float), grid.y.ravel().astype(float), keywords)
        return Grid(x.reshape(grid.x.shape).astype(np.float32), y.reshape(grid.y.shape).astype(np.float32), grid.step)


@dataclass(frozen=True, slots=True)
class Source:
    """A star-forming galaxy behind the lens.

    Attributes
    ----------
    shape : Shape
        In the source plane, about the lens's centre on the sky.
    index : float
        Sersic's.
    clumps : int
        Star-forming knots.
    clumped : float
        Their share of the light.
    """

    shape: Shape
    index: float
    clumps: int
    clumped: float

    def paint(self, traced: Grid, rng: np.random.Generator) -> Image:
        """Return its lensed image, whose sum is the magnification (surface brightness is conserved)."""
        light = sersic(traced, self.shape, self.index)
        if not self.clumps:
            return light
        radius = self.shape.radius
        x, y = (centre + 0.6 * radius * rng.standard_normal(self.clumps) for centre in (self.shape.x, self.shape.y))
        widths = radius * rng.uniform(0.1, 0.3, self.clumps)
        return np.asarray((1 - self.clumped) * light + self.clumped * blobs(traced, x, y, widths), np.float32)


def lens_model() -> LensModel:
    """Return lenstronomy's model of an isothermal ellipsoid with shear; to be made once.

    Raises
    ------
    ConfigurationError
        lenstronomy is not installed.
    """
    try:
        from lenstronomy.LensModel.lens_model import LensModel
    except ImportError as error:
        raise ConfigurationError(
            "lenses are simulated with lenstronomy, which is not installed: pip install 'sosia-broker[train]'"
        ) from error
    return LensModel(["SIE", "SHEAR"])
