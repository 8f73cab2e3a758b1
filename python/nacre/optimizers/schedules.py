"""Learning rate schedules: the rate as a function of the number of finished steps."""

from __future__ import annotations

from typing import Any

from nacre import _family
from nacre._native import Native, native, observe, python_core
from nacre.ops import convert_to_tensor


class LearningRateSchedule(Native):
    """The learning rate as a function of the number of finished steps.

    Subclasses write ``__call__(step)``, made with ``nacre.ops``, and ``get_config()``.

    Example:
        >>> import nacre
        >>> class Halving(nacre.optimizers.schedules.LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.5 ** nacre.ops.cast(step, "float32")
        >>> optimizer = nacre.optimizers.SGD(Halving())
        >>> float(optimizer.learning_rate)
        1.0
    """

    _module = "optimizers.schedules"
    _base_arguments: tuple[str, ...] = ()
    _hooks = ("__call__",)

    def __call__(self, step: Any) -> Any:
        """The learning rate after ``step`` steps: a scalar tensor."""
        if self._native_core is None:
            raise NotImplementedError(f"{type(self).__name__}: __call__ is not implemented")
        return self._native_core(convert_to_tensor(step))

    def _make_core(self) -> Any:
        return python_core("Schedule", self)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal schedule."""
        if self._native_core is not None:
            return super().get_config()
        raise NotImplementedError(f"{type(self).__name__}: get_config is not implemented")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A schedule from what ``get_config`` returned."""
        return cls(**config)


class FunctionSchedule(LearningRateSchedule):
    """A function without arguments as a schedule."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, step: Any) -> Any:
        """What the function returns now."""
        value = self._function()
        if not hasattr(value, "shape"):
            observe(step)  # a Python number may be another one at the next step
        return convert_to_tensor(value, "float32")


@native
class ExponentialDecay(LearningRateSchedule):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Steps of one factor of ``decay_rate``.
        decay_rate: The factor.
        staircase: Whether the exponent is rounded down.
        name: Name of the schedule.

    Raises:
        ValueError: ``decay_steps`` is not positive.

    Example:
        >>> import nacre
        >>> rate = nacre.optimizers.schedules.ExponentialDecay(1.0, 10, 0.5)
        >>> float(rate(20))
        0.25
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None: ...


@native
class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[i]`` up to and with step ``boundaries[i]``, the last value after them.

    Args:
        boundaries: Steps, rising.
        values: Rates, one more than boundaries.
        name: Name of the schedule.

    Raises:
        ValueError: The lengths do not fit.

    Example:
        >>> import nacre
        >>> rate = nacre.optimizers.schedules.PiecewiseConstantDecay([10], [1.0, 0.5])
        >>> float(rate(10)), float(rate(11))
        (1.0, 0.5)
    """

    def __init__(self, boundaries: Any, values: Any, name: str = "PiecewiseConstant") -> None: ...


@native
class PolynomialDecay(LearningRateSchedule):
    """From ``initial_learning_rate`` to ``end_learning_rate`` along a power of the remaining steps.

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Steps until the end.
        end_learning_rate: Rate at the end and after it.
        power: The power; 1: a straight line.
        cycle: Whether ``decay_steps`` grows to its next multiple instead of ending.
        name: Name of the schedule.

    Raises:
        ValueError: ``decay_steps`` is not positive.

    Example:
        >>> import nacre
        >>> rate = nacre.optimizers.schedules.PolynomialDecay(1.0, 10, end_learning_rate=0.0)
        >>> float(rate(5))
        0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None: ...


@native
class InverseTimeDecay(LearningRateSchedule):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Steps of one period.
        decay_rate: What the divisor grows by in a period.
        staircase: Whether periods are rounded down.
        name: Name of the schedule.

    Raises:
        ValueError: ``decay_steps`` is not positive.

    Example:
        >>> import nacre
        >>> rate = nacre.optimizers.schedules.InverseTimeDecay(1.0, 10, 1.0)
        >>> float(rate(10))
        0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None: ...


@native
class CosineDecay(LearningRateSchedule):
    """Down along half a cosine (Loshchilov and Hutter 2017), after an optional linear warm-up.

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Steps of the decay, after the warm-up.
        alpha: Part of the rate that is left at the end.
        name: Name of the schedule.
        warmup_target: Rate that the warm-up reaches; None: no warm-up.
        warmup_steps: Steps of the warm-up.

    Raises:
        ValueError: ``decay_steps`` is not positive.

    Example:
        >>> import nacre
        >>> rate = nacre.optimizers.schedules.CosineDecay(1.0, 10)
        >>> round(float(rate(5)), 6), round(float(rate(10)), 6)
        (0.5, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None: ...


@native
class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decays one after another (Loshchilov and Hutter 2017).

    Args:
        initial_learning_rate: Rate at step 0.
        first_decay_steps: Steps of the first decay.
        t_mul: How many times as long each decay is as the one before.
        m_mul: How many times the rate it begins with.
        alpha: Part of the rate that is left at the end of a decay.
        name: Name of the schedule.

    Raises:
        ValueError: ``first_decay_steps`` is not positive.

    Example:
        >>> import nacre
        >>> rate = nacre.optimizers.schedules.CosineDecayRestarts(1.0, 10)
        >>> round(float(rate(5)), 6)
        0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None: ...


def serialize(learning_rate_schedule: Any) -> Any:
    """The configuration that ``deserialize`` reads."""
    from nacre.saving import serialize_keras_object

    return serialize_keras_object(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The schedule of a configuration."""
    return _family.deserialize(config, "optimizers.schedules", custom_objects)


__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]
