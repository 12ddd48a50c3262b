"""A folder: whose it is, what survives crashes, when it is swept; ``test_store.py`` has what every store promises."""

from __future__ import annotations

import os
import stat
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from fracturelens import errors
from fracturelens.store import UPLOAD_LIFETIME, LocalStore, NoStore, open_store
from tests.readings import FILM, HOSTILE_IDS, MAPS, reading


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "data")


def place_of(folder: Path, entry_id: str) -> Path:
    return next(path for path in folder.rglob(entry_id))


def make_old(folder: Path, entry_id: str, age: timedelta) -> Path:
    place = place_of(folder, entry_id)
    then = time.time() - age.total_seconds()
    os.utime(place, (then, then))
    return place


def test_another_process_sees_what_was_kept(store: LocalStore, tmp_path: Path) -> None:
    given = reading()
    store.put(given, MAPS, FILM)

    assert LocalStore(tmp_path / "data").get(given.id) == given


def test_films_are_for_their_owner_only(tmp_path: Path) -> None:
    old_mask = os.umask(0)
    try:
        store = LocalStore(tmp_path / "data")
        given = reading()
        store.put(given, MAPS, FILM)
        store.new_upload(100)
    finally:
        os.umask(old_mask)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").rglob("*")}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert modes == {0o700, 0o600}


@pytest.mark.parametrize("entry_id", HOSTILE_IDS)
def test_hostile_ids_write_and_delete_nothing(store: LocalStore, tmp_path: Path, entry_id: str) -> None:
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(errors.NotFound):
        store.write_upload(entry_id, FILM)
    with pytest.raises(errors.NotFound):
        store.drop_upload(entry_id)
    with pytest.raises(errors.NotFound):
        store.put(reading().model_copy(update={"id": entry_id}), MAPS, FILM)

    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_kept_long_enough_is_not_swept(store: LocalStore, tmp_path: Path) -> None:
    given = reading()
    store.put(given, MAPS, FILM)
    make_old(tmp_path, given.id, timedelta(hours=23, minutes=59))

    assert store.expire() == 0
    assert store.get(given.id) == given


def test_expired_readings_and_uploads_are_deleted(store: LocalStore, tmp_path: Path) -> None:
    old, young = reading(), reading()
    for given in (old, young):
        store.put(given, MAPS, FILM)
    upload = store.new_upload(100)
    places = [
        make_old(tmp_path, old.id, timedelta(days=2)),
        make_old(tmp_path, upload.upload_id, UPLOAD_LIFETIME + timedelta(minutes=1)),
    ]

    assert store.expire() == 2

    assert not any(place.exists() for place in places)
    assert store.get(young.id) == young


def test_opening_a_folder_deletes_what_expired_meanwhile(store: LocalStore, tmp_path: Path) -> None:
    given = reading()
    store.put(given, MAPS, FILM)
    place = make_old(tmp_path, given.id, timedelta(days=2))

    LocalStore(tmp_path / "data")

    assert not place.exists()


def test_writing_deletes_what_expired_at_most_every_few_minutes(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = reading()
    store.put(old, MAPS, FILM)
    place = make_old(tmp_path, old.id, timedelta(days=2))

    store.put(reading(), MAPS, FILM)
    assert place.exists()  # a sweep was made when the store was opened, a moment ago

    real_time = time.time
    monkeypatch.setattr("time.time", lambda: real_time() + 301)
    store.put(reading(), MAPS, FILM)
    assert not place.exists()


def test_leftovers_of_a_crash_are_never_read_and_get_deleted(store: LocalStore, tmp_path: Path) -> None:
    # Given a write that was cut off: the file beside its place is there, the place itself is not.
    leftover = tmp_path / "data" / "readings" / ".tmp-cut-off"
    leftover.write_bytes(b"half a reading")

    store.expire()
    assert leftover.exists()  # it may still be being written

    then = time.time() - UPLOAD_LIFETIME.total_seconds() - 1
    os.utime(leftover, (then, then))
    store.expire()
    assert not leftover.exists()


def test_a_write_that_fails_leaves_nothing(store: LocalStore, tmp_path: Path) -> None:
    class Unwritable(bytes):
        def __len__(self) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(errors.StoreError, match="No space left on device"):
        store.put(reading(), MAPS, Unwritable(b"film"))

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_oldest_go_first_when_the_folder_is_full(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "data", capacity=100_000)
    film = bytes(15_000)
    readings = [reading() for _ in range(8)]

    for age, given in zip(range(80, 0, -10), readings, strict=True):
        store.put(given, MAPS, film)
        if (tmp_path / "data" / "readings" / given.id).exists():
            make_old(tmp_path, given.id, timedelta(minutes=age))

    held = sum(path.stat().st_size for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert held <= 100_000
    with pytest.raises(errors.NotFound):
        store.get(readings[0].id)
    assert store.get(readings[-1].id) == readings[-1]


def test_an_upload_says_where_to_send_the_film(store: LocalStore) -> None:
    upload = store.new_upload(1_000)

    assert (upload.method, upload.url, upload.fields) == ("PUT", f"/v1/uploads/{upload.upload_id}", {})
    assert upload.max_bytes == 1_000
    assert abs(upload.expires_at.timestamp() - time.time() - UPLOAD_LIFETIME.total_seconds()) < 60


def test_an_upload_is_empty_until_it_is_written_and_written_anew(store: LocalStore) -> None:
    upload = store.new_upload(1_000)
    assert store.read_upload(upload.upload_id, 1_000) == b""

    store.write_upload(upload.upload_id, b"first")
    store.write_upload(upload.upload_id, b"second")

    assert store.read_upload(upload.upload_id, 1_000) == b"second"


def test_an_expired_upload_takes_no_film(store: LocalStore, tmp_path: Path) -> None:
    upload = store.new_upload(1_000)
    make_old(tmp_path, upload.upload_id, UPLOAD_LIFETIME)

    with pytest.raises(errors.NotFound):
        store.write_upload(upload.upload_id, FILM)


def test_a_folder_has_one_owner_whoever_asks(store: LocalStore) -> None:
    given = reading()

    store.of("somebody").put(given, MAPS, FILM)

    assert store.of("somebody else").get(given.id) == given


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_folder_that_cannot_be_made_is_named_as_the_problem(tmp_path: Path, below: str) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")

    with pytest.raises(errors.StoreError, match="FRACTURELENS_STORE"):
        LocalStore(tmp_path / "taken" / below)


def test_a_folder_taken_away_is_a_store_error_not_an_unknown_id(store: LocalStore, tmp_path: Path) -> None:
    given = reading()
    store.put(given, MAPS, FILM)
    (tmp_path / "data").rename(tmp_path / "elsewhere")

    with pytest.raises(errors.StoreError):
        store.get(given.id)
    with pytest.raises(errors.StoreError):
        store.put(reading(), MAPS, FILM)
    with pytest.raises(errors.StoreError):
        store.new_upload(100)
    with pytest.raises(errors.StoreError):
        store.expire()


def test_many_threads_write_and_read_at_once(store: LocalStore) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                given = reading()
                store.put(given, MAPS, FILM)
                store.expire()
                assert store.get(given.id) == given
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


def test_retention_zero_keeps_nothing_and_needs_no_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder would be")
    store = open_store(tmp_path / "taken", retention=timedelta(0))
    assert isinstance(store, NoStore)
    given = reading()

    store.put(given, MAPS, FILM)

    for lookup in (store.get, store.kept):
        with pytest.raises(errors.NotFound):
            lookup(given.id)
    with pytest.raises(errors.NotFound):
        store.read_upload(given.id, 100)
    with pytest.raises(errors.NotFound, match="RETENTION_HOURS=0"):
        store.new_upload(100)
    with pytest.raises(errors.NotFound):
        store.write_upload(given.id, FILM)
    store.drop_upload(given.id)
    assert store.expire() == 0


def test_a_retention_opens_a_folder(tmp_path: Path) -> None:
    assert isinstance(open_store(tmp_path / "data", retention=timedelta(hours=1)), LocalStore)
