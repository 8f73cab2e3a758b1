"""Layer: the base of all layers, built in or written in Python."""

from __future__ import annotations

import difflib
import functools
from typing import Any

from nacre import _core
from nacre._native import Signature
from nacre._tracking import tracked, untrack
from nacre.autograd.remat import apply_scope
from nacre.layers import masks
from nacre.layers.arguments import (
    BASE_ARGUMENTS,
    LAYER_ARGUMENTS,
    core_value,
    policy_name as policy_name,
    pop_input_shape,
    pop_unsupported,
    resolved,
    shape_list,
    takes,
)
from nacre.layers.state import LayerState


def _through_core(build: Any) -> Any:
    """A build method whose direct calls go through C++, which keeps names and the built flag."""

    @functools.wraps(build)
    def wrapper(self: Layer, *args: Any, **kwargs: Any) -> Any:
        if self._building or "_core" not in self.__dict__:
            return build(self, *args, **kwargs)
        shapes = [s for shape in (*args, *kwargs.values()) for s in shape_list(shape)]
        object.__setattr__(self, "_build_call", (args, kwargs))
        try:
            self._core.ensure_built(shapes)
        finally:
            object.__setattr__(self, "_build_call", None)

    return wrapper


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _only(tensors: list) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


class Layer(LayerState):
    """A computation with state: it owns weights, and it is called on tensors.

    Subclasses write ``__init__`` (keep settings), ``build(input_shape)`` (make weights with
    ``add_weight``) and ``call(inputs)`` (compute, with ``nacre.ops``). Layers and variables
    assigned to attributes are tracked: they appear in ``weights`` and are trained and saved.

    Args:
        activity_regularizer: Regularizer or name; its penalty of the output is added to the loss.
        trainable: Whether the weights are updated by training.
        dtype: Name of a dtype or dtype policy; default: ``nacre.config.dtype_policy()``.
        autocast: Whether floating inputs are cast to the compute dtype.
        name: Name, unique within a model; default: made from the class name.

    Example:
        >>> import nacre
        >>> class Scale(nacre.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
        ...     def call(self, inputs):
        ...         return inputs * self.factor
        >>> Scale()(nacre.ops.ones((2, 3))).shape
        (2, 3)
    """

    _module = "layers"
    _base_arguments: tuple[str, ...] = BASE_ARGUMENTS
    _call_arguments: tuple[str, ...] = ("training", "mask")  # by name, of C++ layers
    _build_shapes: Any = None
    _building = False
    _build_call: tuple | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        build = cls.__dict__.get("build")
        if build is not None and cls.__module__ != "nacre.models.sequential":
            cls.build = _through_core(build)  # type: ignore[method-assign]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        object.__setattr__(self, "_init_args", (args, kwargs))
        return self

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = pop_input_shape(kwargs, ())
        if kwargs:
            unknown = next(iter(kwargs))
            near = difflib.get_close_matches(unknown, BASE_ARGUMENTS, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise TypeError(f"{type(self).__name__}: unknown argument '{unknown}'.{hint}")
        config: dict[str, Any] = {"trainable": trainable}
        if name is not None:
            config["name"] = name
        if dtype is not None:
            config["dtype"] = policy_name(dtype)
        if activity_regularizer is not None:
            regularizer = resolved("activity_regularizer", activity_regularizer)
            config["activity_regularizer"] = regularizer
        core = _core.PythonLayer(self, type(self).__name__, config)
        core.autocast = autocast
        apply_scope(core)
        core.supports_masking = type(self).compute_mask is not Layer.compute_mask
        self._set_state(core, {"activity_regularizer": activity_regularizer}, shape)

    def _set_state(self, core: Any, arguments: dict[str, Any], input_shape: Any = None) -> None:
        set_attribute = object.__setattr__
        set_attribute(self, "_core", core)
        _core.set_front(core, self)
        set_attribute(self, "_arguments", arguments)
        set_attribute(self, "_calls", [])
        set_attribute(self, "_owned", {})
        set_attribute(self, "_input_shape_argument", input_shape)

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        shape = pop_input_shape(arguments, self._signature.names)
        autocast = arguments.pop("autocast", None)
        pop_unsupported(cls.__name__, arguments, self._signature.names)
        if arguments.get("name") is None and type(self) is not cls:
            arguments["name"] = _core.unique_name(_core.to_snake_case(type(self).__name__))
        config = {
            name: core_value(name, value)
            for name, value in arguments.items()
            if not (value is None and name in self._base_arguments)
        }
        native: Any = _core.make(self._module, cls.__name__, config)
        if autocast is not None:
            native.autocast = autocast
        if type(self)._overrides_native(cls):
            # A Python subclass changes what a C++ layer does: Python is called, C++ does the rest.
            Layer.__init__(
                self,
                name=arguments["name"],
                trainable=native.trainable,
                dtype=native.policy_name,
                activity_regularizer=arguments.get("activity_regularizer"),
            )
            self._core.add_sublayer(native)
            self._core.supports_masking |= native.supports_masking
            self._set_state(self._core, arguments, shape)
        else:
            apply_scope(native)
            self._set_state(native, arguments, shape)
        object.__setattr__(self, "_native_core", native)

    @classmethod
    def _in_front_of(cls, core: Any) -> Any:
        """A front end of a C++ layer that exists."""
        self = cls.__new__(cls)
        self._set_state(core, {name: core.get_field(name) for name in cls._signature.names})
        object.__setattr__(self, "_native_core", core)
        return self

    @classmethod
    def _overrides_native(cls, native: type) -> bool:
        hooks = ("build", "call", "compute_mask")
        return any(getattr(cls, name) is not getattr(native, name) for name in hooks)

    # Attributes ---------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        state = self.__dict__
        if name.startswith("_") and name in state:
            object.__setattr__(self, name, value)
            return
        if isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
            return
        if "_core" not in state:
            raise RuntimeError(
                f"{type(self).__name__}: call super().__init__() before setting attributes"
            )
        native = state.get("_native_core")
        if native is not None and name in state["_arguments"] and name in native.field_names():
            native.set_field(name, core_value(name, value))
            state["_arguments"][name] = value
            return
        old = state.get(name)
        if isinstance(old, Layer) and old is not value:
            object.__delattr__(self, name)
            untrack(self, old)
        object.__setattr__(self, name, tracked(self, name, value))

    def __delattr__(self, name: str) -> None:
        value = self.__dict__.get(name)
        object.__delattr__(self, name)
        if isinstance(value, Layer):
            untrack(self, value)

    def _argument(self, name: str, given: Any) -> Any:
        found = resolved(name, given)
        if found is not None:
            return found
        native = self.__dict__.get("_native_core")
        if native is None or name not in native.field_names() or callable(given):
            return given
        return _tuples(native.get_field(name))

    def __getattr__(self, name: str) -> Any:
        state = self.__dict__
        arguments = state.get("_arguments")
        if arguments is not None and name in arguments:
            return self._argument(name, arguments[name])
        native = state.get("_native_core")
        if native is not None:
            for variable in native.own_variables:
                if variable.name == name:
                    return variable
            if name in ("bias", "gamma", "beta") and native.built:
                return None  # left out: use_bias=False
        if name in ("input", "output") and "_core" in state:
            getattr(_core, "layer_" + name)(state["_core"])  # says what is missing
        if "_core" not in state and not name.startswith("__"):
            raise RuntimeError(
                f"{type(self).__name__}: call super().__init__() before using the layer"
            )
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    @property
    def _layers(self) -> list[Layer]:
        return list(self._owned.values())

    def _flatten_layers(self, include_self: bool = True) -> Any:
        if include_self:
            yield self
        for layer in self._layers:
            yield from layer._flatten_layers()

    # Building and calling -----------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for inputs of this shape (``None`` for unknown dimensions)."""
        native = self.__dict__.get("_native_core")
        if native is not None and input_shape is not None:
            native.ensure_built(shape_list(input_shape))

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation; ``__call__`` builds the layer first and then runs it."""
        native = self.__dict__.get("_native_core")
        if native is None:
            raise NotImplementedError(f"{type(self).__name__} '{self.name}': call() is not defined")
        inputs = args[0]
        training = kwargs.get("training")
        if isinstance(inputs, list | tuple):
            return native.call(list(inputs), training)[0]
        return native.call_one(inputs, training)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the layer on tensors or arrays, building it at the first call."""
        core = self.__dict__.get("_core")
        if core is None:
            raise RuntimeError(f"{type(self).__name__}: super().__init__() was never called")
        native = self.__dict__.get("_native_core") is core
        if native and len(args) == 1 and not isinstance(args[0], list | tuple | dict):
            unknown = [name for name in kwargs if name not in self._call_arguments]
            if unknown or (kwargs.get("mask") is not None and not core.takes_mask):
                name = unknown[0] if unknown else "mask"
                raise TypeError(f"{type(self).__name__}: unknown argument '{name}'")
            if args[0] is None:
                raise ValueError(
                    f"{type(self).__name__} '{self.name}': expected a tensor, received None"
                )
            if kwargs.keys() <= {"training", "mask"}:
                return core.call_one(args[0], kwargs.get("training"), kwargs.get("mask"))
        return self._call_with_structure(args, kwargs)

    def _call_with_structure(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        from nacre import _structure

        training = kwargs.pop("training", None)
        given = None
        native = self.__dict__.get("_native_core") is self._core
        if native:
            given = kwargs.pop("mask", None)
            if given is not None:
                if not self._core.takes_mask:
                    raise TypeError(f"{type(self).__name__}: unknown argument 'mask'")
                given = masks.leaves(given)
            unknown = [name for name in kwargs if name not in self._call_arguments]
            if unknown:
                raise TypeError(f"{type(self).__name__}: unknown argument '{unknown[0]}'")
        tensors, structure = _structure.flatten_call(args, kwargs)
        if native and not tensors:
            raise ValueError(
                f"{type(self).__name__} '{self.name}': expected a tensor, received none in {args}"
            )
        arguments = None
        if native and (kwargs or len(args) > 1):
            arguments = _structure.to_data(structure)
        specs = self.__dict__.get("input_spec")
        if specs is not None:
            owner = f"{type(self).__name__} '{self.name}'"
            listed = specs if isinstance(specs, list) else [specs]
            for spec, x in zip(listed, tensors, strict=False):
                spec.check(x.shape, str(x.dtype), owner)
        frame: dict[str, Any] = {"arguments": structure}
        self._calls.append(frame)
        try:
            outputs = self._core.call(tensors, training, given, arguments, structure)
        finally:
            self._calls.pop()
        if "outputs" in frame:
            return _structure.unflatten_tensors(frame["outputs"], outputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def _build(self, shapes: list, noted: Any = None) -> None:
        """Called by C++ with one shape an input, and how a noted call nests them."""
        args, kwargs = self._build_call or self._build_arguments(shapes, noted)
        object.__setattr__(self, "_build_shapes", args[0] if args else kwargs or None)
        object.__setattr__(self, "_building", True)
        try:
            self.build(*args, **kwargs)
        finally:
            object.__setattr__(self, "_building", False)

    def _build_arguments(self, shapes: list, noted: Any) -> tuple[tuple, dict[str, Any]]:
        frame = self._calls[-1] if self._calls and "built" not in self._calls[-1] else None
        if frame is None and noted is None:
            return (shapes[0] if len(shapes) == 1 else shapes,), {}
        from nacre import _structure

        if frame is not None:
            frame["built"] = True
        structure = frame["arguments"] if frame is not None else noted
        args, kwargs = _structure.unflatten_tensors(structure, shapes)
        names = Signature(getattr(type(self).build, "__wrapped__", type(self).build)).names
        if len(names) > 1:  # build(self, query_shape, value_shape): one argument of call() each
            given = {**dict(zip(Signature(type(self).call).names, args, strict=False)), **kwargs}
            known = {f"{name}_shape": shape for name, shape in given.items()}
            return (), {name: known[name] for name in names if name in known}
        return (args[0] if args else next(iter(kwargs.values()), None),), {}

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The masks of the outputs for inputs with these masks; None for none."""
        native = self.__dict__.get("_native_core")
        if native is None:
            return previous_mask
        given = masks.leaves(previous_mask)
        if all(mask is None for mask in given):
            given = []
        found = native.compute_mask(masks.leaves(inputs), given)
        return found[0] if len(found) == 1 else found or None

    def _call(self, tensors: list, training: bool, given: list, noted: Any = None) -> list:
        """Called by C++ to run ``call``.

        Args:
            tensors: The tensors among the arguments.
            training: Whether the call trains.
            given: Their masks, if any has one.
            noted: How the call of a functional model nests them.
        """
        from nacre import _structure

        kwargs: dict[str, Any] = {}
        frame = self._calls[-1] if self._calls and "entered" not in self._calls[-1] else None
        if frame is not None:
            frame["entered"] = True
            args, kwargs = _structure.unflatten_tensors(frame["arguments"], tensors)
        elif hasattr(self, "state_size"):  # a cell, called by the layer that runs it
            args = (tensors[0], tensors[1:])
        else:
            if noted is not None:
                args, kwargs = _structure.unflatten_tensors(noted, tensors)
            else:
                args = self._call_arguments_of(tensors)
        if frame is None:
            for tensor, mask in zip(tensors, given, strict=False):
                tensor._keras_mask = mask
        call = type(self).call
        masking = bool(given) or self.supports_masking or takes(call, "mask")
        if masking:
            kwargs, first, previous = masks.fill_arguments(call, args, kwargs)
        if takes(call, "training"):
            kwargs = {**kwargs, "training": training}
        outputs = self.call(*args, **kwargs)
        self._note_outputs(outputs)
        flat, structure = _structure.flatten_tensors(outputs)
        if masking:
            masks.attach(self, first, flat, previous)
        if frame is not None:
            frame["outputs"] = structure
        return flat

    def _state_shapes(self) -> list[tuple]:
        """Called by C++ for the states of a cell."""
        from nacre.layers.recurrent_base import state_shapes

        if not hasattr(self, "state_size"):
            raise TypeError(f"{type(self).__name__} '{self.name}': a cell needs a state_size")
        return state_shapes(self)

    def _initial_state(self, batch_size: int) -> list | None:
        """Called by C++ for the first states of a cell; None for zeros."""
        from nacre.layers.recurrent_base import state_leaves

        given = getattr(self, "get_initial_state", None)
        return None if given is None else state_leaves(given(batch_size=batch_size))

    def _call_arguments_of(self, tensors: list) -> tuple:
        """The arguments of ``call`` for tensors that come without a structure."""
        return (tensors[0],) if len(tensors) == 1 else (tensors,)

    def _note_outputs(self, outputs: Any) -> None:
        """Told what ``call`` returned; models keep how it is nested."""

    @property
    def input(self) -> Any:
        """What the only call on placeholders took; AttributeError without one, or with several."""
        return _only(_core.layer_input(self._core))

    @property
    def output(self) -> Any:
        """What the only call on placeholders gave: a model's output, to cut it there."""
        return _only(_core.layer_output(self._core))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of this shape."""
        specs = [(tuple(shape), self.compute_dtype) for shape in shape_list(input_shape)]
        shapes = [shape for shape, _ in self._core.output_spec(specs)]
        return shapes[0] if len(shapes) == 1 else shapes

    # Configuration ------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer.

        A layer written in Python whose ``__init__`` takes arguments of its own is described by the
        arguments it was made with.
        """
        from nacre.saving import serialize_keras_object

        config = self._base_config()
        if self.__dict__.get("_native_core") is not None:
            for name in self._signature.names:
                if name not in config:
                    config[name] = serialize_keras_object(self._config_value(name))
            if not self._signature.open:  # takes no further arguments: trainable
                config["dtype"] = self._core.policy_name
                return {k: v for k, v in config.items() if k in self._signature.names}
        written = type(self).__init__
        if not hasattr(type(self), "_signature") or written is not self._native_init():
            args, kwargs = self._init_args
            bound = Signature(written).bind(type(self).__name__, args, kwargs, tuple(kwargs))
            for name, value in bound.items():
                if name not in config and name not in LAYER_ARGUMENTS:
                    config[name] = serialize_keras_object(value)
        return config

    @classmethod
    def _native_init(cls) -> Any:
        return cls._native_class.__init__ if cls._native_class else None  # type: ignore[misc]

    def _base_config(self) -> dict[str, Any]:
        from nacre.saving import serialize_keras_object

        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": {
                "module": "nacre",
                "class_name": "DTypePolicy",
                "config": {"name": self._core.policy_name},
                "registered_name": None,
            },
        }
        if self._arguments.get("activity_regularizer") is not None:
            config["activity_regularizer"] = serialize_keras_object(self.activity_regularizer)
        return config

    def get_build_config(self) -> dict[str, Any] | None:
        """What ``build_from_config`` needs to make the weights again."""
        return {"input_shape": self._build_shapes} if self._build_shapes is not None else None

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds from what ``get_build_config`` returned."""
        shape = _tuples(config.get("input_shape")) if config else None
        if shape is None or self.built:
            return
        if type(self).build is Layer.build:
            self._core.ensure_built(shape_list(shape))
        else:
            self.build(shape)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"
