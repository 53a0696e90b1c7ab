from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.files import find_files, read_files
from broker.reader import Reader
from broker.surveys.rubin import Rubin
from broker.surveys.ztf import Ztf
from consumers.cli import main
from consumers.simulated_night import save_schema, simulated_packets
from schemas.source import FolderSource


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_the_truth_is_in_a_file_of_its_own_and_the_packets_are_read(survey: str, tmp_path: Path) -> None:
    save_schema(tmp_path)
    reader = Reader([Ztf(), Rubin()], FolderSource(tmp_path))
    packets = list(simulated_packets(survey, 25, 4, tmp_path / "truth.jsonl"))
    truths = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert [reader.read(packet).epoch_id for _, packet in packets] == [truth["epoch_id"] for truth in truths]
    rare = {truth["rare"] for truth in truths} - {None}
    assert rare
    assert not any(name.encode() in packet for _, packet in packets for name in ("merger", "asteroid's trail"))


def test_files_and_a_simulated_night_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["a.avro", "--simulate", "ztf"]):
        with pytest.raises(SystemExit) as ended:
            main(["replay", "--topic", "t", *arguments])
        assert ended.value.code == 2
        assert "either files or --simulate" in capsys.readouterr().err


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_a_night_in_a_folder_has_all_that_reading_it_needs(
    survey: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    night = ["--simulate", survey, "--alerts", "5", "--seed", "4", "--truth", str(tmp_path / "truth.jsonl")]
    assert main(["replay", *night, "--folder", str(tmp_path / "night")]) == 0
    assert "5 packets" in capsys.readouterr().out
    truths = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    found = list(read_files(find_files([tmp_path / "night"]), [Ztf(), Rubin()]))
    assert {one.packet.epoch_id for one in found if one.packet} == {truth["epoch_id"] for truth in truths}


def test_a_folder_takes_a_simulated_night_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["replay", "--folder", str(tmp_path), "a.avro"])
    assert ended.value.code == 2
    assert "--simulate" in capsys.readouterr().err
