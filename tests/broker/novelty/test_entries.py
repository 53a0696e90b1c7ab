from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from broker.novelty.entries import SAME_OBJECT, Entries, separation
from broker.novelty.sighting import Identity


def entries_of(identities: list[Identity]) -> Entries:
    epochs = [f"epoch {number}" for number in range(len(identities))]
    return Entries.of(identities, epochs, np.zeros(len(identities)))


# Many share a name, and many lie within a few arcseconds of the pole or of the meridian.
degrees = st.floats(-6, 6).map(lambda arcsec: arcsec / 3600)
identities = st.builds(
    Identity,
    st.text(max_size=2),
    st.one_of(st.none(), degrees.map(lambda ra: ra % 360), st.floats(0, 360)),
    st.one_of(st.none(), degrees, degrees.map(lambda dec: min(90.0, 90.0 - abs(dec))), st.floats(-90, 90)),
)


@given(st.lists(identities, max_size=30), identities)
def test_own_entries_are_those_of_the_id_or_within_three_arcseconds(among: list[Identity], who: Identity) -> None:
    entries = entries_of(among)

    def near(one: Identity) -> bool:
        if None in (one.ra, one.dec, who.ra, who.dec):
            return False
        return bool(separation(np.array(one.ra), np.array(one.dec), who.ra, who.dec) <= SAME_OBJECT)

    expected = [row for row, one in enumerate(among) if one.object_id == who.object_id or near(one)]
    assert entries.own(who).tolist() == expected


def test_separations_are_arcseconds_across_the_meridian_and_at_the_pole() -> None:
    arcsec = 1 / 3600
    across = separation(np.array([359.9999]), np.array([0.0]), 0.0001, 0.0)
    np.testing.assert_allclose(across, 0.72, rtol=1e-6)
    over_the_pole = separation(np.array([0.0]), np.array([90 - arcsec]), 180.0, 90 - arcsec)
    np.testing.assert_allclose(over_the_pole, 2.0, rtol=1e-6)


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), min_size=1, max_size=10))
def test_names_of_any_letters_are_given_back(names: list[tuple[str, str]]) -> None:
    who = [Identity(name) for name, _ in names]
    entries = Entries.of(who, [epoch for _, epoch in names], np.zeros(len(names)))
    assert [(entries.object_id(row), entries.epoch_id(row)) for row in range(len(names))] == names


def test_entries_come_back_from_their_folder(tmp_path: Path) -> None:
    who = [Identity(f"o{number % 7}", number * 1.0, -number * 1.0) for number in range(900)]
    entries = entries_of(who)
    entries.save(tmp_path)
    again = Entries.open(tmp_path)
    assert [again.object_id(row) for row in range(900)] == [one.object_id for one in who]
    assert again.own(who[5]).tolist() == entries.own(who[5]).tolist()
