"""Ops of neural networks: `keras.ops.nn`.

They are the functions of `nacre.ops`, sorted by Keras into this namespace.

Example:
    >>> from nacre import ops
    >>> ops.nn.relu([-1.0, 2.0])
    Tensor([0., 2.], dtype=float32)
"""

from typing import Any as _Any

from nacre.ops import _registry

_NAMES = """
    adaptive_average_pool adaptive_max_pool average_pool batch_normalization binary_crossentropy
    categorical_crossentropy celu conv conv_transpose ctc_decode ctc_loss depth_to_space
    depthwise_conv dot_product_attention elu fold gelu glu hard_shrink hard_sigmoid hard_silu
    hard_swish hard_tanh layer_normalization leaky_relu log_sigmoid log_softmax max_pool moments
    multi_hot normalize one_hot polar psnr relu relu6 rms_normalization selu separable_conv
    sigmoid silu soft_shrink softmax softplus softsign space_to_depth
    sparse_categorical_crossentropy sparse_plus sparse_sigmoid sparsemax squareplus swish
    tanh_shrink threshold unfold
"""

globals().update(_registry.among_ops(_NAMES.split()))


def __getattr__(name: str) -> _Any:
    raise AttributeError(_registry.unknown_name("nacre.ops.nn", name, globals()))


__all__ = sorted(name for name in globals() if not name.startswith("_"))
