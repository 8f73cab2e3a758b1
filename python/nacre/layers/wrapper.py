"""Wrapper: the base of layers that hold another one."""

from __future__ import annotations

from typing import Any

from nacre.layers.layer import Layer


class Wrapper(Layer):
    """A layer around another one: a base to derive from.

    Args:
        layer: The layer within.

    Raises:
        ValueError: ``layer`` is no layer.

    Example:
        >>> import nacre
        >>> class Twice(nacre.layers.Wrapper):
        ...     def call(self, inputs):
        ...         return self.layer(inputs) * 2.0
        >>> Twice(nacre.layers.Dense(4))(nacre.ops.ones((2, 3))).shape
        (2, 4)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                f"{type(self).__name__}: expected a layer to wrap, received {layer!r} of type "
                f"{type(layer).__name__}"
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer within."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments, the layer within as data."""
        from nacre.saving import serialize_keras_object

        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}
