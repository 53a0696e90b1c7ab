"""What every table of the settings has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the file: unknown keys are refused, and a value in an error could be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
