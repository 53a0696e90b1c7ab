"""What is read: the surveys' topics (section ``[input]``)."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from consumers.names import is_ours
from consumers.settings_section import Section


class SurveyInput(Section):
    """One survey's input topics."""

    #: ``ztf``, ``lsst``, or any other name for own stamps (record ``EpochStamp``).
    survey: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    #: Names as they are.
    topics: tuple[str, ...] = ()
    #: Regular expressions that begin with ``^``, or names that hold ``{date}`` for YYYYMMDD in UTC.
    patterns: tuple[str, ...] = ()
    #: Of dated topics, how many of the newest dates are read: an expired topic must not starve the live one.
    days: int = Field(default=7, ge=1, le=366)
    #: Of own stamps, the sky frame: its side [px] and scale [arcsec/px]. ULISSE's 25.6" by default.
    frame_pixels: int = Field(default=64, ge=8, le=512)
    frame_scale: float = Field(default=0.4, gt=0, le=10)

    @field_validator("topics")
    @classmethod
    def _readable(cls, topics: tuple[str, ...]) -> tuple[str, ...]:
        for topic in topics:
            if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", topic):
                raise ValueError(f"{topic!r} is no topic name; put regular expressions under 'patterns'")
            if is_ours(topic):
                raise ValueError(f"{topic} is the workers' own; name the survey's own topic")
        return topics

    @field_validator("patterns")
    @classmethod
    def _matching(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if not pattern.startswith("^") and "{date}" not in pattern:
                raise ValueError(
                    f"{pattern!r} neither begins with ^ nor holds {{date}}; put plain names under 'topics'"
                )
            if pattern.count("{date}") > 1:
                raise ValueError(f"{pattern!r} holds {{date}} more than once; leave one")
            try:
                re.compile(pattern.replace("{date}", "0"))
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return patterns

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.topics and not self.patterns:
            raise ValueError("neither 'topics' nor 'patterns' is given; name at least one topic to read")
        return self


class InputSettings(Section):
    """What is read."""

    surveys: tuple[SurveyInput, ...] = ()

    @field_validator("surveys")
    @classmethod
    def _once(cls, surveys: tuple[SurveyInput, ...]) -> tuple[SurveyInput, ...]:
        topics = [topic for one in surveys for topic in one.topics]
        for topic in topics:
            if topics.count(topic) > 1:
                raise ValueError(f"topic {topic} is named more than once; leave it in one place")
        own = sorted({one.survey for one in surveys} - {"ztf", "lsst"})
        if len(own) > 1:  # an EpochStamp does not say whose it is
            raise ValueError(f"{', '.join(own)} are all surveys of own stamps; run one worker for each")
        return surveys
