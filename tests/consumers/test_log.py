from __future__ import annotations

import io
import json
import logging

import structlog

from consumers.log import set_up_logs
from consumers.settings import LogSettings


def test_json_is_one_object_a_line_with_fields_and_time() -> None:
    stream = io.StringIO()
    set_up_logs(LogSettings(), stream)
    structlog.get_logger("sosia.test").info("committed", records=64, detail="two\nlines")
    logging.getLogger("other").warning("from %s", "elsewhere")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first["event"] == "committed"
    assert (first["records"], first["detail"], first["level"]) == (64, "two\nlines", "info")
    assert first["timestamp"].endswith("Z")
    assert (second["event"], second["level"], second["logger"]) == ("from elsewhere", "warning", "other")


def test_the_level_is_kept_to() -> None:
    stream = io.StringIO()
    set_up_logs(LogSettings(level="error"), stream)
    structlog.get_logger().warning("not this")
    structlog.get_logger().error("but this")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["but this"]


def test_exceptions_are_told_in_both_formats() -> None:
    for chosen in ("json", "console"):
        stream = io.StringIO()
        set_up_logs(LogSettings.model_validate({"format": chosen}), stream)
        try:
            raise ValueError("what went wrong")
        except ValueError:
            structlog.get_logger().exception("stopped")
        assert "what went wrong" in stream.getvalue()


def test_the_console_cannot_be_steered_by_a_packets_text() -> None:
    stream = io.StringIO()
    set_up_logs(LogSettings(format="console"), stream)
    structlog.get_logger().info("dead letter", detail="\x1b[2Jgone\u202e", other="\r")
    assert "\x1b" not in stream.getvalue()
    assert "\u202e" not in stream.getvalue()
    assert "\r" not in stream.getvalue()
