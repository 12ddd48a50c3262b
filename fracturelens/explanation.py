"""Where a class was seen: Grad-CAM in closed form, laid over the film.

Why no gradient is needed. The class map of class c is ``M_c = sum_k w_kc A_k`` (a 1x1 convolution, without bias, of
the last feature maps ``A_k``), and its logit is a pooling of ``M_c`` whose derivatives over the cells, ``p_i``, sum to
one (mean: ``1/n``; log-mean-exp: a softmax). Grad-CAM (Selvaraju et al., 2017) weighs each feature map by the mean
gradient over the n cells, ``alpha_kc = (1/n) sum_i w_kc p_i = w_kc / n``. So ``relu(sum_k alpha_kc A_k) =
relu(M_c) / n``: exactly the class map (CAM; Zhou et al., 2016), rectified, up to a scale that drops out when a map is
shown relative to its own peak. A bias would shift the map and is left out, as the gradient leaves it out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fracturelens.letterbox import Letterbox

Map = npt.NDArray[np.float32]

# Rows multiplied at once: so few that BLAS stays in this thread. Its helper threads would make one film faster by a
# tenth of a millisecond and, when several films are read at once, slower by tens.
_SLICE = 16


def grad_cam(class_map: Map) -> Map:
    """Return the Grad-CAM of one class from its class map without bias, both (h, w), not scaled."""
    return np.maximum(class_map, 0)


def film_heat(cam: Map, letterbox: Letterbox, stride: int, offset: float, width: int, height: int) -> Map:
    """Lay a map over the film, where the network looked.

    Cell ``i`` of the map looks at the input around pixel index ``stride * i + offset``, which a naive upsampling
    ignores (it draws the map up to half a cell off); the letterbox says where the film lies in that input.

    Parameters
    ----------
    cam : float32 array, shape (h, w), not negative
    letterbox
        Where the film lay in the input.
    stride, offset
        Of the cells, in input pixels: ``cell_stride`` and ``cell_offset`` of the manifest.
    width, height
        Size of the result, pixels, covering the whole film.

    Returns
    -------
    float32 array, shape (height, width), range [0, 1]
        Linear between the cells' centres, constant beyond the outermost, scaled to its own peak; zero stays zero.
    """
    cells_high, cells_wide = cam.shape
    rows = _interpolation(height, letterbox.top, letterbox.height, cells_high, stride, offset)
    columns = _interpolation(width, letterbox.left, letterbox.width, cells_wide, stride, offset)
    heat: Map = np.empty((height, width), dtype=np.float32)
    for top in range(0, height, _SLICE):
        heat[top : top + _SLICE] = rows[top : top + _SLICE] @ cam @ columns.T
    peak = heat.max()
    if peak > 0:
        heat /= peak
    return heat


def _interpolation(pixels: int, start: int, extent: int, cells: int, stride: int, offset: float) -> Map:
    """Return the (pixels, cells) matrix that interpolates along one axis; every row sums to one."""
    # Centre of each film pixel -> input pixel index (a pixel's centre lies at its index + 0.5) -> position among cells.
    inside = start + (np.arange(pixels) + 0.5) / pixels * extent - 0.5
    position = np.clip((inside - offset) / stride, 0, cells - 1)
    distance = np.abs(position[:, None] - np.arange(cells))
    weights: Map = np.maximum(1 - distance, 0).astype(np.float32)
    return weights
