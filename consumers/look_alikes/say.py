"""Takes down what people say of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from broker.novelty.feedback import append
from broker.novelty.versions import survey_folder, surveys
from schemas.errors import NoveltyIndexError

if TYPE_CHECKING:
    from pathlib import Path

    from broker.novelty.feedback import Opinion


def say(root: Path, survey: str | None, name: str, opinion: Opinion) -> str:
    """Write an opinion into a survey's feedback; it goes into its next version.

    Whether the index holds the object is not asked: the most novel ones are never in it yet.

    Raises
    ------
    NoveltyIndexError
        It is not clear which survey's object is meant.
    """
    names = [survey] if survey else surveys(root)
    if len(names) != 1:
        raise NoveltyIndexError(f"{root} holds {len(names)} surveys' indexes: name the object's with --survey")
    append(survey_folder(root, names[0]), name, opinion)
    return f"{names[0]} {name}: {opinion}"
