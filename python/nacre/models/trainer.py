"""Trainer: compile, fit, evaluate, predict. The steps run in C++; this file hands over the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre import _core
from nacre.models import data

_UNSET = object()


class Trainer:
    """The training loop of a model."""

    _core: Any
    _trainer: Any
    _optimizer: Any
    _compile_arguments: dict[str, Any] | None
    _run_eagerly: bool = False
    _source: Any = None  # the data of the present fit()
    _resume: Any = None  # set by a callback when fit() begins: where to go on
    stop_training: bool
    history: Any

    def _init_trainer(self) -> None:
        set_attribute = object.__setattr__
        set_attribute(self, "_trainer", _core.Trainer(self._core))
        set_attribute(self, "_optimizer", None)
        set_attribute(self, "_compile_arguments", None)
        set_attribute(self, "stop_training", False)
        set_attribute(self, "history", None)

    def _forget_plans(self) -> None:
        self._trainer.forget_plans()

    def plan_summary(self, step: str = "train", print_fn: Any = None) -> None:
        """Prints what one step of this model runs: kernels, what was fused, FLOPs, bytes, memory.

        A step is recorded the first time it runs and replayed as a plan after that; the table shows
        the plan that ran last.

        Args:
            step: "train", "test" or "predict".
            print_fn: Called with the text instead of ``print``.

        Raises:
            ValueError: No such step, or it has not been run as a plan yet.

        Example:
            >>> import nacre
            >>> model = nacre.Sequential([nacre.Input((4,)), nacre.layers.Dense(2, "relu")])
            >>> _ = model.predict(nacre.ops.ones((3, 4)), verbose=0)
            >>> model.plan_summary("predict", print_fn=lambda text: print(text.splitlines()[0]))
            Kernel               calls     FLOPs     bytes
        """
        if step not in ("train", "test", "predict"):
            raise ValueError(
                f"plan_summary: expected step 'train', 'test' or 'predict', received {step!r}"
            )
        text = self._trainer.plan_summary(step)
        if text is None:
            method = {"train": "fit", "test": "evaluate"}.get(step, "predict")
            raise ValueError(
                f"plan_summary: there is no plan of a {step} step yet; run {method}() first "
                "(without run_eagerly)"
            )
        (print if print_fn is None else print_fn)(text)

    # Compile ------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Sets how the model is trained.

        Args:
            optimizer: Optimizer or name.
            loss: Loss, name or function ``(y_true, y_pred)``; for several outputs a list, or a
                dict by output name.
            loss_weights: Weights of the outputs' losses.
            metrics: Metrics, names or functions; for several outputs lists or a dict of them.
            weighted_metrics: The same, weighted by ``sample_weight`` and ``class_weight``.
            run_eagerly: Whether each step runs op by op instead of as a plan.
            steps_per_execution: Kept for Keras's signature.
            jit_compile: Kept for Keras's signature.
            auto_scale_loss: Whether the optimizer of a model whose policy is "mixed_float16" is
                wrapped in a LossScaleOptimizer.

        Raises:
            ValueError: An unknown name.
        """
        from nacre import optimizers

        optimizer = optimizers.get(optimizer)
        half = self._core.policy_name == "mixed_float16"
        scales = optimizer is None or isinstance(optimizer, optimizers.LossScaleOptimizer)
        if auto_scale_loss and half and not scales:
            optimizer = optimizers.LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
        names = self._output_names()
        losses = [_to_loss(item) for item in _per_output(loss, names, "loss")]
        weights = [float(w) for w in _per_output(loss_weights, names, "loss_weights")]
        self._trainer.compile(
            optimizer,
            losses,
            weights,
            [_to_metrics(item) for item in _metric_lists(metrics, names, "metrics")],
            [
                _to_metrics(item)
                for item in _metric_lists(weighted_metrics, names, "weighted_metrics")
            ],
            names,
            bool(run_eagerly),
        )
        object.__setattr__(self, "_optimizer", optimizer)
        object.__setattr__(self, "_run_eagerly", bool(run_eagerly))
        object.__setattr__(
            self,
            "_compile_arguments",
            {
                "optimizer": optimizer,
                "loss": loss,
                "loss_weights": loss_weights,
                "metrics": metrics,
                "weighted_metrics": weighted_metrics,
                "run_eagerly": run_eagerly,
                "steps_per_execution": steps_per_execution,
                "jit_compile": False,
            },
        )

    def _output_names(self) -> list[str]:
        return []

    @property
    def optimizer(self) -> Any:
        """The optimizer given to compile(); None before."""
        return self._optimizer

    @property
    def compiled(self) -> bool:
        """Whether compile() was called."""
        return self._trainer.compiled

    @property
    def run_eagerly(self) -> bool:
        """Whether each step runs op by op."""
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        object.__setattr__(self, "_run_eagerly", bool(value))
        self._trainer.set_run_eagerly(bool(value))

    @property
    def metrics_names(self) -> list[str]:
        """Names of the logged values, once known."""
        return [name for name, _ in self._trainer.logs()]

    def reset_metrics(self) -> None:
        """Begins new averages of all metrics."""
        self._trainer.reset_metrics()

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of compile() as plain data; None where they are not."""
        from nacre.saving import serialize_keras_object

        if self._compile_arguments is None:
            return None
        return {key: serialize_keras_object(v) for key, v in self._compile_arguments.items()}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles from what get_compile_config() returned."""
        from nacre.saving import deserialize_config_values

        self.compile(**deserialize_config_values(config))

    def _logs(self) -> dict[str, float]:
        return dict(self._trainer.logs())

    # fit ----------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> Any:
        """Trains the model.

        Args:
            x: Inputs: array, tensor, list or dict of them, PyDataset, or a generator of
                ``(x, y[, sample_weight])`` batches.
            y: Targets, when ``x`` does not bring them.
            batch_size: Rows a step; default 32.
            epochs: Epochs to reach, counted from 0.
            verbose: 0 silent, 1 progress bar, 2 a line an epoch.
            callbacks: Callbacks.
            validation_split: Fraction of the last rows that is held out.
            validation_data: ``(x, y[, sample_weight])`` or a dataset.
            shuffle: Whether rows are drawn in a new order each epoch.
            class_weight: Weight of each class id.
            sample_weight: Weight of each row.
            initial_epoch: Epoch to start at.
            steps_per_epoch: Steps an epoch, for data without an end.
            validation_steps: Steps of a validation.
            validation_batch_size: Rows a validation step; default: ``batch_size``.
            validation_freq: Epochs between validations, or the epochs that end with one.

        Returns:
            The History callback: ``history.history`` has a list of values a metric.

        Raises:
            RuntimeError: The model is not compiled.
            ValueError: The data does not fit.
        """
        self._require_compiled("fit")
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = data.split(
                x, y, sample_weight, validation_split
            )
        source = data.make_source(
            x, y, sample_weight, batch_size, steps_per_epoch, class_weight, shuffle=shuffle
        )
        validation = None
        if validation_data is not None:
            vx, vy, vw = data.unpack(validation_data)
            validation = data.make_source(
                vx, vy, vw, validation_batch_size or batch_size, validation_steps
            )
        calls = _callback_list(
            callbacks, self, verbose, epochs=epochs, steps=source.num_steps, history=True
        )
        set_attribute = object.__setattr__
        set_attribute(self, "stop_training", False)
        set_attribute(self, "_source", source)
        set_attribute(self, "_resume", None)
        calls.on_train_begin()
        logs: dict[str, float] = {}
        resume = self._resume
        for epoch in range(resume.epoch if resume else initial_epoch, epochs):
            self.reset_metrics()
            calls.on_epoch_begin(epoch)
            start = resume.batch if resume else 0
            source.begin_epoch(resume.epoch_seed if start else None)
            if start:
                resume.restore_metrics()
            resume = None
            done = _Steps(self, calls, "train").run(source, start)
            if source.num_steps is None:
                calls.set_steps(done)
            logs = self._logs()
            if validation is not None and _due(validation_freq, epoch):
                for name, value in self._run_test(validation, calls).items():
                    logs["val_" + name] = value
            calls.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        optimizer = self._trainer.optimizer
        if optimizer is not None and optimizer.built:
            optimizer.finalize_variable_values(self._core.trainable_weights)
        calls.on_train_end(logs)
        set_attribute(self, "_source", None)
        return self.history

    def _require_compiled(self, what: str) -> None:
        if not self._trainer.compiled:
            raise RuntimeError(
                f"{type(self).__name__} '{self._core.name}': call compile() before {what}()"
            )

    def _run_test(self, source: Any, calls: Any) -> dict[str, float]:
        self.reset_metrics()
        calls.on_test_begin()
        source.begin_epoch()
        _Steps(self, calls, "test").run(source)
        logs = self._logs()
        calls.on_test_end(logs)
        return logs

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Loss and metrics on data.

        Args:
            x, y, sample_weight: Data as for fit().
            batch_size: Rows a step; default 32.
            verbose: 0 silent, 1 progress bar, 2 one line.
            steps: Steps, for data without an end.
            callbacks: Callbacks.
            return_dict: Whether a dict is returned.

        Returns:
            The loss, ``[loss, metric, ...]``, or a dict.
        """
        self._require_compiled("evaluate")
        source = data.make_source(x, y, sample_weight, batch_size, steps)
        calls = _callback_list(callbacks, self, verbose, epochs=1, steps=source.num_steps)
        return _results(self._run_test(source, calls), return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Outputs for inputs, as NumPy arrays.

        Args:
            x: Inputs: array, tensor, list or dict of them, PyDataset or generator.
            batch_size: Rows a step; default 32.
            verbose: 0 silent, 1 progress bar, 2 one line.
            steps: Steps, for data without an end.
            callbacks: Callbacks.

        Returns:
            An array, or a list of them for several outputs.
        """
        if callbacks is None and verbose in (0, "auto") and data.is_array(x):
            inputs = data.to_inputs(x)
            outputs = self._trainer.predict(inputs, batch_size or 32)
            return _arrays(outputs)
        source = data.make_source(x, None, None, batch_size, steps)
        calls = _callback_list(callbacks, self, verbose, epochs=1, steps=source.num_steps)
        calls.on_predict_begin()
        parts: list = []
        source.begin_epoch()
        for step, (inputs, _, _) in enumerate(source.batches()):
            calls.on_predict_batch_begin(step)
            outputs = self._trainer.predict_step(inputs)
            parts.append([t.numpy() for t in outputs])
            calls.on_predict_batch_end(step, {"outputs": outputs})
            if calls.progress:
                calls.progress(step + 1, dict)
        calls.on_predict_end()
        if not parts:
            raise ValueError("predict: expected at least one batch")
        joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return joined[0] if len(joined) == 1 else joined

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One training step on one batch.

        Returns:
            The running loss, ``[loss, metric, ...]``, or a dict.
        """
        self._require_compiled("train_on_batch")
        self._trainer.train_step(*data.to_batch(x, y, sample_weight, class_weight))
        return self._step_result(return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch, added to the running ones."""
        self._require_compiled("test_on_batch")
        self._trainer.test_step(*data.to_batch(x, y, sample_weight, None))
        return self._step_result(return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs of one batch, as NumPy arrays."""
        return _arrays(self._trainer.predict_step(data.to_inputs(x)))

    def _step_result(self, return_dict: bool) -> Any:
        return _results(self._logs(), return_dict)


class _Steps:
    """The steps of one epoch: in C++ without Python, or one by one where a callback needs it."""

    def __init__(self, model: Any, calls: Any, mode: str) -> None:
        self.model = model
        self.trainer = model._trainer
        self.calls = calls
        self.mode = mode
        self.begin = calls.overrides(f"on_{mode}_batch_begin")
        self.end = calls.overrides(f"on_{mode}_batch_end")
        self.step = getattr(self.trainer, f"{mode}_step")

    def run(self, source: Any, start: int = 0) -> int:
        """Runs all steps, or those from one on; returns how many the epoch has had."""
        if source.feeder is not None and not self.begin and not self.end:
            return self._run_native(source, start)
        done = start
        for x, y, weight in source.batches(start):
            if self.begin:
                getattr(self.calls, f"on_{self.mode}_batch_begin")(done)
            self.step(x, y, weight)
            done += 1
            if self.end:
                getattr(self.calls, f"on_{self.mode}_batch_end")(done - 1, self.model._logs())
            if self.calls.progress:
                self.calls.progress(done, self.model._logs)
            if self.model.stop_training:
                break
        return done

    def _run_native(self, source: Any, start: int) -> int:
        steps = source.num_steps
        run = getattr(self.trainer, f"{self.mode}_steps")
        progress = self.calls.progress
        if progress is None:
            run(source.feeder, start, steps, None, 0.0)
            return steps

        def hook(step: int) -> bool:
            progress(step + 1, self.model._logs)
            return not self.model.stop_training

        run(source.feeder, start, steps, hook, self.calls.progress_interval)
        return steps


def _results(logs: dict[str, float], return_dict: bool) -> Any:
    """Logs as Keras returns them: a dict, a list of values, or the only value."""
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def _arrays(outputs: list) -> Any:
    arrays = [t.numpy() for t in outputs]
    return arrays[0] if len(arrays) == 1 else arrays


def _callback_list(
    callbacks: Any, model: Any, verbose: Any, *, epochs: int, steps: Any, history: bool = False
) -> Any:
    from nacre.callbacks import CallbackList

    if isinstance(callbacks, CallbackList):
        return callbacks
    verbose = 1 if verbose == "auto" else int(verbose)
    return CallbackList(
        callbacks,
        add_history=history,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=epochs,
        steps=steps,
    )


def _due(frequency: Any, epoch: int) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return (epoch + 1) in frequency


def _per_output(value: Any, names: list[str], what: str) -> list:
    if value is None:
        return []
    if isinstance(value, dict):
        unknown = [key for key in value if key not in names]
        if unknown:
            raise ValueError(f"{what}: there is no output '{unknown[0]}'; the outputs are {names}")
        return [value.get(name) for name in names]
    return list(value) if isinstance(value, list | tuple) else [value]


def _metric_lists(value: Any, names: list[str], what: str) -> list:
    if value is None:
        return []
    if isinstance(value, dict):
        return [_as_list(item) for item in _per_output(value, names, what)]
    value = _as_list(value)
    if len(names) > 1 and len(value) == len(names):
        return [_as_list(item) for item in value]
    if value and all(isinstance(item, list | tuple) for item in value):
        return [list(item) for item in value]
    return [value]


def _as_list(value: Any) -> list:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _to_loss(loss: Any) -> Any:
    from nacre import losses

    return losses.get_core(loss)


def _to_metrics(items: list) -> list:
    from nacre import metrics

    return [metrics.get_core(item) for item in items]
