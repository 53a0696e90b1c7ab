"""A real Kafka that lets nobody in without TLS and a password, and nobody do what no rule allows."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from ops.java_server import free_ports
from ops.local_kafka import answers, cluster_id, prepare

#: Longest wait for anything [s].
WITHIN = 180.0
#: A kind of resource, its name, and what may be done with it.
Right = tuple[ResourceType, str, AclOperation]


class SecureKafka:
    """One node with TLS, SCRAM and rules; the user ``admin`` may do anything, ``sosia`` what it is allowed."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sosia-secure-"))
        port, controller = free_ports(2)
        self.bootstrap = f"127.0.0.1:{port}"
        self.authority = self._folder / "ca.pem"
        keys = _certificate(self._folder, self.authority)
        listeners = f"CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}"
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        further = {
            "listeners": listeners,
            "advertised.listeners": f"CLIENT://127.0.0.1:{port}",
            "inter.broker.listener.name": "CLIENT",
            "listener.security.protocol.map": "CLIENT:SASL_SSL,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "listener.name.client.scram-sha-512.sasl.jaas.config": (
                f'{module} required username="admin" password="admin-secret";'
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(keys),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:admin;User:ANONYMOUS",  # the controller's listener is nobody's but the node's own
            "allow.everyone.if.no.acl.found": "false",
        }
        users = [f"SCRAM-SHA-512=[name={name},password={name}-secret]" for name in ("admin", "sosia")]
        scram = [word for user in users for word in ("--add-scram", user)]
        self._node = prepare(self._folder, (port, controller), cluster_id(), None, further, formatting=scram)
        self._admin = AdminClient({**self.client("admin"), "log_level": 0})

    def client(self, user: str = "sosia") -> dict[str, str]:
        """Options of a user's client."""
        return {"bootstrap.servers": self.bootstrap, **self.security(user)}

    def security(self, user: str = "sosia") -> dict[str, str]:
        return {
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(self.authority),
            "sasl.mechanisms": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": f"{user}-secret",
        }

    def allow(self, rights: Iterable[Right]) -> None:
        """Allow the user ``sosia`` these, and nothing else."""
        anything = AclBindingFilter(
            ResourceType.ANY, None, ResourcePatternType.ANY, "User:sosia", None, AclOperation.ANY, AclPermissionType.ANY
        )
        self._admin.delete_acls([anything])[anything].result(WITHIN)
        rules = [
            AclBinding(kind, name, ResourcePatternType.LITERAL, "User:sosia", "*", operation, AclPermissionType.ALLOW)
            for kind, name, operation in rights
        ]
        for done in self._admin.create_acls(rules).values() if rules else ():
            done.result(WITHIN)

    def create(self, *topics: str) -> None:
        for done in self._admin.create_topics([NewTopic(topic, num_partitions=1) for topic in topics]).values():
            done.result(WITHIN)

    def __enter__(self) -> Self:
        self._node.start(lambda: answers(self._admin), WITHIN)
        return self

    def __exit__(self, *_: object) -> None:
        self._node.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def _certificate(folder: Path, authority: Path) -> Path:
    """Make an authority that signs itself and the node; returns key and certificate in one file."""
    key = folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=broker",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(authority)],
        check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "broker.pem"
    both.write_text(key.read_text() + authority.read_text())
    return both
