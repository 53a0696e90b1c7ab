"""Seeded damage: the same seed and number give the same packet, so that a failure is told by two numbers."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from schemas.framing import container
from tests.hostile.images import damaged_image, hostile_images
from tests.hostile.records import hostile_records, long, random_alert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.hostile.packets import Seed

NUMBERS: tuple[Any, ...] = (
    float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, 0.0, -0.0, -999.0, 1e30, -1e-300, 2400000.5,
    90.0, -91.0, 360.0, 0, 1, -1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63),
)  # fmt: skip
TEXTS = (
    "", " ", "\0", "a" * 200_000, "../../../etc/passwd", "\x1b[2J", "\u202egpj.exe", "caf\u00e9", "\U0001f31f", "a\nb",
    '{"a": 1}', "%s%n", "<script>", "f", "0", "ZTF18abcdefg", "\ufffd", "r" * 17, "gri",
)  # fmt: skip
#: Most items of a list that was made longer: changed five times it would have fifty to the fifth as many.
MOST_ITEMS = 5_000
LONGS = tuple(long(value) for value in (0, 1, -1, 63, 64, 2**31, -(2**31), 2**60, -(2**60), 2**63 - 1, 2**69))


def mutated(seed: int, number: int, seeds: Sequence[Seed]) -> bytes:
    """One damaged packet."""
    draw = random.Random(f"{seed}/{number}")  # text: seeding with a tuple is not the same everywhere
    one = draw.choice(seeds)
    change: Callable[[random.Random, Seed, Sequence[Seed]], bytes] = draw.choices(
        (_bytes, _values, _image, _schema, _spliced, _strange), (35, 25, 20, 8, 7, 5)
    )[0]
    return change(draw, one, seeds)


def _bytes(draw: random.Random, one: Seed, _: Sequence[Seed]) -> bytes:
    """Bits, bytes, lengths and stretches of the packet as it is; near its beginning as often as anywhere."""
    damaged = bytearray(one.payload)
    start = len(one.payload) - len(one.body) if draw.random() < 0.7 else 0
    for _step in range(draw.randint(1, 6)):
        if not damaged:
            break
        reach = draw.choice((60, 600, len(damaged)))
        at = max(min(start + draw.randrange(reach), len(damaged) - 1), 0)
        match draw.randrange(6):
            case 0:
                damaged[at] ^= 1 << draw.randrange(8)
            case 1:
                damaged[at] = draw.choice((0, 1, 2, 0x7F, 0x80, 0xFF))
            case 2:
                value = draw.choice(LONGS)
                damaged[at : at + draw.choice((0, 1, len(value)))] = value
            case 3:
                del damaged[at : at + draw.choice((1, 4, 100))]
            case 4:
                damaged[at:at] = damaged[at : at + draw.choice((1, 8, 500))]
            case _:
                if draw.random() < 0.3:
                    del damaged[at + 1 :]
    return bytes(damaged)


def _values(draw: random.Random, one: Seed, _: Sequence[Seed]) -> bytes:
    """Good Avro with values that no survey means."""
    record = dict(one.record)
    for _step in range(draw.randint(1, 5)):
        _change_one(draw, record)
    return _encoded(one, record)


def _change_one(draw: random.Random, record: dict[str, Any]) -> None:
    name = draw.choice(list(record))
    value = record[name]
    if isinstance(value, dict) and draw.random() < 0.9:
        record[name] = value = dict(value)
        _change_one(draw, value)
    elif isinstance(value, bytes):
        record[name] = draw.choice((b"", b"\0", b"\x1f\x8b", value[: len(value) // 2], bytes(20_000)))
    elif isinstance(value, str):
        record[name] = draw.choice(TEXTS)
    elif isinstance(value, list):
        record[name] = draw.choice(([], value[:1], (value * 50)[:MOST_ITEMS]))
    else:
        record[name] = draw.choice((None, *NUMBERS))


def _image(draw: random.Random, one: Seed, _: Sequence[Seed]) -> bytes:
    """A good packet whose images are none, or not what they say."""
    record = dict(one.record)
    names = [name for name, value in record.items() if isinstance(_pixels(value), bytes)]
    for name in draw.sample(names, draw.randint(1, len(names))):
        if draw.random() < 0.03:
            image = draw.choice(list(hostile_images().values()))
        else:
            image = damaged_image(draw, _pixels(record[name]))
        record[name] = {**record[name], "stampData": image} if isinstance(record[name], dict) else image
    return _encoded(one, record)


def _pixels(value: Any) -> Any:
    return value.get("stampData") if isinstance(value, dict) else value


def _schema(draw: random.Random, one: Seed, _: Sequence[Seed]) -> bytes:
    """The record under another schema than its own: a part replaced, removed or taken twice."""
    text = json.dumps(one.schema)
    words = ("long", "string", "bytes", "null", "double", "boolean", "record", "array", "int", "float")
    for _step in range(draw.randint(1, 3)):
        old, new = draw.choice(words), draw.choice(words)
        places = [at for at in range(len(text)) if text.startswith(f'"{old}"', at)] or [0]
        at = draw.choice(places)
        text = text[:at] + f'"{new}"' + text[at + len(old) + 2 :]
    return container(text, one.body)


def _spliced(draw: random.Random, one: Seed, seeds: Sequence[Seed]) -> bytes:
    """The beginning of one packet and the end of another; or the body of one in the frame of another."""
    other = draw.choice(seeds)
    if draw.random() < 0.5:
        return one.framed(other.body)
    return one.payload[: draw.randrange(len(one.payload))] + other.payload[draw.randrange(len(other.payload)) :]


def _strange(draw: random.Random, _one: Seed, _: Sequence[Seed]) -> bytes:
    """What was never a packet."""
    return draw.choice(list(hostile_records().values())) if draw.random() < 0.05 else random_alert(draw)


def _encoded(one: Seed, record: dict[str, Any]) -> bytes:
    """Encode what fits the schema; what does not goes as it was."""
    try:
        return one.encoded(record)
    except (ValueError, TypeError, OverflowError, AttributeError):
        return one.payload
