"""clone_model: a model of the same kind with layers of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nacre import _structure, tree
from nacre.layers.core import InputLayer
from nacre.layers.layer import Layer
from nacre.models.functional import Functional, Input, front_of, key_in_model
from nacre.models.sequential import Sequential


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Any:
    """A model of the same architecture with new layers and new weights.

    Args:
        model: A functional or Sequential model, or one whose class reads its own configuration.
        input_tensors: Placeholders on which the clone is built; default: new ones.
        clone_function: ``clone_function(layer)`` gives the layer in place of one of the model's;
            default: made again from its configuration.
        call_function: ``call_function(layer, *args, **kwargs)`` calls a layer of the clone, and may
            call others besides; default: the layer itself. Functional models only.
        recursive: Whether models within the model are cloned in the same way.

    Returns:
        The clone, not compiled.

    Raises:
        ValueError: A subclassed model is cloned with one of the functions, or a Sequential model
            with ``call_function``.

    Example:
        >>> import nacre
        >>> model = nacre.Sequential([nacre.Input((3,)), nacre.layers.Dense(2)])
        >>> clone = nacre.models.clone_model(model)
        >>> clone.layers[0] is model.layers[0]
        False
    """
    clone_layer = clone_function or _from_config

    def clone(layer: Any) -> Any:
        if recursive and isinstance(layer, Functional | Sequential):
            functional = isinstance(layer, Functional)
            return clone_model(
                layer, None, clone_function, call_function if functional else None, True
            )
        return clone_layer(layer)

    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError("clone_model: call_function is for functional models only")
        return _clone_sequential(model, input_tensors, clone)
    if isinstance(model, Functional):
        return _clone_functional(model, input_tensors, clone, call_function or _call)
    if clone_function is not None or call_function is not None or input_tensors is not None:
        raise ValueError(
            "clone_model: expected a functional or Sequential model for clone_function, "
            f"call_function and input_tensors, received a {type(model).__name__}"
        )
    return _from_config(model)


def _from_config(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())


def _call(layer: Any, *args: Any, **kwargs: Any) -> Any:
    return layer(*args, **kwargs)


def _clone_sequential(model: Any, input_tensors: Any, clone: Callable[[Any], Any]) -> Any:
    given = tree.flatten(input_tensors) if input_tensors is not None else []
    if len(given) > 1:
        raise ValueError(f"clone_model: expected one input, received {len(given)}")
    copy = type(model)(name=model.name, trainable=model.trainable)
    for x in given:
        copy.add(x)
    for layer in model._list:
        if not isinstance(layer, InputLayer):
            copy.add(clone(layer))
        elif not given:
            copy.add(Input(batch_shape=layer.batch_shape, dtype=layer.dtype, name=layer.name))
    return copy


def _clone_functional(
    model: Any, input_tensors: Any, clone: Callable[[Any], Any], call: Callable[..., Any]
) -> Any:
    given = tree.flatten(input_tensors) if input_tensors is not None else None
    if given is not None and len(given) != len(model.inputs):
        raise ValueError(f"clone_model: expected {len(model.inputs)} inputs, received {len(given)}")
    placed: dict[tuple, Any] = {}
    for i, x in enumerate(model.inputs):
        name = key_in_model(x)[0]
        new = given[i] if given else Input(batch_shape=x.shape, dtype=x.dtype, name=name)
        placed[key_in_model(x)] = new
    layers: dict[str, Any] = {}
    for node, _ in model._graph.steps:
        if node.is_input:
            continue
        inputs = [placed.get(key_in_model(x), x) for x in node.inputs]
        layer = front_of(node.layer)
        if not isinstance(layer, Layer):  # an op
            results = layer.call(inputs)
        else:
            name = layer.name
            if name not in layers:
                layers[name] = clone(layer)
            args, kwargs = _structure.unflatten_tensors(node.structure, inputs)
            if node.training is not None:
                kwargs = {**kwargs, "training": node.training}
            results = tree.flatten(call(layers[name], *args, **kwargs))
        for old, new in zip(node.output_tensors, results, strict=True):
            placed[key_in_model(old)] = new
    return type(model)(
        tree.map_structure(lambda x: placed[key_in_model(x)], model.input),
        tree.map_structure(lambda x: placed[key_in_model(x)], model.output),
        name=model.name,
    )
