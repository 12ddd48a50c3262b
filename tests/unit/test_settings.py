"""Where settings come from, and what a wrong one is told."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from fracturelens import errors, radiograph
from fracturelens.settings import Settings, load


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FRACTURELENS_")]:
        monkeypatch.delenv(name)


def test_the_defaults_are_a_private_server_that_forgets_after_a_day() -> None:
    settings = Settings()

    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.retention == timedelta(days=1)
    assert settings.max_file_bytes == radiograph.MAX_BYTES
    assert settings.hosts == ("localhost", "127.0.0.1", "[::1]")
    assert settings.origins == ()
    assert 1 <= settings.readers <= 4


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRACTURELENS_PORT", "9000")
    monkeypatch.setenv("FRACTURELENS_HOSTS", "films.example, 127.0.0.1")
    monkeypatch.setenv("FRACTURELENS_MODEL", "")

    settings = load()

    assert settings.port == 9000
    assert settings.hosts == ("films.example", "127.0.0.1")
    assert settings.model is None


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRACTURELENS_PORT", "9000")

    assert load(port=9001, host=None).port == 9001


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "http"),
        ("MAX_FILE_MB", "0"),
        ("MAX_FILE_MB", "33"),
        ("RETENTION_HOURS", "-1"),
        ("INSTANCES", "0"),
        ("QUEUE", "-1"),
        ("QUEUE_SECONDS", "0"),
        ("QUEUE_MB", "31"),
        ("DIRECT_MAX_MB", "0"),
        ("DIRECT_MAX_MB", "33"),
        ("STORE", "http://films"),
        ("STORE", "s3://No_Bucket"),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"FRACTURELENS_{name}", value)

    with pytest.raises(errors.InvalidSetting, match=f"FRACTURELENS_{name}") as caught:
        load()

    assert not re.search("http|No_Bucket", caught.value.message)


@pytest.mark.parametrize(
    ("variable", "folder"),
    [
        ("/var/lib/own", "/var/lib/own/fracturelens"),
        ("relative", "~/.local/share/fracturelens"),
        ("", "~/.local/share/fracturelens"),
    ],
)
def test_the_data_folder_follows_the_xdg_specification(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, folder: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", variable)

    assert load().store == Path(folder).expanduser()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("/var/lib/own", Path("/var/lib/own")),
        ("films", Path("films")),
        ("s3://films", "s3://films"),
        ("s3://films/", "s3://films"),
        ("s3://clinic.films/elbows/2026", "s3://clinic.films/elbows/2026"),
    ],
)
def test_films_are_kept_in_a_folder_or_a_bucket(monkeypatch: pytest.MonkeyPatch, value: str, place: Path | str) -> None:
    monkeypatch.setenv("FRACTURELENS_STORE", value)

    assert load().store == place


@pytest.mark.parametrize(("megabytes", "size"), [("", None), ("4.25", 4_456_448), ("32", radiograph.MAX_BYTES)])
def test_one_request_may_carry_less_than_an_upload(
    monkeypatch: pytest.MonkeyPatch, megabytes: str, size: int | None
) -> None:
    monkeypatch.setenv("FRACTURELENS_DIRECT_MAX_MB", megabytes)

    assert load().direct_max_bytes == size


@pytest.mark.parametrize("model", ["bundle", "/opt/bundle", "s3://models", "s3://models/versions/0.2.0"])
def test_a_model_is_a_folder_or_of_a_registry(model: str) -> None:
    assert load(model=model).model == model


@pytest.mark.parametrize(
    "model", ["s3://", "s3://models/elbow", "s3://models/versions/../0.1.0", "https://models", "s3://models/versions/A"]
)
def test_a_model_at_another_address_is_refused(model: str) -> None:
    with pytest.raises(errors.InvalidSetting, match=r"FRACTURELENS_MODEL: .*s3://BUCKET") as caught:
        load(model=model)

    assert model not in caught.value.message.replace("s3://BUCKET", "")


@pytest.mark.parametrize("seconds", ["-1", "86401", "nan", "often"])
def test_how_often_the_registry_is_looked_at_has_bounds(seconds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRACTURELENS_MODEL_REFRESH_SECONDS", seconds)

    with pytest.raises(errors.InvalidSetting, match="FRACTURELENS_MODEL_REFRESH_SECONDS"):
        load()
