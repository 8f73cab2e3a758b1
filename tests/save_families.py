"""Writes one trained model of each family, with inputs and the outputs that Python predicts.

    python tests/save_families.py FOLDER

NAME.nacre is the model; NAME.safetensors holds "x0", "x1", ... and "y0", "y1", ... What C++
predicts from the first must have the bits of the second: tests/cpp/installed compares them.
"""

from __future__ import annotations

import json
import pathlib
import struct
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import nacre
from nacre import Input, Model, Sequential, layers, ops

ROWS = 12
NAMES = {"float32": "F32", "int32": "I32", "uint8": "U8"}


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((ROWS, *shape)).astype("float32")


def ids(*shape: int, below: int = 20) -> np.ndarray:
    return np.random.default_rng(1).integers(0, below, (ROWS, *shape)).astype("int32")


def mlp() -> tuple:
    x = noise(10)
    stack = [
        Input((10,)),
        layers.Dense(16, activation="relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        layers.Dense(16, activation="gelu", kernel_regularizer="l2"),
        layers.LeakyReLU(),
        layers.PReLU(),
        layers.GaussianNoise(0.1),
        layers.Dense(4, activation="softmax"),
    ]
    return Sequential(stack), [x]


def convnet() -> tuple:
    image, scale = Input((12, 12, 1), name="image"), Input((8,), name="scale")
    x = layers.Conv2D(8, 3, activation="relu")(image)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D(2)(x) * ops.sigmoid(scale)[:, None, None]
    x = layers.SpatialDropout2D(0.5)(layers.ZeroPadding2D(1)(x))
    x = layers.Conv2D(8, 3, groups=2, dilation_rate=2)(x)
    x = layers.Flatten()(layers.Cropping2D(((0, 1), (1, 0)))(x))
    shared = layers.Dense(8, activation="tanh")
    h = layers.Add()([shared(x), shared(-x)])
    outputs = [layers.Dense(10, activation="softmax")(h), h * 2.0]
    return Model([image, scale], outputs), [noise(12, 12, 1), noise(8)]


def residual() -> tuple:
    inputs = Input((8, 8, 3))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(inputs)
    for stride in (1, 2):
        y = layers.ReLU()(layers.BatchNormalization()(x))
        y = layers.Conv2D(8, 3, strides=stride, padding="same")(y)
        x = layers.Add()([layers.Conv2D(8, 1, strides=stride)(x), y])
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(5)(x)), [noise(8, 8, 3)]


def convolutions() -> tuple:
    """Over one, two and three axes, depthwise, separable, transposed; both data formats."""
    line, volume = Input((16, 4)), Input((4, 6, 6, 2))
    a = layers.Conv1D(6, 3, padding="causal", activation="swish")(line)
    a = layers.DepthwiseConv1D(3, depth_multiplier=2)(a)
    a = layers.SeparableConv1D(6, 3)(a)
    a = layers.Conv1DTranspose(4, 3, strides=2)(a)
    a = layers.GlobalMaxPooling1D()(layers.AveragePooling1D(2)(a))
    b = layers.Conv3D(4, 3, padding="same")(volume)
    b = layers.Conv3DTranspose(3, 2, strides=2)(layers.MaxPooling3D(2)(b))
    b = layers.Permute((4, 1, 2, 3))(b)
    b = layers.Reshape((12, 6, 6))(b)
    b = layers.Conv2D(4, 3, data_format="channels_first", padding="same")(b)
    b = layers.Permute((2, 3, 1))(b)
    b = layers.SeparableConv2D(8, 3, depth_multiplier=2)(layers.UpSampling2D(2)(b))
    b = layers.DepthwiseConv2D(3, strides=2)(b)
    b = layers.Flatten()(layers.AdaptiveAveragePooling2D(2)(b))
    return Model([line, volume], layers.Concatenate()([a, b])), [noise(16, 4), noise(4, 6, 6, 2)]


def recurrent() -> tuple:
    tokens = Input((9,), dtype="int32")
    x = layers.Embedding(20, 8, mask_zero=True)(tokens)
    x = layers.Bidirectional(layers.LSTM(6, return_sequences=True))(x)
    x, state = layers.GRU(8, return_sequences=True, return_state=True)(x)
    x = layers.TimeDistributed(layers.Dense(8, activation="relu"))(x)
    x = layers.SimpleRNN(8, return_sequences=True, go_backwards=True)(x, initial_state=state)
    cells = layers.StackedRNNCells([layers.LSTMCell(5), layers.GRUCell(4)])
    x = layers.RNN(cells)(layers.Masking()(x))
    return Model(tokens, layers.Dense(2)(x)), [ids(9)]


def transformer() -> tuple:
    tokens, memory = Input((7,), dtype="int32"), Input((5, 16))
    x = layers.Embedding(20, 16, mask_zero=True)(tokens)
    x = layers.Add()([x, layers.PositionEmbedding(7)(x), layers.SinePositionEncoding()(x)])
    y = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(4, 4, dropout=0.1)(y, y, use_causal_mask=True)
    x = x + layers.GroupQueryAttention(4, 4, 2)(layers.RMSNormalization()(x), memory)
    x = x + layers.Attention()([layers.RotaryEmbedding()(x), memory])
    x = x + layers.AdditiveAttention()([x, memory])
    x = layers.EinsumDense("abc,cd->abd", output_shape=(None, 16), bias_axes="d")(x)
    words = layers.ReversibleEmbedding(20, 16, logit_soft_cap=5.0)
    logits = words(x + words(tokens), reverse=True)
    return Model([tokens, memory], logits), [ids(7), noise(5, 16)]


def autoencoder() -> tuple:
    encoder = Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(6),
        ],
        name="encoder",
    )
    decoder = Sequential(
        [
            Input((6,)),
            layers.Dense(64, activation="relu"),
            layers.Reshape((4, 4, 4)),
            layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="elu"),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ],
        name="decoder",
    )
    inputs = Input((8, 8, 1))
    return Model(inputs, decoder(encoder(inputs))), [noise(8, 8, 1)]


def detector() -> tuple:
    """Several outputs, some of them cut from a feature pyramid."""
    image = Input((16, 16, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(image)
    fine = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
    coarse = layers.MaxPooling2D(2)(fine)
    merged = layers.Maximum()([fine, layers.UpSampling2D(2, interpolation="bilinear")(coarse)])
    outputs = {
        "boxes": layers.Conv2D(4, 1)(merged),
        "scores": ops.sigmoid(layers.Conv2D(3, 1)(merged)),
        "whole": layers.Dense(2)(layers.GlobalMaxPooling2D()(coarse)),
    }
    return Model(image, outputs), [noise(16, 16, 3)]


def preprocessing() -> tuple:
    picture, numbers, classes = (
        Input((12, 12, 3), dtype="uint8"),
        Input((4,)),
        Input((1,), dtype="int32"),
    )
    x = layers.Rescaling(1 / 255, offset=-0.5)(layers.Resizing(10, 9)(picture))
    for step in (
        layers.RandomFlip(),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.1),
        layers.RandomTranslation(0.1, 0.1),
        layers.RandomContrast(0.2),
        layers.RandomBrightness(0.2, value_range=(-0.5, 0.5)),
        layers.RandomErasing(),
        layers.RandomPerspective(),
        layers.AutoContrast((-0.5, 0.5)),
        layers.Equalization((-0.5, 0.5)),
        layers.Pipeline([layers.Solarization(0.1, 0.5), layers.RandomPosterization(4)]),
        layers.RandomElasticTransform(value_range=(-0.5, 0.5)),
        layers.RandAugment((-0.5, 0.5)),
        layers.AugMix((-0.5, 0.5), num_chains=2, chain_depth=1),
        layers.ContrastLimitedAdaptiveHistogramEqualization((-0.5, 0.5), tile_grid_size=2),
        layers.RandomCrop(8, 8),
        layers.CenterCrop(7, 6),
    ):
        x = step(x)
    scaled = layers.Normalization()
    scaled.adapt(noise(4))
    buckets = layers.Discretization(num_bins=4, output_mode="one_hot")
    buckets.adapt(noise(4))
    hot = layers.CategoryEncoding(20, output_mode="one_hot")(classes)
    hashed = layers.CategoryEncoding(8, output_mode="one_hot")(layers.Hashing(8)(classes))
    parts = [
        layers.Flatten()(x),
        scaled(numbers),
        layers.Flatten()(buckets(numbers)),
        hot,
        hashed,
    ]
    pictures = np.random.default_rng(0).integers(0, 256, (ROWS, 12, 12, 3)).astype("uint8")
    return (
        Model([picture, numbers, classes], layers.Dense(3)(layers.Concatenate()(parts))),
        [pictures, noise(4), ids(1)],
    )


def frames() -> tuple:
    """Convolution within recurrence."""
    stack = [
        Input((4, 6, 6, 2)),
        layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True),
        layers.ConvLSTM2D(3, 3),
        layers.Flatten(),
        layers.Dense(2),
    ]
    return Sequential(stack), [noise(4, 6, 6, 2)]


def norms() -> tuple:
    inputs = Input((6, 6, 8))
    x = layers.SpectralNormalization(layers.Conv2D(8, 3))(inputs)
    x = layers.GroupNormalization(4)(x)
    x = layers.LayerNormalization(axis=(1, 2, 3))(x)
    x = layers.BatchNormalization(renorm=True)(x)
    x = layers.UnitNormalization()(layers.RMSNormalization()(x))
    return Model(inputs, layers.Dense(3)(layers.Flatten()(x))), [noise(6, 6, 8)]


def merging() -> tuple:
    a, b = Input((6,)), Input((6,))
    u, v = layers.Dense(6)(a), layers.Dense(6)(b)
    merges = [layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum]
    parts = [merge()([u, v]) for merge in (*merges, layers.Minimum)]
    parts += [layers.Dot(axes=1, normalize=True)([u, v]), ops.exp(-ops.abs(u - 0.5)) ** 2.0]
    return Model([a, b], layers.Concatenate()(parts)), [noise(6), noise(6, seed=1)]


FAMILIES: dict[str, Callable[[], tuple]] = {
    build.__name__: build
    for build in (
        mlp,
        convnet,
        residual,
        convolutions,
        recurrent,
        transformer,
        autoencoder,
        detector,
        preprocessing,
        frames,
        norms,
        merging,
    )
}


def trained(name: str) -> tuple[Any, list, list]:
    """A model of the family after an epoch, inputs for it, and what it predicts of them."""
    nacre.utils.set_random_seed(0)
    model, inputs = FAMILIES[name]()
    first = nacre.tree.flatten(model(inputs if len(inputs) > 1 else inputs[0]))
    targets = [noise(*y.shape[1:], seed=i) for i, y in enumerate(first)]
    x = inputs if len(inputs) > 1 else inputs[0]
    if isinstance(model.output, dict):
        y: Any = dict(zip(sorted(model.output), targets, strict=True))
        loss: Any = dict.fromkeys(model.output, "mse")
    else:
        y, loss = (targets, ["mse"] * len(targets)) if len(targets) > 1 else (targets[0], "mse")
    model.compile("adam", loss)
    model.fit(x, y, batch_size=4, verbose=0)
    return model, inputs, nacre.tree.flatten(model.predict(x, verbose=0))


def write_arrays(path: pathlib.Path, arrays: dict[str, np.ndarray]) -> None:
    """A safetensors file."""
    header, data = {}, b""
    for name, array in arrays.items():
        end = len(data) + array.nbytes
        header[name] = {
            "dtype": NAMES[str(array.dtype)],
            "shape": array.shape,
            "data_offsets": [len(data), end],
        }
        data += array.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main(folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in FAMILIES:
        model, inputs, outputs = trained(name)
        model.save(folder / f"{name}.nacre")
        arrays = {f"x{i}": x for i, x in enumerate(inputs)}
        arrays |= {f"y{i}": y for i, y in enumerate(outputs)}
        write_arrays(folder / f"{name}.safetensors", arrays)
        print(name, "saved")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
