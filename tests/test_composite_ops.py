"""Ops that are written in Python, of other ops: values, gradients, placeholders, errors."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import ops

RNG = np.random.default_rng(0)


def check_gradient(function, *inputs, index=0, step=1e-6):
    """The gradient of sum(function * weights) against central differences, in float64."""
    inputs = [np.asarray(x, "float64") for x in inputs]
    weights = RNG.normal(size=np.shape(function(*inputs)))

    def loss(x):
        given = [*inputs[:index], x, *inputs[index + 1 :]]
        return ops.sum(function(*[ops.convert_to_tensor(v) for v in given]) * weights)

    received = nacre.grad(loss)(ops.convert_to_tensor(inputs[index])).numpy()
    expected = np.zeros_like(inputs[index])
    for at in np.ndindex(expected.shape):
        moved = [inputs[index].copy(), inputs[index].copy()]
        moved[0][at] += step
        moved[1][at] -= step
        up, down = (float(loss(ops.convert_to_tensor(m))) for m in moved)
        expected[at] = (up - down) / (2 * step)
    np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-6)


# Windows


@pytest.mark.parametrize("name", ["bartlett", "blackman", "hamming", "hanning"])
@pytest.mark.parametrize("count", [0, 1, 2, 9, 16])
def test_windows(name, count):
    for given in (count, np.int64(count), ops.convert_to_tensor(count)):
        window = getattr(ops, name)(given)
        assert window.dtype == "float32"
        np.testing.assert_allclose(window.numpy(), getattr(np, name)(count), atol=1e-7)
    with pytest.raises(ValueError, match=f"{name}: expected a number of points"):
        getattr(ops, name)(2.5)


@pytest.mark.parametrize("beta", [0, 5.0, 14])
def test_kaiser(beta):
    np.testing.assert_allclose(ops.kaiser(12, beta).numpy(), np.kaiser(12, beta), atol=1e-7)


def test_i0():
    x = np.concatenate([[0.0, 8.0], np.linspace(-20, 20, 101), [300.0, -300.0]])
    np.testing.assert_allclose(ops.i0(ops.convert_to_tensor(x, "float64")), np.i0(x), rtol=1e-13)
    single = ops.i0(ops.convert_to_tensor(x[:-2], "float32"))
    np.testing.assert_allclose(single, np.i0(x[:-2]), rtol=3e-6)
    half = ops.i0(ops.convert_to_tensor([0.5, 3.0], "float16"))
    assert half.dtype == "float16"
    np.testing.assert_allclose(half, np.i0([0.5, 3.0]), rtol=1e-3)
    assert ops.i0([1, 2]).dtype == "float32"
    check_gradient(ops.i0, [-9.0, -1.0, 0.5, 3.0, 7.9, 8.1])


# Products


@pytest.mark.parametrize("increasing", [True, False])
@pytest.mark.parametrize("count", [None, 0, 1, 4])
def test_vander(count, increasing):
    x = np.array([2, -1, 3, 0])
    received = ops.vander(x, count, increasing).numpy()
    np.testing.assert_array_equal(received, np.vander(x, count, increasing))
    check_gradient(lambda v: ops.vander(v, 4), [0.0, 1.0, -2.0])


def test_corrcoef():
    x = RNG.normal(size=(3, 7))
    received = ops.corrcoef(ops.convert_to_tensor(x, "float64"))
    np.testing.assert_allclose(received, np.corrcoef(x), rtol=1e-12)
    assert ops.corrcoef(x[0]).shape == ()
    assert ops.corrcoef([[1, 2, 4], [2, 1, 0]]).dtype == "float32"
    # The diagonal is cut to 1, where differences from one side see a kink.
    check_gradient(lambda v: ops.corrcoef(v)[0, 1:], x)


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@pytest.mark.parametrize(("n", "m"), [(7, 3), (6, 4), (3, 7), (4, 4), (1, 1), (5, 1)])
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_correlate(n, m, mode, dtype):
    x1, x2 = (RNG.integers(-5, 6, size).astype(dtype) for size in (n, m))
    received = ops.correlate(x1, x2, mode)
    assert received.dtype == dtype
    np.testing.assert_array_equal(received.numpy(), np.correlate(x1, x2, mode))
    for index in (0, 1):
        check_gradient(lambda a, b: ops.correlate(a, b, mode), x1, x2, index=index)


def test_cdist():
    x, y = RNG.normal(size=(2, 4, 3)), RNG.normal(size=(2, 5, 3))
    expected = np.linalg.norm(x[:, :, None] - y[:, None], axis=-1)
    np.testing.assert_allclose(ops.cdist(x, y).numpy(), expected, rtol=1e-5)
    check_gradient(ops.cdist, x, y)
    check_gradient(ops.cdist, x, y, index=1)
    points = ops.convert_to_tensor(x[0], "float32")
    gradient = nacre.grad(lambda v: ops.sum(ops.cdist(v, points)))(points)
    assert np.isfinite(gradient.numpy()).all()
    assert ops.cdist([[0, 0]], [[3, 4]]).numpy().tolist() == [[5.0]]


def test_slogdet():
    x = RNG.normal(size=(5, 4, 4))
    sign, logarithm = ops.slogdet(ops.convert_to_tensor(x, "float64"))
    expected = np.linalg.slogdet(x)
    np.testing.assert_array_equal(sign.numpy(), expected[0])
    np.testing.assert_allclose(logarithm.numpy(), expected[1], rtol=1e-10)
    np.testing.assert_allclose(ops.logdet(x).numpy(), expected[1], rtol=1e-4)
    check_gradient(ops.logdet, x[:2])
    sign, logarithm = ops.slogdet([[1.0, 1.0], [1.0, 1.0]])
    assert float(sign) == 0
    large = np.eye(200) * 1e4  # whose determinant overflows
    np.testing.assert_allclose(float(ops.logdet(large)), 200 * np.log(1e4), rtol=1e-6)


def test_the_second_derivative_of_logdet():
    x = RNG.normal(size=(3, 3))

    def squared_gradient(v):
        return ops.sum(nacre.grad(lambda a: ops.sum(ops.logdet(a)))(v) ** 2)

    inverse = np.linalg.inv(x)
    expected = -2 * inverse.T @ inverse @ inverse.T  # of the squared norm of the inverse
    received = nacre.grad(squared_gradient)(ops.convert_to_tensor(x, "float64"))
    np.testing.assert_allclose(received.numpy(), expected, rtol=1e-8)


def test_select():
    x = RNG.normal(size=(3, 4)).astype("float32")
    conditions, choices = [x < -0.5, x < 0.5], [x * 2, x[:1]]
    received = ops.select(conditions, choices, 7.0).numpy()
    np.testing.assert_array_equal(received, np.select(conditions, choices, np.float32(7)))
    check_gradient(lambda v: ops.select([v < 0], [v * v], -v), x)
    for wrong in (([], []), ([True], [1, 2])):
        with pytest.raises(ValueError, match="select: expected a choice for each condition"):
            ops.select(*wrong)


# Blocks


@pytest.mark.parametrize("block", [2, 3])
def test_blocks(block):
    x = RNG.normal(size=(2, 6, 12, 9 * 4)).astype("float32")
    for data_format in ("channels_last", "channels_first"):
        given = x if data_format == "channels_last" else x.transpose(0, 3, 1, 2)
        deep = ops.space_to_depth(given, block, data_format)
        back = ops.depth_to_space(deep, block, data_format)
        np.testing.assert_array_equal(back.numpy(), given)
    deep = ops.space_to_depth(x, block).numpy()
    assert deep.shape == (2, 6 // block, 12 // block, 36 * block**2)
    np.testing.assert_array_equal(deep[0, 0, 0, :36], x[0, 0, 0])
    np.testing.assert_array_equal(deep[0, 0, 0, 36:72], x[0, 0, 1])
    check_gradient(lambda v: ops.depth_to_space(v, 2), RNG.normal(size=(1, 2, 1, 4)))


WINDOWS = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2), "stride": (1, 2), "padding": (2, 1)},
    {"kernel_size": 2, "dilation": (2, 3), "stride": 2, "padding": 1},
    {"kernel_size": (1, 4), "stride": 3},
]


@pytest.mark.parametrize("options", WINDOWS)
def test_unfold_and_fold(options):
    x = RNG.normal(size=(2, 3, 6, 7))
    columns = ops.unfold(ops.convert_to_tensor(x, "float64"), **options)
    # fold is the transpose of unfold: <unfold(x), c> = <x, fold(c)>.
    other = RNG.normal(size=columns.shape)
    folded = ops.fold(ops.convert_to_tensor(other, "float64"), (6, 7), **options)
    assert folded.shape == x.shape
    np.testing.assert_allclose((columns.numpy() * other).sum(), (x * folded.numpy()).sum())
    check_gradient(lambda v: ops.unfold(v, **options), x[:1, :1])
    check_gradient(lambda v: ops.fold(v, (6, 7), **options), other[:1])


def test_the_order_of_windows():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    columns = ops.unfold(x, 2, stride=2).numpy()[0]
    np.testing.assert_array_equal(columns, [[0, 2, 8, 10], [1, 3, 9, 11], [4, 6, 12, 14],
                                            [5, 7, 13, 15]])  # fmt: skip


def test_dilated_windows():
    x = np.arange(25.0).reshape(1, 1, 5, 5)
    columns = ops.unfold(x, (2, 1), dilation=(3, 1)).numpy()[0]
    np.testing.assert_array_equal(columns, [x[0, 0, :2].ravel(), x[0, 0, 3:].ravel()])


def test_sequences():
    x = RNG.normal(size=(2, 3, 11))
    expected = np.lib.stride_tricks.sliding_window_view(x, 4, -1)[..., ::3, :]
    received = ops.extract_sequences(ops.convert_to_tensor(x, "float64"), 4, 3)
    np.testing.assert_array_equal(received.numpy(), expected)
    check_gradient(lambda v: ops.extract_sequences(v, 4, 2), x)


@pytest.mark.parametrize("window", ["hann", "hamming", None, RNG.random(12) + 0.1])
@pytest.mark.parametrize("center", [True, False])
def test_short_time_fourier_transform_and_back(window, center):
    x = RNG.normal(size=(2, 3, 85))
    signal = ops.convert_to_tensor(x, "float64")
    parts = ops.stft(signal, 12, 3, 16, window, center)
    # The inner samples: at the ends, windows are missing or weigh nothing.
    back = ops.istft(parts, 12, 3, 16, window=window, center=center).numpy()
    inner = slice(16, back.shape[-1] - 16)
    np.testing.assert_allclose(back[..., inner], x[..., : back.shape[-1]][..., inner], rtol=1e-9)
    assert ops.istft(parts, 12, 3, 16, 120, window, center).shape == (2, 3, 120)
    check_gradient(lambda v: ops.stft(v, 4, 3, 8, center=center)[1], x[0, :, :12])
    with pytest.raises(TypeError, match="stft: expected float32 or float64, received int32"):
        ops.stft(np.ones(90, "int32"), 12, 3, 16, window, center)


def test_psnr():
    x, y = RNG.random((2, 4, 4, 3)), RNG.random((2, 4, 4, 3))
    expected = 20 * np.log10(255) - 10 * np.log10(((x - y) ** 2).mean())
    np.testing.assert_allclose(float(ops.psnr(x, y, 255)), expected, rtol=1e-5)
    check_gradient(lambda a, b: ops.psnr(a, b, 1.0), x[0, 0], y[0, 0])
    assert float(ops.psnr(x, x, 1.0)) == np.inf


@pytest.mark.parametrize(
    ("pattern", "lengths", "expected"),
    [
        ("b h w c -> b c h w", {}, lambda x: x.transpose(0, 3, 1, 2)),
        ("b h w c -> (b h) w c", {}, lambda x: x.reshape(8, 6, 3)),
        ("b h w c -> b (c h w)", {}, lambda x: x.transpose(0, 3, 1, 2).reshape(2, 72)),
        (
            "b (h1 h) (w1 w) c->(b h1 w1) h w c",
            {"h1": 2, "w1": 3},
            lambda x: x.reshape(2, 2, 2, 3, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(12, 2, 2, 3),
        ),
        ("b (h one) w c -> b h one w c", {"h": 4, "one": 1}, lambda x: x[:, :, None]),
    ],
)
def test_rearrange(pattern, lengths, expected):
    x = RNG.normal(size=(2, 4, 6, 3)).astype("float32")
    np.testing.assert_array_equal(ops.rearrange(x, pattern, **lengths).numpy(), expected(x))


def test_get_item():
    x = np.arange(12).reshape(3, 4)
    for key in (1, slice(0, 2), (slice(None), 2), (..., None), (slice(None, None, 2), -1)):
        np.testing.assert_array_equal(ops.get_item(x, key).numpy(), x[key])


def test_placeholders():
    """In a model drawn with an unknown batch size, as on tensors."""
    x = nacre.Input((4, 4, 8))
    image = ops.depth_to_space(x, 2)
    back = ops.rearrange(ops.space_to_depth(image, 2), "b h w c -> b c h w")
    columns = ops.unfold(back, 2, stride=2)
    folded = ops.fold(columns, 4, 2, stride=2)
    distances = ops.cdist(ops.rearrange(folded, "b c h w -> b c (h w)"), np.ones((5, 16)))
    model = nacre.Model(x, [image, ops.i0(folded), distances])
    assert [tuple(y.shape) for y in model.outputs] == [
        (None, 8, 8, 2), (None, 8, 4, 4), (None, 8, 5),
    ]  # fmt: skip
    value = RNG.normal(size=(3, 4, 4, 8)).astype("float32")
    image, bessel, _ = model.predict(value, verbose=0)
    np.testing.assert_array_equal(image, ops.depth_to_space(value, 2).numpy())
    np.testing.assert_allclose(bessel, np.i0(value.transpose(0, 3, 1, 2)), rtol=1e-5)


IMAGE = np.ones((1, 4, 6, 8), "float32")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.vander([[1]]), r"vander: expected a vector, received the shape \(1, 1\)"),
        (lambda: ops.vander([1], -1), "vander: expected `N` of at least 0"),
        (lambda: ops.corrcoef(IMAGE), "corrcoef: expected a vector or a matrix"),
        (lambda: ops.correlate([], [1.0]), "correlate: expected two vectors that are not empty"),
        (lambda: ops.correlate([[1.0]], [1.0]), "correlate: expected two vectors"),
        (lambda: ops.correlate([1.0], [1.0], "half"), "correlate: expected `mode`"),
        (lambda: ops.cdist([1.0], [[1.0]]), "cdist: expected matrices"),
        (lambda: ops.cdist([[1.0]], [[1.0, 2.0]]), r"cdist: .* \(1, 1\) and \(1, 2\)"),
        (lambda: ops.psnr([1.0], [1.0, 2.0], 1.0), "psnr: expected tensors of one shape"),
        (lambda: ops.extract_sequences([1.0], 2, 1), "expected `sequence_length`"),
        (lambda: ops.extract_sequences([1.0], 1, 0), "expected `sequence_stride`"),
        (lambda: ops.extract_sequences(1.0, 1, 1), "expected a known last axis"),
        (lambda: ops.stft(IMAGE, 4, 1, 2), "stft: expected sequence_length in"),
        (lambda: ops.stft(IMAGE, 2, 0, 2), "stft: expected sequence_stride"),
        (lambda: ops.stft(IMAGE, 8, 1, 16), "stft: expected more than fft_length / 2 = 8"),
        (lambda: ops.stft(IMAGE, 8, 1, 16, center=False), "at least fft_length=16"),
        (lambda: ops.stft(IMAGE, 2, 1, 2, "sine"), "stft: expected window 'hann', 'hamming'"),
        (lambda: ops.stft(IMAGE, 2, 1, 2, [1.0]), r"stft: expected a window of shape \(2,\)"),
        (lambda: ops.istft([IMAGE[0, 0, 0]] * 2, 2, 1, 2), "istft: expected tensors of shape"),
        (lambda: ops.slogdet(IMAGE), "slogdet: expected square matrices"),
        (lambda: ops.depth_to_space(IMAGE, 1), "depth_to_space: expected `block_size`"),
        (lambda: ops.depth_to_space(IMAGE, 3), "expected a multiple of 9 channels"),
        (lambda: ops.depth_to_space(IMAGE[0], 2), "depth_to_space: expected images of rank 4"),
        (lambda: ops.depth_to_space(IMAGE, 2, "last"), "depth_to_space: expected `data_format`"),
        (lambda: ops.space_to_depth(IMAGE, 3), "space_to_depth: .* multiples of 3"),
        (lambda: ops.unfold(IMAGE[0], 2), "unfold: expected images of shape"),
        (lambda: ops.unfold(IMAGE, 9), r"unfold: expected images of at least \(9, 9\) pixels"),
        (lambda: ops.unfold(IMAGE, 2, stride=0), "unfold: expected `stride` one or two integers"),
        (lambda: ops.unfold(IMAGE, (1, 2, 3)), "unfold: expected `kernel_size`"),
        (lambda: ops.fold(np.ones((1, 3, 4)), 4, 2, stride=2), "fold: expected columns of shape"),
        (lambda: ops.fold(np.ones((1, 4, 5)), 4, 2, stride=2), "a multiple of 4, 4"),
        (lambda: ops.rearrange(IMAGE, "b h w c"), "rearrange: expected one '->'"),
        (lambda: ops.rearrange(IMAGE, "b h w c -> b h w"), "each axis once"),
        (lambda: ops.rearrange(IMAGE, "b h w w -> b h w w"), "each axis once"),
        (lambda: ops.rearrange(IMAGE, "b ... -> ... b"), "expected names and parentheses"),
        (lambda: ops.rearrange(IMAGE, "b (h w c -> b h w c"), "expected names and parentheses"),
        (lambda: ops.rearrange(IMAGE, "b h w -> b h w"), "expected a tensor of rank 3"),
        (lambda: ops.rearrange(IMAGE, "b (h g) w c -> b h g w c"), "all but one of"),
        (lambda: ops.rearrange(IMAGE, "b (h g) w c -> b h g w c", g=3), "its lengths divide"),
        (
            lambda: ops.rearrange(IMAGE, "b (h g) w c -> b h g w c", g=0),
            "expected positive integers",
        ),
        (lambda: ops.rearrange(IMAGE, "b h w c -> c b h w", k=2), r"received \['k'\]"),
        (lambda: ops.rearrange(IMAGE, "b h w c -> c b h w", w=5), "its lengths divide"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
