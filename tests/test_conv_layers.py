"""Convolution and pooling layers: what does not fit is said; several outputs a channel."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers

IMAGE = np.ones((2, 5, 6, 3), np.float32)
SERIES = np.ones((2, 5, 3), np.float32)

ERRORS = [
    (lambda: layers.Conv1D(0, 3), "Conv1D: expected filters > 0, received 0"),
    (lambda: layers.Conv2D(4, 3, strides=0), "Conv2D: expected strides of at least 1"),
    (lambda: layers.Conv2D(4, 0), "Conv2D: expected kernel_size of at least 1"),
    (lambda: layers.Conv2D(4, []), "Conv2D: expected kernel_size of 1 or 2 numbers"),
    (lambda: layers.Conv2D(4, -3), "Conv2D: expected kernel_size of at least 1"),
    (lambda: layers.Conv3D(4, 3, dilation_rate=(1, 0, 1)), "dilation_rate of at least 1"),
    (lambda: layers.Conv1DTranspose(0, 3), "Conv1DTranspose: expected filters > 0"),
    (lambda: layers.Conv2DTranspose(4, 3, padding="causal"), "padding 'valid' or 'same'"),
    (
        lambda: layers.Conv2DTranspose(4, 3, strides=2, output_padding=2),
        r"output_padding less than strides, received output_padding=\(2, 2\), strides=\(2, 2\)",
    ),
    (lambda: layers.Conv2DTranspose(4, 3, output_padding=-1), "output_padding of at least 0"),
    (lambda: layers.Conv3DTranspose(4, 3, strides=2, dilation_rate=2), "not both"),
    (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier > 0, received 0"),
    (lambda: layers.DepthwiseConv1D(3, strides=0), "strides of at least 1"),
    (lambda: layers.SeparableConv2D(0, 3), "SeparableConv2D: expected filters > 0"),
    (lambda: layers.SeparableConv1D(4, 3, depth_multiplier=-1), "depth_multiplier > 0"),
    (lambda: layers.Conv2D(4, 3, groups=2, name="c")(IMAGE), "Conv2D 'c': expected input channels"),
    (
        lambda: layers.Conv2D(4, 7, name="c")(IMAGE),
        "Conv2D 'c': .* at least 7 along spatial axis 0",
    ),
    (lambda: layers.Conv1D(4, 3, name="c")(IMAGE), "Conv1D 'c': expected an input of rank 3"),
    (lambda: layers.Conv2DTranspose(4, 3, name="c")(SERIES), "'c': expected an input of rank 4"),
    (lambda: layers.DepthwiseConv2D(3, name="c")(SERIES), "'c': expected an input of rank 4"),
    (lambda: layers.SeparableConv1D(4, 3, name="c")(IMAGE), "'c': expected an input of rank 3"),
    (lambda: layers.MaxPooling2D(2, strides=0), "MaxPooling2D: expected strides of at least 1"),
    (lambda: layers.AveragePooling1D(-1), "pool_size of at least 1"),
    (lambda: layers.MaxPooling2D(2, padding="full"), "padding 'valid' or 'same'"),
    (lambda: layers.MaxPooling2D(7, name="p")(IMAGE), "'p': .* at least 7 along spatial axis 0"),
    (lambda: layers.GlobalMaxPooling1D(name="p")(IMAGE), "'p': expected an input of rank 3"),
    (lambda: layers.AdaptiveMaxPooling2D(0), "output_size of at least 1"),
    (lambda: layers.AdaptiveMaxPooling2D((1, 2, 3)), "output_size of 1 or 2 numbers"),
    (lambda: layers.AdaptiveAveragePooling1D(2, name="p")(IMAGE), "'p': expected an input of rank"),
    (lambda: layers.AdaptiveMaxPooling1D(2)(SERIES[:, :0]), "at least 1 along spatial axis 0"),
    (lambda: layers.UpSampling2D(0), "size of at least 1"),
    (lambda: layers.UpSampling2D(interpolation="cubic"), "unknown interpolation 'cubic'"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=[m for _, m in ERRORS])
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv1DTranspose(4, 3),
        layers.DepthwiseConv1D(3),
        layers.SeparableConv1D(4, 3),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_channels_stay_those_of_the_build(layer):
    layer(SERIES)
    with pytest.raises(ValueError, match="expected kernel input channels 3, received 2"):
        layer(SERIES[..., :2])


@pytest.mark.parametrize("multiplier", [1, 2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_depthwise_is_one_convolution_a_channel(multiplier, data_format):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 7, 8, 5)).astype(np.float32)
    w = rng.standard_normal((3, 2, 5, multiplier)).astype(np.float32)
    first = data_format == "channels_first"
    kwargs = {"strides": (2, 1), "padding": "same"}
    y = nacre.ops.depthwise_conv(
        np.moveaxis(x, -1, 1) if first else x, w, data_format=data_format, **kwargs
    ).numpy()
    y = np.moveaxis(y, 1, -1) if first else y
    for c in range(5):
        one = nacre.ops.conv(x[..., c : c + 1], w[:, :, c : c + 1], **kwargs).numpy()
        np.testing.assert_allclose(
            y[..., c * multiplier : (c + 1) * multiplier], one, rtol=1e-5, atol=1e-5
        )


def test_empty_batches():
    for layer in (
        layers.Conv2DTranspose(4, 3),
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.SeparableConv2D(4, 3),
        layers.AdaptiveAveragePooling2D(2),
    ):
        assert layer(IMAGE[:0]).shape[0] == 0
