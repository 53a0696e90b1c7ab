from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from broker.novelty.recipe import Recipe
from broker.novelty.versions import current
from consumers.cli import main
from consumers.look_alikes.build import build_from_files
from consumers.look_alikes.report import list_versions
from consumers.look_alikes.similar import (
    open_index,
    rank_by_frequency,
    save_answers,
    save_ranking,
    similar_to_entry,
    similar_to_image,
)
from consumers.look_alikes.weirdest import rank, save_weirdest
from schemas.errors import NoveltyIndexError
from tests.consumers.look_alikes.images import draw, gallery, reader


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("look-alikes")
    gallery(folder / "pictures")
    ids = [path.stem for path in (folder / "pictures").iterdir()]
    table = "\n".join(f"{one},{one.split('-')[0]},{one.split('-')[1]}" for one in ids)
    (folder / "labels.csv").write_text(f"id,place,number\n{table}\n")
    recipe = Recipe(calibration_share=0.3)
    _, unreadable = build_from_files([folder / "pictures"], folder / "index", reader(), recipe, folder / "labels.csv")
    assert not unreadable
    return folder / "index"


def test_an_image_is_answered_by_what_looks_like_it(root: Path, tmp_path: Path) -> None:
    draw(tmp_path / "query.png", 0.3, 0.5, 0.08, 5555)
    (seen,) = reader().read([tmp_path / "query.png"])
    version = open_index(root, None)
    answer = similar_to_image(version, seen, 8)
    assert [one.object_id.split("-")[0] for one in answer.found] == ["left"] * 8
    distances = [one.distance for one in answer.found]
    assert distances == sorted(distances)
    estimates = {one.name: one for one in answer.estimates}
    assert estimates["place=left"].value > 0.8
    assert estimates["number"].scatter > 0
    save_answers(tmp_path / "sheet.png", version, [answer])
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.format == "PNG"


def test_by_angle_too_an_image_is_answered_by_what_looks_like_it(root: Path, tmp_path: Path) -> None:
    draw(tmp_path / "query.png", 0.3, 0.5, 0.08, 5555)
    (seen,) = reader().read([tmp_path / "query.png"])
    answer = similar_to_image(open_index(root, None, lookups=True), seen, 8, by="angle")
    assert [one.object_id.split("-")[0] for one in answer.found] == ["left"] * 8
    assert all(0 <= one.distance <= 2 for one in answer.found)


def test_an_entry_is_found_by_its_name_and_is_not_its_own_answer(root: Path) -> None:
    version = open_index(root, "stamps", lookups=True)
    (index,) = version.populations.values()
    name = index.entries.object_id(0)
    for asked in (name, index.entries.epoch_id(0)):
        (answer,) = similar_to_entry(version, asked, 5)
        assert name not in {one.object_id for one in answer.found}
        assert {one.object_id.split("-")[0] for one in answer.found} == {name.split("-")[0]}
    with pytest.raises(NoveltyIndexError, match="nobody"):
        list(similar_to_entry(version, "nobody", 5))


def test_candidates_are_ranked_by_how_many_queries_propose_them(root: Path, tmp_path: Path) -> None:
    for number in range(5):
        draw(tmp_path / f"{number}.png", 0.3, 0.5, 0.08, 7000 + number)
    version = open_index(root, None)
    answers = [similar_to_image(version, seen, 12) for seen in reader().read([tmp_path])]
    ranked = rank_by_frequency(answers)
    assert all(one.object_id.startswith("left") for one in ranked[:10])
    assert ranked[0].votes == 5
    assert [one.votes for one in ranked] == sorted((one.votes for one in ranked), reverse=True)
    assert sum(one.votes for one in ranked) == 60
    save_ranking(tmp_path / "sheet.png", version, ranked, 5)
    assert (tmp_path / "sheet.png").stat().st_size > 1000


def test_an_image_of_another_backbone_is_refused(root: Path, tmp_path: Path) -> None:
    draw(tmp_path / "query.png", 0.3, 0.5, 0.08, 1)
    other = reader(input={"surveys": [{"survey": "stamps", "topics": ["a"], "frame_pixels": 32}]})
    (seen,) = other.read([tmp_path / "query.png"])
    with pytest.raises(NoveltyIndexError, match="backbone"):
        similar_to_image(open_index(root, None), seen, 5)
    with pytest.raises(NoveltyIndexError, match="sosia index build"):
        open_index(tmp_path, None)


def test_the_weirdest_image_of_a_night_comes_first_until_it_is_called_boring(root: Path, tmp_path: Path) -> None:
    night = tmp_path / "night"
    night.mkdir()
    for number in range(12):
        draw(night / f"round-{number}.png", 0.5, 0.5, 0.09, 500 + number)
    draw(night / "torn.png", 0.5, 0.5, 0.09, 9, tail=60.0)
    seen = list(reader().read([night]))
    ranked = rank(seen, root)
    assert ranked[0].seen.file.name == "torn.png"
    assert len(ranked) == 13
    save_weirdest(tmp_path / "weirdest.png", ranked, 5)
    assert (tmp_path / "weirdest.png").stat().st_size > 1000
    assert main(["index", "label", "torn", "boring", "--index", str(root)]) == 0
    after = rank(seen, root)
    (torn,) = [one for one in after if one.seen.file.name == "torn.png"]
    assert torn.score < 0.5 * ranked[0].score
    others = {one.seen.file.name: one.score for one in ranked[1:]}
    for one in after:
        if one is not torn:
            assert one.score >= 0.5 * others[one.seen.file.name]


def test_versions_are_listed_and_an_earlier_one_is_used_again(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery(tmp_path / "more", 15)
    first = current(root, "stamps")
    build_from_files([tmp_path / "more"], root, reader(), Recipe(calibration_share=0.3))
    second = current(root, "stamps")
    assert first != second
    assert main(["index", "versions", "--index", str(root)]) == 0
    listed = capsys.readouterr().out
    assert f"* stamps  version {second}" in listed
    assert f"  stamps  version {first}" in listed
    assert "recall" in listed
    assert main(["index", "use", first, "--index", str(root), "--survey", "stamps"]) == 0
    assert current(root, "stamps") == first
    with pytest.raises(SystemExit) as stopped:
        main(["index", "use", "20200101T000000Z-none", "--index", str(root), "--survey", "stamps"])
    assert stopped.value.code == 1


def test_that_there_is_no_index_is_told(tmp_path: Path) -> None:
    for asked in (list_versions, lambda folder: open_index(folder, None)):
        with pytest.raises(NoveltyIndexError, match="holds no index: make one with"):
            asked(tmp_path)
