"""The heat colour map, judged in CIELAB: another space than the one it is made in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fracturelens.colormap import HEAT


def cielab(srgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Convert by IEC 61966-2-1 and CIE 15 (D65)."""
    encoded = srgb / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    ratio = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    root = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    lightness = 116 * root[:, 1] - 16
    return np.stack([lightness, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], axis=1)


def test_it_has_256_colours_and_nobody_can_change_them() -> None:
    assert HEAT.shape == (256, 3)
    assert HEAT.dtype == np.uint8
    assert not HEAT.flags.writeable


def test_hotter_is_always_lighter_and_evenly_so() -> None:
    lightness = cielab(HEAT)[:, 0]

    assert (np.diff(lightness[::4]) > 0).all()
    straight = np.linspace(lightness[0], lightness[-1], 256)
    assert np.abs(lightness - straight).max() < 5  # of 100
    assert lightness[-1] - lightness[0] > 60


def test_equal_steps_of_heat_look_equal() -> None:
    # Sixteen steps, because eight bits a channel blur smaller ones.
    steps = np.linalg.norm(np.diff(cielab(HEAT[::17]), axis=0), axis=1)

    assert steps.max() / steps.min() < 2


def test_every_colour_stands_out_from_grey() -> None:
    _, a, b = cielab(HEAT).T

    assert np.hypot(a, b).min() > 40
