"""Tables of options that are handed to Kafka's clients as they are, and what must not be in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, SecretStr

#: Client options on which exactly-once delivery rests, and the setting to use instead (or why there is none).
OWNED = {
    "group.id": "use kafka.group",
    "group.instance.id": "use worker.name",
    "transactional.id": "use worker.name",
    "enable.auto.commit": "offsets are committed in the transaction of their outputs",
    "enable.auto.offset.store": "offsets are committed in the transaction of their outputs",
    "isolation.level": "an aborted record must never be read",
    "enable.idempotence": "transactions need it",
    "acks": "transactions need all of them",
}

#: Options whose value may be in a file, which an option of this name and ``.file`` names.
SECRETS = (
    "sasl.password",
    "sasl.oauthbearer.client.secret",
    "ssl.key.password",
    "ssl.keystore.password",
    "basic.auth.user.info",
)

#: librdkafka's two names for the addresses of a cluster.
ADDRESSES = ("bootstrap.servers", "metadata.broker.list")


def _text(value: object) -> object:
    """One option as librdkafka wants it: a string, ``true`` rather than ``True``."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def dotted(key: str) -> str:
    """Spell an option as the client does: variables' names hold no dots, so ``SASL_PASSWORD`` stands for one."""
    return key if key == "log_level" else key.lower().replace("_", ".")


def _by_dotted_name(options: object) -> object:
    """Spell every key with dots; a key with underscores wins, since so does the environment over the file."""
    if not isinstance(options, Mapping):
        return options
    flat = _flat(options)
    return _with_secrets({dotted(key): flat[key] for key in sorted(flat, key=lambda key: "." not in key)})


def _with_secrets(options: dict[str, object]) -> dict[str, object]:
    """Read those secrets that are in files of their own."""
    for key in SECRETS:
        path = options.pop(f"{key}.file", None)
        if path is not None:
            options[key] = read_secret(f"{key}.file", Path(str(path)))
    return options


def read_secret(key: str, path: Path) -> str:
    """Return what a file holds, without the end of its line; raises ValueError that names the key."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ValueError(f"{key}: the file cannot be read ({why}); check its path and rights") from None


def _flat(options: Mapping[str, object]) -> dict[str, object]:
    """Undo TOML's reading of an unquoted ``sasl.password`` as a table ``sasl`` with a key ``password``."""
    flat: dict[str, object] = {}
    for key, value in options.items():
        if isinstance(value, Mapping):
            flat |= {f"{key}.{rest}": inner for rest, inner in _flat(value).items()}
        else:
            flat[key] = value
    return flat


#: A table of client options; every value is kept out of sight, since any may be a password.
Options = Annotated[dict[str, Annotated[SecretStr, BeforeValidator(_text)]], BeforeValidator(_by_dotted_name)]


def refuse_unknown(options: Mapping[str, SecretStr]) -> None:
    """Raise ValueError where librdkafka knows no such option, or no such value of one."""
    from confluent_kafka import KafkaException  # not for commands without Kafka
    from confluent_kafka.admin import AdminClient

    try:
        AdminClient({**{key: value.get_secret_value() for key, value in options.items()}, "log_level": "0"})
    except KafkaException as error:
        # Its own words would show the value. What else it says is of all options together, and comes when they are.
        found = re.search(r'(No such|Invalid value).* property:? "([^"]+)"', error.args[0].str())
        if found is not None:
            what = "is no option of librdkafka's" if found[1] == "No such" else "has no such value"
            raise ValueError(f"{found[2]} {what}; see CONFIGURATION.md of librdkafka") from None


def refuse_owned(options: Mapping[str, object]) -> None:
    """Raise ValueError where a table sets what the worker itself decides."""
    for key in sorted(OWNED.keys() & options.keys()):
        raise ValueError(f"{key} cannot be set here: {OWNED[key]}; remove it")


def refuse_second_cluster(tables: Mapping[str, object], bootstrap_servers: str) -> None:
    """Raise ValueError where any table names a cluster other than the one of ``kafka.bootstrap_servers``.

    A transaction commits offsets only in its producer's own cluster, so input and output
    on two clusters would lose or double records at the first crash.
    """
    for path, value in _addresses(tables, ""):
        if path != "kafka.bootstrap_servers" and _hosts(value) != _hosts(bootstrap_servers):
            raise ValueError(
                f"{path} names another cluster than kafka.bootstrap_servers ({bootstrap_servers}), and a transaction "
                "spans only one; remove it, and bring the other cluster's topics in with `sosia mirror`"
            )


def _addresses(table: Mapping[str, object], path: str) -> Iterator[tuple[str, object]]:
    """Every value of a nested table whose key is an address of a cluster, with its path."""
    for key, value in table.items():
        here = f"{path}.{key}" if path else key
        rows = enumerate(value) if isinstance(value, list | tuple) else [(None, value)]
        for i, row in rows:
            if isinstance(row, Mapping):
                yield from _addresses(row, here if i is None else f"{here}.{i}")
            elif dotted(here).endswith(ADDRESSES):
                yield here, row


def _hosts(servers: object) -> frozenset[str]:
    return frozenset(host.strip().lower() for host in str(servers).split(",") if host.strip())
