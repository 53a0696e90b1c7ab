"""Untrusted text, such as packets and their schemas hold, made safe for terminals and logs."""

from __future__ import annotations

#: Longest text of one line [characters]: what is told of packets quotes them, and packets are long.
LONGEST = 300


def printable(text: str) -> str:
    """Return text as one line without control characters, cut where it is long."""
    shown = _escaped(text[: LONGEST + 1])
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def printable_lines(text: str) -> str:
    """Return text without control characters but the ends of lines, all of it."""
    return "\n".join(map(_escaped, text.split("\n")))


def _escaped(text: str) -> str:
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "replace").decode()
        for character in text
    )
