"""Pipeline: steps of preparing data as one layer."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.augmentation import DataLayer
from nacre.layers.layer import Layer


@native
class Pipeline(DataLayer):
    """Layers in a row: each gets what the one before gave.

    Unlike ``Sequential`` it is a layer, not a model, and it acts as in training unless
    ``training=False`` is given.

    Call arguments:
        inputs: What the first layer takes: an array, or a dict of "images", "labels" and
            "segmentation_masks" for layers on images.
        training: Whether random layers act.

    Args:
        layers: The layers, the first one first.

    Input shape:
        That of the first layer.

    Output shape:
        That of the last layer.

    Raises:
        ValueError: One of ``layers`` is no layer.

    Example:
        >>> import nacre
        >>> from nacre import layers
        >>> pipeline = layers.Pipeline([layers.RandomFlip(), layers.RandomCrop(6, 6)])
        >>> pipeline(nacre.ops.ones((2, 8, 8, 3))).shape
        (2, 6, 6, 3)
    """

    def __init__(self, layers: Any, name: str | None = None) -> None: ...

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        given = list(arguments["layers"])
        for layer in given:
            if not isinstance(layer, Layer):
                raise ValueError(f"Pipeline: expected layers, received a {type(layer).__name__}")
        super()._init_native(cls, {**arguments, "layers": given})
        object.__setattr__(self, "layers", given)
        for layer in given:
            self._owned[id(layer)] = layer

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        from nacre.saving import serialize_keras_object

        return {
            "layers": [serialize_keras_object(layer) for layer in self.layers],
            "name": self.name,
        }
