"""Images: keras.ops.image."""

import itertools
import math

import numpy as np
from opinfo import FLOATS, OpInfo, make

_IMAGE = np.ones((2, 5, 6, 3), "float32")


def _images(*specs, low=0.0, high=1.0):
    """Samples of (shapes, further arguments, keyword arguments)."""

    def samples(rng, dtype):
        return [
            ((*(make(rng, s, dtype, low, high) for s in shapes), *more), kwargs)
            for shapes, more, kwargs in specs
        ]

    return samples


def _last(x, data_format):
    return np.moveaxis(x, -3, -1) if data_format == "channels_first" else x


def _as(y, data_format):
    return np.moveaxis(y, -1, -3) if data_format == "channels_first" else y


_FILTERS = {
    "bilinear": (lambda x: np.maximum(0, 1 - x)),
    "bicubic": (
        lambda x: np.where(
            x < 1,
            1.5 * x**3 - 2.5 * x**2 + 1,
            np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0),
        )
    ),
}
for _radius in (3, 5):
    _FILTERS[f"lanczos{_radius}"] = lambda x, r=_radius: np.where(
        x <= r, np.sinc(x) * np.sinc(x / r), 0
    )


def _weights(size, out, method, antialias, scale=None, move=0.0):
    """The matrix (out, size) that resizes one axis."""
    step = size / out if scale is None else 1 / scale
    if method == "nearest":
        return np.eye(size)[np.floor((np.arange(out) + 0.5) * step).astype(int)]
    centers = (np.arange(out) + 0.5) * step - move * step - 0.5
    width = max(step, 1) if antialias else 1
    weights = _FILTERS[method](np.abs(centers[:, None] - np.arange(size)) / width)
    weights /= weights.sum(1, keepdims=True)
    return np.where(((centers >= -0.5) & (centers <= size - 0.5))[:, None], weights, 0)


def _resize(
    x,
    size,
    interpolation="bilinear",
    antialias=False,
    crop_to_aspect_ratio=False,
    pad_to_aspect_ratio=False,
    fill_mode="constant",
    fill_value=0.0,
    data_format=None,
):
    x = _last(np.asarray(x, np.float64), data_format)
    height, width = x.shape[-3:-1]
    wanted = int(width * size[0] / size[1]), int(height * size[1] / size[0])
    if crop_to_aspect_ratio:
        sizes = [max(min(n, w), 1) for n, w in zip((height, width), wanted, strict=True)]
        top, left = (height - sizes[0]) // 2, (width - sizes[1]) // 2
        x = x[..., top : top + sizes[0], left : left + sizes[1], :]
    if pad_to_aspect_ratio:
        top, left = (max(wanted[0], height) - height) // 2, (max(wanted[1], width) - width) // 2
        pads = [(0, 0)] * (x.ndim - 3) + [(top, top), (0 if top else left,) * 2, (0, 0)]
        x = np.pad(x, pads, constant_values=fill_value)
    rows = _weights(x.shape[-3], size[0], interpolation, antialias)
    columns = _weights(x.shape[-2], size[1], interpolation, antialias)
    return _as(np.einsum("ah,...hwc,bw->...abc", rows, x, columns), data_format)


def _scaled(x, output_shape, scale, translation, spatial_dims, method, antialias=True):
    y = np.asarray(x, np.float64)
    name = {"linear": "bilinear", "cubic": "bicubic"}.get(method, method)
    for axis, s, t in zip(spatial_dims, scale, translation, strict=True):
        matrix = _weights(y.shape[axis], output_shape[axis], name, antialias, s, t)
        y = np.moveaxis(np.tensordot(matrix, y, (1, axis)), 0, axis)
    return y


def _source(i, n, mode):
    if mode == "constant":
        return i if 0 <= i < n else None
    if mode == "nearest":
        return min(max(i, 0), n - 1)
    if mode == "wrap":
        return i % n
    line = list(range(n)) + (list(range(n))[-2:0:-1] if mode == "mirror" else list(range(n))[::-1])
    return line[i % len(line)]


def _map_coordinates(x, at, order, fill_mode="constant", fill_value=0.0):
    at = np.asarray(at, np.float64)
    x = np.asarray(x, np.float64)
    y = np.zeros(at.shape[1:])
    for p in np.ndindex(*at.shape[1:]):
        near = []
        for axis, c in enumerate(at[(slice(None), *p)]):
            low = math.floor(c + 0.5) if order == 0 else math.floor(c)
            pairs = [(low, 1.0)] if order == 0 else [(low, low + 1 - c), (low + 1, c - low)]
            near.append([(_source(i, x.shape[axis], fill_mode), w) for i, w in pairs])
        for corner in itertools.product(*near):
            index = tuple(i for i, _ in corner)
            value = fill_value if None in index else x[index]
            y[p] += value * math.prod(w for _, w in corner)
    return y


def _sampled(image, at, interpolation, fill_mode, fill_value):
    """Each channel of one image (H, W, C) at points (2, H, W)."""
    order = 1 if interpolation == "bilinear" else 0
    channels = [
        _map_coordinates(image[..., c], at, order, fill_mode, fill_value)
        for c in range(image.shape[-1])
    ]
    return np.stack(channels, -1)


def _affine(x, t, interpolation="bilinear", fill_mode="constant", fill_value=0, data_format=None):
    x = _last(np.asarray(x, np.float64), data_format)
    batch = x if x.ndim == 4 else x[None]
    t = np.broadcast_to(t, (len(batch), 8))
    h, w = np.meshgrid(*map(np.arange, batch.shape[1:3]), indexing="ij")
    y = [
        _sampled(
            image,
            np.stack([b0 * w + b1 * h + b2, a0 * w + a1 * h + a2]),
            interpolation,
            fill_mode,
            fill_value,
        )
        for image, (a0, a1, a2, b0, b1, b2, _, _) in zip(batch, t, strict=True)
    ]
    return _as(np.stack(y) if x.ndim == 4 else y[0], data_format)


def _perspective(x, start, end, interpolation="bilinear", fill_value=0, data_format=None):
    x = _last(np.asarray(x, np.float64), data_format)
    batch = x if x.ndim == 4 else x[None]
    starts = np.broadcast_to(start, (len(batch), 4, 2))
    ends = np.broadcast_to(end, (len(batch), 4, 2))
    h, w = np.meshgrid(*map(np.arange, batch.shape[1:3]), indexing="ij")
    out = []
    for image, s, e in zip(batch, starts, ends, strict=True):
        rows, target = [], []
        for (sx, sy), (ex, ey) in zip(s, e, strict=True):
            rows.append([ex, ey, 1, 0, 0, 0, -sx * ex, -sx * ey])
            rows.append([0, 0, 0, ex, ey, 1, -sy * ex, -sy * ey])
            target += [sx, sy]
        m = np.linalg.solve(np.array(rows, float), np.array(target, float))
        k = m[6] * w + m[7] * h + 1
        at = np.stack([(m[3] * w + m[4] * h + m[5]) / k, (m[0] * w + m[1] * h + m[2]) / k])
        out.append(_sampled(image, at, interpolation, "constant", fill_value))
    return _as(np.stack(out) if x.ndim == 4 else out[0], data_format)


def _gray(x, data_format=None):
    y = _last(np.asarray(x, np.float64), data_format)
    if y.shape[-1] == 1:
        return x
    y = (y * [0.2989, 0.5870, 0.1140]).sum(-1, keepdims=True)
    return _as(y, data_format).astype(x.dtype)


def _hsv(x, data_format=None):
    import colorsys

    y = _last(np.asarray(x, np.float64), data_format)
    return _as(np.apply_along_axis(lambda p: colorsys.rgb_to_hsv(*p), -1, y), data_format)


def _rgb(x, data_format=None):
    import colorsys

    y = _last(np.asarray(x, np.float64), data_format)
    return _as(np.apply_along_axis(lambda p: colorsys.hsv_to_rgb(*p), -1, y), data_format)


def _patches(x, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    axes = 3 if not np.isscalar(size) and len(size) == 3 else 2
    return _patches_of(x, size, strides, dilation_rate, padding, data_format, axes)


def _patches_3d(x, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    return _patches_of(x, size, strides, dilation_rate, padding, data_format, 3)


def _patches_of(x, size, strides, dilation_rate, padding, data_format, axes):
    def many(value):
        return (value,) * axes if np.isscalar(value) else tuple(value)

    if data_format == "channels_first":
        x = np.moveaxis(x, -axes - 1, -1)
    single = x.ndim == axes + 1
    x = x[None] if single else x
    size, dilation = many(size), many(dilation_rate)
    strides = size if strides is None else many(strides)
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    if padding == "same":
        outs = [-(-n // s) for n, s in zip(x.shape[1:], strides, strict=False)]
        totals = [
            max(0, (o - 1) * s + k - n)
            for o, s, k, n in zip(outs, strides, spans, x.shape[1:], strict=False)
        ]
        x = np.pad(x, [(0, 0), *((t // 2, t - t // 2) for t in totals), (0, 0)])
    else:
        outs = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:], spans, strides, strict=False)]
    parts = []
    for tap in itertools.product(*map(range, size)):
        where = tuple(
            slice(t * d, t * d + (o - 1) * s + 1, s)
            for t, d, o, s in zip(tap, dilation, outs, strides, strict=True)
        )
        parts.append(x[(slice(None), *where)])
    y = np.concatenate(parts, -1)
    if data_format == "channels_first":
        y = np.moveaxis(y, -1, 1)
    return y[0] if single else y


def _bell(size, sigma):
    x = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / sigma) ** 2)
    return x / x.sum()


def _filtered(x, rows, columns, same=True):
    """x (N, H, W, C) correlated with the outer product of two filters."""
    pads = [(0, 0)] * 4
    if same:
        for axis, taps in ((1, rows), (2, columns)):
            pads[axis] = ((len(taps) - 1) // 2, len(taps) // 2)
    x = np.pad(x, pads)
    y = 0
    height, width = x.shape[1] - len(rows) + 1, x.shape[2] - len(columns) + 1
    for i, r in enumerate(rows):
        for j, c in enumerate(columns):
            y = y + r * c * x[:, i : i + height, j : j + width]
    return y


def _blur(x, kernel_size=(3, 3), sigma=(1.0, 1.0), data_format=None):
    y = _last(np.asarray(x, np.float64), data_format)
    batch = y if y.ndim == 4 else y[None]
    batch = _filtered(batch, _bell(kernel_size[1], sigma[1]), _bell(kernel_size[0], sigma[0]))
    return _as(batch if y.ndim == 4 else batch[0], data_format)


def _sobel(x, data_format=None):
    y = _last(np.asarray(x, np.float64), data_format)
    dy, dx = _filtered(y, [-1, 0, 1], [1, 2, 1]), _filtered(y, [1, 2, 1], [-1, 0, 1])
    return np.stack([_as(dy, data_format), _as(dx, data_format)], -1)


def _ssim(x, y, max_val=1.0, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03, data_format=None):
    x, y = (_last(np.asarray(v, np.float64), data_format) for v in (x, y))
    single = x.ndim == 3
    x, y = (v[None] if single else v for v in (x, y))
    taps = _bell(filter_size, filter_sigma)

    def local(v):
        return _filtered(v, taps, taps, same=False)

    mx, my = local(x), local(y)
    vx, vy, cov = local(x * x) - mx**2, local(y * y) - my**2, local(x * y) - mx * my
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    value = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    value = value.mean((1, 2, 3))
    return value[0] if single else value


_TURN = np.array([0.8, -0.6, 1.1, 0.6, 0.8, -0.9, 0, 0], "float32")
_TURNS = np.stack([_TURN, [1.3, 0.1, -0.7, 0, 0.9, 0.4, 0, 0]]).astype("float32")
_CORNERS = np.array([[0, 0], [5, 0], [0, 4], [5, 4]], "float32")
_MOVED = np.array([[0.3, 0.5], [4.6, 0.2], [0.4, 3.5], [4.7, 3.9]], "float32")
_POINTS = np.random.default_rng(0).uniform(-2.3, 6.2, (2, 4, 3))
_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def _points(rng, dtype):
    x = make(rng, (4, 5), dtype)
    at = make(rng, (2, 4, 3), dtype, -2.3, 6.2)
    # Away from the kinks of linear interpolation, where there is no derivative.
    at = (np.floor(at) + np.clip(at - np.floor(at), 0.1, 0.9)).astype(at.dtype)
    return [
        *(((x, at, 1), {"fill_mode": mode, "fill_value": 0.5}) for mode in _MODES),
        ((make(rng, (6,), dtype), at[:1], 1), {}),
        ((make(rng, (3, 4, 2), dtype), np.concatenate([at, at[:1] / 3]), 1), {}),
    ]


def _nearest_points(rng, dtype):
    return [
        ((make(rng, (4, 5), dtype), _POINTS.astype("float32"), 0), {"fill_mode": mode})
        for mode in _MODES
    ]


ROWS = [
    OpInfo(
        "ops.image.resize",
        _images(
            (((2, 5, 6, 3),), ((7, 4),), {}),
            (((5, 6, 2),), ((3, 9),), {"interpolation": "nearest"}),
            (((2, 3, 5, 6),), ((8, 8),), {"data_format": "channels_first", "antialias": True}),
            (((1, 9, 8, 2),), ((4, 3),), {"interpolation": "bicubic", "antialias": True}),
            (((1, 9, 8, 1),), ((14, 5),), {"interpolation": "lanczos3"}),
            (((1, 9, 8, 1),), ((4, 5),), {"interpolation": "lanczos5", "antialias": True}),
            (((2, 6, 9, 1),), ((4, 4),), {"crop_to_aspect_ratio": True}),
            (((2, 6, 9, 1),), ((8, 4),), {"pad_to_aspect_ratio": True, "fill_value": 0.5}),
            (((2, 9, 4, 1),), ((4, 4),), {"pad_to_aspect_ratio": True}),
        ),
        _resize,
        FLOATS,
        rtol=8,
        errors=[
            ((_IMAGE, (4, 4)), {"interpolation": "cubic"}, ValueError, "unknown interpolation"),
            ((_IMAGE, (4,)), {}, ValueError, "size \\(height, width\\)"),
            ((_IMAGE, (4, 0)), {}, ValueError, "size \\(height, width\\) of at least 1"),
            ((_IMAGE, (4, -1)), {}, ValueError, "size \\(height, width\\) of at least 1"),
            ((_IMAGE[0, 0], (4, 4)), {}, ValueError, "rank 3 \\(one image\\) or 4"),
            ((_IMAGE[:, :0], (4, 4)), {}, ValueError, "images with pixels"),
            ((_IMAGE, (4, 4)), {"fill_mode": "wrap"}, ValueError, "fill_mode 'constant'"),
            (
                (_IMAGE, (4, 4)),
                {"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True},
                ValueError,
                "not both",
            ),
        ],
    ),
    OpInfo(
        "ops.image.scale_and_translate",
        _images(
            (
                ((2, 5, 6, 3),),
                ((2, 7, 4, 3), (1.3, 0.6), (0.4, -0.7), (1, 2), "linear"),
                {},
            ),
            (((5, 6),), ((8, 6), (1.7,), (-1.0,), (0,), "cubic", False), {}),
            (((5, 6),), ((3, 6), (0.5,), (0.2,), (0,), "lanczos3"), {}),
        ),
        _scaled,
        rtol=16,
        keras=False,
        errors=[
            ((_IMAGE, (2, 5, 6, 3), (1.0,), (0.0, 0.0), (1,), "linear"), {}, ValueError, "each of"),
            ((_IMAGE, (2, 5, 6, 3), (0.0,), (0.0,), (1,), "linear"), {}, ValueError, "scale > 0"),
            ((_IMAGE, (2, 5, 6, 3), (1.0,), (0.0,), (1,), "box"), {}, ValueError, "unknown method"),
        ],
    ),
    OpInfo(
        "ops.image.map_coordinates",
        _points,
        _map_coordinates,
        second=False,
        rtol=8,
        errors=[
            ((_IMAGE, np.ones((2, 3)), 1), {}, ValueError, "one row an axis"),
            ((np.ones(4), np.ones(1), 1), {}, ValueError, "one row an axis"),
            ((np.ones(4), np.ones((1, 2)), 2), {}, ValueError, "order 0 or 1, received 2"),
            ((np.ones(4), np.ones((1, 2)), 1, "border"), {}, ValueError, "unknown fill_mode"),
        ],
    ),
    OpInfo(
        "ops.image.affine_transform",
        _images(
            (((2, 5, 6, 3),), (_TURNS,), {"fill_mode": "reflect"}),
            (((5, 6, 2),), (_TURN,), {"fill_value": 0.3}),
            (((1, 2, 5, 6),), (_TURN[None],), {"data_format": "channels_first"}),
            (((1, 5, 6, 1),), (_TURN[None],), {"interpolation": "nearest", "fill_mode": "wrap"}),
        ),
        _affine,
        second=False,
        rtol=64,
        errors=[
            ((_IMAGE, np.ones(6)), {}, ValueError, "transform of shape \\(8,\\) or"),
            ((_IMAGE, np.ones((3, 8))), {}, ValueError, "one transform or one an image"),
            ((_IMAGE, _TURN), {"fill_mode": "edge"}, ValueError, "unknown fill_mode"),
            ((_IMAGE, _TURN), {"interpolation": "cubic"}, ValueError, "unknown interpolation"),
            ((_IMAGE[0, 0], _TURN), {}, ValueError, "rank 3 \\(one image\\) or 4"),
            ((_IMAGE[:, :0], _TURN), {}, ValueError, "images with pixels"),
        ],
    ),
    OpInfo(
        "ops.image.perspective_transform",
        _images(
            (((2, 5, 6, 3),), (np.stack([_CORNERS] * 2), np.stack([_MOVED, _CORNERS])), {}),
            (((5, 6, 2),), (_CORNERS, _MOVED), {"fill_value": 0.3}),
        ),
        _perspective,
        ("float32",),  # the map is found in float32, as in Keras
        grad=False,
        rtol=256,
        errors=[
            ((_IMAGE, _CORNERS[:3], _CORNERS), {}, ValueError, "points of shape \\(4, 2\\)"),
            ((_IMAGE, _CORNERS, _CORNERS[None]), {}, ValueError, "of one shape"),
        ],
    ),
    OpInfo(
        "ops.image.rgb_to_grayscale",
        _images(
            (((2, 5, 6, 3),), (), {}),
            (((3, 4, 5),), (), {"data_format": "channels_first"}),
            (((4, 5, 1),), (), {}),
            high=200,
        ),
        _gray,
        (*FLOATS, "uint8", "int32"),
        errors=[
            ((_IMAGE[..., :2],), {}, ValueError, "1 or 3 channels"),
            ((_IMAGE[0, 0],), {}, ValueError, "rank 3 \\(one image\\) or 4"),
        ],
    ),
    OpInfo(
        "ops.image.rgb_to_hsv",
        _images((((2, 5, 6, 3),), (), {}), (((3, 4, 5),), (), {"data_format": "channels_first"})),
        _hsv,
        second=False,
        rtol=16,
        errors=[
            ((_IMAGE[..., :1],), {}, ValueError, "3 channels"),
            ((_IMAGE.astype("uint8"),), {}, ValueError, "floating dtype, received 'uint8'"),
        ],
    ),
    OpInfo(
        "ops.image.hsv_to_rgb",
        _images((((2, 5, 6, 3),), (), {}), (((3, 4, 5),), (), {"data_format": "channels_first"})),
        _rgb,
        second=False,
        rtol=16,
        errors=[((_IMAGE.astype("uint8"),), {}, ValueError, "floating dtype, received 'uint8'")],
    ),
    OpInfo(
        "ops.image.pad_images",
        _images(
            (
                ((2, 5, 6, 3),),
                (),
                {"top_padding": 1, "left_padding": 2, "target_height": 9, "target_width": 8},
            ),
            (((5, 6, 3),), (1, 0, 2, 3), {}),
            (
                ((2, 3, 5, 6),),
                (),
                {
                    "bottom_padding": 1,
                    "right_padding": 2,
                    "target_height": 7,
                    "target_width": 9,
                    "data_format": "channels_first",
                },
            ),
        ),
        None,
        FLOATS,
        errors=[
            ((_IMAGE, 1, 1, 1), {}, ValueError, "exactly two of left_padding"),
            ((_IMAGE, 1, 1, 1, 1, 9), {}, ValueError, "exactly two of top_padding"),
            ((_IMAGE, -1, 0, 0, 0), {}, ValueError, "padding of at least 0"),
            ((_IMAGE, 1, 0), {"target_height": 3, "target_width": 9}, ValueError, "at least 0"),
        ],
    ),
    OpInfo(
        "ops.image.crop_images",
        _images(
            (
                ((2, 5, 6, 3),),
                (),
                {"top_cropping": 1, "left_cropping": 2, "target_height": 3, "target_width": 4},
            ),
            (((5, 6, 3),), (1, 0, 2, 3), {}),
            (
                ((2, 3, 5, 6),),
                (),
                {
                    "bottom_cropping": 1,
                    "right_cropping": 2,
                    "target_height": 3,
                    "target_width": 2,
                    "data_format": "channels_first",
                },
            ),
        ),
        None,
        FLOATS,
        errors=[
            ((_IMAGE, 1, 1, 1), {}, ValueError, "exactly two of left_cropping"),
            ((_IMAGE, 1, 1), {"target_height": 9, "target_width": 2}, ValueError, "at least 0"),
        ],
    ),
    OpInfo(
        "ops.image.extract_patches",
        _images(
            (((2, 6, 7, 3),), (3,), {}),
            (((6, 7, 2),), ((2, 3),), {"strides": (1, 2)}),
            (((2, 3, 6, 7),), (2,), {"padding": "same", "data_format": "channels_first"}),
            (((1, 6, 7, 1),), (2,), {"strides": 1, "dilation_rate": 2}),
            (((1, 4, 5, 4, 2),), ((2, 3, 2),), {}),
        ),
        _patches,
        FLOATS,
        errors=[
            ((_IMAGE, 0), {}, ValueError, "size of at least 1"),
            ((_IMAGE, 2), {"strides": 0}, ValueError, "strides of at least 1"),
            ((_IMAGE, 7), {}, ValueError, "at least 7 along spatial axis 0"),
            ((_IMAGE[0, 0], 2), {}, ValueError, "images of rank 3 or 4"),
            ((_IMAGE, 2), {"padding": "full"}, ValueError, "padding 'valid' or 'same'"),
        ],
    ),
    OpInfo(
        "ops.image.extract_patches_3d",
        _images(
            (((2, 4, 5, 4, 2),), (2,), {"padding": "same"}), (((4, 5, 4, 2),), ((1, 2, 3),), {})
        ),
        _patches_3d,
        errors=[((np.ones((4, 4, 4)), 2), {}, ValueError, "images of rank 4 or 5")],
    ),
    OpInfo(
        "ops.image.gaussian_blur",
        _images(
            (((2, 5, 6, 3),), (), {}),
            (((7, 6, 2),), ((5, 3), (0.7, 1.4)), {}),
            (((2, 3, 5, 6),), ((4, 3), (1.0, 2.0)), {"data_format": "channels_first"}),
        ),
        _blur,
        rtol=8,
        keras=False,  # leaves data_format=None as channels first
        errors=[
            ((_IMAGE, 0), {}, ValueError, "kernel_size of at least 1"),
            ((_IMAGE, 3, (1.0, 0.0)), {}, ValueError, "sigma of one or two numbers > 0"),
        ],
    ),
    OpInfo(
        "ops.image.sobel_edges",
        _images(
            (((2, 5, 6, 3),), (), {}), (((2, 3, 5, 6),), (), {"data_format": "channels_first"})
        ),
        _sobel,
        rtol=8,
        keras=False,
        errors=[((_IMAGE[0, 0],), {}, ValueError, "rank 3 \\(one image\\) or 4")],
    ),
    OpInfo(
        "ops.image.elastic_transform",
        _images((((2, 5, 6, 3),), (), {"seed": 1}), (((5, 6, 3),), (), {"seed": 1, "alpha": 0.0})),
        None,
        grad=False,
        keras=False,
        errors=[
            ((_IMAGE,), {"sigma": 0.0}, ValueError, "sigma > 0"),
            ((_IMAGE,), {"interpolation": "cubic"}, ValueError, "unknown interpolation"),
        ],
    ),
    OpInfo(
        "ops.image.ssim",
        _images(
            (((2, 12, 13, 3), (2, 12, 13, 3)), (), {}),
            (((9, 8, 1), (9, 8, 1)), (), {"filter_size": 5, "max_val": 2.0}),
        ),
        _ssim,
        rtol=64,
        errors=[
            ((_IMAGE, _IMAGE[:1]), {}, ValueError, "images of one shape"),
            ((_IMAGE, _IMAGE), {}, ValueError, "at least 11 along spatial axis 0"),
        ],
    ),
]
