"""What may be shed (section ``[overload]``)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from consumers.settings_section import Section


class OverloadSettings(Section):
    """What a worker does without while it is behind; by default nothing, however late its alerts are."""

    #: Networks for rare classes that do not look then: their scores are null, for the reason ``overload: shed``.
    shed: tuple[Literal["streak", "lens", "merger"], ...] = ()
    #: A worker is behind where its records had waited in their topic for longer than that, by their own timestamps;
    #: it has caught up where they waited half as long [s].
    above_wait_s: float = Field(default=60.0, gt=0)
