"""Ops of neural networks against PyTorch (values and gradients) and real Keras 3 (values).

test_ops.py walks the whole table; here are the sizes and arguments that layers use, in float32.
"""

import itertools
import os

import numpy as np
import pytest

import nacre
from nacre import ops

os.environ.setdefault("KERAS_BACKEND", "jax")
torch = pytest.importorskip("torch", reason="torch is not installed (extra [parity])")
F = torch.nn.functional

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape).astype("float32")


def compare(ours, theirs, arrays, tolerance=2e-5):
    """Values and gradients of sum(f(x) * w) with fixed weights, scaled by the largest value."""
    mine = [nacre.convert_to_tensor(a) for a in arrays]
    with nacre.GradientTape() as tape:
        for x in mine:
            tape.watch(x)
        y = ours(*mine)
        w = normal(*y.shape)
        loss = ops.sum(y * w)
    grads = tape.gradient(loss, mine)
    others = [torch.tensor(a, requires_grad=True) for a in arrays]
    z = theirs(*others)
    (z * torch.tensor(w)).sum().backward()
    pairs = [(y, z.detach()), *zip(grads, (t.grad for t in others), strict=True)]
    for a, b in pairs:
        a, b = a.numpy(), b.numpy()
        assert a.shape == b.shape
        scale = max(1.0, np.abs(b).max())
        assert np.abs(a - b).max() <= tolerance * scale


def first(x):
    """(batch, ..., channels) of a torch tensor as (batch, channels, ...)."""
    return torch.movedim(x, -1, 1)


def last(x):
    return torch.movedim(x, 1, -1)


def kernel(w):
    """Keras's (..., in, out) as PyTorch's (out, in, ...)."""
    return torch.movedim(torch.movedim(w, -1, 0), -1, 1)


CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


@pytest.mark.parametrize(
    ("shape", "size", "filters", "strides", "dilation", "groups"),
    [
        ((2, 17, 5), (3,), 7, 1, 1, 1),
        ((2, 28, 28, 1), (3, 3), 32, 1, 1, 1),
        ((2, 13, 13, 32), (3, 3), 64, 1, 1, 1),
        ((2, 14, 14, 16), (1, 1), 24, 1, 1, 1),
        ((2, 15, 14, 8), (5, 3), 12, 2, 1, 1),
        ((2, 15, 14, 8), (3, 3), 12, 1, 2, 4),
        ((2, 15, 14, 8), (3, 3), 8, 2, 1, 8),
        ((1, 6, 7, 8, 4), (2, 3, 3), 5, 1, 1, 1),
    ],
)
def test_conv(shape, size, filters, strides, dilation, groups):
    x, w = normal(*shape), normal(*size, shape[-1] // groups, filters)
    n = len(size)

    def theirs(a, b):
        y = CONV[n](first(a), kernel(b), stride=strides, dilation=dilation, groups=groups)
        return last(y)

    compare(
        lambda a, b: ops.conv(a, b, strides, "valid", "channels_last", dilation), theirs, [x, w]
    )
    if all(k % 2 for k in size) and strides == 1:
        pads = [k // 2 * dilation for k in size]

        def same(a, b):
            return last(
                CONV[n](first(a), kernel(b), padding=pads, dilation=dilation, groups=groups)
            )

        compare(lambda a, b: ops.conv(a, b, 1, "same", dilation_rate=dilation), same, [x, w])


@pytest.mark.parametrize(("size", "strides"), [(2, 2), (3, 2), (2, 3), (3, 1)])
def test_conv_transpose(size, strides):
    x, w = normal(2, 5, 6, 4), normal(size, size, 3, 4)
    extra = max(size, strides) - size
    compare(
        lambda a, b: ops.conv_transpose(a, b, strides),
        lambda a, b: last(
            F.conv_transpose2d(first(a), kernel(b), stride=strides, output_padding=extra)
        ),
        [x, w],
    )


@pytest.mark.parametrize(("size", "strides"), [(2, 2), (3, 2), (3, 1)])
def test_pooling(size, strides):
    x = normal(3, 13, 12, 7)
    compare(
        lambda a: ops.max_pool(a, size, strides),
        lambda a: last(F.max_pool2d(first(a), size, strides)),
        [x],
    )
    compare(
        lambda a: ops.average_pool(a, size, strides),
        lambda a: last(F.avg_pool2d(first(a), size, strides)),
        [x],
    )


def test_max_pool_gives_ties_to_the_first():
    x = np.maximum(np.round(normal(2, 12, 12, 4)), 0)
    compare(lambda a: ops.max_pool(a, 2), lambda a: last(F.max_pool2d(first(a), 2)), [x])


@pytest.mark.parametrize("rows", [1, 33, 500])
def test_softmax_and_losses(rows):
    x, ids = 5 * normal(rows, 10), RNG.integers(0, 10, rows)
    target = np.exp(normal(rows, 10))
    target /= target.sum(-1, keepdims=True)
    compare(lambda a: ops.softmax(a), lambda a: F.softmax(a, -1), [x])
    compare(lambda a: ops.softmax(a, 0), lambda a: F.softmax(a, 0), [x])
    compare(lambda a: ops.log_softmax(a), lambda a: F.log_softmax(a, -1), [x])
    compare(
        lambda a: ops.sparse_categorical_crossentropy(ids, a, from_logits=True),
        lambda a: F.cross_entropy(a, torch.tensor(ids), reduction="none"),
        [x],
    )
    compare(
        lambda a: ops.categorical_crossentropy(target, a, from_logits=True),
        lambda a: F.cross_entropy(a, torch.tensor(target), reduction="none"),
        [x],
    )
    compare(
        lambda a: ops.binary_crossentropy(target, a, from_logits=True),
        lambda a: F.binary_cross_entropy_with_logits(a, torch.tensor(target), reduction="none"),
        [x],
    )


@pytest.mark.parametrize("shape", [(4, 8), (33, 100), (7, 5, 64)])
def test_normalization(shape):
    x, gamma, beta = 2 * normal(*shape) + 1, normal(shape[-1]), normal(shape[-1])
    compare(
        lambda a, g, b: ops.layer_normalization(a, g, b, epsilon=1e-3),
        lambda a, g, b: F.layer_norm(a, shape[-1:], g, b, 1e-3),
        [x, gamma, beta],
        1e-4,
    )
    compare(
        lambda a, g: ops.rms_normalization(a, g, epsilon=1e-5),
        lambda a, g: F.rms_norm(a, shape[-1:], g, 1e-5),
        [x, gamma],
        1e-4,
    )


ACTIVATIONS = {
    "elu": F.elu,
    "celu": F.celu,
    "selu": F.selu,
    "hard_silu": F.hardswish,
    "hard_sigmoid": F.hardsigmoid,
    "hard_tanh": F.hardtanh,
    "hard_shrink": F.hardshrink,
    "soft_shrink": F.softshrink,
    "tanh_shrink": F.tanhshrink,
    "silu": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "log_sigmoid": F.logsigmoid,
    "glu": F.glu,
    "gelu": lambda x: F.gelu(x, approximate="tanh"),
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    compare(getattr(ops, name), ACTIVATIONS[name], [6 * normal(50, 40)])


def test_same_padding_is_keras():
    keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
    for n, k, s in itertools.product((5, 6, 7), (1, 2, 3, 4), (1, 2, 3)):
        x, w = normal(1, n, n + 1, 2), normal(k, 2, 2, 3)
        for ours, theirs, args in (
            (ops.conv, keras.ops.conv, (x, w, s, "same")),
            (ops.max_pool, keras.ops.max_pool, (x, (k, 2), s, "same")),
            (ops.average_pool, keras.ops.average_pool, (x, (k, 2), s, "same")),
            (ops.conv_transpose, keras.ops.conv_transpose, (x, normal(k, 2, 3, 2), s, "same")),
            (ops.conv_transpose, keras.ops.conv_transpose, (x, normal(k, 2, 3, 2), s, "valid")),
        ):
            expected = np.asarray(theirs(*args))
            got = ours(*args).numpy()
            assert got.shape == expected.shape, (args[2:], n, k)
            np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)
