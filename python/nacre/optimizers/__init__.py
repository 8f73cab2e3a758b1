"""Optimizers: what turns gradients into new weights."""

from __future__ import annotations

from typing import Any

from nacre import _family
from nacre.optimizers import schedules
from nacre.optimizers.adadelta import Adadelta
from nacre.optimizers.adafactor import Adafactor
from nacre.optimizers.adagrad import Adagrad
from nacre.optimizers.adam import Adam
from nacre.optimizers.adamax import Adamax
from nacre.optimizers.adamw import AdamW
from nacre.optimizers.ftrl import Ftrl
from nacre.optimizers.lamb import Lamb
from nacre.optimizers.lion import Lion
from nacre.optimizers.loss_scale_optimizer import LossScaleOptimizer
from nacre.optimizers.multi_optimizer import MultiOptimizer, OptimizerMap
from nacre.optimizers.muon import Muon
from nacre.optimizers.nadam import Nadam
from nacre.optimizers.optimizer import Optimizer
from nacre.optimizers.rmsprop import RMSprop
from nacre.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from nacre.optimizers.sgd import SGD


def get(identifier: Any) -> Any:
    """An optimizer from a name, a configuration, a class, or what is one already.

    Raises:
        ValueError: An unknown name.
        TypeError: Anything else.

    Example:
        >>> import nacre
        >>> float(nacre.optimizers.get("adam").learning_rate) < 0.002
        True
    """
    if callable(identifier) and not isinstance(identifier, type):
        raise TypeError(f"expected an optimizer, received {identifier!r}")
    return _family.get(identifier, "optimizers", Optimizer, "optimizer")


def serialize(optimizer: Any) -> Any:
    """The configuration that ``deserialize`` reads."""
    from nacre.saving import serialize_keras_object

    return serialize_keras_object(optimizer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The optimizer of a configuration."""
    return _family.deserialize(config, "optimizers", custom_objects)


__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
