from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumers.printable import LONGEST, printable, printable_lines


@given(st.text())
def test_untrusted_text_is_made_printable_and_short(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) <= LONGEST
    assert shown.encode().decode() == shown
    if text.isprintable() and len(text) <= LONGEST:
        assert shown == text


@given(st.text())
def test_of_several_lines_all_that_is_printable_stays(text: str) -> None:
    shown = printable_lines(text)
    assert shown.count("\n") == text.count("\n")
    assert all(line.isprintable() for line in shown.split("\n"))
    if all(line.isprintable() for line in text.split("\n")):
        assert shown == text
