"""Trainer: compile, fit, evaluate, predict. The steps run in C++; this file hands over the data."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import numpy as np

from nacre import _core, config, tree
from nacre.models import data
from nacre.models.epoch import EpochSteps, callback_list, is_due
from nacre.models.outputs import ModelLayout, Outputs
from nacre.models.steps import Steps


class Trainer(Steps):
    """The training loop of a model."""

    _core: Any
    _trainer: Any
    _optimizer: Any
    _compile_arguments: dict[str, Any] | None
    _run_eagerly: bool = False
    steps_per_execution: int = 1
    _source: Any = None  # the data of the present fit()
    _resume: Any = None  # set by a callback when fit() begins: where to go on
    _fed: list
    _losses_given: list
    _outputs_found: Outputs | None
    stop_training: bool
    history: Any

    def _init_trainer(self) -> None:
        set_attribute = object.__setattr__
        set_attribute(self, "_trainer", _core.Trainer(self._core))
        set_attribute(self, "_optimizer", None)
        set_attribute(self, "_compile_arguments", None)
        set_attribute(self, "_losses_given", [])
        set_attribute(self, "_input_nest", None)
        set_attribute(self, "_outputs_found", None)
        set_attribute(self, "stop_training", False)
        set_attribute(self, "history", None)

    def _forget_plans(self) -> None:
        self._trainer.forget_plans()
        self.__dict__.pop("_step_functions", None)

    # Inputs and outputs ---------------------------------------------------------------------------

    def _layout(self) -> data.Layout:
        return ModelLayout(self)

    def _feed(self, x: Any) -> list:
        """The inputs as a flat list; how they are nested is kept for ``call``."""
        object.__setattr__(self, "_input_nest", data.nest_of(x))
        flat = data.to_inputs(x)
        object.__setattr__(self, "_fed", [((None, *t.shape[1:]), t.dtype) for t in flat])
        return flat

    def _find_outputs(self) -> None:
        """Finds how the outputs are nested by a call with placeholders, where that can be done."""
        if self._outputs() is None:
            with contextlib.suppress(Exception):  # it reads values: found at the first step
                self._core.output_spec(self._fed)

    def _outputs(self) -> Outputs | None:
        """The model's outputs, once they are known."""
        return self._outputs_found

    def _note_outputs(self, outputs: Any) -> None:
        """Called with what ``call`` returned: names in compile() find their outputs."""
        if self._outputs_found is not None:
            return
        object.__setattr__(self, "_outputs_found", Outputs(outputs, None))
        object.__setattr__(self, "_output_nest", data.nest_of(outputs))
        if self._compile_arguments is not None:
            self._trainer.set_outputs(*self._compiled_outputs())

    def _pack_outputs(self, flat: list) -> Any:
        nest = self.__dict__.get("_output_nest")
        if nest is None:
            return flat[0] if len(flat) == 1 else flat
        return data.nested_as(nest, iter(flat))

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
            steps_per_execution: Steps between two calls of the batch hooks of callbacks: the one at
                the beginning gets the number of the first step, that at the end of the last one.
            jit_compile: Kept for Keras's signature.
            auto_scale_loss: Whether the optimizer of a model whose policy is "mixed_float16" is
                wrapped in a LossScaleOptimizer.

        Raises:
            ValueError: An unknown name, or ``steps_per_execution`` below 1.
        """
        from nacre import optimizers

        if isinstance(steps_per_execution, bool) or int(steps_per_execution) < 1:
            raise ValueError(
                f"compile: expected steps_per_execution >= 1, received {steps_per_execution}"
            )

        optimizer = optimizers.get(optimizer)
        half = self._core.policy_name == "mixed_float16"
        scales = optimizer is None or isinstance(optimizer, optimizers.LossScaleOptimizer)
        if auto_scale_loss and half and not scales:
            optimizer = optimizers.LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
        arguments = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": False,
        }
        before = self._compile_arguments, self._losses_given
        object.__setattr__(self, "_compile_arguments", arguments)
        try:
            self._trainer.compile(*self._compiled_outputs())
        except Exception:
            object.__setattr__(self, "_compile_arguments", before[0])
            object.__setattr__(self, "_losses_given", before[1])
            raise
        self.__dict__.pop("_step_functions", None)
        object.__setattr__(self, "_step_logs", None)
        object.__setattr__(self, "_optimizer", optimizer)
        object.__setattr__(self, "_run_eagerly", bool(run_eagerly))
        object.__setattr__(self, "steps_per_execution", int(steps_per_execution))

    def _compiled_outputs(self) -> tuple:
        """What C++ is told of compile(): the optimizer, and losses and metrics by output."""
        given = self._compile_arguments or {}
        outputs = self._outputs()
        names = "metrics", "weighted_metrics"
        if outputs is None:  # checked now, given to outputs when these are known
            for item in tree.flatten(given["loss"]):
                _to_loss(item)
            for name in names:
                _to_metrics(tree.flatten(given[name] or []))
            return given["optimizer"], ([], [], [], [], [], []), bool(given["run_eagerly"])
        losses, weights, places = outputs.losses(given["loss"], given["loss_weights"])
        losses = [_to_loss(item) for item in losses]
        metrics = [
            [_to_metrics(item) for item in outputs.metrics(given[name], name)] for name in names
        ]
        object.__setattr__(self, "_losses_given", losses if outputs.count > 1 else [])
        settings = (losses, weights, places, *metrics, outputs.names)
        return given["optimizer"], settings, bool(given["run_eagerly"])

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
        self.__dict__.pop("_step_functions", None)

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
        epochs = data.limited_epochs(data.require_count(epochs, "epochs"))
        initial_epoch = data.require_count(initial_epoch, "initial_epoch")
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = data.split(
                x, y, sample_weight, validation_split
            )
        source = data.make_source(
            x,
            y,
            sample_weight,
            batch_size,
            steps_per_epoch,
            class_weight,
            shuffle=shuffle,
            layout=self._data_layout("train"),
        )
        validation = None
        if validation_data is not None:
            vx, vy, vw = data.unpack(validation_data)
            validation = data.make_source(
                vx,
                vy,
                vw,
                validation_batch_size or batch_size,
                validation_steps,
                layout=self._data_layout("test"),
            )
        calls = callback_list(
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
            done = EpochSteps(self, calls, "train").run(source, start)
            if source.ran_out and done == start:
                break
            if source.num_steps is None:
                calls.set_steps(done)
            logs = self._logs()
            if validation is not None and is_due(validation_freq, epoch):
                for name, value in self._run_test(validation, calls).items():
                    logs["val_" + name] = value
            calls.on_epoch_end(epoch, logs)
            if self.stop_training or (source.ran_out and hasattr(x, "__next__")):
                break
        optimizer = self._trainer.optimizer
        if optimizer is not None and optimizer.built:
            optimizer.finalize_variable_values(self._core.trainable_weights)
        calls.on_train_end(logs)
        set_attribute(self, "_source", None)
        return self.history

    def _data_layout(self, mode: str) -> data.Layout:
        return data.PLAIN if self._writes_step(mode) else self._layout()

    def _require_compiled(self, what: str) -> None:
        if not self._trainer.compiled:
            raise RuntimeError(
                f"{type(self).__name__} '{self._core.name}': call compile() before {what}()"
            )

    def _run_test(self, source: Any, calls: Any) -> dict[str, float]:
        self.reset_metrics()
        calls.on_test_begin()
        source.begin_epoch()
        EpochSteps(self, calls, "test").run(source)
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
        source = data.make_source(
            x, y, sample_weight, batch_size, steps, layout=self._data_layout("test")
        )
        calls = callback_list(callbacks, self, verbose, epochs=1, steps=source.num_steps)
        return self._results(self._run_test(source, calls), return_dict)

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
        own = self._writes_step("predict")
        whole = steps is None and config.max_steps_per_epoch() is None
        if whole and not own and callbacks is None and verbose in (0, "auto") and data.is_array(x):
            outputs = self._trainer.predict(self._feed(x), batch_size or 32)
            return self._pack_outputs([t.numpy() for t in outputs])
        layout = self._data_layout("predict")
        source = data.make_source(x, None, None, batch_size, steps, layout=layout)
        calls = callback_list(callbacks, self, verbose, epochs=1, steps=source.num_steps)
        calls.on_predict_begin()
        parts: list = []
        nested: Any = None

        def packed(parts: list) -> Any:
            joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
            return tree.pack_sequence_as(nested, joined) if own else self._pack_outputs(joined)

        source.begin_epoch()
        group = self.steps_per_execution
        batches = source.batches()
        first = 0
        while ahead := list(itertools.islice(batches, group)):
            calls.on_predict_batch_begin(first)
            for batch in ahead:
                if own:
                    nested = self._run_step("predict", batch, source.nests, source.bare)
                    outputs = tree.flatten(nested)
                else:
                    outputs = self._trainer.predict_step(batch[0])
                parts.append([t.numpy() for t in outputs])
            done, first = first + len(ahead), first + group
            outputs = packed(parts[-len(ahead) :])
            calls.on_predict_batch_end(first - 1, {"outputs": outputs})
            if calls.progress:
                calls.progress(done, dict)
        calls.on_predict_end()
        if not parts:
            raise ValueError("predict: expected at least one batch")
        return packed(parts)

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
        self._one_step("train", x, y, data.row_weights(y, sample_weight, class_weight))
        return self._results(self._logs(), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch, added to the running ones."""
        self._require_compiled("test_on_batch")
        self._one_step("test", x, y, sample_weight)
        return self._results(self._logs(), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs of one batch, as NumPy arrays."""
        if self._writes_step("predict"):
            batch: tuple = (data.to_inputs(x), [], [])
            outputs = self._run_step("predict", batch, (data.nest_of(x), (), ()))
            return tree.map_structure(lambda t: t.numpy(), outputs)
        return self._pack_outputs([t.numpy() for t in self._trainer.predict_step(self._feed(x))])

    def _one_step(self, mode: str, x: Any, y: Any, weight: Any) -> None:
        if self._writes_step(mode):
            batch: Any = data.to_batch(x, y, weight, None)
            self._run_step(mode, batch, tuple(data.nest_of(part) for part in (x, y, weight)))
        else:
            step = getattr(self._trainer, f"{mode}_step")
            step(*data.to_batch(x, y, weight, None, self._layout()))

    def _results(self, logs: dict[str, float], return_dict: bool) -> Any:
        """Logs as Keras returns them: a dict, a list of values, or the only value."""
        if return_dict:
            return dict(sorted(logs.items()))
        values = list(logs.values())
        return values[0] if len(values) == 1 else values


def _to_loss(loss: Any) -> Any:
    from nacre import losses

    return losses.get_core(loss)


def _to_metrics(items: list) -> list:
    from nacre import metrics

    return [metrics.get_core(item) for item in items]
