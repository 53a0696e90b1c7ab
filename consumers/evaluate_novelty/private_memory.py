"""How much memory of its own a process takes for an index: what is mapped from files is shared by all of a machine."""

from __future__ import annotations

import gc
import multiprocessing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from broker.novelty.annotate import Image, judge
from broker.novelty.sighting import Identity, Population
from broker.novelty.versions import open_version

if TYPE_CHECKING:
    from numpy.typing import NDArray


def private_bytes() -> float:
    """Return the process's memory that no file backs, as Linux tells it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return float(line.split()[1]) * 1024


def growth(folder: Path, embeddings: NDArray[np.float16]) -> float:
    """Open a version in a process of its own, and judge images by it as a worker does.

    Parameters
    ----------
    folder : Path
        Of the version.
    embeddings : float16 array (n, d)
        What is asked.

    Returns
    -------
    float
        By how much its private memory grows [bytes].
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_growth, (folder, embeddings))


def _growth(folder: Path, embeddings: NDArray[np.float16]) -> float:
    gc.collect()
    before = private_bytes()
    version = open_version(folder)
    ((band, image),) = version.populations
    population = Population(version.manifest.survey, band, image)
    asked = [
        Image(population, Identity(f"asked {number}"), one, version.manifest.digest)
        for number, one in enumerate(embeddings)
    ]
    judged = judge(asked, {population.survey: version})
    del judged
    gc.collect()
    return private_bytes() - before
