"""The load: packets that no cache has seen, of objects whose earlier epochs are in the history.

A few packets sent in a circle would make every cache perfect. Each alert here is a template with ids of its own, an
object of its own and noise on its pixels; the survey's own history in it stays as long as it was.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from broker.history.history import Epoch, Row, Series
from schemas.framing import Framing, Unframer, container, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from broker.history.history import History
    from broker.packet import Packet
    from schemas.framing import Framed
    from schemas.source import SchemaSource

#: Earlier epochs of every object.
EARLIER = 20
#: Ids of the load begin here: real ones have as many digits, and are lower.
FIRST_ID = 8_000_000_000_000_000_000
#: Added to pixels [their own scatter].
NOISE = 0.3

#: Fields that hold ids or stamps, of all formats.
_CHANGING = re.compile(
    "objectId|epochId|candid|candidate|alertId|diaSourceId|diaSource|diaObject|cutout.*|science|reference|difference"
)
_IDS = ("candid", "diaSourceId", "diaObjectId", "ssObjectId")
_BLOCK, _CARD = 2880, 80
_GZIP = b"\x1f\x8b"
#: Rows of the history written at once.
_CHUNK = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One packet, taken apart once.

    Attributes
    ----------
    framed : Framed
    schema_text : str
        For an object container.
    fields : dict of str to bytes
        The encoded top-level fields, in order.
    decoded : dict
        Those of them that change.
    """

    framed: Framed
    schema_text: str
    fields: dict[str, bytes]
    decoded: dict[str, Any]


class Load:
    """Makes alerts of templates.

    Parameters
    ----------
    packets : sequence of bytes
        Real or simulated ones of one survey.
    source : SchemaSource or None
        Where the schemas of wire-format packets come from.
    seed : int
        The same seed gives the same bytes.
    """

    def __init__(self, packets: Sequence[bytes], source: SchemaSource | None, seed: int = 0) -> None:
        unframer = Unframer(source)
        self._templates = [_template(unframer.unframe(packet)) for packet in packets]
        self._seed = seed

    def alerts(self, count: int, first: int = 0) -> Iterator[bytes]:
        """Yield alerts number ``first`` and on; each number is another object."""
        for number in range(first, first + count):
            yield self._alert(number)

    def _alert(self, number: int) -> bytes:
        template = self._templates[number % len(self._templates)]
        rng = np.random.default_rng([self._seed, number])
        fields = dict(template.fields)
        for name, value in template.decoded.items():
            fields[name] = template.framed.schema.encode(name, _renewed(name, value, FIRST_ID + number, rng))
        body = b"".join(fields.values())
        framed = template.framed
        if framed.framing is Framing.WIRE:
            assert framed.schema_id is not None  # wire format always has one
            return wire(framed.schema_id, body)
        return container(template.schema_text, body)


class EarlierEpochs:
    """Gives every object that has a history its earlier epochs, a day apart.

    Parameters
    ----------
    history : History
    digest : callable
        Of the feature space of a packet.
    features : int
        Length of an embedding.

    Attributes
    ----------
    rows : int
        How many were written.
    """

    def __init__(self, history: History, digest: Callable[[Packet], str], features: int) -> None:
        self.rows = 0
        self._history = history
        self._digest = digest
        self._rng = np.random.default_rng(0)
        self._pool = self._rng.standard_normal((512, features)).astype(np.float16)
        self._waiting: list[Row] = []

    def add(self, packet: Packet) -> None:
        """Remember one object's earlier epochs."""
        if not packet.stored or packet.mjd is None:
            return
        series = Series(packet.survey.name, packet.object_id, packet.band or "", self._digest(packet))
        for back, place in enumerate(self._rng.integers(len(self._pool), size=EARLIER), 1):
            epoch = Epoch(f"{packet.epoch_id}-{back}", packet.mjd - back, self._pool[place])
            self._waiting.append(Row(series, epoch))
        if len(self._waiting) >= _CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        self._history.append(self._waiting)
        self.rows += len(self._waiting)
        self._waiting = []


def _template(framed: Framed) -> Template:
    spans = framed.schema.spans(framed.body)
    fields = {name: framed.body[first:last] for name, (first, last) in spans.items()}
    decoded = {name: framed.schema.decode(framed.body, spans, name) for name in fields if _CHANGING.fullmatch(name)}
    text = json.dumps(framed.schema.json, separators=(",", ":"))
    return Template(framed, text, fields, {name: value for name, value in decoded.items() if value is not None})


def _renewed(name: str, value: Any, number: int, rng: np.random.Generator) -> Any:
    """Return a field's value with ids and pixels of its own."""
    if name in {"objectId", "epochId"}:
        return str(number)
    if name in {"candid", "alertId", "diaSourceId"}:
        return number
    if name in {"candidate", "diaSource", "diaObject"}:
        return value | {key: number for key in _IDS if value.get(key)}
    if isinstance(value, dict):  # ZTF's stamps have a name
        return value | {"stampData": perturbed(value["stampData"], rng)}
    return perturbed(value, rng)


def perturbed(stamp: bytes, rng: np.random.Generator) -> bytes:
    """Return a FITS stamp, gzipped or not, with noise on the pixels of its first image; else as it is."""
    packed = stamp.startswith(_GZIP)
    plain = bytearray(gzip.decompress(stamp) if packed else stamp)
    end = plain.find(b"END".ljust(_CARD))
    cards = {bytes(plain[at : at + 8]).strip(): bytes(plain[at + 10 : at + 30]) for at in range(0, end, _CARD)}
    if end < 0 or cards.get(b"BITPIX", b"").strip() != b"-32" or cards.get(b"NAXIS", b"").strip() != b"2":
        return stamp
    start = -(-(end + _CARD) // _BLOCK) * _BLOCK
    count = int(cards[b"NAXIS1"]) * int(cards[b"NAXIS2"])
    pixels = np.frombuffer(plain, ">f4", count, start)
    with np.errstate(invalid="ignore", over="ignore"):
        low, high = np.nanpercentile(pixels.astype(np.float64), (16, 84)) if count else (0.0, 0.0)
        noisy = pixels + NOISE * (high - low) / 2 * rng.standard_normal(count)
        plain[start : start + 4 * count] = noisy.astype(">f4").tobytes()
    return gzip.compress(bytes(plain), 6, mtime=0) if packed else bytes(plain)
