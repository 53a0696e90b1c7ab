from __future__ import annotations

import numpy as np
import pytest

from consumers.evaluate_epochs import figures as tables
from consumers.evaluate_epochs.figures import figures
from consumers.evaluate_epochs.judged import JudgedEpoch
from consumers.evaluate_epochs.rules import RULES, SOSIA
from models.intervals import Figure
from tests.consumers.evaluate_epochs.epochs import bad, judged


def measured(epochs: list[JudgedEpoch]) -> dict[tuple[str, str, str], Figure]:
    return {(one.table, one.row, one.column): one.figure for one in figures("test", epochs)}


def summary(epochs: list[JudgedEpoch], row: str, rule: str = SOSIA) -> Figure:
    return measured(epochs)[tables.SUMMARY, row, rule]


def test_faults_below_the_least_snr_count_neither_as_bad_nor_as_good() -> None:
    epochs = [bad(2.0, 0), bad(0.5, 1), bad(2.0, 2, snr=9.0), judged(0.2, 3)]
    assert summary(epochs, "faults found").value == 0.5
    assert summary(epochs, "faults found").n == 2
    assert summary(epochs, "good epochs lost").n == 1


def test_a_score_of_one_is_no_flag_and_no_score_is_none_either() -> None:
    assert summary([bad(1.0), bad(None, 1), bad(1.01, 2)], "faults found").value == pytest.approx(1 / 3)


def test_what_cannot_be_read_is_told() -> None:
    epochs = [bad(None, readable=False), judged(None, 1, readable=False), judged(0.1, 2)]
    assert summary(epochs, "faults found").value == 1.0
    assert summary(epochs, "good epochs lost").value == 0.5
    unread = measured(epochs)[tables.UNREADABLE, "good epochs", "unreadable"]
    assert (unread.value, unread.n) == (0.5, 2)


def test_a_good_epoch_mostly_declared_missing_is_no_loss() -> None:
    epochs = [judged(None, readable=False, extreme="masked"), judged(0.1, 1)]
    assert summary(epochs, "good epochs lost").value == 0.0
    assert summary(epochs, "good epochs lost").n == 1


def test_changes_are_lost_by_kind_and_snr() -> None:
    epochs = [
        judged(2.0, 0, change="agn", change_snr=30.0),
        judged(0.1, 1, change="agn", change_snr=30.0),
        judged(2.0, 2, change="agn", change_snr=3.0),
        judged(0.1, 3, change="supernova hostless", change_snr=7.0),
    ]
    assert summary(epochs, "AGN lost").value == 0.5
    assert summary(epochs, "AGN lost").n == 2
    lost = measured(epochs)
    assert lost[tables.LOST, "AGN, 20 to 50", SOSIA].n == 2
    assert lost[tables.LOST, "supernovae, 5 to 10", SOSIA].n == 1
    assert lost[tables.LOST, "supernovae, hosted, 5 to 10", SOSIA].n == 0


def test_rules_are_ranked_where_they_have_a_score_and_where_none_counts_lowest() -> None:
    random = np.random.default_rng(3)
    epochs = [bad(float(score), n) for n, score in enumerate(random.normal(2.0, 1.0, 30))]
    epochs += [judged(float(score), n + 30) for n, score in enumerate(random.normal(0.0, 1.0, 60))]
    epochs += [bad(None, n + 90) for n in range(30)]
    area = summary(epochs, "AUROC where it has one")
    assert area.low < 0.921 < area.high  # Phi(2 / sqrt 2)
    assert summary(epochs, "AUROC, no score: never flagged").value == pytest.approx(0.5 * area.value)
    assert summary(epochs, "no score yet").value == 0.25


def test_a_rule_that_ranks_alike_gains_nothing() -> None:
    epochs = [bad(2.0, 0), bad(0.3, 1), judged(0.1, 2), judged(1.4, 3)]
    gain = summary(epochs, "sosia's AUROC minus it", "cavuoti2024")
    assert (gain.value, gain.low, gain.high) == (0.0, 0.0, 0.0)


def test_recall_is_told_by_kind_by_snr_and_by_history() -> None:
    epochs = [bad(2.0, 0, kind="trail", snr=15.0), bad(0.1, 1, kind="ghost", snr=60.0, earlier=5), judged(0.1, 2)]
    found = measured(epochs)
    assert found[tables.BY_KIND, "trail", SOSIA].value == 1.0
    assert found[tables.BY_KIND, "ghost", SOSIA].value == 0.0
    assert found[tables.BY_SNR, "10 to 20", SOSIA].value == 1.0
    assert found[tables.BY_SNR, "over 50", SOSIA].value == 0.0
    assert found[tables.BY_HISTORY, "4 to 9 earlier", "faults found"].value == 0.0
    assert found[tables.BY_HISTORY, "0 earlier", "faults found"].value == 1.0


def test_the_reference_distance_has_no_threshold_to_be_counted_by() -> None:
    found = measured([bad(2.0, 0), judged(0.1, 1)])
    assert {rule for table, _, rule in found if table == tables.BY_KIND} == set(RULES) - {"reference distance"}
