"""A setting comes from the nearest place that has it, and a wrong one is named as people know it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulsestream.config import SETTINGS, Settings, load
from pulsestream.errors import ConfigError


def written(folder, text):
    file = folder / "pulsestream.toml"
    file.write_text(text, "utf-8")
    return file


def test_the_nearest_place_wins(tmp_path):
    file = written(tmp_path, "port = 1001\nhost = 'file'\ndata = 'file'\n")
    environment = {"PULSESTREAM_PORT": "1002", "PULSESTREAM_HOST": "environment", "PORT": "1"}
    assert load({"port": 1003}, environment, file) == Settings(port=1003, host="environment", data="file")
    assert load({}, environment, file).port == 1002
    assert load({}, {}, file).port == 1001
    assert load({}, {}, None) == Settings()
    assert load({"port": "1004"}, {}, None).port == 1004


def test_every_setting_is_documented_with_its_default_and_variable():
    assert SETTINGS.keys() == set(Settings.__struct_fields__)
    for name, setting in SETTINGS.items():
        assert setting.help, name
        assert setting.default == getattr(Settings(), name)
        assert setting.variable == f"PULSESTREAM_{name.upper()}"


def test_every_setting_is_on_the_help_page():
    described = " ".join(Path(__file__).parents[2].joinpath("docs", "cli.md").read_text("utf-8").split())
    missing = [name for name in SETTINGS if "--" + name.replace("_", "-") not in described]
    assert missing == []


LIMITS = {
    "port": (0, 65_535),
    "retention_days": (0, 36_500),
    "rate_events_per_s": (0, 10**9),
    "burst_events": (0, 10**9),
    "tenant_requests_max": (1, 10**6),
    "tenant_connections_max": (1, 10**6),
    "body_bytes_max": (1024, 1 << 30),
    "batch_events_max": (1, 1_000_000),
    "inflight_bytes_max": (1 << 20, 1 << 36),
    "backlog_bytes_max": (1 << 20, 1 << 40),
    "feed_linger_ms": (1, 60_000),
    "query_threads": (1, 64),
    "query_seconds_max": (1, 3600),
    "query_rows_max": (1000, 10**12),
    "query_memory_mib": (64, 1 << 20),
    "export_threads": (1, 64),
    "export_seconds_max": (1, 86_400),
    "engine_memory_mib": (256, 1 << 20),
    "connections_max": (1, 1_000_000),
    "header_timeout_s": (1, 3600),
    "body_timeout_s": (1, 3600),
}


def test_every_number_has_limits():
    assert LIMITS.keys() == {name for name, setting in SETTINGS.items() if setting.type is int}


@pytest.mark.parametrize("name", LIMITS)
def test_a_number_within_its_limits_is_taken_and_one_outside_is_named(name):
    low, high = LIMITS[name]
    for number in (low, high):
        assert getattr(load({}, {SETTINGS[name].variable: str(number)}, None), name) == number
    for wrong in (str(low - 1), str(high + 1), "many", "", "1.5"):
        with pytest.raises(ConfigError) as refused:
            load({}, {SETTINGS[name].variable: wrong}, None)
        said = str(refused.value)
        assert SETTINGS[name].variable in said
        assert "--" + name.replace("_", "-") in said
        assert "\n" not in said


def test_a_wrong_word_is_named():
    with pytest.raises(ConfigError, match="PULSESTREAM_LOG_LEVEL"):
        load({}, {"PULSESTREAM_LOG_LEVEL": "loud"}, None)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("prot = 1\ncolour = 'red'\n", "colour, prot"),
        ("[port]\na = 1\n", "port"),
        ("port = 'many'\n", "--port"),
        ("host = 1\n", "--host"),
        ("port 8000\n", "is not TOML"),
        ("port = 1\nport = 2\n", "is not TOML"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path, text, named):
    with pytest.raises(ConfigError, match=named):
        load({}, {}, written(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml.*No such file"):
        load({}, {}, tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b"host = '\xe9'")
    with pytest.raises(ConfigError, match=r"latin\.toml.*not TOML"):
        load({}, {}, tmp_path / "latin.toml")


def test_the_store_is_beside_the_data_unless_it_is_named(tmp_path):
    assert load({"data": str(tmp_path)}, {}, None).store_dsn == f"chdb://{tmp_path}/store"
    assert load({"store": "http://node:8123/events"}, {}, None).store_dsn == "http://node:8123/events"
