"""Steps that a model may write itself: train_step, test_step, predict_step and what they call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nacre.layers.arguments import takes
from nacre.metrics.metric import Metric
from nacre.models import data


class LoggedMetric(Metric):
    """A metric that C++ keeps: a loss's average, or what a name given to compile() means."""

    def __init__(self, core: Any) -> None:
        self._arguments = {}
        self._core = core
        self._native_core = core

    def update_state(self, values: Any, y_pred: Any = None, sample_weight: Any = None) -> None:
        """Adds a batch to the totals."""
        from nacre.ops import convert_to_tensor

        weight = None if sample_weight is None else convert_to_tensor(sample_weight, "float32")
        self._core.update_state(convert_to_tensor(values), y_pred, weight)


class Steps:
    """The steps of training, evaluation and prediction, as a subclass may override them."""

    _core: Any
    _trainer: Any
    _step_logs: Any = None
    optimizer: Any

    # What a step is made of -----------------------------------------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """One training step: predictions, loss, gradients, update, metrics.

        A subclass overrides it for training of another kind. It runs as a plan, like the step it
        replaces, unless it reads values.

        Args:
            data: ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)`` of one batch, nested as given to
                ``fit``.

        Returns:
            What is logged: names and values.

        Example:
            >>> import nacre
            >>> class Net(nacre.Model):
            ...     def __init__(self):
            ...         super().__init__()
            ...         self.dense = nacre.layers.Dense(1)
            ...     def call(self, x):
            ...         return self.dense(x)
            ...     def train_step(self, data):
            ...         x, y = data
            ...         with nacre.GradientTape() as tape:
            ...             loss = nacre.ops.mean(nacre.ops.abs(self(x, training=True) - y))
            ...         weights = self.trainable_variables
            ...         self.optimizer.apply(tape.gradient(loss, weights), weights)
            ...         return {"loss": loss}
            >>> net = Net()
            >>> net.compile("sgd")
            >>> x, y = nacre.ops.ones((8, 3)), nacre.ops.zeros((8, 1))
            >>> list(net.fit(x, y, verbose=0).history)
            ['loss']
        """
        from nacre.autograd import GradientTape
        from nacre.utils import unpack_x_y_sample_weight

        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self._loss_of(x, y, y_pred, sample_weight, True)
            self._trainer.update_loss(_flat(x), loss)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables  # type: ignore[attr-defined]
        if variables:
            self.optimizer.apply(tape.gradient(scaled, variables), variables)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One evaluation step: predictions, loss, metrics. See :meth:`train_step`."""
        from nacre.utils import unpack_x_y_sample_weight

        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        loss = self._loss_of(x, y, y_pred, sample_weight, False)
        self._trainer.update_loss(_flat(x), loss)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs for one batch ``(x,)``. See :meth:`train_step`."""
        from nacre.utils import unpack_x_y_sample_weight

        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)  # type: ignore[operator]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The scalar loss of one batch: that given to compile(), and what layers add.

        Args:
            x: Inputs.
            y: Targets.
            y_pred: Outputs of the model.
            sample_weight: Weights of the samples.
            training: Whether the step trains.

        Returns:
            A scalar tensor.
        """
        layout = self._layout()
        return self._trainer.compute_loss(
            _flat(x) or _flat(y_pred),
            layout.targets(y),
            layout.weights(sample_weight),
            _flat(y_pred),
        )

    def _loss_of(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        given = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
        if takes(type(self).compute_loss, "training"):
            given["training"] = training
        return self.compute_loss(**given)

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Updates the metrics given to compile() and returns what is logged.

        Args:
            x: Inputs.
            y: Targets.
            y_pred: Outputs of the model.
            sample_weight: Weights of the samples.

        Returns:
            Names and values of all metrics.
        """
        if y is not None:
            layout = self._layout()
            self._trainer.update_metrics(
                _flat(x), layout.targets(y), layout.weights(sample_weight), _flat(y_pred)
            )
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """Names and present values of the metrics."""
        found: dict[str, Any] = {}
        if self._overrides("metrics"):
            for metric in self.metrics:
                _add_result(found, metric.name, metric.result())
            return found
        for name, core, _ in self._trainer.logged_metrics():
            _add_result(found, name, core.result())
        for metric in self._own_metrics():
            _add_result(found, metric.name, metric.result())
        return found

    # Metrics --------------------------------------------------------------------------------------

    @property
    def metrics(self) -> list:
        """The metrics: the loss's average, those of compile(), those among the attributes."""
        given = self._given_metrics()
        found = []
        for _, core, _ in self._trainer.logged_metrics():
            same = [m for m in given if core in (m._core, m._native_core)]
            found.append(same[0] if same else LoggedMetric(core))
        return found + self._own_metrics()

    def _given_metrics(self) -> list:
        from nacre import tree

        arguments = getattr(self, "_compile_arguments", None) or {}
        given = [arguments.get(name) for name in ("metrics", "weighted_metrics")]
        return [m for m in tree.flatten(given) if isinstance(m, Metric)]

    def _own_metrics(self) -> list:
        """Metrics among the attributes of the model and of the layers in it."""
        found: list = []
        for layer in self._flatten_layers():  # type: ignore[attr-defined]
            for metric in layer.__dict__.get("_tracked_metrics", {}).values():
                if all(metric is not known for known in found):
                    found.append(metric)
        return found

    @property
    def metrics_names(self) -> list[str]:
        """Names of the metrics, once known."""
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Begins new averages of all metrics."""
        object.__setattr__(self, "_step_logs", None)
        self._trainer.reset_metrics()
        for metric in self.metrics if self._overrides("metrics") else self._own_metrics():
            metric.reset_state()

    # Running them ---------------------------------------------------------------------------------

    def _overrides(self, name: str) -> bool:
        return getattr(type(self), name) is not getattr(Steps, name)

    def _writes_step(self, mode: str) -> bool:
        """Whether the step of "train", "test" or "predict" is written in Python."""
        names = [f"{mode}_step"]
        if mode != "predict":
            names += ["compute_loss", "compute_metrics"]
        return any(self._overrides(name) for name in names)

    def _step_function(self, mode: str) -> Callable[..., Any]:
        """The step as a plan: a function of flat lists of tensors and how they are nested."""
        functions = self.__dict__.setdefault("_step_functions", {})
        if mode not in functions:
            from nacre.autograd import function

            step = getattr(self, f"{mode}_step")

            def run(x: Any, y: Any = None, sample_weight: Any = None, bare: bool = False) -> Any:
                self._core.clear_losses()
                parts = (x, y, sample_weight)
                count = 3 if sample_weight is not None else 2 if y is not None else 1
                alone = bare and count == 1 and not isinstance(x, list | tuple)
                result = step(x if alone else parts[:count])
                self._core.clear_losses()
                return result

            run.__qualname__ = f"{type(self).__name__}.{mode}_step"
            functions[mode] = run if self._run_eagerly else function(run)  # type: ignore[attr-defined]
        return functions[mode]

    def _run_step(self, mode: str, flat: tuple, nests: tuple, bare: bool = False) -> Any:
        """One step written in Python on a batch; its logs are kept.

        The step is given a tuple, but for x alone if it came `bare`, as in Keras.
        """
        x, y, weight = (
            data.nested_as(nest, iter(part)) for nest, part in zip(nests, flat, strict=True)
        )
        if not self._trainer.compiled and mode != "predict":
            raise RuntimeError(f"call compile() before {mode}ing")
        result = self._step_function(mode)(x, y, weight, bare)
        if mode != "predict":
            if not isinstance(result, dict):
                raise TypeError(
                    f"{type(self).__name__}.{mode}_step: expected a dict of logs as its result, "
                    f"received {type(result).__name__}"
                )
            object.__setattr__(self, "_step_logs", result)
        return result

    def _logs(self) -> dict[str, Any]:
        """What is logged now: of the metrics, or what the last step written in Python returned."""
        if self._step_logs is not None:
            logs = self.get_metrics_result()
            if set(logs) != set(self._step_logs):
                logs = self._step_logs
            return {name: _number(value) for name, value in logs.items()}
        if not self._overrides("metrics") and not self._overrides("get_metrics_result"):
            logs = dict(self._trainer.logs())
            for metric in self._own_metrics():
                _add_result(logs, metric.name, metric.result())
        else:
            logs = self.get_metrics_result()
        return {name: _number(value) for name, value in logs.items()}

    def _layout(self) -> data.Layout:
        raise NotImplementedError


def _flat(structure: Any) -> list:
    return data.to_inputs(structure)


def _add_result(found: dict[str, Any], name: str, value: Any) -> None:
    if isinstance(value, dict):
        found.update(value)
    else:
        found[name] = value


def _number(value: Any) -> Any:
    return float(value) if getattr(value, "size", 1) == 1 else value
