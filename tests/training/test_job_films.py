"""Films come from a bucket into a folder: all that a data set needs, and nothing that a key could do harm by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.buckets import Bucket, environment
from tests.training.jobs import said
from training.datasets import ADAPTERS, DataError, Dataset, Film, Layout
from training.job import films, places
from training.job.places import Folder, Place, PlaceError, Taken
from training.job.run import same_films


@pytest.fixture
def bucket(bucket: Bucket) -> Iterator[Bucket]:
    """Return a new bucket, which the job's own client reaches."""
    places._s3.cache_clear()
    with environment(bucket.endpoint):
        yield bucket
    places._s3.cache_clear()


def fetch(bucket: Bucket, folder: Path, prefix: str = "films") -> Path:
    return films.fetch(f"s3://{bucket.name}/{prefix}", folder, lambda: None)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.aws
def test_names_with_spaces_and_of_any_script_arrive_as_they_are(bucket: Bucket, tmp_path: Path) -> None:
    names = ["normal/patient 1/ap +%2F.png", "hairline/größe.dcm", "displaced/前腕 é e\u0301.JPG", "films.csv"]
    for name in names:
        bucket.write(f"films/{name}", name.encode())
    bucket.write("films-of-others/normal/1.png", b"not asked for")

    found = contents(fetch(bucket, tmp_path))

    assert found == {name: name.encode() for name in names}


HOSTILE = [
    "../escaped.png",
    "normal/../../../escaped.png",
    "/etc/escaped.png",
    "normal//escaped.png",
    "normal/./escaped.png",
    "normal\\..\\escaped.png",
    "normal/esca\u202eped.png",
    "normal/escaped\n.png",
    "normal/" + "é" * 200 + ".png",
]


@pytest.mark.aws
def test_a_key_that_is_no_plain_path_is_left_out_and_not_named(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.write("films/normal/1.png", b"a film")
    for key in HOSTILE:
        with suppress(ClientError):  # this S3 may refuse some of them itself
            bucket.write(f"films/{key}", b"escaped")
    assert len(bucket.keys()) > 5

    found = fetch(bucket, tmp_path / "films")

    assert contents(found) == {"normal/1.png": b"a film"}
    assert not list(tmp_path.rglob("*escaped*"))
    assert "escaped" not in capsys.readouterr().err


@pytest.mark.parametrize("key", HOSTILE)
def test_no_place_takes_such_a_key_for_a_path(key: str) -> None:
    assert places.path_of(key) is None


@pytest.mark.aws
def test_only_what_a_data_set_holds_is_fetched(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ("normal/1.png", "run.sh", "model.h5", "normal/.png", "normal/"):
        bucket.write(f"films/{key}", b"")

    assert set(contents(fetch(bucket, tmp_path))) == {"normal/1.png"}
    assert said(capsys.readouterr().err)[0]["other"] == 3


@pytest.mark.aws
def test_what_is_there_is_not_fetched_again_and_what_changed_is(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.write("films/normal/1.png", b"one")
    bucket.write("films/normal/2.png", b"two")
    root = fetch(bucket, tmp_path)
    (root / "normal" / "1.png").write_bytes(b"eno")  # as long: a second fetch would undo it
    bucket.write("films/normal/2.png", b"owt")

    fetch(bucket, tmp_path)

    assert contents(root) == {"normal/1.png": b"eno", "normal/2.png": b"owt"}
    assert [line["fetched"] for line in said(capsys.readouterr().err)] == [2, 1]


@pytest.mark.aws
def test_a_film_that_was_withdrawn_goes_here_too(bucket: Bucket, tmp_path: Path) -> None:
    bucket.write("films/normal/1.png", b"one")
    bucket.write("films/normal/2.png", b"two")
    fetch(bucket, tmp_path)
    bucket.s3.delete_object(Bucket=bucket.name, Key="films/normal/2.png")

    assert set(contents(fetch(bucket, tmp_path))) == {"normal/1.png"}


@pytest.mark.aws
@pytest.mark.parametrize("limit", ["MAX_OBJECTS", "MAX_OBJECT_BYTES", "MAX_TOTAL_BYTES"])
def test_more_than_a_job_takes_is_refused_before_anything_is_fetched(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    bucket.write("films/normal/1.png", b"one")
    bucket.write("films/normal/2.png", b"two")
    monkeypatch.setattr(films, limit, 1)

    with pytest.raises(DataError, match="a job takes at most"):
        fetch(bucket, tmp_path)

    assert contents(tmp_path) == {}


@pytest.mark.aws
def test_a_stop_ends_the_fetching_and_the_next_start_goes_on(bucket: Bucket, tmp_path: Path) -> None:
    for number in range(20):
        bucket.write(f"films/normal/{number}.png", b"a film")
    asked: list[None] = []

    def check() -> None:
        asked.append(None)
        if len(asked) > 10:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        films.fetch(f"s3://{bucket.name}/films", tmp_path, check)

    root = fetch(bucket, tmp_path)
    assert len(contents(root)) == 20


@pytest.mark.aws
def test_an_empty_prefix_a_file_that_is_a_folder_too_and_no_bucket_are_told(bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no film under this prefix"):
        fetch(bucket, tmp_path)
    bucket.write("films/normal.png", b"a film")
    bucket.write("films/normal.png/1.png", b"a film")
    with pytest.raises(DataError, match="both an object and a folder"):
        fetch(bucket, tmp_path)
    with pytest.raises(PlaceError, match="NoSuchBucket"):
        films.fetch("s3://no-such-bucket-of-anybody/films", tmp_path, lambda: None)


@pytest.mark.aws
def test_a_table_in_a_bucket_comes_with_its_films(bucket: Bucket, tmp_path: Path) -> None:
    bucket.write("mine/films.csv", b"file,label\n1.png,normal\n")
    bucket.write("mine/1.png", b"a film")

    table = fetch(bucket, tmp_path, "mine/films.csv")

    assert table.read_bytes().startswith(b"file,label")
    assert (table.parent / "1.png").read_bytes() == b"a film"


@pytest.mark.aws
@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_a_folder_and_a_bucket_keep_the_same_promises(kind: str, bucket: Bucket, tmp_path: Path) -> None:
    place: Place = Folder(tmp_path / "place") if kind == "folder" else places.at(f"s3://{bucket.name}/a")
    place.put("sub/one", b"1", new=True)
    place.put("two", b"22")
    with pytest.raises(Taken):
        place.put("sub/one", b"other", new=True)
    place.put("two", b"333")

    assert sorted((entry.key, entry.size) for entry in place.entries()) == [("sub/one", 1), ("two", 3)]
    assert place.read("sub/one", 1) == b"1"
    assert [entry.key for entry in place.below("sub").entries()] == ["one"]
    with pytest.raises(PlaceError, match="more than 2 bytes"):
        place.read("two", 2)
    with pytest.raises(places.Missing):
        place.read("three", 2)
    place.delete("two")
    place.delete("two")
    assert [entry.key for entry in place.entries()] == ["sub/one"]


def many(counts: dict[str, int], films_of_a_group: int = 2) -> Dataset:
    classes = {"normal": ("normal",), "hairline": ("hairline",), "displaced": ("displaced",)}
    made = [
        Film(f"{name}-{n}", Path(f"{name}-{n}.png"), classes[name], group=f"{name}-{n // films_of_a_group}")
        for name, count in counts.items()
        for n in range(count)
    ]
    return Dataset("many", tuple(made), "a test", Path("many"))


def test_a_draw_is_even_keeps_groups_whole_and_depends_on_the_seed_alone() -> None:
    dataset = many({"normal": 400, "hairline": 30, "displaced": 60})

    drawn = films.draw(dataset, 60, seed=1)

    assert len(drawn) == 60
    counts = {name: sum(film.severity == name for film in drawn.films) for name in ("normal", "hairline", "displaced")}
    assert counts == {"normal": 20, "hairline": 20, "displaced": 20}
    groups = [film.group for film in drawn.films]
    assert all(groups.count(group) == 2 for group in groups)
    assert films.draw(dataset, 60, seed=1) == drawn
    assert films.draw(dataset, 60, seed=2) != drawn
    assert len(films.draw(dataset, 1000, seed=1)) == 490


def test_a_job_that_goes_on_with_other_films_is_refused(small_fracatlas: Path, tmp_path: Path) -> None:
    dataset = ADAPTERS[Layout.FRACATLAS](small_fracatlas)
    same_films(dataset, tmp_path / "runs")
    same_films(dataset, tmp_path / "runs")
    (small_fracatlas / "images" / "IMG0000003.png").write_bytes(b"another film")

    with pytest.raises(DataError, match="not those that this job began with"):
        same_films(dataset, tmp_path / "runs")


def test_merged_folds_are_as_many_as_wished(small_fracatlas: Path) -> None:
    dataset = ADAPTERS[Layout.FRACATLAS](small_fracatlas)

    assert {film.fold for film in films.merged(dataset, 2).films} == {0, 1}
    assert json.dumps([film.fold for film in films.merged(dataset, 9).films]) == json.dumps(
        [film.fold for film in dataset.films]
    )
