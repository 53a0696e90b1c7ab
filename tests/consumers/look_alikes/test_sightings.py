from __future__ import annotations

from pathlib import Path

import fastavro
import numpy as np
import pytest
from PIL import Image

import schemas
from broker.novelty.sighting import Population
from consumers.look_alikes.pictures import read_picture
from models.simulate.stream import simulate
from schemas.errors import StampError
from tests.broker.novelty.rows import row, sightings
from tests.consumers.look_alikes.images import draw, reader


def test_pictures_are_embedded_and_damaged_ones_told(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", 0.5, 0.5, 0.1, 1)
    draw(tmp_path / "b.jpg", 0.5, 0.5, 0.1, 2)
    (tmp_path / "broken.png").write_bytes((tmp_path / "a.png").read_bytes()[:100])
    (tmp_path / "notes.txt").write_text("not an image")
    seen = list(reader().read([tmp_path]))
    assert [one.file.name for one in seen] == ["a.png", "b.jpg", "broken.png"]
    assert [one.error is None for one in seen] == [True, True, False]
    good = [one.sighting for one in seen[:2]]
    assert [(one.identity.object_id, one.epoch_id) for one in good] == [("a", "a.png"), ("b", "b.jpg")]
    assert all(one.population == Population("stamps", "") for one in good)
    assert good[0].digest == good[1].digest
    # What is bright in the picture is bright in its thumbnail, and in its middle.
    assert np.unravel_index(good[0].thumbnail.argmax(), good[0].thumbnail.shape)[0] in range(20, 28)


def test_a_picture_is_upright(tmp_path: Path) -> None:
    draw(tmp_path / "top.png", 0.5, 0.1, 0.05, 1)
    image = read_picture(tmp_path / "top.png").image
    assert image.shape == (64, 64)
    assert image[50:].max() > image[:14].max() + 100  # rows of FITS go upwards
    (one,) = reader().read([tmp_path / "top.png"])
    thumbnail = one.sighting.thumbnail.astype(int)
    assert thumbnail[:12].max() > thumbnail[36:].max() + 50
    with pytest.raises(StampError):
        read_picture(tmp_path / "missing.png")


def test_a_picture_of_16_bits_keeps_its_light_and_one_in_colour_its_bands(tmp_path: Path) -> None:
    deep = np.linspace(0, 60_000, 64 * 64).reshape(64, 64).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "deep.png").image, deep[::-1])
    Image.new("RGB", (32, 32), (30, 20, 10)).save(tmp_path / "colour.png")
    assert read_picture(tmp_path / "colour.png").image.mean(axis=(1, 2)).tolist() == [10.0, 20.0, 30.0]


def test_alerts_come_in_time_order_with_their_objects_first_epochs_marked(tmp_path: Path) -> None:
    alerts = list(simulate("ztf", 24))
    for number, alert in enumerate(alerts):
        (tmp_path / f"{number}.avro").write_bytes(alert.packet)
    seen = [one for one in reader().read([tmp_path]) if one.sighting is not None]
    assert len(seen) > 15
    times = [one.sighting.mjd for one in seen]
    assert times == sorted(times)
    known = set()
    for one in seen:
        key = one.sighting.identity.object_id, one.sighting.population
        assert one.first == (key not in known)
        known.add(key)
    assert {one.sighting.population.survey for one in seen} == {"ztf"}
    assert all(one.sighting.identity.ra is not None for one in seen)


def test_rows_of_the_topic_are_read_without_any_network(tmp_path: Path) -> None:
    record = {
        "survey": "ztf", "objectId": "o", "epochId": "e", "band": "g", "mjd": 6e4, "ra": 1.0, "dec": 2.0,
        "image": "science", "backboneDigest": "d", "embedding": np.arange(4, dtype="<f2").tobytes(),
        "problematic": True, "inHistory": True,
    }  # fmt: skip
    with (tmp_path / "rows.avro").open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(schemas.load("embedding")), [record] * 3)
    seen = list(reader().read([tmp_path / "rows.avro"]))
    assert [one.sighting.epoch_id for one in seen] == ["e"] * 3
    assert seen[0].sighting.problematic
    whole = (tmp_path / "rows.avro").read_bytes()
    (tmp_path / "rows.avro").write_bytes(whole[:-30])
    assert list(reader().read([tmp_path / "rows.avro"]))[-1].error is not None


@pytest.mark.parametrize("damage", [(b'"type"', b'"tupe"'), (b'"null"', b'"nuII"')])
def test_a_file_of_rows_that_is_damaged_is_told(damage: tuple[bytes, bytes], tmp_path: Path) -> None:
    sighting, *_ = sightings(1)
    (tmp_path / "rows.avro").write_bytes(row(sighting).replace(*damage))
    (seen,) = reader().read([tmp_path])
    assert seen.sighting is None
    assert seen.error is not None
