"""The block that the Transformer examples share."""

from nacre import layers


def transformer_block(x, heads, dropout, causal=False, memory=None, hidden=4):
    """Pre-norm: x + attention to itself, (+ attention to a memory), + a small network.

    Args:
        x: (batch, length, width).
        heads: Attention heads; they share the width.
        dropout: Rate of dropout behind each part.
        causal: Whether a position sees only those before it.
        memory: (batch, other length, width): what an encoder read.
        hidden: Width of the small network over the width of x.
    """
    width = x.shape[-1]

    def attend(query, value, **kwargs):
        attention = layers.MultiHeadAttention(heads, width // heads, dropout=dropout)
        return layers.Dropout(dropout)(attention(query, value, **kwargs))

    y = layers.LayerNormalization(epsilon=1e-5)(x)
    x = layers.add([x, attend(y, y, use_causal_mask=causal)])
    if memory is not None:
        x = layers.add([x, attend(layers.LayerNormalization(epsilon=1e-5)(x), memory)])
    y = layers.LayerNormalization(epsilon=1e-5)(x)
    y = layers.Dense(hidden * width, activation="gelu")(y)
    y = layers.Dropout(dropout)(layers.Dense(width)(y))
    return layers.add([x, y])
