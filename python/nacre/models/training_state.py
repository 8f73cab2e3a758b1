"""The whole state of a training run in one file: it goes on as if it had not been interrupted.

Weights, seeds, optimizer, metrics, the place in the epoch and the order of its rows.
"""

from __future__ import annotations

from typing import Any

from nacre import _core

_FORMAT = 1


class Resume:
    """Where an interrupted run goes on: the epoch, the batches done in it, and what they left."""

    def __init__(self, epoch: int, batch: int, epoch_seed: int | None, metrics: list) -> None:
        self.epoch = epoch
        self.batch = batch
        self.epoch_seed = epoch_seed
        self.metrics = metrics  # (variable, value)

    def restore_metrics(self) -> None:
        """Sets the metrics' totals to those of the batches done."""
        for variable, value in self.metrics:
            variable.assign(value)


def _metric_variables(model: Any) -> list:
    """Variables of all metrics: C++'s, and those of metrics written in Python."""
    found = list(model._trainer.metric_variables)
    arguments = model._compile_arguments or {}

    def add(item: Any) -> None:
        if isinstance(item, dict):
            item = list(item.values())
        if isinstance(item, list | tuple):
            for member in item:
                add(member)
        else:
            for variable in getattr(item, "variables", []):
                if not any(variable is known for known in found):
                    found.append(variable)

    add([arguments.get("metrics"), arguments.get("weighted_metrics")])
    return found


def save(model: Any, path: str, epoch: int, batch: int) -> None:
    """Writes the state. Atomic.

    Args:
        model: A model in ``fit``.
        path: Where to.
        epoch: Epochs done.
        batch: Batches done in the epoch after these.
    """
    seed, generator = _core.random_state()
    metrics = _metric_variables(model) if batch else []
    source = model._source
    state = {
        "class_name": "TrainingState",
        "format": _FORMAT,
        "epoch": epoch,
        "batch": batch,
        "epoch_seed": None if source.epoch_seed is None else str(source.epoch_seed),
        "seed": None if seed is None else str(seed),
        "generator": generator,
        "metrics": len(metrics),
    }
    optimizer = model._trainer.optimizer
    _core.write_model_file(
        path,
        state,
        None,
        [*model.variables, *metrics],
        optimizer.variables if optimizer is not None and optimizer.built else [],
    )


def restore(model: Any, path: str) -> Resume:
    """Reads what ``save`` wrote into a model of the same kind, built or not.

    Args:
        model: A model in ``fit``, before its first epoch.
        path: The file.

    Returns:
        Where to go on.

    Raises:
        ValueError: The file is no sound one, or of another model; nothing is changed.
        OSError: It cannot be read.
    """
    state, _, values, optimizer_values = _core.read_model_file(path)
    if not isinstance(state, dict) or state.get("class_name") != "TrainingState":
        raise ValueError(f"{path}: expected the state of a training run")
    if state.get("format") != _FORMAT:
        raise ValueError(f"{path}: expected format {_FORMAT}, received {state.get('format')!r}")
    try:
        epoch, batch, count = (int(state[key]) for key in ("epoch", "batch", "metrics"))
        seeds = [None if state[k] is None else int(state[k]) for k in ("seed", "epoch_seed")]
        first, second = (int(part) for part in state["generator"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: the state of the training run is not complete") from error
    _prepare(model, path)
    metrics = _metric_variables(model) if batch else []
    variables = [*model.variables, *metrics]
    if count != len(metrics):
        raise ValueError(f"{path}: expected {len(metrics)} variables of metrics, received {count}")
    optimizer = model._trainer.optimizer
    own = optimizer.variables if optimizer is not None and optimizer_values else []
    _core.assign_variables([*variables, *own], [*values, *optimizer_values], path)
    _core.set_random_state(seeds[0], (first, second))
    return Resume(epoch, batch, seeds[1], [(metric, metric.value) for metric in metrics])


def _prepare(model: Any, path: str) -> None:
    """Builds model, optimizer and metrics from the first batch, as the first step would."""
    first = model._source.peek()
    if first is not None:
        model._trainer.prepare(*first)
    elif not model.built:
        raise ValueError(
            f"{path}: data from a generator cannot be looked at twice; build the model before fit"
        )
    else:
        optimizer = model._trainer.optimizer
        if optimizer is not None:
            optimizer.build(model._core.trainable_weights)
