"""Functional: a model drawn from its inputs to its outputs."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from nacre import _core, tree
from nacre.layers import masks
from nacre.layers.layer import Layer
from nacre.models import data
from nacre.models.model import Model
from nacre.models.outputs import Outputs


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> Any:
    """A placeholder for a model's input.

    Args:
        shape: Shape without the batch axis; ``None`` for unknown dimensions.
        batch_size: Size of the batch axis, when fixed.
        dtype: Dtype; default: ``floatx``.
        sparse: Kept for Keras's signature.
        ragged: Kept for Keras's signature.
        batch_shape: Shape with the batch axis, instead of ``shape`` and ``batch_size``.
        name: Name of the input.
        tensor: A placeholder whose shape and dtype are taken.
        optional: Whether the model may be called with ``None`` for this input.

    Returns:
        A tensor without data. Layers, ops and Python operators applied to it infer shapes and note
        the call; ``Model(inputs, outputs)`` makes a model of what was noted.

    Example:
        >>> import nacre
        >>> nacre.Input((28, 28)).shape
        (None, 28, 28)
    """
    from nacre.layers.core import InputLayer

    if tensor is not None:
        batch_shape, dtype = tensor.shape, dtype or str(tensor.dtype)
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        batch_shape=batch_shape,
        name=name,
        optional=optional,
    )
    return layer._core.placeholder()


class _Call(NamedTuple):
    layer: Any
    depth: int
    inputs: list  # ("dense[0][0]", shape, dtype)
    outputs: list  # (shape, dtype)


class Functional(Model):
    """A model of the layers and ops between some inputs and outputs.

    ``Model(inputs, outputs)`` makes one.

    Args:
        inputs: What ``Input`` returned, or what layers made of it (the model then begins there): a
            tensor, or a list, tuple or dict of them.
        outputs: What layers made of the inputs, nested in the same ways.
        name: Name of the model.

    Raises:
        ValueError: The outputs need an input that is not given, two layers have one name, or a
            tensor was not made from ``Input``.

    Example:
        >>> import nacre
        >>> a, b = nacre.Input((3,)), nacre.Input((3,))
        >>> model = nacre.Model([a, b], nacre.layers.Dense(2)(a * b))
        >>> model([nacre.ops.ones((1, 3)), nacre.ops.ones((1, 3))]).shape
        (1, 2)
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        trainable = kwargs.pop("trainable", None)
        if kwargs:
            raise TypeError(f"{type(self).__name__}: unknown argument '{next(iter(kwargs))}'")
        if name is None and type(self) is not Functional:
            name = _core.unique_name(_core.to_snake_case(type(self).__name__))
        flat_inputs = _symbolic(inputs, "inputs")
        flat_outputs = _symbolic(outputs, "outputs")
        graph = _core.Functional(flat_inputs, flat_outputs, name or "")
        graph.set_structure(_leaves(inputs), _leaves(outputs))
        if type(self).call is Functional.call:
            self._set_state(graph, {})
        else:
            Layer.__init__(self, name=graph.name)
            self._core.add_sublayer(graph)
            self._core.built = True
        object.__setattr__(self, "_graph", graph)
        cores = [core for core in graph.operations if isinstance(core, _core.InputLayer)]
        made = [_input_layer(core) for core in cores if _core.front(core) is None]
        object.__setattr__(self, "_inputs_made", made)
        one_to_one = not (tree.is_nested(inputs) or tree.is_nested(outputs))
        object.__setattr__(self, "_one_to_one", one_to_one)
        object.__setattr__(self, "_input_structure", inputs)
        object.__setattr__(self, "_output_structure", outputs)
        self._init_trainer()
        if trainable is not None:
            self.trainable = trainable

    # Calls --------------------------------------------------------------------------------------

    def __call__(self, inputs: Any = None, training: Any = None, mask: Any = None) -> Any:
        """Runs the model on tensors or arrays, nested as its inputs are."""
        if type(self).call is not Functional.call:
            kwargs = {} if training is None else {"training": training}
            return super().__call__(inputs, **kwargs)
        return self.call(inputs, training, mask)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The outputs for these inputs."""
        if self._one_to_one and not isinstance(inputs, list | tuple | dict | None):
            return self._graph.call_one(inputs, training, mask)
        given = None if mask is None else masks.leaves(mask)
        return self._pack_outputs(self._graph.call(self._flat_inputs(inputs), training, given))

    def _pack(self, outputs: list) -> Any:
        return tree.pack_sequence_as(self._output_structure, outputs)

    def _flat_inputs(self, inputs: Any) -> list:
        """The inputs in the order of the graph's; ValueError where one is missing."""
        like = self._input_structure
        if isinstance(inputs, dict):
            keys = sorted(like) if isinstance(like, dict) else self.input_names
            missing = [key for key in keys if key not in inputs]
            if missing:
                raise ValueError(
                    f"{type(self).__name__} '{self.name}': expected an input '{missing[0]}', "
                    f"received {sorted(inputs)}"
                )
            if isinstance(like, dict):
                return [x for key in keys for x in _matched(like[key], inputs[key])]
            return [inputs[key] for key in keys]
        return _matched(like, inputs)

    def _feed(self, x: Any) -> list:
        flat = self._flat_inputs(x)
        return [None if item is None else data.to_tensor(item) for item in flat]

    def _outputs(self) -> Outputs:
        return Outputs(self._output_structure, self.output_names)

    def _pack_outputs(self, flat: list) -> Any:
        packed = self._pack(flat)
        single = isinstance(packed, list | tuple) and len(packed) == 1
        return packed[0] if single else packed

    # Attributes ---------------------------------------------------------------------------------

    @property
    def inputs(self) -> list:
        """The placeholders at the model's beginning, in a flat list."""
        return self._graph.inputs

    @property
    def outputs(self) -> list:
        """The placeholders at the model's end, in a flat list."""
        return self._graph.outputs

    @property
    def input(self) -> Any:
        """The model's inputs, nested as they were given."""
        return tree.pack_sequence_as(self._input_structure, self.inputs)

    @property
    def output(self) -> Any:
        """The model's outputs, nested as they were given."""
        return self._pack(self.outputs)

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or a list of them."""
        return _one([tuple(x.shape) for x in self.inputs])

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or a list of them."""
        return _one([tuple(x.shape) for x in self.outputs])

    @property
    def input_names(self) -> list[str]:
        """Names of the input layers."""
        return self._graph.input_names

    @property
    def output_names(self) -> list[str]:
        """Names of the layers that give the outputs."""
        return self._graph.output_names

    @property
    def operations(self) -> list:
        """Layers and ops, from the inputs on."""
        return [front_of(layer) for layer in self._graph.operations]

    @property
    def layers(self) -> list[Layer]:
        """The layers, from the inputs on."""
        return [layer for layer in self.operations if isinstance(layer, Layer)]

    def _calls_made(self) -> list[_Call]:
        """The calls in the graph, in the order in which they were made of each layer."""
        calls = []
        for node, depth in sorted(self._graph.steps, key=lambda step: step[0].index):
            inputs = []
            for tensor in node.input_tensors:
                layer, call, output = _core.origin(tensor)
                inputs.append((f"{layer.name}[{call}][{output}]", tensor.shape, tensor.dtype))
            outputs = [(tensor.shape, tensor.dtype) for tensor in node.output_tensors]
            calls.append(_Call(front_of(node.layer), depth, inputs, outputs))
        return calls

    def _input_specs(self) -> list[tuple]:
        return [(x.shape, x.dtype) for x in self.inputs]

    @property
    def _layers(self) -> list[Layer]:
        own = self.layers
        return own + [layer for layer in super()._layers if all(layer is not o for o in own)]

    def build(self, input_shape: Any = None) -> None:
        """Does nothing: the layers were built when the model was drawn."""

    # Configuration ------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Name, layers with their calls, inputs and outputs, as Keras 3 writes them.

        A subclass whose ``__init__`` takes arguments of its own is described by those.
        """
        if not _draws_its_arguments(type(self)):
            return Layer.get_config(self)
        from nacre.saving import serialize_keras_object

        graph = self._graph
        layers = []
        for core in graph.operations:
            front = _core.front(core)
            if front is None:
                entry = _operation_data(core)
            else:
                entry = serialize_keras_object(front)
            entry["name"] = core.name
            entry["inbound_nodes"] = graph.inbound_nodes(core)
            layers.append(entry)
        return {
            "name": self.name,
            "trainable": self.trainable,
            "layers": layers,
            "input_layers": graph.get_field("input_layers"),
            "output_layers": graph.get_field("output_layers"),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> Any:
        """A model from what ``get_config`` returned.

        Raises:
            ValueError: The graph has a loop, or a call needs one that is missing.
        """
        if "layers" not in config or "input_layers" not in config:
            return super().from_config(config, custom_objects)
        from nacre.saving import deserialize_keras_object

        def make(entry: dict[str, Any]) -> Any:
            if ".ops" in (entry.get("module") or ""):
                return _core.make_operation(entry)
            entry = {k: v for k, v in entry.items() if k not in ("name", "inbound_nodes")}
            layer = deserialize_keras_object(entry, custom_objects=custom_objects)
            made.append(layer)
            return layer

        made: list = []  # kept until the model holds them
        reader = _core.GraphReader(config["layers"], make)
        rest = {
            k: v
            for k, v in config.items()
            if k not in ("layers", "input_layers", "output_layers", "name", "trainable")
        }
        return cls(
            inputs=_map_histories(config["input_layers"], reader.tensor),
            outputs=_map_histories(config["output_layers"], reader.tensor),
            name=config.get("name"),
            trainable=config.get("trainable"),
            **rest,
        )


def draws_functional(args: tuple, kwargs: dict[str, Any]) -> bool:
    """Whether arguments of ``Model()`` are inputs and outputs."""
    return (
        len(args) >= 2
        or (len(args) == 1 and "outputs" in kwargs)
        or ("inputs" in kwargs and "outputs" in kwargs)
    )


def become_functional(cls: type) -> None:
    """Puts Functional in the place of Model among the bases of a subclass."""
    if cls is Model or issubclass(cls, Functional):
        return
    for base in cls.__bases__:
        if issubclass(base, Model):
            become_functional(base)
    cls.__bases__ = tuple(Functional if base is Model else base for base in cls.__bases__)


def _draws_its_arguments(cls: type) -> bool:
    """Whether ``cls(inputs=..., outputs=..., name=...)`` makes one again."""
    found = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    kinds = {p.kind for p in found}
    if inspect.Parameter.VAR_POSITIONAL in kinds and inspect.Parameter.VAR_KEYWORD in kinds:
        return True
    names = [p.name for p in found if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    return names[1:4] == ["inputs", "outputs", "name"]


def _symbolic(structure: Any, what: str) -> list:
    flat = tree.flatten(structure)
    for x in flat:
        if not isinstance(x, _core.Tensor):
            raise ValueError(
                f"Functional: expected {what} made from Input(), received {x!r} of type "
                f"{type(x).__name__}"
            )
    return flat


def _leaves(structure: Any) -> Any:
    """The structure as a configuration writes it, with positions in place of the tensors."""
    count = len(tree.flatten(structure))
    places = [{"class_name": "__leaf__", "config": i} for i in range(count)]
    packed = _pack_plain(structure, iter(places))
    return packed


def _pack_plain(structure: Any, places: Any) -> Any:
    if isinstance(structure, dict):
        packed = {key: _pack_plain(structure[key], places) for key in sorted(structure)}
        return {str(key): packed[key] for key in structure}
    if isinstance(structure, list | tuple):
        return [_pack_plain(item, places) for item in structure]
    return next(places)


def _map_histories(structure: Any, tensor: Any) -> Any:
    if isinstance(structure, dict):
        return {key: _map_histories(item, tensor) for key, item in structure.items()}
    if len(structure) == 3 and isinstance(structure[0], str):
        return tensor(list(structure))
    return [_map_histories(item, tensor) for item in structure]


def _matched(like: Any, given: Any) -> list:
    """What was given in the order of the leaves of ``like``."""
    if not isinstance(like, list | tuple | dict):
        several = isinstance(given, list | tuple) and (
            data.nest_of(given) is not None or all(x is None for x in given)
        )
        return tree.flatten(given) if several else [given]
    if isinstance(given, list | tuple | dict):
        return tree.flatten(given)
    return [given]


def front_of(core: Any) -> Any:
    """The layer in front of a C++ one; operations have none."""
    front = _core.front(core)
    return core if front is None else front


def key_in_model(tensor: Any) -> tuple:
    """What a placeholder is within its model: layer, call, output."""
    origin = _core.origin(tensor) if tensor is not None else None
    return (None, 0, 0) if origin is None else (origin[0].name, *origin[1:])


def _input_layer(core: Any) -> Layer:
    """The front of an input that C++ made: of a model that begins amid another one's calls."""
    from nacre.layers.core import InputLayer

    layer: Any = InputLayer.__new__(InputLayer)
    layer._set_state(core, {})
    object.__setattr__(layer, "_native_core", core)
    return layer


def _operation_data(core: Any) -> dict[str, Any]:
    return {
        "module": "nacre.ops",
        "class_name": core.class_name,
        "config": core.config(),
        "registered_name": core.class_name,
    }


def _one(values: list) -> Any:
    return values[0] if len(values) == 1 else values
