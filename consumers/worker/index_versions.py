"""The versions of the novelty index that a worker judges by: announced on Kafka, copied, checked, and swapped.

Announcements are read again and again, without a consumer group, in a thread of its own. A version that is damaged,
or of another backbone, is refused, and the last good one is used on; alerts wait for the first look only.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from broker.novelty.versions import open_current, open_version, use
from consumers.index.announcement import announcements
from consumers.index.store import discard, fetch, keep_newest
from schemas.errors import NoveltyIndexError, SosiaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from broker.novelty.versions import Version
    from consumers.index.announcement import Announcement

log = structlog.get_logger()

#: Between two looks at the announcements [s].
LOOK_S = 5.0
#: Between two signs of life while the first one lasts [s].
BEAT_S = 1.0
#: A version that was refused is tried again after this, and then after twice as long each time, up to the second [s].
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 600.0
#: Versions kept in the cache.
KEPT = 3


class IndexVersions:
    """Called, it returns the version in use of each survey.

    Parameters
    ----------
    config : mapping of str to str
        Options of a Kafka client.
    cache : Path
        Folder of versions; several workers may share it.
    digests : mapping of str to str
        The backbone digest in use of each survey.
    swapped, refused : callable, optional
        Told of a version that is in use from now on, and of a survey whose new one cannot be.
    clock : callable, optional
        Seconds from any fixed moment, never set back.
    """

    def __init__(
        self,
        config: Mapping[str, str],
        cache: Path,
        digests: Mapping[str, str],
        swapped: Callable[[Version], object] = lambda _: None,
        refused: Callable[[str], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._cache = cache
        self._digests = digests
        self._swapped = swapped
        self._refused = refused
        self._clock = clock
        self._versions: dict[str, Version] = {}
        self._waits: dict[Announcement, tuple[float, float]] = {}
        self._looked, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name="index", daemon=True)

    def __call__(self) -> Mapping[str, Version]:
        """Return them; what is returned never changes, so that a batch is judged by one version."""
        return self._versions

    def start(self, beat: Callable[[], object] = lambda: None) -> None:
        """Open what is announced now, or else what the cache last had, and follow the announcements.

        Parameters
        ----------
        beat : callable, optional
            Called again and again meanwhile: to copy a large version takes minutes.
        """
        self._thread.start()
        while not self._looked.wait(BEAT_S):
            beat()

    def stop(self) -> None:
        """Follow no longer; may be called from a signal handler."""
        self._stopping.set()

    def look(self) -> None:
        """Read the announcements once, and swap what is new; an unreachable cluster is asked at the next look."""
        try:
            announced = announcements(self._config)
        except SosiaError as error:
            log.warning("index announcements not read; the versions in use stay", error=str(error))
            return
        for survey, digest in self._digests.items():
            one = announced.get((survey, digest))
            if one is not None and self._is_new(one):
                self._take(one)

    def _follow(self) -> None:
        try:
            self.look()
            self._open_cached()
        finally:
            self._looked.set()
        while not self._stopping.wait(LOOK_S):
            self.look()

    def _open_cached(self) -> None:
        """Where nothing could be taken as announced, take what the last worker of this machine used."""
        for survey, digest in self._digests.items():
            if survey not in self._versions:
                try:
                    self._swap(open_current(self._cache, survey, digest))
                except NoveltyIndexError as error:
                    log.info("no index", survey=survey, why=str(error))

    def _is_new(self, one: Announcement) -> bool:
        used = self._versions.get(one.survey)
        after, _ = self._waits.get(one, (0.0, 0.0))
        return (used is None or used.name != one.version) and self._clock() >= after

    def _take(self, one: Announcement) -> None:
        try:
            folder = fetch(one, self._cache)
            try:
                version = open_version(folder, one.digest)
            except NoveltyIndexError:
                discard(folder)
                raise
            use(self._cache, one.survey, one.version)
        except (NoveltyIndexError, OSError) as error:
            wait = min(2 * self._waits.get(one, (0.0, FIRST_WAIT_S / 2))[1], LONGEST_WAIT_S)
            self._waits[one] = self._clock() + wait, wait
            used = self._versions.get(one.survey)
            log.error(  # noqa: TRY400  no fault of ours
                "index refused", survey=one.survey, version=one.version, error=str(error),
                in_use=used.name if used else None, tried_again_in_s=wait,
            )  # fmt: skip
            self._refused(one.survey)
        else:
            self._waits.pop(one, None)
            self._swap(version)
            keep_newest(self._cache, one.survey, KEPT, one.version)

    def _swap(self, version: Version) -> None:
        survey = version.manifest.survey
        self._versions = {**self._versions, survey: version}
        self._swapped(version)
        entries = sum(one.entries for one in version.manifest.populations)
        log.info("index in use", survey=survey, version=version.name, entries=entries)
