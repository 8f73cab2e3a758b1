"""Core layers: Dense, Embedding, Identity, Lambda, InputLayer."""

from __future__ import annotations

from typing import Any

from nacre import _core
from nacre._native import native
from nacre.layers.arguments import takes
from nacre.layers.layer import Layer


@native
class Dense(Layer):
    """A densely connected layer: ``activation(x @ kernel + bias)`` over the last axis.

    Args:
        units: Size of the output's last axis.
        activation: Name or function applied to the result; default: none.
        use_bias: Whether a bias is added.
        kernel_initializer: Initializer of the kernel, shape ``(features, units)``.
        bias_initializer: Initializer of the bias, shape ``(units,)``.
        kernel_regularizer: Penalty of the kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the output.
        kernel_constraint: Projection of the kernel after each update.
        bias_constraint: Projection of the bias after each update.

    Input shape:
        ``(..., features)``

    Output shape:
        ``(..., units)``

    Raises:
        ValueError: ``units`` is not positive, or the input's last axis is unknown or has changed.

    Example:
        >>> import nacre
        >>> nacre.layers.Dense(4, activation="relu")(nacre.ops.ones((2, 3))).shape
        (2, 4)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None: ...


@native
class Embedding(Layer):
    """Rows of a learned table by integer ids.

    Args:
        input_dim: Number of rows: ids are in ``[0, input_dim)``.
        output_dim: Length of a row.
        embeddings_initializer: Initializer of the table, shape ``(input_dim, output_dim)``.
        embeddings_regularizer: Penalty of the table.
        embeddings_constraint: Projection of the table after each update.
        mask_zero: Whether id 0 is padding: its steps are masked for the layers behind.

    Input shape:
        ``(...)``, integers

    Output shape:
        ``(..., output_dim)``

    Raises:
        ValueError: A size is not positive, or an id is out of range.

    Example:
        >>> import numpy as np
        >>> import nacre
        >>> nacre.layers.Embedding(10, 4)(np.array([[1, 2, 3]])).shape
        (1, 3, 4)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        **kwargs: Any,
    ) -> None: ...


@native
class ReversibleEmbedding(Embedding):
    """Rows of a learned table by integer ids, and back: logits of the ids for such rows.

    Language models use one table for both (Press and Wolf 2016).

    Call arguments:
        inputs: Integer ids; with ``reverse``, vectors as long as a row.
        reverse: Whether logits are computed: ``inputs @ transpose(table)``.

    Args:
        input_dim: Number of rows: ids are in ``[0, input_dim)``.
        output_dim: Length of a row.
        tie_weights: Whether the way back reads the same table; else a matrix of its own,
            ``reverse_embeddings`` of shape ``(output_dim, input_dim)``.
        embeddings_initializer: Initializer of the table, shape ``(input_dim, output_dim)``.
        embeddings_regularizer: Penalty of the table.
        embeddings_constraint: Projection of the table after each update.
        mask_zero: Whether id 0 is padding: its steps are masked for the layers behind.
        reverse_dtype: Dtype in which logits are computed; default: that of vectors and table.
        logit_soft_cap: Logits become ``tanh(logits / logit_soft_cap) * logit_soft_cap``.

    Input shape:
        ``(...)``, integers; with ``reverse``, ``(..., output_dim)``

    Output shape:
        ``(..., output_dim)``; with ``reverse``, ``(..., input_dim)``

    Raises:
        ValueError: A size is not positive, an id is out of range, or a vector has another length.

    Example:
        >>> import numpy as np
        >>> import nacre
        >>> words = nacre.layers.ReversibleEmbedding(10, 4)
        >>> hidden = words(np.array([[1, 2, 3]]))
        >>> words(hidden, reverse=True).shape
        (1, 3, 10)
    """

    _call_arguments = ("reverse", "training")

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None: ...

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> Any:
        """The shape of the output for inputs of this shape."""
        shape = tuple(input_shape)
        return (*shape[:-1], self.input_dim) if reverse else (*shape, self.output_dim)


@native
class Masking(Layer):
    """Masks the steps whose features all equal a value; they become 0.

    Layers behind that take masks (recurrent ones, pooling, losses, metrics) skip these steps.

    Args:
        mask_value: The value.

    Input shape:
        ``(batch, steps, features)``

    Output shape:
        That of the input.

    Example:
        >>> import nacre
        >>> nacre.layers.Masking()(nacre.ops.array([[[1.0], [0.0]]]))._keras_mask.tolist()
        [[True, False]]
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None: ...


@native
class Identity(Layer):
    """Passes its input on.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Example:
        >>> import nacre
        >>> nacre.layers.Identity()(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        **kwargs: Any,
    ) -> None: ...


class InputLayer(Layer):
    """Where a model's input begins.

    Args:
        shape: Shape without the batch axis; ``None`` for unknown dimensions.
        batch_size: Size of the batch axis, when fixed.
        dtype: Dtype of the input; default: ``floatx``.
        sparse: Kept for Keras's signature.
        ragged: Kept for Keras's signature.
        batch_shape: Shape with the batch axis, instead of ``shape`` and ``batch_size``.
        input_tensor: Kept for Keras's signature.
        optional: Whether a model may be called with ``None`` for this input.
        name: Name of the layer.

    Raises:
        ValueError: Not exactly one of ``shape`` and ``batch_shape`` is given.

    Example:
        >>> import nacre
        >>> nacre.layers.InputLayer((28, 28)).batch_shape
        (None, 28, 28)
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if (shape is None) == (batch_shape is None):
            raise ValueError("InputLayer: expected exactly one of shape and batch_shape")
        if batch_shape is None:
            shape = (shape,) if isinstance(shape, int) else tuple(shape)
            batch_shape = (batch_size, *shape)
        from nacre import config

        settings: dict[str, Any] = {
            "batch_shape": list(batch_shape),
            "dtype": config.floatx() if dtype is None else str(dtype),
            "optional": bool(optional),
        }
        if name is not None:
            settings["name"] = name
        core = _core.make("layers", "InputLayer", settings)
        self._set_state(core, {})
        object.__setattr__(self, "_native_core", core)

    @property
    def batch_shape(self) -> tuple:
        """The shape of the input, batch axis first."""
        return self._core.batch_shape

    @property
    def dtype(self) -> str:
        """The dtype of the input."""
        return self._core.dtype

    @property
    def optional(self) -> bool:
        """Whether a model may be called without this input."""
        return bool(self._core.get_field("optional"))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": False,
            "ragged": False,
            "optional": self.optional,
            "name": self.name,
        }


class Lambda(Layer):
    """A Python function as a layer.

    Files hold data, never code: a model with a Lambda layer is saved with the function's name, and
    it is loaded only where that name is given in ``custom_objects`` or registered with
    ``nacre.saving.register``.

    Args:
        function: ``function(inputs, **arguments)``; it may take ``training`` and ``mask``.
        output_shape: Kept for Keras's signature; the shape is found by calling the function.
        mask: Mask of the output: a tensor, or ``mask(inputs, mask)``; default: none.
        arguments: Keyword arguments of the function.

    Input shape:
        What the function takes.

    Output shape:
        What the function returns.

    Raises:
        TypeError: ``function`` is no function.

    Example:
        >>> import nacre
        >>> nacre.layers.Lambda(lambda x: x * 2)(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(
        self,
        function: Any,
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"Lambda: expected a function, received {function!r}")
        self.function = function
        self.arguments = dict(arguments or {})
        self.mask = mask
        self.supports_masking = mask is not None

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """``function(inputs)``."""
        given = {"mask": mask, "training": training}
        known = {name: value for name, value in given.items() if takes(self.function, name)}
        return self.function(inputs, **known, **self.arguments)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask given to the constructor, called if it is a function."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """Name and arguments; the function itself is no data: only its name is kept."""
        from nacre.saving import get_registered_name, serialize_keras_object

        return {
            **self._base_config(),
            "function": get_registered_name(self.function),
            "arguments": serialize_keras_object(dict(self.arguments)),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict | None = None, safe_mode: Any = None
    ) -> Any:
        """A layer from what ``get_config`` returned.

        Raises:
            ValueError: The function's name is neither in ``custom_objects`` nor registered.
        """
        from nacre.saving import get_registered_object

        config = dict(config)
        function = config.pop("function")
        if isinstance(function, dict):
            raise ValueError("Lambda: the file holds the function's code, which is never run")
        if not callable(function):
            found = get_registered_object(function, custom_objects)
            if found is None:
                raise ValueError(
                    f"Lambda '{config.get('name')}': files hold no code; pass the function in "
                    f"custom_objects={{'{function}': ...}} or register it with "
                    "nacre.saving.register()"
                )
            function = found
        return cls(function, **config)
