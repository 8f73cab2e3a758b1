"""Layers on the bounding boxes of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre._native import native
from nacre._structure import is_tensor_like
from nacre.layers.arguments import BASE_ARGUMENTS
from nacre.layers.augmentation import DataLayer


@native
class MaxNumBoundingBoxes(DataLayer):
    """The same number of bounding boxes for each image: cut off, or filled up.

    Args:
        max_number: Number of boxes.
        fill_value: What boxes and labels are filled up with.

    Input shape:
        A dict of "images" and "bounding_boxes", itself a dict of "boxes" ``(batch, n, 4)`` and
        "labels" ``(batch, n)``, or one image with ``(n, 4)`` and ``(n,)``. Images alone, and other
        entries of the dict, are passed on.

    Output shape:
        The same with ``max_number`` for ``n``; boxes are float32.

    Raises:
        ValueError: ``max_number`` is negative, or boxes and labels do not fit the images.

    Example:
        >>> import numpy as np
        >>> import nacre
        >>> boxes = {"boxes": np.ones((2, 3, 4)), "labels": np.ones((2, 3), "int32")}
        >>> data = {"images": np.ones((2, 8, 8, 3)), "bounding_boxes": boxes}
        >>> nacre.layers.MaxNumBoundingBoxes(4)(data)["bounding_boxes"]["labels"].tolist()
        [[1, 1, 1, -1], [1, 1, 1, -1]]
    """

    _base_arguments = (*BASE_ARGUMENTS, "data_format", "bounding_box_format")

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any) -> None: ...

    def __call__(self, data: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """Cuts off or fills up the "bounding_boxes" of a dict."""
        if not isinstance(data, dict) or "bounding_boxes" not in data:
            return super().__call__(data, training=training, **kwargs)
        boxes = data["bounding_boxes"]
        if "images" not in data or not isinstance(boxes, dict) or set(boxes) != {"boxes", "labels"}:
            received = sorted(boxes) if isinstance(boxes, dict) else type(boxes).__name__
            raise ValueError(
                f"{type(self).__name__} '{self.name}': expected 'images', and 'bounding_boxes' "
                f"that are a dict of 'boxes' and 'labels', received {sorted(data)} and {received}"
            )
        given = (data["images"], boxes["boxes"], boxes["labels"])
        values = [value if is_tensor_like(value) else np.asarray(value) for value in given]
        images, found, labels = self._core.call(values, training)
        return {**data, "images": images, "bounding_boxes": {"boxes": found, "labels": labels}}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        config = super().get_config()
        for name in ("data_format", "bounding_box_format"):
            value = self._core.get_field(name)
            if value is not None:
                config[name] = value
        return config
