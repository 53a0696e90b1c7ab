from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from consumers.input_settings import SurveyInput
from consumers.names import DEAD, LEDGER, REPLAY, STAMPS, annotated, scores
from consumers.topics import TopicChooser, choose

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAILY = SurveyInput(survey="ztf", patterns=("ztf_{date}_programid1",), days=3)


def nightly(day: date) -> str:
    return f"ztf_{day:%Y%m%d}_programid1"


def test_named_topics_are_read_where_they_exist_and_missed_where_they_do_not() -> None:
    chosen = choose([SurveyInput(survey="lsst", topics=("alerts", "later"))], ["alerts", "other"], NOON)
    assert chosen.surveys == {"alerts": "lsst"}
    assert chosen.missing == {"later"}


def test_a_date_pattern_matches_whole_names_only() -> None:
    existing = [
        "ztf_20261121_programid1", "ztf_20261121_programid1x", "xztf_20261121_programid1", "ztf_2026112_programid1",
        "ztf_20261399_programid1", "ztfX20261121_programid1",
    ]  # fmt: skip
    assert choose([DAILY], existing, NOON).topics == ["ztf_20261121_programid1"]


def test_a_dot_in_a_date_pattern_is_a_dot() -> None:
    pattern = SurveyInput(survey="a", patterns=("a.{date}",))
    assert choose([pattern], ["a.20261121", "ax20261121"], NOON).topics == ["a.20261121"]


def test_a_regular_expression_may_hold_a_date() -> None:
    pattern = SurveyInput(survey="ztf", patterns=("^ztf_{date}_programid[12]$",), days=1)
    existing = [
        "ztf_20261121_programid1",
        "ztf_20261121_programid2",
        "ztf_20261121_programid3",
        "ztf_20261120_programid1",
    ]
    chosen = choose([pattern], existing, NOON)
    assert chosen.topics == ["ztf_20261121_programid1", "ztf_20261121_programid2"]
    assert chosen.expired == {"ztf_20261120_programid1"}


def test_no_pattern_feeds_a_worker_its_own_output_or_kafkas_own_topics() -> None:
    ours = [annotated("ztf"), scores("ztf"), DEAD, LEDGER, REPLAY, "__consumer_offsets"]
    assert choose([SurveyInput(survey="ztf", patterns=("^",))], [*ours, STAMPS, "a"], NOON).topics == ["a", STAMPS]


def test_a_topic_named_for_one_survey_is_not_matched_for_another() -> None:
    inputs = [SurveyInput(survey="ztf", patterns=("^alerts",)), SurveyInput(survey="lsst", topics=("alerts-2",))]
    assert choose(inputs, ["alerts-1", "alerts-2"], NOON).surveys == {"alerts-1": "ztf", "alerts-2": "lsst"}


def test_the_first_survey_whose_pattern_matches_has_the_topic() -> None:
    inputs = [SurveyInput(survey="a", patterns=("^al",)), SurveyInput(survey="b", patterns=("^alerts",))]
    assert choose(inputs, ["alerts"], NOON).surveys == {"alerts": "a"}


def test_an_expired_topic_that_is_named_is_read_all_the_same() -> None:
    old = nightly(date(2018, 6, 1))
    both = SurveyInput(survey="ztf", topics=(old,), patterns=DAILY.patterns, days=3)
    chosen = choose([both], [old, nightly(NOON.date())], NOON)
    assert chosen.topics == [old, nightly(NOON.date())]
    assert not chosen.expired


@given(
    now=st.integers(1_514_764_800, 2_208_988_800),
    offset=st.integers(-12 * 60, 14 * 60),
    days=st.integers(1, 30),
    ages=st.sets(st.integers(-2, 60)),
)
def test_the_newest_dates_are_read_and_the_live_one_always(now: int, offset: int, days: int, ages: set[int]) -> None:
    moment = datetime.fromtimestamp(now, timezone(timedelta(minutes=offset)))
    today = moment.astimezone(UTC).date()
    one = SurveyInput(survey="ztf", patterns=DAILY.patterns, days=days)
    chosen = choose([one], [nightly(today - timedelta(days=age)) for age in ages], moment)
    assert chosen.topics == sorted(nightly(today - timedelta(days=age)) for age in ages if age < days)
    assert chosen.expired == {nightly(today - timedelta(days=age)) for age in ages if age >= days}


@given(days=st.integers(1, 30), seconds=st.integers(1, 3600))
def test_midnight_in_utc_turns_the_page(days: int, seconds: int) -> None:
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    one = SurveyInput(survey="ztf", patterns=DAILY.patterns, days=days)
    existing = [nightly(date(2026, 11, 22) - timedelta(days=age)) for age in range(40)]
    before = choose([one], existing[1:], midnight - timedelta(seconds=seconds)).topics
    after = choose([one], existing, midnight + timedelta(seconds=seconds)).topics
    assert len(before) == len(after) == days
    assert after == [*before[1:], nightly(date(2026, 11, 22))]


def test_the_chooser_asks_the_cluster_and_the_clock_each_time() -> None:
    class Cluster:
        def __init__(self) -> None:
            self.topics: dict[str, object] = {}

        def list_topics(self, *, timeout: float) -> Cluster:
            return self

    now = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)
    cluster = Cluster()
    chooser = TopicChooser([DAILY], cluster, lambda: now)
    cluster.topics[nightly(now.date())] = None
    assert chooser.current().topics == ["ztf_20261121_programid1"]
    now += timedelta(seconds=1)
    cluster.topics[nightly(now.date())] = None
    assert chooser.current().topics == ["ztf_20261121_programid1", "ztf_20261122_programid1"]
