"""Numbers out of Kafka records made safe for JSON, which has neither NaN nor infinity."""

from __future__ import annotations

import math
from typing import Any


def finite(value: Any) -> Any:
    """Return decoded Avro with None for each number that is NaN or infinite, however deep it lies."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {name: finite(one) for name, one in value.items()}
        case list():
            return [finite(one) for one in value]
    return value
