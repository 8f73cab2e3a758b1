"""Initializer: the base of what gives weights their first values."""

from __future__ import annotations

from typing import Any

from nacre._native import Native, python_core


class Initializer(Native):
    """Gives weights their first values.

    Subclasses write ``__call__(shape, dtype=None)`` and ``get_config()``. A plain function of
    ``(shape, dtype)`` serves as well wherever an initializer is taken.

    Example:
        >>> import nacre
        >>> class Halves(nacre.initializers.Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return nacre.ops.full(shape, 0.5, dtype=dtype)
        >>> nacre.layers.Dense(2, kernel_initializer=Halves())(nacre.ops.ones((1, 4)))
        Tensor([[2., 2.]], dtype=float32)
    """

    _module = "initializers"
    _base_arguments: tuple[str, ...] = ()
    _hooks = ("__call__",)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Values of a shape.

        Args:
            shape: Shape of the result.
            dtype: Dtype of the result; default: ``floatx``.

        Returns:
            A tensor.
        """
        if self._native_core is None:
            raise NotImplementedError(f"{type(self).__name__}: __call__ is not implemented")
        from nacre import config

        return self._native_core(tuple(shape), dtype or config.floatx())

    def _make_core(self) -> Any:
        return python_core("Initializer", self)

    def clone(self) -> Any:
        """Another initializer of the same configuration."""
        return type(self).from_config(self.get_config())

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal initializer."""
        return super().get_config() if self._native_core is not None else {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An initializer from what ``get_config`` returned."""
        return super().from_config(config) if cls._native_class else cls(**config)
