"""The index consumer: from time to time it builds each survey's next version, checks, stores and announces it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from broker.novelty.build import build
from broker.novelty.labels import read_table
from broker.novelty.recipe import ULISSE, Recipe
from broker.novelty.versions import current, open_version, use
from consumers.bounded_read import asking
from consumers.index.announcement import Announcement, announce, announcements, ensure_index_topic
from consumers.index.rows import Rows
from consumers.index.store import keep_newest, sha256_of_manifest, upload
from consumers.names import EMBEDDINGS
from consumers.registry import open_source
from consumers.stop_signals import on_stop_signal
from schemas.errors import ConfigurationError, NoveltyIndexError, SosiaError

if TYPE_CHECKING:
    from broker.novelty.versions import Version
    from consumers.settings import Settings

log = structlog.get_logger()

#: Versions kept where they are built; under the URL all of them stay.
KEPT = 3


def run_index(settings: Settings, *, once: bool = False) -> None:
    """Build, store and announce versions until SIGTERM or SIGINT.

    Parameters
    ----------
    settings : Settings
    once : bool
        Only one version of each survey, now.

    Raises
    ------
    ConfigurationError
        No place to store versions is configured.
    SosiaError
        With `once`, what went wrong; else it is logged, and tried again in time.
    """
    if settings.index.url is None:
        raise ConfigurationError("index.url: is not set; name the folder or URL where versions are stored")
    if once:
        next_versions(settings)
        return
    stopping = threading.Event()
    on_stop_signal(stopping.set)  # the version that is being built is finished
    while not stopping.is_set():
        try:
            next_versions(settings)
        except SosiaError as error:
            log.error("no new index", error=str(error))  # noqa: TRY400  no fault of ours
        stopping.wait(settings.index.every_hours * 3600.0)


def next_versions(settings: Settings) -> list[Announcement]:
    """Make each survey's next version of all the rows that Kafka holds, and announce it.

    Where one survey's cannot be made, the others' are.

    Raises
    ------
    ConfigurationError
        There are no rows, or a right is missing.
    SosiaError
        The last thing that went wrong.
    """
    config = settings.kafka.client_config()
    announced, failed = [], None
    ensure_index_topic(config)  # or a version might be built that cannot be announced
    with asking(config):
        rows = Rows(config, open_source(settings.registry))
        origins = rows.newest_origins()
        if not origins:
            raise ConfigurationError(f"{EMBEDDINGS} has no row; it fills while workers run with embeddings.publish on")
        for survey, digest in origins.items():
            try:
                announced.append(_next_version(settings, rows, survey, digest))
            except SosiaError as error:
                log.error("no new index", survey=survey, error=str(error))  # noqa: TRY400  no fault of ours
                failed = error
    if failed is not None:
        raise failed
    return announced


def _next_version(settings: Settings, rows: Rows, survey: str, digest: str) -> Announcement:
    index, root = settings.index, settings.index.folder
    assert index.url is not None  # or there would be no consumer
    table = None if index.labels is None else read_table(index.labels)
    recipe = replace(ULISSE if index.method == "ulisse" else Recipe(), memory=index.memory)
    before = current(root, survey)
    folder = build(rows.sightings(survey, digest), root, recipe, table)
    try:
        version = open_version(folder, digest)
        _validate(version, index.least_recall)
        uri = upload(folder, index.url)
        manifest, sha256 = sha256_of_manifest(uri)
    except NoveltyIndexError:
        use(root, survey, before)  # or the next one would call one its predecessor that nobody has
        raise
    announcement = Announcement.of(manifest, uri, sha256)
    announce(settings.kafka.client_config(), announcement)
    keep_newest(root, survey, KEPT, version.name)
    log.info(
        "index announced", survey=survey, version=version.name, uri=uri,
        entries=sum(one.entries for one in manifest.populations),
    )  # fmt: skip
    return announcement


def _validate(version: Version, least_recall: float) -> None:
    for facts in version.manifest.populations:
        found = facts.recall.at_10
        if found is not None and found < least_recall:
            raise NoveltyIndexError(
                f"version {version.name}: in band {facts.band} {facts.image} it finds {found:.3f} of the ten nearest "
                f"look-alikes, less than index.least_recall; it is not announced"
            )


def roll_back(settings: Settings, survey: str, name: str | None = None) -> Announcement:
    """Announce an earlier version again: workers swap to it within seconds.

    Parameters
    ----------
    settings : Settings
    survey : str
    name : str, optional
        Of the version; by default the one before the version in use.

    Returns
    -------
    Announcement
        What was announced.

    Raises
    ------
    ConfigurationError
        Nothing was announced for the survey.
    NoveltyIndexError
        There is no such version under the URL, or none of the same backbone before.
    """
    config = settings.kafka.client_config()
    used = [one for (whose, _), one in announcements(config).items() if whose == survey]
    if not used:
        raise ConfigurationError(f"no version of {survey} was ever announced")
    newest = max(used, key=lambda one: one.version)  # of several backbones: the name begins with the time
    asked, name = name, name or newest.previous
    if name is None:
        raise NoveltyIndexError(f"version {newest.version} of {survey} has none before it")
    uri = f"{newest.uri.rpartition('/')[0]}/{name}"
    manifest, sha256 = sha256_of_manifest(uri)
    if not asked and manifest.digest != newest.digest:
        raise NoveltyIndexError(
            f"the version before {newest.version} of {survey}, {name}, is of another backbone, so that workers would "
            "not take it; name one with --version"
        )
    announcement = Announcement.of(manifest, uri, sha256)
    announce(config, announcement)
    return announcement
