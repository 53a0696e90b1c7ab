"""Every setting: one TOML file, each key also an environment variable ``SOSIA_SECTION__KEY`` (which wins).

Unknown keys are refused, everything is checked at the start, and an error names the key and the mend::

    [kafka]
    bootstrap_servers = "kafka.example.org:9092"
    client = { "security.protocol" = "SASL_SSL", "sasl.mechanisms" = "SCRAM-SHA-512", "sasl.username" = "sosia" }

    [[input.surveys]]
    survey = "ztf"
    patterns = ["ztf_{date}_programid1"]

Secrets belong into the environment (``SOSIA_KAFKA__CLIENT__SASL_PASSWORD``), or into files of their own
(``SOSIA_KAFKA__CLIENT__SASL_PASSWORD_FILE``, or ``"sasl.password.file"`` in this one).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from consumers.accelerator import Device
from consumers.client_options import (
    ADDRESSES,
    Options,
    refuse_owned,
    refuse_second_cluster,
    refuse_unknown,
)
from consumers.history_settings import HistorySettings
from consumers.index_settings import IndexSettings
from consumers.input_settings import InputSettings
from consumers.mirror_settings import MirrorSettings
from consumers.overload_settings import OverloadSettings
from consumers.registry_settings import RegistrySettings
from consumers.settings_section import Section

ENV_PREFIX = "SOSIA_"
ENV_DELIMITER = "__"

#: Goes into group ids and transactional ids.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


def _host_name() -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).strip("-._") or "worker"


class KafkaSettings(Section):
    """The one cluster: a transaction commits offsets only in its producer's own."""

    bootstrap_servers: str = Field(default="127.0.0.1:9092", min_length=1)
    #: Consumer group of the workers.
    group: Name = "sosia"
    #: Largest input record [bytes]; outputs are a little larger, and the brokers have to take those.
    message_bytes: int = Field(default=8_000_000, ge=1_000_000, le=1_000_000_000)
    #: librdkafka options of every client: security above all.
    client: Options = Field(default_factory=dict)
    #: Further options of the workers' consumers only.
    consumer: Options = Field(default_factory=dict)
    #: Further options of the workers' producers only.
    producer: Options = Field(default_factory=dict)

    @field_validator("client", "consumer", "producer")
    @classmethod
    def _not_ours(cls, options: dict[str, SecretStr]) -> dict[str, SecretStr]:
        refuse_owned(options)
        if options:
            refuse_unknown(options)
        return options

    def client_config(self) -> dict[str, str]:
        """Return the options of any client, secrets in the clear."""
        return self._config(self.client)

    def consumer_config(self) -> dict[str, str]:
        """Return the same for a worker's consumer."""
        return self._config(self.client, self.consumer)

    def producer_config(self) -> dict[str, str]:
        """Return the same for a worker's producer."""
        return self._config(self.client, self.producer)

    def _config(self, *tables: dict[str, SecretStr]) -> dict[str, str]:
        options = {key: value.get_secret_value() for table in tables for key, value in table.items()}
        return {key: value for key, value in options.items() if key not in ADDRESSES} | {
            "bootstrap.servers": self.bootstrap_servers
        }


class WorkerSettings(Section):
    """How one worker batches; workers that run at the same time need different names."""

    #: Stable over restarts: it is the group's static member and the transactional id, by which a
    #: restarted worker takes over from, and fences, its earlier self.
    name: Name = Field(default_factory=_host_name)
    batch_size: int = Field(default=64, ge=1, le=4096)
    #: Longest wait for a batch to fill [s].
    batch_deadline_s: float = Field(default=0.2, gt=0, le=60)
    #: Batches that may wait between two stages before the input is paused.
    queue_batches: int = Field(default=2, ge=1, le=64)
    #: A transaction is committed when its outputs reach this size [bytes] or this age [s].
    transaction_bytes: int = Field(default=16_000_000, ge=1_000_000)
    transaction_s: float = Field(default=0.25, gt=0, le=60)
    #: The worker stops where more than this share of the last ``dead_limit_window`` records is unreadable.
    dead_limit_ratio: float = Field(default=0.98, gt=0, le=1)
    dead_limit_window: int = Field(default=1000, ge=10)


class BackboneSettings(Section):
    """The network that embeds the stamps."""

    #: ``sosia-64``, ``efficientnet-b0`` or ``efficientnetv2-b0``; by default the one that the weights belong to,
    #: and without weights ``sosia-64``.
    name: str | None = None
    #: A local weights file; without it ``sosia-64`` has its own, and Keras downloads the others.
    weights: Path | None = None
    #: What comes before it: the project's ``sky-frame``, or ``ulisse``, as published and for ``efficientnet-b0`` only.
    preprocessing: Literal["sky-frame", "ulisse"] = "sky-frame"
    #: Images a forward pass; fixed, so that the network is traced once.
    batch: int = Field(default=64, ge=1, le=4096)
    #: Threads of one operation; by default one for each core that this process was granted. Of several workers on a
    #: machine each does best with its share of the cores: one a core, with one thread.
    threads: int | None = Field(default=None, ge=1)
    #: ``gpu`` refuses to run where TensorFlow sees none; ``auto`` takes one where it does.
    device: Device = "auto"


class EpochSettings(Section):
    """How problematic epochs are told."""

    #: ``cavuoti2024-causal`` needs a history.
    rule: Literal["sosia", "cavuoti2024-causal", "reference-distance"] = "sosia"


class ClassifierSettings(Section):
    """The networks for rare classes."""

    #: Those that look at alerts; ``[]`` for none. One whose weights are not published yet is left out.
    networks: tuple[Literal["streak", "lens", "merger"], ...] = ("streak", "lens", "merger")
    #: Whether the router decides which of them need look at an alert.
    router: bool = True

    @field_validator("networks")
    @classmethod
    def _once(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(networks)) < len(networks):
            raise ValueError("names a network more than once; leave it once")
        return networks


class EmbeddingsSettings(Section):
    """What is kept of embeddings for others than the worker itself."""

    #: Write ``sosia.embeddings.v1``: the novelty index is made of it, and a damaged history rebuilt.
    publish: bool = True


class MetricsSettings(Section):
    """``/metrics``, ``/live`` and ``/ready``."""

    #: Loopback unless told otherwise: what a worker does is nobody else's business.
    host: str = "127.0.0.1"
    #: 0 takes any free port.
    port: int = Field(default=8001, ge=0, le=65535)
    #: A main loop that was silent for longer is dead [s].
    live_s: float = Field(default=60.0, gt=0)


class LogSettings(Section):
    """Structured logs on standard error."""

    #: By default ``console`` on a terminal and ``json`` elsewhere.
    format: Literal["json", "console"] | None = None
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(BaseSettings):
    """All of it; made by `consumers.configuration.load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=ENV_DELIMITER,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    kafka: KafkaSettings = KafkaSettings()
    input: InputSettings = InputSettings()
    worker: WorkerSettings = Field(default_factory=WorkerSettings)
    backbone: BackboneSettings = BackboneSettings()
    history: HistorySettings = HistorySettings()
    epoch: EpochSettings = EpochSettings()
    classifiers: ClassifierSettings = ClassifierSettings()
    overload: OverloadSettings = OverloadSettings()
    embeddings: EmbeddingsSettings = EmbeddingsSettings()
    index: IndexSettings = IndexSettings()
    registry: RegistrySettings = RegistrySettings()
    mirror: MirrorSettings = MirrorSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="before")
    @classmethod
    def _one_cluster(cls, tables: object) -> object:
        if isinstance(tables, Mapping):
            kafka = tables.get("kafka")
            ours = kafka.get("bootstrap_servers") if isinstance(kafka, Mapping) else None
            refuse_second_cluster(tables, str(ours or KafkaSettings().bootstrap_servers))
        return tables

    @classmethod
    def settings_customise_sources(  # pydantic-settings calls it by these names
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  see above
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, whose tables are the arguments."""
        return env_settings, init_settings
