from __future__ import annotations

import gzip
import io
from collections import Counter
from pathlib import Path

import fastavro
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from broker.files import find_files, read_files
from broker.reader import Reader
from broker.surveys.rubin import Rubin
from broker.surveys.ztf import Ztf
from models.simulate import rubin, ztf
from models.simulate.faults import Fault
from models.simulate.night import LASTING, Kind
from models.simulate.stream import SimulatedAlert, simulate
from schemas.source import FolderSource

ALERTS = 120


@pytest.fixture(scope="module")
def ztf_night() -> list[SimulatedAlert]:
    return list(simulate("ztf", ALERTS))


@pytest.fixture(scope="module")
def rubin_night() -> list[SimulatedAlert]:
    return list(simulate("lsst", ALERTS))


def ztf_record(alert: SimulatedAlert) -> dict[str, object]:
    return next(iter(fastavro.reader(io.BytesIO(alert.packet))))


def ztf_stamps(alert: SimulatedAlert) -> list[np.ndarray]:
    record = ztf_record(alert)
    return [
        fits.getdata(io.BytesIO(gzip.decompress(record[f"cutout{name}"]["stampData"]))).astype(float)
        for name in ("Science", "Template", "Difference")
    ]


def rubin_record(alert: SimulatedAlert) -> dict[str, object]:
    return fastavro.schemaless_reader(io.BytesIO(alert.packet[5:]), fastavro.parse_schema(rubin.SCHEMA), None)


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_a_seed_repeats_every_byte_and_another_seed_does_not(survey: str) -> None:
    packets = [[alert.packet for alert in simulate(survey, 12, seed)] for seed in (1, 1, 2)]
    assert packets[0] == packets[1]
    assert not set(packets[0]) & set(packets[2])


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
@pytest.mark.parametrize("alerts", [1, 2, 7, 60])
def test_a_night_has_as_many_alerts_as_were_asked_for_and_every_epoch_once(survey: str, alerts: int) -> None:
    truths = [alert.truth for alert in simulate(survey, alerts)]
    assert len(truths) == alerts
    assert len({truth.epoch_id for truth in truths}) == alerts


def test_a_night_holds_every_kind_and_every_fault(ztf_night: list[SimulatedAlert]) -> None:
    truths = [alert.truth for alert in ztf_night]
    assert {truth.kind for truth in truths} == {*LASTING, Kind.MOVING}
    assert {truth.fault for truth in truths} == {None, *Fault}


@pytest.mark.parametrize(("survey", "kinds"), [("ztf", {Kind.STREAK}), ("lsst", {Kind.STREAK, Kind.MERGER, Kind.LENS})])
def test_rare_truth_is_added_in_its_share_and_in_time_order(survey: str, kinds: set[Kind]) -> None:
    pytest.importorskip("lenstronomy")
    alerts = list(simulate(survey, 20, seed=2, rare=0.2))
    truths = [alert.truth for alert in alerts]
    assert len({truth.epoch_id for truth in truths}) == len(truths) == 20
    assert {truth.kind for truth in truths if truth.rare} == kinds
    assert sum(truth.rare is not None for truth in truths) == 4
    assert [alert.packet for alert in simulate(survey, 20, seed=2, rare=0.2)] == [alert.packet for alert in alerts]


def test_a_trail_is_long_and_has_the_signal_to_noise_ratio_that_the_packet_tells() -> None:
    elongations = []
    for alert in simulate("lsst", 40, seed=2, rare=0.5):
        if alert.truth.kind is not Kind.STREAK:
            continue
        assert 7.0 < alert.truth.snr < 44.0
        if alert.truth.snr < 20.0:  # faint ones vanish, pixel by pixel, in the noise
            continue
        with fits.open(io.BytesIO(rubin_record(alert)["cutoutDifference"])) as hdus:
            pixels = hdus[0].data / np.sqrt(np.median(hdus["UNCERT"].data))
        spread = np.linalg.eigvalsh(np.cov(np.stack(np.nonzero(pixels > 3.0))))
        elongations.append(spread[1] / spread[0])
    assert np.median(elongations) > 1.7


def test_lasting_objects_come_back_and_moving_ones_do_not(rubin_night: list[SimulatedAlert]) -> None:
    seen = Counter((alert.truth.object_id, alert.truth.kind) for alert in rubin_night)
    assert all(count == 1 for (_, kind), count in seen.items() if kind is Kind.MOVING)
    assert max(seen.values()) == 6


def test_the_reader_reads_ztf_packets_as_the_truth_says(ztf_night: list[SimulatedAlert]) -> None:
    reader = Reader([Ztf(), Rubin()], None)
    mjds = []
    for alert in ztf_night:
        packet, truth = reader.read(alert.packet), alert.truth
        assert (packet.survey.name, packet.object_id, packet.epoch_id) == ("ztf", truth.object_id, truth.epoch_id)
        assert packet.band == truth.band
        assert packet.snr == pytest.approx(truth.snr, rel=1e-4)
        assert (
            packet.difference_sign
            == packet.polarity
            == (1 if ztf_record(alert)["candidate"]["isdiffpos"] == "t" else -1)
        )
        mjds.append(packet.mjd)
    assert mjds == sorted(mjds)


def test_the_reader_reads_rubin_packets_as_the_truth_says(rubin_night: list[SimulatedAlert], tmp_path: Path) -> None:
    rubin.save_schema(tmp_path)
    reader = Reader([Ztf(), Rubin()], FolderSource(tmp_path))
    for alert in rubin_night:
        packet, truth = reader.read(alert.packet), alert.truth
        assert (packet.survey.name, packet.object_id, packet.epoch_id) == ("lsst", truth.object_id, truth.epoch_id)
        assert packet.band == truth.band
        assert packet.stored == (truth.kind is not Kind.MOVING)
        assert packet.snr == pytest.approx(truth.snr, rel=1e-4)


def test_files_of_both_surveys_are_read_with_the_saved_schema(
    ztf_night: list[SimulatedAlert], rubin_night: list[SimulatedAlert], tmp_path: Path
) -> None:
    rubin.save_schema(tmp_path / "schema")
    for alert in (*ztf_night[:3], *rubin_night[:3]):
        (tmp_path / f"{alert.truth.epoch_id}.avro").write_bytes(alert.packet)
    found = list(read_files(find_files([tmp_path]), [Ztf(), Rubin()]))
    assert [one.error for one in found] == [None] * 6


def test_ztf_turns_the_difference_of_what_faded(ztf_night: list[SimulatedAlert]) -> None:
    signs = Counter()
    for alert in ztf_night:
        if alert.truth.fault is not None or alert.truth.kind is Kind.MOVING or alert.truth.snr < 10:
            continue
        _, _, difference = ztf_stamps(alert)
        assert difference[30:33, 30:33].sum() > 0  # as sent, every source is positive
        signs[ztf_record(alert)["candidate"]["isdiffpos"]] += 1
    assert signs["t"] > 5
    assert signs["f"] > 5


def test_rubin_keeps_the_sign_of_what_faded(rubin_night: list[SimulatedAlert]) -> None:
    seen = Counter()
    for alert in rubin_night:
        record = rubin_record(alert)
        if alert.truth.fault is not None or alert.truth.kind is Kind.MOVING or alert.truth.snr < 10:
            continue
        difference = fits.getdata(io.BytesIO(record["cutoutDifference"]))
        middle = difference.shape[0] // 2
        negative = bool(difference[middle - 2 : middle + 3, middle - 2 : middle + 3].sum() < 0)
        assert negative == record["diaSource"]["isNegative"] == (record["diaSource"]["psfFlux"] < 0)
        seen[negative] += 1
    assert min(seen[False], seen[True]) > 5


def test_the_reference_is_deeper_and_the_difference_is_science_minus_reference(
    ztf_night: list[SimulatedAlert],
) -> None:
    for alert in ztf_night:
        if alert.truth.fault is not None:
            continue
        science, reference, difference = ztf_stamps(alert)
        sign = 1 if ztf_record(alert)["candidate"]["isdiffpos"] == "t" else -1
        scatter = [1.48 * np.median(np.abs(stamp - np.median(stamp))) for stamp in (science, reference)]
        assert scatter[1] < scatter[0]
        # On empty sky they agree but for the reference's own little noise.
        empty = reference < np.percentile(reference, 30)
        assert np.corrcoef((science - reference)[empty], sign * difference[empty])[0, 1] > 0.9


def test_measured_flux_and_error_agree_with_the_pixels(rubin_night: list[SimulatedAlert]) -> None:
    pulls = []
    for alert in rubin_night:
        if alert.truth.fault is not None or alert.truth.kind is Kind.MOVING:
            continue
        record = rubin_record(alert)
        with fits.open(io.BytesIO(record["cutoutDifference"])) as hdus:
            difference, header, psf = hdus[0].data.astype(float), hdus[0].header, hdus["PSFIMAGE"].data
        # The PSF where the source is, by a shift in Fourier space.
        x, y = header["CRPIX1"] - 1, header["CRPIX2"] - 1
        column, row = round(x), round(y)
        k = np.fft.fftfreq(41)
        phase = np.exp(-2j * np.pi * (k * (x - column) + k[:, None] * (y - row)))
        model = np.fft.ifft2(np.fft.fft2(psf) * phase).real[20 - 8 : 21 + 8, 20 - 8 : 21 + 8]
        pixels = difference[row - 8 : row + 9, column - 8 : column + 9]
        flux = (pixels * model).sum() / (model**2).sum()
        pulls.append((flux - record["diaSource"]["psfFlux"]) / record["diaSource"]["psfFluxErr"])
    # Two independent measurements of one flux, the second with the little noise of the reference and of the source.
    assert abs(np.mean(pulls)) < 0.5
    assert 1.0 < np.std(pulls) < 2.2


def test_rubin_stamps_have_three_hdus_and_a_partial_wcs_that_puts_the_source_in_its_place(
    rubin_night: list[SimulatedAlert],
) -> None:
    sides = set()
    for alert in rubin_night:
        record = rubin_record(alert)
        with fits.open(io.BytesIO(record["cutoutScience"])) as hdus:
            hdus.verify("exception")
            assert [hdu.name for hdu in hdus] == ["PRIMARY", "UNCERT", "PSFIMAGE"]
            assert hdus["UNCERT"].data.min() > 0
            assert hdus["PSFIMAGE"].data.shape == (41, 41)
            assert hdus["PSFIMAGE"].data.sum() == pytest.approx(1.0)
            header, shape = hdus[0].header, hdus[0].data.shape
        sides.add(shape[0])
        assert "CTYPE1" not in header
        header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
        wcs = WCS(header)
        x, y = wcs.world_to_pixel_values(record["diaSource"]["ra"], record["diaSource"]["dec"])
        assert max(abs(x - (shape[1] - 1) / 2), abs(y - (shape[0] - 1) / 2)) <= 0.5 + 1e-3
        up = np.subtract(wcs.wcs_pix2world([[x, y + 5]], 0)[0], wcs.wcs_pix2world([[x, y]], 0)[0])
        angle = np.degrees(np.arctan2(up[0] * np.cos(np.radians(header["CRVAL2"])), up[1]))
        assert (angle - header["ROTPA"] + 180) % 360 - 180 == pytest.approx(0.0, abs=0.1)
        assert 3600 * np.sqrt(np.linalg.det(wcs.pixel_scale_matrix) * -1) == pytest.approx(0.2)
    assert min(sides) == 30
    assert max(sides) <= 90
    assert len(sides) > 3


def test_stamps_of_one_field_show_the_same_sky_whatever_the_rotation() -> None:
    # A host galaxy beside its supernova: where it lies on the sky must not depend on the exposure.
    places: dict[str, list[tuple[float, float]]] = {}
    for alert in simulate("lsst", 120, seed=4):
        if alert.truth.kind is not Kind.SUPERNOVA or alert.truth.fault is Fault.CCD_EDGE:
            continue
        record = rubin_record(alert)
        with fits.open(io.BytesIO(record["cutoutTemplate"])) as hdus:
            template, header = hdus[0].data, hdus[0].header
        blurred = np.clip(template - 5 * 9.0, 0, None)
        if not blurred.any():
            continue
        row, column = np.unravel_index(np.argmax(template), template.shape)
        dx, dy = column + 1 - header["CRPIX1"], row + 1 - header["CRPIX2"]
        if np.hypot(dx, dy) > 12:  # another source at the rim, or past a small stamp's
            continue
        east = 3600 * (header["PC1_1"] * dx + header["PC1_2"] * dy)
        north = 3600 * (header["PC2_1"] * dx + header["PC2_2"] * dy)
        places.setdefault(alert.truth.object_id, []).append((east, north))
    spreads = [np.ptp(np.array(seen), axis=0).max() for seen in places.values() if len(seen) >= 4]
    assert len(spreads) >= 3
    assert max(spreads) < 0.8


def test_only_a_ccd_edge_leaves_pixels_missing(ztf_night: list[SimulatedAlert]) -> None:
    for alert in ztf_night:
        missing = [float(np.isnan(stamp).mean()) for stamp in ztf_stamps(alert)]
        assert len(set(missing)) == 1
        assert (missing[0] > 0) == (alert.truth.fault is Fault.CCD_EDGE)
        assert missing[0] < 0.5


def test_ids_cannot_be_taken_for_real_ones(ztf_night: list[SimulatedAlert]) -> None:
    assert all(alert.truth.object_id.startswith("SIM") for alert in ztf_night)
    assert "simulated" in ztf_record(ztf_night[0])["publisher"]
    assert "simulated" in ztf.SCHEMA["doc"]
    assert "simulated" in rubin.SCHEMA["doc"]


def test_earlier_detections_travel_with_an_alert(ztf_night: list[SimulatedAlert]) -> None:
    seen: dict[str, list[int]] = {}
    for alert in ztf_night:
        record = ztf_record(alert)
        earlier = [one["candid"] for one in record["prv_candidates"] or []]
        assert earlier == seen.get(record["objectId"], [])
        seen.setdefault(record["objectId"], []).append(record["candid"])
