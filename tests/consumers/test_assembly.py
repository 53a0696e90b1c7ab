"""What settings choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.geometry import SkyFrame
from broker.history.sqlite import SqliteHistory
from consumers.assembly import choose_preprocessing, choose_rule, open_surveys
from consumers.configuration import load_settings
from consumers.settings import EpochSettings
from schemas.errors import ConfigurationError
from tests.consumers.settings_text import Load, refused


def test_rules_go_by_their_names_and_the_published_one_needs_a_history() -> None:
    history = SqliteHistory(None)
    assert choose_rule(EpochSettings(), None).name == "sosia"
    for name in ("sosia", "cavuoti2024-causal", "reference-distance"):
        assert choose_rule(EpochSettings(rule=name), history).name == name
    with pytest.raises(
        ConfigurationError, match=r"epoch\.rule: cavuoti2024-causal needs earlier epochs; set history\.url"
    ):
        choose_rule(EpochSettings(rule="cavuoti2024-causal"), None)
    history.close()


def test_own_stamps_have_their_own_frame_and_one_worker_a_survey(tmp_path: Path) -> None:
    kids = '[[input.surveys]]\nsurvey = "kids"\ntopics = ["a"]\nframe_pixels = 100\nframe_scale = 0.2\n'
    (tmp_path / "one.toml").write_text(kids)
    inputs = load_settings(tmp_path / "one.toml").input.surveys
    (survey,) = open_surveys(["kids"], inputs)
    assert survey.facts.frame == SkyFrame(100, 0.2)
    (tmp_path / "two.toml").write_text(kids + kids.replace("kids", "vis").replace('"a"', '"b"'))
    with pytest.raises(ConfigurationError, match="kids, vis are all surveys of own stamps"):
        load_settings(tmp_path / "two.toml")


def test_the_preprocessing_is_the_sky_frame_unless_told(load: Load) -> None:
    assert choose_preprocessing(load("").backbone, "sosia-64").name == "sky-frame"
    published = load('[backbone]\npreprocessing = "ulisse"\nname = "efficientnet-b0"').backbone
    for network in ("efficientnet-b0", "efficientnet-b0-untrained"):
        assert choose_preprocessing(published, network).name == "ulisse"
    assert "backbone.preprocessing" in refused(load, '[backbone]\npreprocessing = "zscale"')


@pytest.mark.parametrize("network", ["sosia-64", "efficientnetv2-b0"])
def test_ulisse_with_another_network_than_its_own_is_refused(network: str, load: Load) -> None:
    with pytest.raises(ConfigurationError, match=rf"backbone.preprocessing: ulisse is for efficientnet-b0.*{network}"):
        choose_preprocessing(load('[backbone]\npreprocessing = "ulisse"').backbone, network)
