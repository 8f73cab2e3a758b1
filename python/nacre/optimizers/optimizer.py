"""Optimizer: the base of what turns gradients into new weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre._native import Native, python_core
from nacre.optimizers.schedules import FunctionSchedule, LearningRateSchedule

_BASE = (
    "learning_rate",
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)
# What Keras does not have; left out of configurations, which Keras reads too, where not set.
_OURS = ("lazy_rows",)


class Optimizer(Native):
    """Turns gradients into new values of variables.

    Subclasses make their slots in ``build(variables)``, after ``super().build(variables)``, and
    write ``update_step(gradient, variable, learning_rate)``, made with ``nacre.ops``.

    Args:
        learning_rate: A number, a LearningRateSchedule, or a function without arguments.
        weight_decay: Part of each weight, times the learning rate, that a step takes away.
        clipnorm: Largest norm of each variable's gradient.
        clipvalue: Largest absolute value in a gradient.
        global_clipnorm: Largest norm of all gradients together.
        use_ema: Whether an exponential moving average of the weights is kept.
        ema_momentum: Part of the average that a step keeps, in [0, 1].
        ema_overwrite_frequency: Steps after which the weights become their average; None: at the
            end of ``fit``.
        loss_scale_factor: The loss is multiplied and the gradients divided by it.
        gradient_accumulation_steps: Steps whose gradients make up one update, at least 2.
        name: Name of the optimizer.

    Raises:
        ValueError: More than one of the clip arguments, or a value out of its range.

    Example:
        >>> import nacre
        >>> class Signs(nacre.optimizers.Optimizer):
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         self.assign_sub(variable, learning_rate * nacre.ops.sign(gradient))
        >>> weight = nacre.Variable([1.0, 2.0])
        >>> Signs(0.5).apply([nacre.ops.convert_to_tensor([3.0, -3.0])], [weight])
        >>> weight.numpy()
        array([0.5, 2.5], dtype=float32)
    """

    _module = "optimizers"
    _base_arguments: tuple[str, ...] = ("name",)
    _hooks = ("build", "update_step")

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("decay", None)
        if kwargs:
            unknown = next(iter(kwargs))
            raise TypeError(f"{type(self).__name__}: unknown argument '{unknown}'")
        self._arguments = {
            "learning_rate": learning_rate,
            "weight_decay": weight_decay,
            "clipnorm": clipnorm,
            "clipvalue": clipvalue,
            "global_clipnorm": global_clipnorm,
            "use_ema": use_ema,
            "ema_momentum": ema_momentum,
            "ema_overwrite_frequency": ema_overwrite_frequency,
            "loss_scale_factor": loss_scale_factor,
            "gradient_accumulation_steps": gradient_accumulation_steps,
            "name": name,
        }
        self._init_python(self._arguments)

    def _init_python(self, arguments: dict[str, Any]) -> None:
        settings = self._native_config(
            {key: value for key, value in arguments.items() if key in (*_BASE, "name")}
        )
        self._core = python_core("Optimizer", self, type(self).__name__, settings)

    def _native_config(self, arguments: dict[str, Any]) -> dict[str, Any]:
        config = super()._native_config(arguments)
        config["learning_rate"] = self._to_rate(config["learning_rate"])
        return config

    def _to_rate(self, value: Any) -> Any:
        if isinstance(value, LearningRateSchedule | dict):
            return value
        if callable(value) and not hasattr(value, "shape"):
            return FunctionSchedule(value)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise TypeError(
                f"{type(self).__name__}: expected learning_rate to be a number, a "
                f"LearningRateSchedule or a function, received {value!r}"
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        # An option is C++'s to keep: ``optimizer.clipnorm = 1.0`` changes the steps that follow.
        arguments = self.__dict__.get("_arguments", {})
        if name not in arguments or name in ("name", "learning_rate"):
            return super().__setattr__(name, value)
        for core in {id(core): core for core in (self._core, self._native_core) if core}.values():
            core.set_option(name, value)
        arguments[name] = value

    # State --------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The optimizer's name."""
        return self._core.name

    @property
    def learning_rate(self) -> Any:
        """The current learning rate: a variable that can be assigned, or the schedule's value.

        Setting it takes a number, or a LearningRateSchedule or function in its place.
        """
        variable = self._core.learning_rate_variable
        return variable if variable is not None else self._core.learning_rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        rate = self._to_rate(value)
        if isinstance(rate, float):
            self._core.set_learning_rate(rate)
        else:
            self._core.set_schedule(rate)
            self._arguments["learning_rate"] = value

    @property
    def iterations(self) -> Any:
        """How many steps are finished; with gradient accumulation, how many updates."""
        if self._arguments["gradient_accumulation_steps"]:
            return self._core.update_count
        return self._core.iterations

    @property
    def built(self) -> bool:
        """Whether the slots exist."""
        return self._core.built

    @property
    def variables(self) -> list:
        """Iterations, learning rate and slots: what must be saved to resume training."""
        return list(self._core.variables)

    @property
    def _trainable_variables(self) -> list:
        return list(self._core.trained_variables)

    @property
    def _model_variables_moving_average(self) -> list:
        return list(self._core.averages)

    def _get_variable_index(self, variable: Any) -> int:
        return self._core.index_of(variable)

    def add_variable(
        self,
        shape: Any,
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Any:
        """A new variable of this optimizer.

        Args:
            shape: Its shape.
            initializer: Initializer or name.
            dtype: Its dtype; default: ``floatx``.
            aggregation: Kept for Keras's signature.
            layout: Kept for Keras's signature.
            name: Its name.

        Returns:
            A Variable.
        """
        from nacre import config, initializers

        return self._core.add_variable(
            name or "variable",
            tuple(shape),
            dtype or config.floatx(),
            initializers.get(initializer),
        )

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> Any:
        """A new variable of the shape and dtype of another one: a slot.

        Args:
            reference_variable: The other variable.
            name: What the slot holds: "momentum".
            initializer: Initializer or name.

        Returns:
            A Variable.
        """
        owner = str(getattr(reference_variable, "path", reference_variable.name))
        return self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.dtype,
            name=f"{owner.replace('/', '_')}_{name or 'var'}",
        )

    def add_optimizer_variables(
        self, trainable_variables: Any, name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Slots of several variables.

        Args:
            trainable_variables: The variables.
            name: Name of the slot, or a list of names for several slots each.
            initializer: Initializer, or one a name.

        Returns:
            A list of slots; for several names a tuple of lists.
        """
        names = [name] if isinstance(name, str) else list(name)
        each = list(initializer) if isinstance(initializer, list | tuple) else [initializer]
        each = each * len(names) if len(each) == 1 else each
        if len(each) != len(names):
            raise ValueError(f"expected one initializer a name, received {len(each)} for {names}")
        slots: tuple[list, ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for column, slot_name, slot_initializer in zip(slots, names, each, strict=True):
                column.append(
                    self.add_variable_from_reference(variable, slot_name, slot_initializer)
                )
        return slots[0] if isinstance(name, str) else slots

    # Steps --------------------------------------------------------------------------------------

    def build(self, variables: Any) -> None:
        """Makes the slots for these variables.

        Args:
            variables: The variables that gradients will be given for.
        """
        if self._core is self._native_core:
            self._core.build(list(variables))
        else:
            self._core.begin_build(list(variables))
            if self._native_core is not None:
                self._native_core.build(list(variables))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable, and its slots, with its gradient."""
        raise NotImplementedError(f"{type(self).__name__}: update_step is not implemented")

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """One step.

        Args:
            grads: A gradient a variable; None leaves the variable alone.
            trainable_variables: The variables; default: those of ``build``.

        Raises:
            ValueError: No gradient at all, a gradient of a wrong shape, or an unknown variable.
        """
        grads = list(grads)
        if trainable_variables is None:
            if not self.built:
                raise ValueError(
                    f"{type(self).__name__}: call build(variables) before apply(grads) without them"
                )
            trainable_variables = self._core.trained_variables
        self._core.apply(grads, list(trainable_variables))

    def apply_gradients(self, grads_and_vars: Any) -> Any:
        """One step, from pairs of gradient and variable.

        Returns:
            The iterations.
        """
        pairs = list(grads_and_vars)
        self.apply([grad for grad, _ in pairs], [variable for _, variable in pairs])
        return self._core.iterations

    def assign(self, variable: Any, value: Any) -> None:
        """``variable.assign(value)``."""
        variable.assign(value)

    def assign_add(self, variable: Any, value: Any) -> None:
        """``variable.assign(variable + value)``."""
        variable.assign(variable + value)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """``variable.assign(variable - value)``."""
        variable.assign(variable - value)

    def stateless_apply(
        self, optimizer_variables: Any, grads: Any, trainable_variables: Any
    ) -> tuple[list, list]:
        """One step on values instead of variables, which keep theirs.

        Args:
            optimizer_variables: A value for each of ``variables``.
            grads: A gradient a trained variable; None leaves the variable alone.
            trainable_variables: A value for each variable the optimizer was built with.

        Returns:
            The new values of the trained variables, and of the optimizer's.

        Raises:
            ValueError: The optimizer is not built, or a list is too short or too long.
        """
        if not self.built:
            raise ValueError(f"{type(self).__name__}: call build(variables) before stateless_apply")
        trained, own = self._trainable_variables, self.variables
        for what, values, variables in (
            ("optimizer_variables", list(optimizer_variables), own),
            ("trainable_variables", list(trainable_variables), trained),
        ):
            if len(values) != len(variables):
                raise ValueError(
                    f"{type(self).__name__}: expected {len(variables)} {what}, received "
                    f"{len(values)}"
                )
        before = [variable.value for variable in (*trained, *own)]
        try:
            for variable, value in zip(
                (*trained, *own), (*trainable_variables, *optimizer_variables), strict=True
            ):
                variable.assign(value)
            self.apply(grads, trained)
            return [v.value for v in trained], [v.value for v in own]
        finally:
            for variable, value in zip((*trained, *own), before, strict=True):
                variable.assign(value)

    def set_weights(self, weights: Any) -> None:
        """Sets the values of ``variables``.

        Args:
            weights: Arrays, one a variable.

        Raises:
            ValueError: The optimizer is not built, or an array has another shape.
        """
        if not self.built:
            raise ValueError(f"{type(self).__name__}: call build(variables) before set_weights")
        weights, variables = list(weights), self.variables
        if len(weights) != len(variables):
            raise ValueError(
                f"{type(self).__name__}: expected {len(variables)} weights, received {len(weights)}"
            )
        for variable, weight in zip(variables, weights, strict=True):
            if tuple(variable.shape) != np.shape(weight):
                raise ValueError(
                    f"{type(self).__name__}: expected a weight of shape {tuple(variable.shape)} "
                    f"for '{variable.path}', received {np.shape(weight)}"
                )
        for variable, weight in zip(variables, weights, strict=True):
            variable.assign(weight)

    def scale_loss(self, loss: Any) -> Any:
        """The loss times ``loss_scale_factor``."""
        return self._core.scale_loss(loss)

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Leaves variables out of the weight decay; to be called before ``build``.

        Args:
            var_list: Variables.
            var_names: Regular expressions; variables whose name matches one are left out.

        Raises:
            ValueError: The optimizer is built.
        """
        self._core.exclude_from_weight_decay(list(var_list or []), list(var_names or []))

    def finalize_variable_values(self, var_list: Any) -> None:
        """Gives variables their moving average, where one is kept; ``fit`` ends with it."""
        self._core.finalize_variable_values(list(var_list))

    def save_own_variables(self, store: Any) -> None:
        """Writes the variables to a mapping, as arrays by their index."""
        for index, variable in enumerate(self.variables):
            store[str(index)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Reads what ``save_own_variables`` wrote.

        Raises:
            ValueError: The number of variables is another one.
        """
        variables = self.variables
        if len(store.keys()) != len(variables):
            raise ValueError(
                f"{type(self).__name__}: expected {len(variables)} variables, received "
                f"{len(store.keys())}; is the optimizer built?"
            )
        for index, variable in enumerate(variables):
            variable.assign(np.asarray(store[str(index)]))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer, without its state."""
        from nacre.optimizers import schedules

        rate = self._arguments["learning_rate"]
        if self._core.has_schedule:
            rate = schedules.serialize(rate) if isinstance(rate, LearningRateSchedule) else rate
        else:
            rate = float(self._core.learning_rate().numpy())
            given = self._arguments["learning_rate"]
            if not callable(given) and np.float32(given) == np.float32(rate):
                rate = float(given)  # as it was given, not rounded
        config: dict[str, Any] = {"name": self.name, "learning_rate": rate}
        for name in (*_BASE[1:], *(self._signature.names if self._native_class else ())):
            if name not in config and (name not in _OURS or self._arguments[name]):
                config[name] = self._argument(name, self._arguments[name])
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """An optimizer from what ``get_config`` returned."""
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            from nacre.optimizers import schedules

            config["learning_rate"] = schedules.deserialize(
                config["learning_rate"], custom_objects=custom_objects
            )
        return cls(**config)
