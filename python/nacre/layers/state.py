"""What a layer owns: name, dtypes, variables, penalties."""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre._native import Native
from nacre.layers.arguments import dtype_name


class LayerState(Native):
    """The properties of a layer, all of them kept by its C++ side."""

    @property
    def name(self) -> str:
        """The layer's name."""
        return self._core.name

    @name.setter
    def name(self, value: str) -> None:
        self._core.name = value

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return self._core.built

    @built.setter
    def built(self, value: bool) -> None:
        self._core.built = value

    @property
    def trainable(self) -> bool:
        """Whether training updates the weights; setting it reaches the layers within."""
        return self._core.trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._core.trainable = bool(value)

    @property
    def supports_masking(self) -> bool:
        """Whether masks go on behind the layer."""
        return self._core.supports_masking

    @supports_masking.setter
    def supports_masking(self, value: bool) -> None:
        self._core.supports_masking = bool(value)

    @property
    def dtype_policy(self) -> Any:
        """The dtypes of computation and variables."""
        from nacre.dtype_policies import DTypePolicy

        return DTypePolicy(self._core.policy_name)

    @property
    def dtype(self) -> str:
        """The dtype of the variables."""
        return self._core.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the variables."""
        return self._core.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the computation."""
        return self._core.compute_dtype

    @property
    def variables(self) -> list:
        """All variables, those of seed generators included."""
        return self._core.variables

    @property
    def weights(self) -> list:
        """The variables that are saved: trainable ones first within each layer."""
        return self._core.weights

    @property
    def trainable_variables(self) -> list:
        """The variables that training updates."""
        return self._core.trainable_weights

    @property
    def trainable_weights(self) -> list:
        """The variables that training updates."""
        return self._core.trainable_weights

    @property
    def non_trainable_variables(self) -> list:
        """The variables that training does not update."""
        return [v for v in self._core.variables if not v.trainable]

    @property
    def non_trainable_weights(self) -> list:
        """The saved variables that training does not update."""
        return self._core.non_trainable_weights

    @property
    def losses(self) -> list:
        """Penalties: of weight regularizers, and what calls added."""
        return self._core.losses

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Any:
        """Makes a variable that belongs to this layer.

        Args:
            shape: Its shape; default: a scalar.
            initializer: Initializer, name or function; default: Glorot uniform for floats, zeros
                else.
            dtype: Its dtype; default: the layer's variable dtype.
            trainable: Whether training updates it.
            autocast: Kept for Keras's signature.
            regularizer: Penalty added to the loss.
            constraint: Projection applied after each update.
            aggregation: Kept for Keras's signature.
            overwrite_with_gradient: Kept for Keras's signature.
            name: Its name; default: "variable".

        Returns:
            The variable.
        """
        from nacre import constraints, initializers, regularizers

        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        dtype = dtype_name(dtype) if dtype is not None else self.variable_dtype
        if initializer is None:
            initializer = "glorot_uniform" if "float" in dtype else "zeros"
        return self._core.add_weight(
            name or "variable",
            shape,
            initializers.get(initializer),
            dtype,
            trainable,
            regularizers.get(regularizer),
            constraints.get(constraint),
        )

    def add_loss(self, loss: Any) -> None:
        """Adds scalar penalties (tensors) of this call to the training loss."""
        for value in loss if isinstance(loss, list | tuple) else [loss]:
            self._core.add_loss(value)

    def count_params(self) -> int:
        """The number of values in the weights; ValueError before the layer is built."""
        if not self.built:
            raise ValueError(
                f"{type(self).__name__} '{self.name}': count_params() needs a built layer"
            )
        return self._core.count_params()

    def get_weights(self) -> list[np.ndarray]:
        """The values of ``weights`` as arrays."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: list) -> None:
        """Assigns the values of ``weights``; ValueError, and no change, where one does not fit."""
        variables = self.weights
        if len(weights) != len(variables):
            raise ValueError(
                f"{type(self).__name__} '{self.name}': expected {len(variables)} weights, "
                f"received {len(weights)}"
            )
        arrays = [np.asarray(w) for w in weights]
        for variable, array in zip(variables, arrays, strict=True):
            if tuple(variable.shape) != array.shape:
                raise ValueError(
                    f"{type(self).__name__} '{self.name}': expected shape {tuple(variable.shape)} "
                    f"for weight '{variable.path}', received {array.shape}"
                )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
