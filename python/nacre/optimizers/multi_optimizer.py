"""MultiOptimizer and OptimizerMap: different optimizers for different variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from nacre._native import native_multi_optimizer
from nacre.optimizers.loss_scale_optimizer import LossScaleOptimizer
from nacre.optimizers.optimizer import Optimizer

_NO_RATE = "MultiOptimizer: learning rates are those of its parts (optimizers)"


class OptimizerMap(MutableMapping):
    """Optimizers by the path of a variable, or by a regular expression that matches it whole.

    Args:
        default_optimizer: The optimizer of all other variables.
        optimizer_map: A dict of path or expression to optimizer.

    Raises:
        TypeError: A wrong type.

    Example:
        >>> import nacre
        >>> from nacre.optimizers import SGD, Adam, OptimizerMap
        >>> chosen = OptimizerMap(SGD(), {"encoder/.*": Adam()})
        >>> type(chosen["encoder/dense/kernel"]).__name__, type(chosen["decoder/bias"]).__name__
        ('Adam', 'SGD')
    """

    def __init__(self, default_optimizer: Any, optimizer_map: Any = None) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(
                "OptimizerMap: expected default_optimizer to be an optimizer, received "
                f"{default_optimizer!r}"
            )
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(
                f"OptimizerMap: expected optimizer_map to be a dict, received {optimizer_map!r}"
            )
        self._default_optimizer = default_optimizer
        self._optimizer_map: dict[str, Any] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    @property
    def default_optimizer(self) -> Any:
        """The optimizer of variables that no key matches."""
        return self._default_optimizer

    def __getitem__(self, key: str) -> Any:
        """The optimizer of a path: of the equal key, else of the one that matches, or the default.

        Raises:
            ValueError: Several keys match.
        """
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        matching = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise ValueError(f"OptimizerMap: expected one match for '{key}', received {matching}")
        return self._optimizer_map[matching[0]] if matching else self._default_optimizer

    def __setitem__(self, key: str, optimizer: Any) -> None:
        if not isinstance(key, str):
            raise ValueError(f"OptimizerMap: expected a string as key, received {key!r}")
        if key in self._optimizer_map:
            raise ValueError(f"OptimizerMap: '{key}' has an optimizer already")
        check_inner(optimizer, f"OptimizerMap: '{key}'")
        self._optimizer_map[key] = optimizer

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def __call__(self, variable: Any) -> Any:
        """The optimizer of a variable."""
        return self[variable.path]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal map."""
        from nacre.saving import serialize_keras_object

        return {
            "default_optimizer": serialize_keras_object(self._default_optimizer),
            "optimizer_map": serialize_keras_object(self._optimizer_map),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> OptimizerMap:
        """A map from what ``get_config`` returned."""
        from nacre.saving import deserialize_keras_object

        return cls(
            deserialize_keras_object(config["default_optimizer"], custom_objects=custom_objects),
            deserialize_keras_object(config["optimizer_map"], custom_objects=custom_objects),
        )


def check_inner(optimizer: Any, what: str) -> None:
    """ValueError for what cannot be a part of a MultiOptimizer."""
    wraps = isinstance(optimizer, LossScaleOptimizer | MultiOptimizer)
    if wraps or not isinstance(optimizer, Optimizer):
        raise ValueError(f"{what}: expected an optimizer that updates, received {optimizer!r}")


class MultiOptimizer(Optimizer):
    """Gives each variable to an optimizer of its own.

    The parts are in ``optimizers``; rates are read and set there.

    Args:
        optimizer_map: An OptimizerMap, or a function from a variable to its optimizer.
        loss_scale_factor: The loss is multiplied and the gradients divided by it; takes the place
            of the parts' own.
        name: Name of the optimizer.

    Example:
        >>> import nacre
        >>> from nacre.optimizers import SGD, MultiOptimizer, OptimizerMap
        >>> fast, slow = nacre.Variable([1.0], name="a"), nacre.Variable([1.0], name="b")
        >>> optimizer = MultiOptimizer(OptimizerMap(SGD(0.1), {"a": SGD(0.5)}))
        >>> optimizer.apply([nacre.ops.ones((1,)), nacre.ops.ones((1,))], [fast, slow])
        >>> float(fast.numpy()[0]), round(float(slow.numpy()[0]), 3)
        (0.5, 0.9)
    """

    def __init__(
        self,
        optimizer_map: Any,
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        if not callable(optimizer_map):
            raise TypeError(
                "MultiOptimizer: expected optimizer_map to be an OptimizerMap or a function, "
                f"received {optimizer_map!r}"
            )
        known: list[Any] = []
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map.values(), optimizer_map.default_optimizer):
                if not any(optimizer is other for other in known):
                    known.append(optimizer)
        for optimizer in known:
            check_inner(optimizer, "MultiOptimizer")

        def choose(variable: Any) -> Any:  # holds the parts, not the whole
            optimizer = optimizer_map(variable)
            check_inner(optimizer, f"MultiOptimizer, variable '{variable.path}'")
            if not any(optimizer is other for other in known):
                known.append(optimizer)
            return optimizer

        self._optimizers = known
        settings = {"loss_scale_factor": loss_scale_factor, **({"name": name} if name else {})}
        self._arguments = {
            "optimizer_map": optimizer_map,
            "loss_scale_factor": loss_scale_factor,
            "gradient_accumulation_steps": None,
            "name": name,
        }
        self._core = native_multi_optimizer(choose, list(known), settings)
        self._native_core = self._core

    @property
    def optimizers(self) -> list:
        """The parts."""
        return list(self._optimizers)

    @property
    def learning_rate(self) -> Any:
        """Of the parts only."""
        raise AttributeError(_NO_RATE)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise AttributeError(_NO_RATE)

    def __getattr__(self, name: str) -> Any:
        if name == "learning_rate":  # the property's error comes here
            raise AttributeError(_NO_RATE)
        return super().__getattr__(name)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, without its state."""
        from nacre.saving import serialize_keras_object

        return {
            "optimizer_map": serialize_keras_object(self._arguments["optimizer_map"]),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """An optimizer from what ``get_config`` returned."""
        from nacre.saving import deserialize_keras_object

        config = dict(config)
        config["optimizer_map"] = deserialize_keras_object(
            config["optimizer_map"], custom_objects=custom_objects
        )
        return cls(**config)
