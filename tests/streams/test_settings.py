"""Settings: the command line over the environment over the file over the defaults, and every fault at once."""

from pathlib import Path
from typing import Any

import pytest

from streams.errors import SettingsError
from streams.settings import Settings, load_settings


def faults(environ: dict[str, str], config: Path | None = None, **given: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(config, environ, **given)
    return caught.value.faults


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lockgate.toml"
    path.write_text(text, "utf-8")
    return path


def test_without_any_setting_the_defaults_hold() -> None:
    assert load_settings(environ={}) == Settings()


def test_the_file_is_read_in_its_own_types(tmp_path: Path) -> None:
    config = written(tmp_path, 'kafka = "a:1,b:2"\nlists = ["x", "y,z"]\nsession_timeout = 30\nprofile_cache = 5\n')
    settings = load_settings(config, {})
    assert settings.kafka_servers() == ["a:1", "b:2"]
    assert settings.lists == ("x", "y,z")
    assert (settings.session_timeout, settings.profile_cache) == (30.0, 5)


def test_the_environment_wins_over_the_file_and_what_is_given_over_both(tmp_path: Path) -> None:
    config = written(tmp_path, 'kafka = "file:1"\nredis = "redis://file"\ngroup = "file"\n')
    environ = {"LOCKGATE_REDIS": "redis://environment", "LOCKGATE_GROUP": "environment"}
    settings = load_settings(config, environ, group="given", redis=None)
    assert (settings.kafka, settings.redis, settings.group) == ("file:1", "redis://environment", "given")


def test_the_environment_is_text_that_is_converted() -> None:
    environ = {
        "LOCKGATE_LISTS": " demo , /data/ofac ,",
        "LOCKGATE_SESSION_TIMEOUT": "6",
        "LOCKGATE_MAX_LIST_AGE_HOURS": "1.5",
        "LOCKGATE_PROFILE_CACHE": "0",
    }
    settings = load_settings(environ=environ)
    assert settings.lists == ("demo", "/data/ofac")
    assert settings.session_timeout == 6.0
    assert settings.max_list_age_seconds() == 5400
    assert settings.profile_cache == 0


def test_variables_that_are_no_settings_are_left_alone() -> None:
    assert load_settings(environ={"LOCKGATE_DATA": "/data", "LOCKGATEX": "1", "PATH": "/bin"}) == Settings()


def test_a_misspelt_variable_is_a_fault() -> None:
    with pytest.raises(SettingsError, match=r"LOCKGATE_LIST: there is no such setting; LOCKGATE_LISTS\?"):
        load_settings(environ={"LOCKGATE_LIST": "/real/list"})


def test_a_wrong_key_in_the_file_is_a_fault(tmp_path: Path) -> None:
    [fault] = faults({}, written(tmp_path, 'kafak = "a:1"\n'))
    assert "kafak" in fault


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    config = written(tmp_path, 'kafka = "nowhere"\nprofile_cache = -1\nlog_level = "loud"\nunknown = 1\nhttp = 9464\n')
    environ = {
        "LOCKGATE_REDIS": "http://x",
        "LOCKGATE_SESSION_TIMEOUT": "soon",
        "LOCKGATE_MAX_LIST_AGE_HOURS": "0",
        "LOCKGATE_LISTS": " , ",
        "LOCKGATE_GROUP": "a b",
        "LOCKGATE_RULES": str(tmp_path / "absent"),
    }
    named = {fault.partition(":")[0] for fault in faults(environ, config)}
    assert named == {
        *("kafka", "profile_cache", "log_level", "unknown", "http", "redis", "session_timeout"),
        *("max_list_age_hours", "lists", "group", "rules"),
    }


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("session_timeout", "6", "5.9"),
        ("session_timeout", "300", "300.1"),
        ("session_timeout", "10", "nan"),
        ("max_list_age_hours", "0.1", "0"),
        ("profile_cache", "0", "-1"),
        ("lists_refresh_seconds", "0", "0.5"),
        ("lists_refresh_seconds", "1", "-1"),
        ("kafka", "h:65535", "h:65536"),
        ("kafka", "h:1", "h:0"),
        ("kafka", "a:1, b:2", "a:1,,b:2"),
        ("http", "[::1]:80", "80"),
        ("group", "lock-gate_1.a", ""),
        ("redis", "rediss+cluster://h:6379", "h:6379"),
        ("log_level", "debug", "DEBUG!"),
    ],
)
def test_both_sides_of_every_bound(name: str, right: str, wrong: str) -> None:
    load_settings(environ={f"LOCKGATE_{name.upper()}": right})
    [fault] = faults({f"LOCKGATE_{name.upper()}": wrong})
    assert fault.startswith(f"{name}: ")


@pytest.mark.parametrize(
    "url",
    [
        "http://u:secret@h:6379",
        ":secret@h:6379",
        "secret",
        "redis://u:secret@h:port",
        "redis://u:secret@[h",
        "secret:6379",
        "u:secret@://h",
    ],
)
def test_a_wrong_redis_url_is_told_without_its_password(url: str) -> None:
    [fault] = faults({"LOCKGATE_REDIS": url})
    assert fault.startswith("redis: ")
    assert "secret" not in fault


def test_a_wrong_redis_url_is_told_with_its_scheme() -> None:
    [fault] = faults({"LOCKGATE_REDIS": "http://h:6379"})
    assert "http://" in fault
    assert "rediss://" in fault


def test_the_address_of_the_http_server_may_be_ipv6() -> None:
    assert load_settings(environ={"LOCKGATE_HTTP": "[::1]:9464"}).http_address() == ("::1", 9464)
    assert load_settings(environ={"LOCKGATE_HTTP": "0.0.0.0:80"}).http_address() == ("0.0.0.0", 80)  # noqa: S104


@pytest.mark.parametrize("content", [b"kafka = ", b"\xff\xfe", None], ids=["cut", "not UTF-8", "absent"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    config = tmp_path / "lockgate.toml"
    if content is not None:
        config.write_bytes(content)
    [fault] = faults({}, config)
    assert str(config) in fault


def test_the_message_of_the_error_has_a_line_for_each_fault() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ={"LOCKGATE_GROUP": "", "LOCKGATE_HTTP": "x"})
    assert len(str(caught.value).splitlines()) == len(caught.value.faults) == 2
    assert caught.value.exit_code == 2


def test_settings_are_shown_without_any_secret() -> None:
    secrets = [name for name in Settings.__struct_fields__ if name.endswith(("_password", "_secret"))]
    shown = repr(Settings(redis="redis://u:hidden@h", **dict.fromkeys(secrets, "hidden")))
    assert "hidden" not in shown and all(f"{name}=***" in shown for name in secrets)
