"""A network small enough to reason about: one convolution that measures how bright each cell is, pooled by the mean.

Its class maps are ``evidence * mean brightness`` of cells that do not overlap, so a test knows what every cell, logit
and heat value must be, without TensorFlow and without trained weights. It has the signature of a shipped graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from fracturelens.bundle import Bundle, GraphFile, Manifest, OperatingPoints

SIZE, STRIDE = 96, 16
OFFSET = (STRIDE - 1) / 2
"""Cell i covers the input pixels STRIDE * i to STRIDE * i + STRIDE - 1."""
EVIDENCE = (-4.0, 4.0, 8.0)
BIAS = (2.0, -2.0, -1.0)


def brightness_graph(
    *,
    size: int = SIZE,
    stride: int = STRIDE,
    evidence: Sequence[float] = EVIDENCE,
    bias: Sequence[float] = BIAS,
    names: Sequence[str] = ("film", "logits", "class_maps", "features"),
    signature: str = "serving_default",
    asked: Sequence[str] = (),
) -> bytes:
    """Return a LiteRT graph; ``logits = mean(class_maps) + bias`` and ``features = mean(class_maps)``.

    ``asked`` names further outputs of one number each, the film's mean brightness, as a gate may ask for.
    """
    cells = size // stride
    kernel = np.ones((3, stride, stride, 1), dtype=np.float32) / stride**2
    kernel *= np.asarray(evidence, dtype=np.float32)[:, None, None, None]
    maker = _Maker()
    film = maker.tensor("film", (1, size, size, 1))
    maps = maker.tensor("class_maps", (1, cells, cells, 3))
    features = maker.tensor("features", (1, 3))
    logits = maker.tensor("logits", (1, 3))
    convolution = schema.Conv2DOptionsT()
    convolution.padding = schema.Padding.VALID
    convolution.strideH = convolution.strideW = stride
    inputs = [film, maker.constant("kernel", kernel), maker.constant("no_bias", np.zeros(3, dtype=np.float32))]
    maker.operator(schema.BuiltinOperator.CONV_2D, inputs, maps, schema.BuiltinOptions.Conv2DOptions, convolution)
    inputs = [maps, maker.constant("cells", np.array([1, 2], dtype=np.int32))]
    maker.operator(
        schema.BuiltinOperator.MEAN, inputs, features, schema.BuiltinOptions.ReducerOptions, schema.ReducerOptionsT()
    )
    inputs = [features, maker.constant("bias", np.asarray(bias, dtype=np.float32))]
    maker.operator(schema.BuiltinOperator.ADD, inputs, logits, schema.BuiltinOptions.AddOptions, schema.AddOptionsT())
    named = dict(zip(names, (film, logits, maps, features), strict=True))
    for name in asked:
        named[name] = maker.tensor(name, (1,))
        inputs = [film, maker.constant(f"{name}_axes", np.array([1, 2, 3], dtype=np.int32))]
        options = schema.ReducerOptionsT()
        maker.operator(schema.BuiltinOperator.MEAN, inputs, named[name], schema.BuiltinOptions.ReducerOptions, options)
    return maker.graph(signature, named)


def manifest_of(graph: bytes, **changes: Any) -> Manifest:
    """Return the manifest of a brightness graph."""
    settings: dict[str, Any] = {
        "name": "brightness",
        "version": "1.0",
        "input_size": SIZE,
        "cell_stride": STRIDE,
        "cell_offset": OFFSET,
        "operating_points": OperatingPoints(suspected=0.2, likely=0.6),
        "graph": GraphFile.of(graph),
    }
    return Manifest(**{**settings, **changes})


def brightness_bundle(graph: bytes | None = None, **changes: Any) -> Bundle:
    """Return a bundle in memory."""
    graph = graph or brightness_graph()
    return Bundle(manifest_of(graph, **changes), graph, "memory")


class _Maker:
    """Collects the parts of a LiteRT flat buffer."""

    def __init__(self) -> None:
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.operatorCodes = []
        self._model.buffers = [schema.BufferT()]
        self._subgraph = schema.SubGraphT()
        self._subgraph.tensors, self._subgraph.operators = [], []

    def tensor(self, name: str, shape: tuple[int, ...], dtype: Any = np.float32, buffer: int = 0) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, list(shape), buffer
        tensor.type = schema.TensorType.INT32 if dtype == np.int32 else schema.TensorType.FLOAT32
        self._subgraph.tensors.append(tensor)
        return len(self._subgraph.tensors) - 1

    def constant(self, name: str, values: npt.NDArray[Any]) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), dtype=np.uint8)
        self._model.buffers.append(buffer)
        return self.tensor(name, values.shape, values.dtype, len(self._model.buffers) - 1)

    def operator(self, code: int, inputs: list[int], output: int, kind: int, options: Any) -> None:
        operator_code = schema.OperatorCodeT()
        operator_code.builtinCode = operator_code.deprecatedBuiltinCode = code
        operator_code.version = 1
        self._model.operatorCodes.append(operator_code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes) - 1
        operator.inputs, operator.outputs = inputs, [output]
        operator.builtinOptionsType, operator.builtinOptions = kind, options
        self._subgraph.operators.append(operator)

    def graph(self, signature: str, named: dict[str, int]) -> bytes:
        maps = []
        for name, index in named.items():
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = name, index
            maps.append(entry)
        self._subgraph.inputs = [maps[0].tensorIndex]
        self._subgraph.outputs = [entry.tensorIndex for entry in maps[1:]]
        definition = schema.SignatureDefT()
        definition.signatureKey, definition.subgraphIndex = signature, 0
        definition.inputs, definition.outputs = maps[:1], maps[1:]
        self._model.signatureDefs = [definition]
        self._model.subgraphs = [self._subgraph]
        builder = flatbuffers.Builder(4096)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
