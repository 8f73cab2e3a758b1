"""Activations, losses, normalization."""

import itertools
import math

import numpy as np
from opinfo import FLOATS, OpInfo, calls, make, on

_erf = np.vectorize(math.erf, otypes=[float])


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _activation(name, ref, *arguments, low=-3.0, high=3.0, dtypes=FLOATS, **options):
    samples = (
        calls((2, 3, 5), *arguments, low=low, high=high) if arguments else on((2, 3, 5), low, high)
    )
    return OpInfo(name, samples, ref, dtypes, **options)


def _log_softmax(x, axis=-1):
    x = np.asarray(x, np.float64)
    shifted = x - x.max(axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))


def _softmax(x, axis=-1):
    return np.exp(_log_softmax(x, axis))


def _sparsemax(x, axis=-1):
    x = np.moveaxis(np.asarray(x, np.float64), axis, -1)
    ordered = -np.sort(-x, -1)
    totals = np.cumsum(ordered, -1)
    k = np.arange(1, x.shape[-1] + 1)
    size = (1 + k * ordered > totals).sum(-1, keepdims=True)
    tau = (np.take_along_axis(totals, size - 1, -1) - 1) / size
    return np.moveaxis(np.maximum(x - tau, 0), -1, axis)


def _elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _gelu(x, approximate=True):
    if approximate:
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


def _glu(x, axis=-1):
    a, b = np.split(x, 2, axis)
    return a * _sigmoid(b)


def _soft_shrink(x, threshold=0.5):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def _sparse_plus(x):
    return np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4))


# --- losses ---


def _categorical(target, output, from_logits=False, axis=-1):
    if from_logits:
        log_p = _log_softmax(output, axis)
    else:
        log_p = np.log(np.clip(output / output.sum(axis, keepdims=True), 1e-7, 1 - 1e-7))
    return -(target * log_p).sum(axis)


def _sparse_categorical(target, output, from_logits=False, axis=-1):
    if target.ndim == output.ndim:
        target = target[..., 0]
    hot = np.moveaxis(np.eye(output.shape[axis])[target], -1, axis)
    return _categorical(hot, output, from_logits, axis)


def _binary(target, output, from_logits=False):
    p = _sigmoid(output) if from_logits else np.clip(output, 1e-7, 1 - 1e-7)
    return -(target * np.log(p) + (1 - target) * np.log(1 - p))


def _categorical_samples(rng, dtype):
    def target():
        return make(rng, (4, 3), dtype, 0, 1)

    return [
        ((target(), make(rng, (4, 3), dtype, 0.2, 1)), {}),
        ((target(), make(rng, (4, 3), dtype)), {"from_logits": True}),
        ((target(), make(rng, (4, 3), dtype)), {"from_logits": True, "axis": 0}),
    ]


def _sparse_samples(rng, dtype):
    ids = make(rng, (4,), "int32", 0, 2)
    return [
        ((ids, make(rng, (4, 3), dtype, 0.2, 1)), {}),
        ((ids, make(rng, (4, 3), dtype)), {"from_logits": True}),
        ((ids[:, None], make(rng, (4, 3), dtype)), {"from_logits": True}),
        ((make(rng, (2, 4), "int32", 0, 2), make(rng, (2, 4, 3), dtype)), {"from_logits": True}),
    ]


def _binary_samples(rng, dtype):
    return [
        ((make(rng, (4, 3), dtype, 0, 1), make(rng, (4, 3), dtype, 0.05, 0.95)), {}),
        ((make(rng, (4, 3), dtype, 0, 1), make(rng, (4, 3), dtype)), {"from_logits": True}),
    ]


# --- normalization ---


def _batch_norm(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    shape = [1] * x.ndim
    shape[axis] = -1
    y = (x - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + epsilon)
    y = y if scale is None else y * scale.reshape(shape)
    return y if offset is None else y + offset.reshape(shape)


def _batch_norm_samples(rng, dtype):
    def line(n, low=-1.0):
        return make(rng, (n,), dtype, low, 2)

    x = make(rng, (2, 3, 4), dtype)
    return [
        ((x, line(4), line(4, 0.5), -1), {}),
        ((x, line(4), line(4, 0.5), 2, line(4), line(4)), {"epsilon": 1e-2}),
        ((x, line(3), line(3, 0.5), 1), {"scale": line(3)}),
    ]


def _layer_norm(x, gamma=None, beta=None, axis=-1, epsilon=1e-7):
    axes = tuple(np.arange(x.ndim)[list(np.atleast_1d(axis))])
    shape = [n if i in axes else 1 for i, n in enumerate(x.shape)]
    y = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)
    y = y if gamma is None else y * gamma.reshape(shape)
    return y if beta is None else y + beta.reshape(shape)


def _layer_norm_samples(rng, dtype):
    x = make(rng, (2, 3, 8), dtype)
    line = make(rng, (8,), dtype)
    return [
        ((x,), {}),
        ((x, line, line), {"epsilon": 1e-3}),
        ((x, make(rng, (3, 8), dtype)), {"axis": (1, 2)}),
        ((x, make(rng, (3,), dtype)), {"axis": 1, "epsilon": 1e-2}),
    ]


def _rms_norm(x, scale=None, axis=-1, epsilon=1e-7):
    y = x / np.sqrt((x * x).mean(axis, keepdims=True) + epsilon)
    return y if scale is None else y * scale


def _rms_norm_samples(rng, dtype):
    x = make(rng, (2, 3, 8), dtype)
    return [((x,), {}), ((x, make(rng, (8,), dtype)), {"epsilon": 1e-3}), ((x,), {"axis": (0, 2)})]


def _moments(x, axes, keepdims=False):
    axes = tuple(axes)
    return x.mean(axes, keepdims=keepdims), x.var(axes, keepdims=keepdims)


def _normalize(x, axis=-1, order=2):
    return x / np.maximum(np.linalg.norm(x, order, axis, keepdims=True), 1e-7)


def _ctc_samples(rng, dtype):
    target = np.array([[1, 2, 2], [3, 0, 0], [0, 0, 0]], "int32")
    logits = make(rng, (3, 6, 4), dtype, -2, 2)
    lengths = np.array([3, 1, 0], "int32"), np.array([6, 4, 5], "int32")
    return [
        ((target, logits, *lengths), {}),
        ((target[:1] - 1, logits[:1], lengths[0][:1], lengths[1][:1]), {"mask_index": 3}),
    ]


def _ctc(target, output, target_length, output_length, mask_index=0):
    """Sums over all paths of classes, one by one."""
    log_p = _log_softmax(output)
    losses = []
    for labels, p, n, steps in zip(target, log_p, target_length, output_length, strict=True):
        total = 0.0
        for path in itertools.product(range(p.shape[1]), repeat=int(steps)):
            kept = [c for c, _ in itertools.groupby(path) if c != mask_index]
            if kept == labels[:n].tolist():
                total += np.exp(p[np.arange(steps), list(path)].sum())
        losses.append(-np.log(total))
    return np.array(losses)


def _greedy(inputs, sequence_lengths, merge_repeated=True):
    paths = np.full((1, *inputs.shape[:2]), -1, "int32")
    for b, (x, steps) in enumerate(zip(inputs, sequence_lengths, strict=True)):
        best = x[:steps].argmax(-1).tolist()
        kept = [c for c, _ in itertools.groupby(best)] if merge_repeated else best
        kept = [c for c in kept if c]
        paths[0, b, : len(kept)] = kept
    scores = [-x[:n].max(-1).sum() for x, n in zip(inputs, sequence_lengths, strict=True)]
    return paths, np.array(scores)[:, None]


def _decode_samples(rng, dtype):
    logits, lengths = make(rng, (2, 7, 3), dtype), np.array([7, 4], "int32")
    return [((logits, lengths), {}), ((logits, lengths), {"merge_repeated": False})]


_LENGTHS = (np.array([1]), np.array([3]))
_LOGITS = np.ones((1, 3, 4))

ROWS = [
    OpInfo(
        "ctc_loss",
        _ctc_samples,
        _ctc,
        ("float32", "float64"),
        rtol=4,
        errors=[
            ((np.ones(2), _LOGITS, *_LENGTHS), {}, ValueError, r"\(batch, labels\)"),
            ((np.array([[9]]), _LOGITS, *_LENGTHS), {}, ValueError, "labels from 0 to 3"),
            ((np.array([[1]]), _LOGITS, np.array([2]), _LENGTHS[1]), {}, ValueError, "0 to 1"),
            ((np.array([[1]]), _LOGITS, _LENGTHS[0], np.array([4])), {}, ValueError, "0 to 3"),
            ((np.array([[1]]), _LOGITS, *_LENGTHS), {"mask_index": 4}, ValueError, "mask_index"),
        ],
    ),
    OpInfo(
        "ctc_decode",
        _decode_samples,
        _greedy,
        ("float32", "float64"),
        grad=False,
        errors=[
            ((np.ones((3, 4)), _LENGTHS[1]), {}, ValueError, r"\(batch, steps, classes\)"),
            ((_LOGITS, np.array([4])), {}, ValueError, "from 0 to 3"),
            ((_LOGITS, _LENGTHS[1]), {"strategy": "best"}, ValueError, "'greedy'"),
            ((_LOGITS, _LENGTHS[1]), {"top_paths": 0}, ValueError, "top_paths"),
        ],
    ),
    _activation(
        "softmax",
        _softmax,
        (),
        {"axis": 1},
        {"axis": (0, 2)},
        errors=[((np.ones((2, 3)),), {"axis": 2}, ValueError, "softmax.*axis")],
    ),
    _activation("log_softmax", _log_softmax, (), {"axis": 0}, {"axis": (1, 2)}),
    # Keras 3.15 adds up the cumulative sums of the whole support: its rows do not sum to 1.
    _activation("sparsemax", _sparsemax, (), {"axis": 1}, keras=False),
    _activation(
        "leaky_relu",
        lambda x, negative_slope=0.2: np.where(x >= 0, x, negative_slope * x),
        (),
        (0.5,),
    ),
    _activation("elu", _elu, (), {"alpha": 0.5}),
    _activation(
        "celu",
        lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha)),
        (),
        {"alpha": 2.0},
    ),
    _activation("selu", lambda x: 1.0507009873554805 * _elu(x, 1.6732632423543772)),
    _activation("gelu", _gelu, (), {"approximate": False}),
    OpInfo(
        "glu",
        calls((2, 4, 6), (), {"axis": 1}),
        _glu,
        FLOATS,
        errors=[((np.ones((2, 3)),), {}, ValueError, "even size")],
    ),
    _activation("hard_sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1), low=-5, high=5),
    _activation("hard_silu", lambda x: x * np.clip(x / 6 + 0.5, 0, 1), low=-5, high=5),
    _activation("hard_tanh", lambda x: np.clip(x, -1, 1)),
    _activation(
        "hard_shrink", lambda x, threshold=0.5: np.where(np.abs(x) > threshold, x, 0), (), (1.0,)
    ),
    _activation("soft_shrink", _soft_shrink, (), {"threshold": 1.0}),
    _activation("tanh_shrink", lambda x: x - np.tanh(x)),
    _activation(
        "threshold",
        lambda x, threshold, default_value: np.where(x > threshold, x, default_value),
        (0.5, -2.0),
        {"threshold": 1, "default_value": 0},
    ),
    _activation("squareplus", lambda x, b=4: (x + np.sqrt(x * x + b)) / 2, (), {"b": 1}),
    _activation("sparse_plus", _sparse_plus),
    _activation("sparse_sigmoid", lambda x: np.clip(0.5 * (x + 1), 0, 1)),
    OpInfo(
        "categorical_crossentropy",
        _categorical_samples,
        _categorical,
        FLOATS,
        rtol=2,
        errors=[((np.ones((2, 3)), np.ones((2, 4))), {}, ValueError, r"\(2, 3\).*\(2, 4\)")],
    ),
    OpInfo(
        "sparse_categorical_crossentropy",
        _sparse_samples,
        _sparse_categorical,
        FLOATS,
        rtol=2,
        keras_dtype=False,  # Keras's loss is float32 for the half types
        errors=[
            (
                (np.array([0, 3]), np.ones((2, 3))),
                {},
                ValueError,
                "class ids from 0 to 2, received 3",
            ),
            (
                (np.array([-1, 2]), np.ones((2, 3))),
                {"from_logits": True},
                ValueError,
                "received -1",
            ),
            ((np.array([1, 2, 0]), np.ones((2, 3))), {}, ValueError, r"\(2,\), received \(3,\)"),
        ],
    ),
    OpInfo(
        "binary_crossentropy",
        _binary_samples,
        _binary,
        FLOATS,
        rtol=4,
        errors=[((np.ones(2), np.ones(3)), {}, ValueError, r"\(2,\).*\(3,\)")],
    ),
    OpInfo(
        "batch_normalization",
        _batch_norm_samples,
        _batch_norm,
        FLOATS,
        rtol=8,
        errors=[
            (
                (np.ones((2, 3)), np.ones(2), np.ones(3), -1),
                {},
                ValueError,
                r"mean of shape \(3,\), received \(2,\)",
            )
        ],
    ),
    OpInfo(
        "layer_normalization",
        _layer_norm_samples,
        _layer_norm,
        FLOATS,
        rtol=4,
        errors=[((np.ones((2, 3)), np.ones(2)), {}, ValueError, r"gamma of shape \(3,\)")],
    ),
    OpInfo("rms_normalization", _rms_norm_samples, _rms_norm, FLOATS, rtol=4),
    OpInfo(
        "moments",
        calls((3, 4, 5), ((0,),), ((0, 2),), {"axes": (1,), "keepdims": True}),
        _moments,
        FLOATS,
        rtol=2,
    ),
    OpInfo(
        "normalize",
        calls((3, 4), (), {"axis": 0, "order": 1}, {"order": 3}),
        _normalize,
        FLOATS,
        rtol=2,
        errors=[((np.ones(3),), {"order": 0}, ValueError, "order >= 1")],
    ),
]
