"""What one network makes of its training films, of films it has not seen, of altered ones, and of strangers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from fracturelens.letterbox import letterbox
from fracturelens.radiograph import Grey
from training.datasets import Dataset
from training.gate.alterations import ALTERATIONS, altered
from training.gate.gated import fingerprint, probe
from training.gate.novelty import Array
from training.gate.strangers import Stranger
from training.packing import read_film

FILE = "gate.npz"
FITTED_FILMS = 800
"""Training films that novelty is fitted to, drawn at random: as they are, and each once more altered."""
EVERY = 2
"""Of the held-out films, every such one is altered too, by one alteration after the other."""
RARE, RARE_TIMES = ("cast_seen", "hardware", "multiscan"), 4
"""Looks that few films have, and how many times such a film counts: left to their numbers, casts and metal become
strangers, and with them one fractured film in sixteen (measured with the limit at 2 % of all films)."""
BATCH = 32
PARTS = ("fitted", "fitted_altered", "films", "altered", "strangers")

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Material:
    """Pooled features by part and layer, and which films they belong to.

    ``fitted``, ``films`` and ``altered`` are places in the data set; ``alterations`` names what was done to each of
    ``altered``.
    """

    network: str
    fitted: Indices
    films: Indices
    altered: Indices
    alterations: npt.NDArray[np.str_]
    features: dict[str, dict[str, Array]]

    def to_fit(self, dataset: Dataset) -> dict[str, Array]:
        """Return the training films' features, as they are and then altered, by layer; those of rare looks repeated."""
        films = [dataset.films[i] for i in self.fitted]
        times = [RARE_TIMES if any(film.attributes.get(look) == "1" for look in RARE) else 1 for film in films]
        plain, changed = self.features["fitted"], self.features["fitted_altered"]
        return {
            layer: np.repeat([plain[layer], changed[layer]], times, axis=1).reshape(-1, plain[layer].shape[1])
            for layer in plain
        }

    def write(self, path: Path) -> None:
        content = {
            f"{part}|{layer}": values.astype(np.float32)
            for part, layers in self.features.items()
            for layer, values in layers.items()
        }
        partial = path.with_suffix(".partial.npz")
        np.savez_compressed(
            partial,
            network=np.array(self.network),
            fitted=self.fitted,
            films=self.films,
            altered=self.altered,
            alterations=self.alterations,
            **content,  # type: ignore[arg-type]
        )
        partial.rename(path)

    @classmethod
    def read(cls, path: Path) -> Material:
        with np.load(path) as content:
            features: dict[str, dict[str, Array]] = {part: {} for part in PARTS}
            for name in content.files:
                part, _, layer = name.partition("|")
                if layer:
                    features[part][layer] = content[name].astype(np.float64)
            return cls(
                str(content["network"]),
                content["fitted"],
                content["films"],
                content["altered"],
                content["alterations"],
                features,
            )


def gather(
    model: keras.Model, dataset: Dataset, training: Indices, held_out: Indices, strangers: list[Stranger], path: Path
) -> Material:
    """Run a network over everything and keep the features at ``path``; what is there for this network is read again."""
    network = fingerprint(model)
    if path.is_file() and (found := Material.read(path)).network == network:
        return found
    random = np.random.default_rng(0)
    fitted = np.sort(random.permutation(training)[:FITTED_FILMS])
    changed = held_out[::EVERY]
    names = [list(ALTERATIONS)[number % len(ALTERATIONS)] for number in range(len(changed))]
    reader = probe(model)

    def film(index: int) -> Grey:
        return read_film(dataset.films[index])

    def changed_film(index: int) -> Grey:
        return altered(film(index), random)

    features = {
        "fitted": _run(reader, map(film, fitted), len(fitted), "training films"),
        "fitted_altered": _run(reader, map(changed_film, fitted), len(fitted), "altered training films"),
        "films": _run(reader, map(film, held_out), len(held_out), "films"),
        "altered": _run(
            reader,
            (altered_film(dataset, index, name) for index, name in zip(changed, names, strict=True)),
            len(changed),
            "altered films",
        ),
        "strangers": _run(reader, (one.film.pixels for one in strangers), len(strangers), "strangers"),
    }
    material = Material(network, fitted, held_out, changed, np.array(names), features)
    material.write(path)
    return material


def altered_film(dataset: Dataset, index: int, alteration: str) -> Grey:
    """Return an altered held-out film again, as ``gather`` made it."""
    return ALTERATIONS[alteration](read_film(dataset.films[index]), _of(index))


def _of(index: int) -> np.random.Generator:
    return np.random.default_rng([1, index])


def _run(reader: keras.Model, pictures: Iterable[Grey], count: int, words: str) -> dict[str, Array]:
    side = reader.input_shape[1]
    remaining = iter(pictures)
    parts = []
    for _ in tqdm(range(0, count, BATCH), desc=f"Features of {words}", unit="batch"):
        inputs = np.stack([letterbox(picture, side)[0] for picture in islice(remaining, BATCH)])
        parts.append({name: np.asarray(values) for name, values in reader.predict_on_batch(inputs[..., None]).items()})
    names = parts[0] if parts else ()
    return {name: np.concatenate([part[name] for part in parts]).astype(np.float64) for name in names}
