"""LossScaleOptimizer."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.optimizers.optimizer import Optimizer

# Accepted with these values only: older configurations hold them.
_UNUSED: dict[str, Any] = {
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "dynamic": True,
}


@native
class LossScaleOptimizer(Optimizer):
    """Scales the loss, so that gradients in float16 do not vanish, and updates with another one.

    A step whose gradients are not all finite changes no weight and halves the scale; after
    ``dynamic_growth_steps`` finite ones in a row it doubles.

    Args:
        inner_optimizer: The optimizer that updates the weights, or its name.
        initial_scale: The first scale of the loss.
        dynamic_growth_steps: Steps after which the scale doubles.
        name: Name of the optimizer.

    Raises:
        ValueError: Options such as ``clipnorm``, which belong to the inner optimizer, or a value
            out of its range.

    Example:
        >>> import nacre
        >>> weight = nacre.Variable([1.0])
        >>> optimizer = nacre.optimizers.LossScaleOptimizer(nacre.optimizers.SGD(0.5))
        >>> loss_scale = float(optimizer.scale_loss(nacre.ops.convert_to_tensor(1.0)))
        >>> optimizer.apply([loss_scale * nacre.ops.ones((1,))], [weight])
        >>> weight.numpy()
        array([0.5], dtype=float32)
    """

    _base_arguments = ("name", *_UNUSED)

    def __init__(
        self,
        inner_optimizer: Any,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None: ...

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        from nacre import optimizers

        for name, value in _UNUSED.items():
            if arguments.pop(name, value) != value:
                raise ValueError(
                    f"LossScaleOptimizer: '{name}' is not supported; set it on inner_optimizer"
                )
        inner = optimizers.get(arguments["inner_optimizer"])
        if not isinstance(inner, Optimizer) or isinstance(inner, LossScaleOptimizer):
            raise TypeError(
                "LossScaleOptimizer: expected inner_optimizer to be another optimizer, received "
                f"{inner!r}"
            )
        arguments["inner_optimizer"] = inner
        super()._init_native(cls, arguments)

    def _native_config(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in arguments.items() if value is not None}

    @property
    def dynamic_scale(self) -> Any:
        """The present scale: a variable."""
        return self._core.dynamic_scale

    @property
    def step_counter(self) -> Any:
        """Finite steps since the scale changed: a variable."""
        return self._core.step_counter

    @property
    def learning_rate(self) -> Any:
        """That of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> Any:
        """That of the inner optimizer."""
        return self.inner_optimizer.iterations

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, without its state."""
        from nacre.saving import serialize_keras_object

        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """An optimizer from what ``get_config`` returned."""
        from nacre import optimizers

        config = dict(config)
        inner = optimizers.deserialize(config.pop("inner_optimizer"), custom_objects)
        return cls(inner, **config)
