from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from consumers.registry import REMEMBERED, RegistrySource, open_source
from consumers.registry_settings import RegistrySettings
from schemas.errors import ConfigurationError, DeadReason, SchemaSourceDownError, UnreadableError
from schemas.source import FolderSource

SCHEMA = json.dumps({"type": "record", "name": "alert", "namespace": "x", "fields": [{"name": "a", "type": "long"}]})
UNKNOWN = (404, {"error_code": 40403, "message": "Schema 7 not found"})
FOUND = (200, {"schema": SCHEMA})


class Server:
    """Answers what the test tells it to; the last answer stays."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, object]] = [FOUND]
        self.requests: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append(self.path)
                status, body = outer.answers[0] if len(outer.answers) == 1 else outer.answers.pop(0)
                payload = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/apis/ccompat/v7"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class Time:
    """A clock that moves by waiting."""

    now = 0.0

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def source(server: Server, time: Time) -> RegistrySource:
    return RegistrySource(server.url, patience_s=30, unknown_s=10, clock=time.clock, wait=time.wait)


def test_a_schema_is_fetched_once(server: Server, source: RegistrySource) -> None:
    assert source.get(1000).name == "x.alert"
    assert source.get(1000) is source.get(1000)
    assert [path.partition("?")[0] for path in server.requests] == ["/apis/ccompat/v7/schemas/ids/1000"]


def test_so_many_schemas_are_remembered_and_no_more(server: Server, source: RegistrySource) -> None:
    """Strangers' packets may name all that a registry has."""
    for number in range(1, REMEMBERED + 2):
        source.get(number)
    assert source.get(REMEMBERED + 1) is source.get(REMEMBERED + 1)
    assert len(server.requests) == REMEMBERED + 1
    source.get(1)
    assert len(server.requests) <= REMEMBERED + 2
    assert len(source._known) == REMEMBERED


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_registry_that_comes_back_is_waited_for(server: Server, source: RegistrySource, status: int) -> None:
    server.answers = [(status, {"error_code": status, "message": "busy"})] * 3 + [FOUND]
    assert source.get(1000).fields == ("a",)
    assert len(server.requests) == 4


def test_a_silent_registry_is_asked_for_half_a_minute_and_no_answer_is_remembered(
    server: Server, source: RegistrySource, time: Time
) -> None:
    server.answers = [(503, b"away")]
    with pytest.raises(SchemaSourceDownError, match="did not get schema 1000"):
        source.get(1000)
    assert 20 < time.now <= 30
    server.answers = [FOUND]
    assert source.get(1000).name == "x.alert"


def test_nobody_at_the_address_is_no_answer_either(server: Server, source: RegistrySource) -> None:
    server.stop()
    with pytest.raises(SchemaSourceDownError, match=r"127\.0\.0\.1"):
        source.get(1000)


@pytest.mark.parametrize(
    "answer",
    [(401, {"error_code": 40101, "message": "who are you?"}), (404, b"<html>no such page</html>"), (200, b"<html>")],
)
def test_an_answer_that_settles_nothing_is_neither_repeated_nor_taken_for_unknown(
    server: Server, source: RegistrySource, answer: tuple[int, object]
) -> None:
    server.answers = [answer]
    with pytest.raises(SchemaSourceDownError):
        source.get(1000)
    assert len(server.requests) == 1


def test_an_unknown_number_is_a_dead_letter_and_believed_for_a_while_only(
    server: Server, source: RegistrySource, time: Time
) -> None:
    server.answers = [UNKNOWN]
    for _ in range(3):
        with pytest.raises(UnreadableError) as caught:
            source.get(7)
        assert caught.value.reason is DeadReason.SCHEMA_UNKNOWN
    assert len(server.requests) == 1
    server.answers = [FOUND]
    time.now += 10
    assert source.get(7).name == "x.alert"


def test_a_schema_that_is_none_is_a_dead_letter(server: Server, source: RegistrySource) -> None:
    server.answers = [(200, {"schema": "{"})]
    with pytest.raises(UnreadableError) as caught:
        source.get(8)
    assert caught.value.reason is DeadReason.SCHEMA_INVALID
    server.answers = [(200, {"schema": "syntax = 'proto3';", "schemaType": "PROTOBUF"})]
    with pytest.raises(UnreadableError, match="PROTOBUF"):
        source.get(9)


def test_a_wrong_option_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match=r"registry\.client: .*no\.such\.option"):
        RegistrySource("http://127.0.0.1:1", {"no.such.option": "x"})


def test_the_settings_choose_the_source(tmp_path: object) -> None:
    assert open_source(RegistrySettings()) is None
    assert isinstance(open_source(RegistrySettings.model_validate({"schemas": tmp_path})), FolderSource)
    assert isinstance(open_source(RegistrySettings(url="http://127.0.0.1:1")), RegistrySource)
