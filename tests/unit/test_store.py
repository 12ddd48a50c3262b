"""What every place that keeps films and results promises: in a folder, and in a bucket."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest

from fracturelens import errors
from fracturelens.store import UPLOAD_LIFETIME, LocalStore, Store, Upload, open_store
from tests.readings import FILM, HOSTILE_IDS, MAPS, reading


@dataclass(frozen=True)
class Place:
    """A store, and what can happen to it from outside."""

    store: Store
    make_old: Callable[[str, timedelta], None]
    spoil: Callable[[str, Callable[[bytes], bytes]], None]
    send: Callable[[Upload, bytes], None]


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.aws)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return in_folder(tmp_path / "data")
    bucket = request.getfixturevalue("bucket")

    def spoil(entry_id: str, change: Callable[[bytes], bytes]) -> None:
        key = bucket.key_of(entry_id)
        bucket.write(key, change(bucket.read(key)))

    def send(upload: Upload, film: bytes) -> None:
        sent = httpx.post(upload.url, data=upload.fields, files={"file": film})
        assert sent.status_code == 204, sent.text

    return Place(bucket.store(), bucket.make_old, spoil, send)


def in_folder(folder: Path) -> Place:
    store = LocalStore(folder)

    def path_of(entry_id: str) -> Path:
        return next(path for path in folder.rglob(entry_id))

    def make_old(entry_id: str, age: timedelta) -> None:
        then = time.time() - age.total_seconds()
        os.utime(path_of(entry_id), (then, then))

    def spoil(entry_id: str, change: Callable[[bytes], bytes]) -> None:
        path_of(entry_id).write_bytes(change(path_of(entry_id).read_bytes()))

    return Place(store, make_old, spoil, lambda upload, film: store.write_upload(upload.upload_id, film))


def is_gone(store: Store, entry_id: str) -> bool:
    """Tell whether an id names nothing, whatever is asked of it."""
    for lookup in (store.get, store.kept, lambda upload_id: store.read_upload(upload_id, 1_000_000)):
        with pytest.raises(errors.NotFound):
            lookup(entry_id)
    return True


def test_a_reading_comes_back_as_it_was_put(place: Place) -> None:
    given = reading()

    place.store.put(given, MAPS, FILM)

    assert place.store.get(given.id) == given
    kept = place.store.kept(given.id)
    assert kept.assessment == given
    assert kept.film == FILM
    assert kept.class_maps.dtype == MAPS.dtype
    np.testing.assert_array_equal(kept.class_maps, MAPS)


@pytest.mark.parametrize("entry_id", [*HOSTILE_IDS, "0" * 32])
def test_unknown_and_hostile_ids_name_nothing(place: Place, entry_id: str) -> None:
    assert is_gone(place.store, entry_id)


def test_a_reading_is_shown_until_its_retention_ends(place: Place) -> None:
    given = reading()
    place.store.put(given, MAPS, FILM)

    place.make_old(given.id, timedelta(hours=23, minutes=59))
    assert place.store.get(given.id) == given

    place.make_old(given.id, timedelta(hours=24))
    assert is_gone(place.store, given.id)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_torn_reading_counts_as_gone(place: Place, share: float) -> None:
    given = reading()
    place.store.put(given, MAPS, FILM)

    place.spoil(given.id, lambda whole: whole[: int(len(whole) * share)])

    assert is_gone(place.store, given.id)


def test_a_flipped_bit_in_the_film_is_noticed(place: Place) -> None:
    given = reading()
    place.store.put(given, MAPS, FILM)

    place.spoil(given.id, lambda whole: whole.replace(b"film bytes", b"fi1m bytes", 1))

    with pytest.raises(errors.NotFound):
        place.store.kept(given.id)


def test_an_upload_is_sent_read_and_dropped(place: Place) -> None:
    upload = place.store.new_upload(10_000, size=len(FILM), content_type="image/png")

    place.send(upload, FILM)
    assert place.store.read_upload(upload.upload_id, 10_000) == FILM

    place.store.drop_upload(upload.upload_id)
    assert is_gone(place.store, upload.upload_id)
    place.store.drop_upload(upload.upload_id)


def test_an_upload_beyond_the_limit_is_not_read(place: Place) -> None:
    upload = place.store.new_upload(10_000)
    place.send(upload, FILM)

    with pytest.raises(errors.FileTooLarge, match=f"{len(FILM) - 1:,}"):
        place.store.read_upload(upload.upload_id, len(FILM) - 1)


def test_an_upload_waits_an_hour_for_its_reading(place: Place) -> None:
    upload = place.store.new_upload(10_000)
    place.send(upload, FILM)

    place.make_old(upload.upload_id, UPLOAD_LIFETIME - timedelta(minutes=1))
    assert place.store.read_upload(upload.upload_id, 10_000) == FILM

    place.make_old(upload.upload_id, UPLOAD_LIFETIME)
    assert is_gone(place.store, upload.upload_id)


@pytest.mark.parametrize("entry_id", HOSTILE_IDS)
def test_hostile_ids_write_and_delete_nothing(place: Place, entry_id: str) -> None:
    with pytest.raises(errors.NotFound):
        place.store.write_upload(entry_id, FILM)
    with pytest.raises(errors.NotFound):
        place.store.drop_upload(entry_id)
    with pytest.raises(errors.NotFound):
        place.store.put(reading().model_copy(update={"id": entry_id}), MAPS, FILM)


def test_a_place_is_a_folder_unless_it_says_s3(tmp_path: Path) -> None:
    assert isinstance(open_store(tmp_path / "data", retention=timedelta(hours=1)), LocalStore)
    assert not isinstance(open_store("s3://films"), LocalStore)
