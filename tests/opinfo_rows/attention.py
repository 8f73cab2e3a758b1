"""Attention."""

import numpy as np
from opinfo import FLOATS, OpInfo, make


def _attention(query, key, value, bias=None, mask=None, scale=None, is_causal=False):
    groups = query.shape[2] // key.shape[2]
    key, value = np.repeat(key, groups, 2), np.repeat(value, groups, 2)
    scale = 1 / np.sqrt(query.shape[-1]) if scale is None else scale
    scores = np.einsum("btnh,bsnh->bnts", query, key) * scale
    if bias is not None:
        scores = scores + bias
    if is_causal:
        causal = np.tril(np.ones(scores.shape[-2:], bool))
        mask = causal if mask is None else mask & causal
    if mask is not None:
        scores = np.where(mask, scores, -1e30)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return np.einsum("bnts,bsnh->btnh", weights / weights.sum(-1, keepdims=True), value)


def _samples(rng, dtype):
    def operands(queries=4, keys=5, heads=2, key_heads=2, size=3, value_size=3):
        return (
            make(rng, (2, queries, heads, size), dtype),
            make(rng, (2, keys, key_heads, size), dtype),
            make(rng, (2, keys, key_heads, value_size), dtype),
        )

    mask = rng.random((2, 1, 4, 5)) < 0.7
    mask[..., 0] = True
    return [
        (operands(), {}),
        (operands(), {"is_causal": True}),
        (operands(heads=4, key_heads=2), {"scale": 0.3, "mask": mask}),
        (operands(heads=4, key_heads=1), {"mask": mask[:, :, :1], "is_causal": True}),
        (operands(), {"bias": make(rng, (1, 2, 4, 5), dtype)}),
        (operands(queries=1, keys=9), {}),
        (operands(queries=9, keys=1), {"is_causal": True}),
    ]


def _zeros(*shapes):
    return tuple(np.zeros(shape, np.float32) for shape in shapes)


ROWS = [
    OpInfo(
        "dot_product_attention",
        _samples,
        _attention,
        FLOATS,
        errors=[
            (_zeros((2, 3), (2, 3), (2, 3)), {}, ValueError, r"shape \(batch, length, heads, size"),
            (
                _zeros((2, 3, 4, 5), (2, 3, 3, 5), (2, 3, 3, 5)),
                {},
                ValueError,
                r"query \(2, 3, 4, 5\), key \(2, 3, 3, 5\)",
            ),
            (
                _zeros((2, 3, 1, 5), (2, 4, 1, 6), (2, 4, 1, 6)),
                {},
                ValueError,
                r"key of query's size",
            ),
            (
                _zeros((2, 3, 1, 5), (2, 4, 1, 5), (2, 4, 1, 5)),
                {"mask": np.ones((2, 1, 3, 5), bool)},
                ValueError,
                r"mask that broadcasts to .* \(2, 1, 3, 4\), received shape \(2, 1, 3, 5\)",
            ),
            (
                _zeros((2, 3, 1, 5), (2, 4, 1, 5), (2, 4, 1, 5)),
                {"bias": np.ones((3, 1, 3, 4), np.float32)},
                ValueError,
                r"bias that broadcasts",
            ),
            (
                _zeros((2, 3, 1, 5), (2, 4, 1, 5), (2, 4, 1, 5)),
                {"attn_logits_soft_cap": 2.0},
                ValueError,
                r"attn_logits_soft_cap is not supported",
            ),
        ],
    ),
]
