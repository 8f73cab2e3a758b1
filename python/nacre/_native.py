"""Python classes in front of C++ ones: a signature, a docstring, and the C++ object behind it.

A class decorated with :func:`native` writes its ``__init__`` only as a signature with defaults. The
arguments become the configuration of the C++ class of the same name; attributes and ``get_config``
are read back from it, so nothing is spelled twice.
"""

from __future__ import annotations

import difflib
import functools
from typing import Any

import numpy as np

from nacre import _core


class Signature:
    """Names and defaults of an ``__init__``, bound without the cost of :mod:`inspect`."""

    def __init__(self, function: Any) -> None:
        code = function.__code__
        count = code.co_argcount
        names = code.co_varnames[1:count]
        only = code.co_varnames[count : count + code.co_kwonlyargcount]
        defaults = function.__defaults__ or ()
        self.positional: tuple[str, ...] = names
        self.names: tuple[str, ...] = names + only
        self.defaults: dict[str, Any] = dict(
            zip(names[len(names) - len(defaults) :], defaults, strict=True)
        )
        self.defaults.update(function.__kwdefaults__ or {})
        self.open = bool(code.co_flags & 0x08)  # takes **kwargs

    def bind(
        self, owner: str, args: tuple, kwargs: dict[str, Any], base: tuple[str, ...]
    ) -> dict[str, Any]:
        """The arguments by name, defaults filled in; ``base`` names go through ``**kwargs``."""
        if len(args) > len(self.positional):
            raise TypeError(
                f"{owner}: expected at most {len(self.positional)} positional arguments, "
                f"received {len(args)}"
            )
        bound = dict(self.defaults)
        bound.update(zip(self.positional, args, strict=False))
        for name, value in kwargs.items():
            known = name in self.names or (self.open and name in base)
            if not known:
                near = difflib.get_close_matches(name, [*self.names, *base], 1)
                hint = f" Did you mean '{near[0]}'?" if near else ""
                raise TypeError(f"{owner}: unknown argument '{name}'.{hint}")
            if name in self.positional[: len(args)]:
                raise TypeError(f"{owner}: argument '{name}' was given twice")
            bound[name] = value
        missing = [name for name in self.names if name not in bound]
        if missing:
            raise TypeError(f"{owner}: missing argument '{missing[0]}'")
        return bound


def native(cls: type) -> type:
    """Class decorator: the class is computed by the C++ class of the same name."""
    written = cls.__dict__.get("__init__")
    signature = Signature(written) if written else Signature(cls.__init__.__wrapped__)  # type: ignore[misc]

    @functools.wraps(cls.__init__)  # type: ignore[misc]
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        bound = signature.bind(cls.__name__, args, kwargs, self._base_arguments)
        self._init_native(cls, bound)

    cls.__init__ = __init__  # type: ignore[misc]
    cls._signature = signature  # type: ignore[attr-defined]
    cls._native_class = cls  # type: ignore[attr-defined]
    return cls


def python_core(kind: str, *arguments: Any) -> Any:
    """The C++ side of an object that is written in Python: "Loss", "Metric", ..."""
    return getattr(_core, "Python" + kind)(*arguments)


def function_core(kind: str, name: str, function: Any) -> Any:
    """A Python function of (y_true, y_pred) as a C++ "loss" or "metric"."""
    return getattr(_core, f"function_{kind}")(name, function)


def native_loss(class_name: str, arguments: dict[str, Any]) -> Any:
    """The C++ object of a loss class."""
    return _core.make("losses", class_name, arguments)


def native_circle(*arguments: Any) -> Any:
    """The values of the circle loss against given embeddings."""
    return _core.circle_loss(*arguments)


def native_metric(class_name: str, arguments: dict[str, Any]) -> Any:
    """The C++ object of a metric class."""
    return _core.make("metrics", class_name, arguments)


def native_multi_optimizer(choose: Any, known: list, settings: dict[str, Any]) -> Any:
    """The C++ object of a MultiOptimizer: ``choose`` maps a variable to its optimizer."""
    return _core.MultiOptimizer(choose, known, settings)


def snake_case(name: str) -> str:
    """The snake_case form of a class name: "batch_normalization"."""
    return _core.to_snake_case(name)


def knows(module: str, name: str) -> bool:
    """Whether C++ has a class in a module by a name, an alias or a snake_case name."""
    return bool(_core.resolve_class(module, name))


def hash_strings(values: list[str], salt: Any = None) -> np.ndarray:
    """64-bit hashes of strings, uint64: FarmHash, or SipHash with a salt of two numbers."""
    return np.frombuffer(_core.hash_strings(values, salt), np.uint64)


def is_placeholder(value: Any) -> bool:
    """Whether a value is a tensor without values, as Input() returns."""
    return isinstance(value, _core.Tensor) and _core.is_placeholder(value)


def in_training_call() -> bool | None:
    """Whether the call now running trains; None outside calls."""
    return _core.in_training_call()


def is_variable(value: Any) -> bool:
    """Whether a value is a nacre.Variable."""
    return isinstance(value, _core.Variable)


def reset_unique_names() -> None:
    """Names made for layers count from the beginning again."""
    _core.reset_unique_names()


def unique_name(prefix: str) -> str:
    """A name that was not given out before: "dense", "dense_1", ..."""
    return _core.unique_name(prefix)


def dtype_name(dtype: Any) -> str:
    """The name of a dtype given as a name, a NumPy dtype or a Python type."""
    return _core.to_dtype(dtype)


def origin(value: Any) -> tuple[Any, int, int] | None:
    """What made a placeholder: the C++ layer, which call of it, which output; None for others."""
    return _core.origin(value) if is_placeholder(value) else None


def calls_on_placeholders(layer: Any) -> list[tuple[list[Any], list[Any]]]:
    """The placeholders that each call of a layer, Python's or C++'s, took and gave."""
    nodes = _core.inbound_nodes(getattr(layer, "_core", layer))
    return [(node.input_tensors, node.output_tensors) for node in nodes]


def observe(value: Any) -> None:
    """Says that a step depends on more than its recorded values, so that it is not replayed."""
    _core.observe(value)


class Native:
    """What the front ends of C++ objects share: construction, attributes, configuration."""

    _module = ""  # of the C++ registry: "losses"
    _base_arguments: tuple[str, ...] = ("name", "dtype")
    _signature: Signature
    _native_class: type | None = None
    _hooks: tuple[str, ...] = ()  # methods that C++ calls when a subclass overrides them
    _core: Any
    _native_core: Any = None

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        self._arguments = arguments
        self._native_core = _core.make(self._module, cls.__name__, self._native_config(arguments))
        if any(getattr(type(self), name) is not getattr(cls, name) for name in self._hooks):
            # A Python subclass changes what the C++ class computes: Python is called.
            self._init_python(arguments)
        else:
            self._core = self._native_core

    def _init_python(self, arguments: dict[str, Any]) -> None:
        """Prepares an object that is computed in Python."""

    def _make_core(self) -> Any:
        """The C++ object that calls this one; made anew when asked, since it holds this one."""
        raise AttributeError(f"{type(self).__name__}: call super().__init__() first")

    def _native_config(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The configuration for C++: None for a base argument means its default."""
        return {
            name: value
            for name, value in arguments.items()
            if not (value is None and name in self._base_arguments)
        }

    def __getattr__(self, name: str) -> Any:
        arguments = self.__dict__.get("_arguments")
        if arguments is not None and name in arguments:
            return self._argument(name, arguments[name])
        if name == "_core":
            return self._make_core()
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def _argument(self, name: str, given: Any) -> Any:
        """The attribute of a constructor argument: as C++ normalized it, where it is plain data."""
        if callable(given) or hasattr(given, "get_config"):
            return given
        core = self._native_core or self._core
        value = core.get_field(name) if name in core.field_names() else given
        if not isinstance(value, list):
            return value
        return tuple(value) if isinstance(given, list | tuple) else given  # one value for all

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal object.

        Returns:
            A dict of plain data, as ``from_config`` takes it.
        """
        from nacre.saving import serialize_keras_object

        known = (self._native_core or self._core).field_names()
        names = [name for name in self._base_arguments if name in known]
        names += [name for name in self._signature.names if name not in names]
        return {name: serialize_keras_object(self._config_value(name)) for name in names}

    def _config_value(self, name: str) -> Any:
        return getattr(self, name)

    def __reduce__(self) -> tuple:
        from nacre._copying import reduced

        return reduced(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object from what ``get_config`` returned."""
        from nacre.saving import deserialize_config_values

        return cls(**deserialize_config_values(config))
