"""Ops on images: `keras.ops.image`.

Images are tensors of shape (height, width, channels), or a batch of them; with
`data_format="channels_first"` the channels come before the height.

Example:
    >>> from nacre import ops
    >>> ops.image.resize(ops.ones((2, 8, 8, 3)), (4, 6)).shape
    (2, 4, 6, 3)
"""

from typing import Any as _Any

from nacre.ops import _registry

globals().update(_registry.ops_of("ops.image"))


def __getattr__(name: str) -> _Any:
    raise AttributeError(_registry.unknown_name("nacre.ops.image", name, globals()))


__all__ = sorted(name for name in globals() if not name.startswith("_"))
