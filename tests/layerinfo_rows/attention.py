"""Rows of layers: attention and positions."""

from layerinfo import LayerInfo


def projections(query, value, key, heads, key_heads, key_size, value_size, out, *, gate=False):
    """Kernels and biases in Keras's order."""
    weights = []
    shapes = [(query, heads, key_size), (key, key_heads, key_size)]
    shapes += [(query, heads, value_size)] if gate else []
    for shape in [*shapes, (value, key_heads, value_size)]:
        weights += [("kernel", shape), ("bias", shape[1:])]
    return [*weights, ("kernel", (heads, value_size, *out)), ("bias", out)]


SELF = [(2, 5, 8), (2, 5, 8)]
CROSS = [(2, 5, 8), (2, 7, 6), (2, 7, 4)]  # query, value, key

ROWS = [
    LayerInfo(
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 4},
        SELF,
        (2, 5, 8),
        projections(8, 8, 8, 2, 2, 4, 4, (8,)),
        spread=True,
    ),
    LayerInfo(
        "MultiHeadAttention",
        {"num_heads": 3, "key_dim": 4, "value_dim": 5, "output_shape": (2, 3)},
        CROSS,
        (2, 5, 2, 3),
        projections(8, 6, 4, 3, 3, 4, 5, (2, 3)),
        spread=True,
        case="cross",
    ),
    LayerInfo(
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "use_bias": False, "sliding_window": 2},
        SELF,
        (2, 5, 8),
        [("kernel", (8, 2, 3))] * 3 + [("kernel", (2, 3, 8))],
        spread=True,
        case="window",
    ),
    LayerInfo(
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "use_gate": True},
        SELF,
        (2, 5, 8),
        projections(8, 8, 8, 2, 2, 3, 3, (8,), gate=True),
        spread=True,
        case="gate",
    ),
    LayerInfo(
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 4},
        [(2, 3, 4, 8), (2, 5, 2, 8)],
        (2, 3, 4, 8),
        projections(8, 8, 8, 2, 2, 4, 4, (8,)),
        spread=True,
        tolerance=40,  # large scores: both round
        case="axes",
    ),
    LayerInfo(
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 4, "attention_axes": (2,)},
        [(2, 3, 4, 8), (2, 3, 5, 8)],
        (2, 3, 4, 8),
        projections(8, 8, 8, 2, 2, 4, 4, (8,)),
        spread=True,
        tolerance=40,
        case="axis",
    ),
    LayerInfo(
        "GroupQueryAttention",
        {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2},
        SELF,
        (2, 5, 8),
        projections(8, 8, 8, 4, 2, 4, 4, (8,)),
        spread=True,
    ),
    LayerInfo(
        "GroupQueryAttention",
        {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 1, "use_gate": True},
        [(2, 5, 8), (2, 7, 8), (2, 7, 8)],
        (2, 5, 8),
        projections(8, 8, 8, 4, 1, 4, 4, (8,), gate=True),
        spread=True,
        case="gate",
    ),
    LayerInfo("Attention", {}, [(2, 5, 4), (2, 7, 4)], (2, 5, 4)),
    LayerInfo(
        "Attention",
        {"use_scale": True},
        [(2, 5, 4), (2, 7, 3), (2, 7, 4)],
        (2, 5, 3),
        [("scale", ())],
        case="scale",
    ),
    LayerInfo(
        "Attention",
        {"use_scale": True, "score_mode": "concat"},
        [(2, 5, 4), (2, 7, 4)],
        (2, 5, 4),
        [("scale", ()), ("concat_score_weight", ())],
        case="concat",
    ),
    LayerInfo("Attention", {}, [(2, 3, 5, 4), (2, 3, 7, 4)], (2, 3, 5, 4), case="rank4"),
    LayerInfo("AdditiveAttention", {}, [(2, 5, 4), (2, 7, 4)], (2, 5, 4), [("scale", (4,))]),
    LayerInfo(
        "AdditiveAttention",
        {"use_scale": False},
        [(2, 5, 4), (2, 7, 3), (2, 7, 4)],
        (2, 5, 3),
        case="plain",
    ),
    LayerInfo(
        "PositionEmbedding",
        {"sequence_length": 6},
        (2, 5, 4),
        (2, 5, 4),
        [("embeddings", (6, 4))],
        keras=False,
        gradient=False,
    ),
    LayerInfo("SinePositionEncoding", {}, (2, 5, 7), (2, 5, 7), keras=False, gradient=False),
    LayerInfo("RotaryEmbedding", {}, (2, 5, 3, 8), (2, 5, 3, 8), keras=False),
    LayerInfo(
        "RotaryEmbedding",
        {"sequence_axis": 2, "feature_axis": 1, "scaling_factor": 2.0},
        (2, 6, 5, 3),
        (2, 6, 5, 3),
        keras=False,
        case="axes",
    ),
]
