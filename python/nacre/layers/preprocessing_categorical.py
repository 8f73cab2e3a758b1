"""Categories: class ids from numbers and strings, and vectors from class ids."""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre._native import hash_strings, native
from nacre._structure import is_tensor_like
from nacre.layers.layer import Layer
from nacre.ops._registry import op


def is_text(value: Any) -> bool:
    """Whether an array holds strings."""
    return isinstance(value, np.ndarray) and (
        value.dtype.kind in "US"
        or (value.dtype.kind == "O" and all(isinstance(v, str | bytes) for v in value.flat))
    )


def text_array(value: Any, encoding: str = "utf-8") -> np.ndarray:
    """Strings, bytes or nested lists of them as an array of ``str`` objects.

    Raises:
        TypeError: An element is no string.
    """
    array = np.asarray(value)
    if array.dtype.kind == "U":
        return array.astype(object)
    found = np.empty(array.shape, object)
    for i, item in enumerate(array.astype(object).flat):
        if isinstance(item, bytes):
            item = item.decode(encoding)
        if not isinstance(item, str):
            raise TypeError(f"expected strings, received {type(item).__name__}: {item!r}")
        found.flat[i] = item
    return found


def hash_buckets(texts: Any, count: int, salt: Any = None) -> np.ndarray:
    """int64 buckets in [0, count) of a list of strings."""
    return (hash_strings(texts, salt) % np.uint64(count)).astype(np.int64)


def encode(ids: Any, mode: str, depth: int, dtype: str) -> Any:
    """Class ids as a tensor: the ids, or vectors of ``depth``."""
    return op("encode_categories")(ids, mode=mode, depth=depth, dtype=dtype)


def as_arrays(value: Any) -> Any:
    """Nested lists of numbers or strings as one array; tensors and arrays as they are."""
    if is_tensor_like(value) or value is None:
        return value
    return np.asarray(value)


@native
class CategoryEncoding(Layer):
    """Class ids as vectors, where all possible ids are known.

    Args:
        num_tokens: Number of classes; ids are in ``[0, num_tokens)``, others are left out.
        output_mode: "one_hot" (a vector for each id, in place of a last axis of 1), "multi_hot"
            (for each sample 1 at the ids that occur) or "count" (how often they occur).
        sparse: Only False: there are no sparse tensors.

    Call arguments:
        inputs: Ids, of shape ``(batch,)`` or ``(batch, length)``.
        count_weights: With "count", what each id adds; default 1.

    Input shape:
        ``(batch, length)``

    Output shape:
        ``(batch, num_tokens)``; ``(batch, length, num_tokens)`` with "one_hot"

    Raises:
        ValueError: An argument does not fit.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.CategoryEncoding(num_tokens=4, output_mode="count")
        >>> layer([[0, 1], [3, 3]]).numpy().tolist()
        [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]]
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None: ...

    def __call__(self, inputs: Any, count_weights: Any = None, **kwargs: Any) -> Any:
        """Encodes ids."""
        if count_weights is None:
            return super().__call__(as_arrays(inputs), **kwargs)
        return super().__call__(as_arrays(inputs), as_arrays(count_weights), **kwargs)


@native
class Discretization(Layer):
    """The index of the bin that holds each number.

    Args:
        bin_boundaries: Ascending boundaries; n of them make n + 1 bins.
        num_bins: Number of bins whose boundaries ``adapt`` takes from data, so that each holds
            about as many numbers.
        epsilon: Error of the quantiles that ``adapt`` estimates, as a share of the data.
        output_mode: "int", "one_hot", "multi_hot" or "count", as in ``CategoryEncoding``.
        sparse: Only False: there are no sparse tensors.
        dtype: Dtype of vectors; indices are int32.
        name: Name of the layer.

    Input shape:
        Any.

    Output shape:
        The input's with "int", else that of ``CategoryEncoding``.

    Raises:
        ValueError: Both of ``bin_boundaries`` and ``num_bins`` are given, or neither; or the layer
            is called before it has boundaries.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.Discretization(bin_boundaries=[0.0, 1.0])
        >>> layer(nacre.ops.array([[-1.5, 0.5, 3.0]])).numpy().tolist()
        [[0, 1, 2]]
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ) -> None: ...

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        if arguments["bin_boundaries"] is not None and arguments["num_bins"] is not None:
            raise ValueError(
                "Discretization: expected one of num_bins and bin_boundaries, received both"
            )
        super()._init_native(cls, arguments)
        self._summary: np.ndarray | None = None

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer from what ``get_config`` returned, with boundaries where it was adapted."""
        boundaries = config.get("bin_boundaries")
        if boundaries is None or config.get("num_bins") is None:
            return super().from_config(config)
        layer = super().from_config({**config, "bin_boundaries": None})
        layer.bin_boundaries = boundaries
        return layer

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Takes the boundaries from the quantiles of data, in place of those of earlier calls.

        Args:
            data: An array, or an iterable of batches.
            steps: How many batches are taken; default: all.

        Raises:
            ValueError: The layer was made with ``bin_boundaries``.
        """
        self.reset_state()
        if is_tensor_like(data):
            self.update_state(data)
        else:
            for i, batch in enumerate(data):
                if steps is not None and i >= steps:
                    break
                self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets the data seen by ``update_state``."""
        if self.num_bins is None:
            raise ValueError(
                f"Discretization '{self.name}': adapt() needs a layer made with num_bins"
            )
        self._summary = None

    def update_state(self, data: Any) -> None:
        """Adds a batch to the data that ``finalize_state`` uses."""
        values = np.sort(np.asarray(data, np.float32), axis=None)
        step = max(values.size * self.epsilon, 1)
        points = values[int(step - 1) :: int(step)]
        summary = np.stack([points, np.full_like(points, step)])
        if self._summary is not None:
            summary = np.concatenate([summary, self._summary], 1)
            summary = summary[:, np.argsort(summary[0])]
        self._summary = _compressed(summary, self.epsilon)

    def finalize_state(self) -> None:
        """Sets the boundaries from the data seen by ``update_state``."""
        if self._summary is None or self._summary.size == 0:
            raise ValueError(f"Discretization '{self.name}': adapt() needs data, received none")
        self.bin_boundaries = _compressed(self._summary, 1.0 / self.num_bins)[0, :-1].tolist()


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """Quantiles at every multiple of epsilon of weighted points in ascending order."""
    values, weights = summary
    if values.size * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    total = weights.cumsum()
    points = np.interp(shares, total / total[-1], values)
    reached = np.interp(shares, total / total[-1], total)
    return np.stack([points, np.diff(reached, prepend=0)]).astype(np.float32)


@native
class Hashing(Layer):
    """Buckets of a hash of integers or strings.

    The hash is FarmHash64 of the text (of integers: their digits), the same on every machine.

    Args:
        num_bins: Number of buckets, that of masks included.
        mask_value: An integer or string that alone goes to bucket 0.
        salt: One number or two: SipHash64 with this key takes FarmHash's place.
        output_mode: "int", "one_hot", "multi_hot" or "count", as in ``CategoryEncoding``.
        sparse: Only False: there are no sparse tensors.

    Input shape:
        Any; integers, or a NumPy array of strings.

    Output shape:
        The input's with "int", else that of ``CategoryEncoding``.

    Raises:
        ValueError: An argument does not fit.

    Example:
        >>> import nacre
        >>> nacre.layers.Hashing(num_bins=3)([["A"], ["B"], ["C"]]).numpy().tolist()
        [[1], [0], [1]]
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None: ...

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        if arguments.get("dtype") is None:
            from nacre.config import floatx

            arguments["dtype"] = "int64" if arguments["output_mode"] == "int" else floatx()
        super()._init_native(cls, arguments)

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """The buckets of integers or strings."""
        values = as_arrays(inputs)
        if not is_text(values):
            return super().__call__(values, **kwargs)
        texts = text_array(values)
        masks = self.mask_value is not None and self.num_bins > 1
        bins = hash_buckets(texts.ravel().tolist(), self.num_bins - masks, self.salt)
        bins = bins.reshape(texts.shape)
        if masks:
            bins = np.where(texts == self.mask_value, 0, bins + 1)
        return encode(bins, self.output_mode, self.num_bins, self.compute_dtype)


class HashedCrossing(Layer):
    """Buckets of a hash of several features together.

    Args:
        num_bins: Number of buckets.
        output_mode: "int" or "one_hot".
        sparse: Only False: there are no sparse tensors.
        name: Name of the layer.
        dtype: Dtype of the output; default: int64 for "int", else floatx.

    Call arguments:
        inputs: A list or tuple of two arrays or more, of integers or strings and of one shape:
            ``()``, ``(batch,)`` or ``(batch, 1)``.

    Output shape:
        The inputs' with "int"; ``(batch, num_bins)`` with "one_hot".

    Raises:
        ValueError: An argument or the inputs' shapes do not fit.

    Example:
        >>> import numpy as np
        >>> import nacre
        >>> layer = nacre.layers.HashedCrossing(num_bins=5)
        >>> layer((np.array(["A", "B", "A"]), np.array([101, 101, 102]))).numpy().tolist()
        [1, 4, 3]
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        if num_bins < 1:
            raise ValueError(f"HashedCrossing: expected num_bins > 0, received {num_bins}")
        if output_mode not in ("int", "one_hot"):
            raise ValueError(
                f"HashedCrossing: expected output_mode 'int' or 'one_hot', received '{output_mode}'"
            )
        if sparse:
            raise ValueError(
                "HashedCrossing: expected sparse=False, received True: there are no sparse tensors"
            )
        super().__init__(
            name=name, dtype="int64" if output_mode == "int" and dtype is None else dtype
        )
        self.num_bins = num_bins
        self.output_mode = output_mode
        self.sparse = sparse

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        """The buckets of features."""
        return self.call(inputs)

    def call(self, inputs: Any) -> Any:
        """The buckets of features."""
        owner = f"HashedCrossing '{self.name}'"
        if not isinstance(inputs, list | tuple) or len(inputs) < 2:
            raise ValueError(f"{owner}: expected a list of two inputs or more")
        features = [np.asarray(x) for x in inputs]
        shape = features[0].shape
        if len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
            raise ValueError(
                f"{owner}: expected inputs of shape (), (batch,) or (batch, 1), received {shape}"
            )
        if any(x.shape != shape for x in features):
            shapes = [x.shape for x in features]
            raise ValueError(f"{owner}: expected inputs of one shape, received {shapes}")
        mixed = np.full(int(np.prod(shape)), _CROSS_KEY, np.uint64)
        for x in features:
            mixed = _joined(mixed, _feature_hash(x, owner))
        bins = (mixed % np.uint64(self.num_bins)).astype(np.int64).reshape(shape)
        return encode(bins, self.output_mode, self.num_bins, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The shape of the output for inputs of these shapes."""
        shape = tuple(input_shape[0])
        if self.output_mode == "int":
            return shape
        return (*(shape[:-1] if shape and shape[-1] == 1 else shape), self.num_bins)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {
            "num_bins": self.num_bins,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }


# Key and mixing of TensorFlow's crossed columns (FingerprintCat64), whose buckets these are.
_CROSS_KEY = 0xDECAFCAFFE
_CROSS_FACTOR = np.uint64(0xC6A4A7935BD1E995)


def _folded(x: np.ndarray) -> np.ndarray:
    return x ^ (x >> np.uint64(47))


def _joined(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    mixed = (a ^ _CROSS_FACTOR) ^ (_folded(b * _CROSS_FACTOR) * _CROSS_FACTOR)
    return _folded(_folded(mixed * _CROSS_FACTOR) * _CROSS_FACTOR)


def _feature_hash(x: np.ndarray, owner: str) -> np.ndarray:
    if is_text(x):
        return hash_strings(text_array(x).ravel().tolist())
    if x.dtype.kind not in "iu":
        raise ValueError(f"{owner}: expected integers or strings, received dtype {x.dtype}")
    return x.astype(np.int64).view(np.uint64).ravel()
