"""Where Keras keeps each object's variables in a weights file.

A path is made of attribute names; members of a list are named after their class, numbered within
the list: ``layers/dense_1/vars/0``. Objects that are reached twice are saved at the first place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nacre._native import snake_case

Entry = tuple[str, Any, list]  # path, object, its own variables


def entries(model: Any, optimizer: bool = True) -> list[Entry]:
    """The objects of a model that have a place in the file, in Keras's order.

    Args:
        model: A model, built.
        optimizer: Whether the optimizer is among them, where there is one.

    Raises:
        ValueError: A layer holds weights in a way that Keras's layout has no place for.
    """
    found: list[Entry] = []
    seen: set[int] = set()
    _add(model, "", found, seen)
    # A variable has one Python object for as long as it lives, here in `found`.
    covered = {id(variable) for _, _, own in found for variable in own}
    missing = [v.path for v in model.weights if id(v) not in covered]
    if missing:
        raise ValueError(f"expected a layer for each weight, but '{missing[0]}' has none")
    own = model.optimizer if optimizer else None
    if own is not None and own.built:
        found.append(("optimizer", own, own.variables))
        inner = getattr(own, "inner_optimizer", None)
        if inner is not None:
            found.append(("optimizer/inner_optimizer", inner, inner.variables))
    return found


def _core_of(layer: Any) -> Any:
    """The C++ side of a layer, which is the layer itself where it has no front end."""
    return getattr(layer, "_core", layer)


def _add(layer: Any, path: str, found: list[Entry], seen: set[int]) -> None:
    core = _core_of(layer)
    if id(core) in seen:
        return
    seen.add(id(core))
    found.append((path, layer, core.own_weights))
    for name, child in _children(layer):
        _add_child(child, f"{path}/{name}" if path else name, found, seen)


def _add_child(child: Any, path: str, found: list[Entry], seen: set[int]) -> None:
    if _is_layer(child):
        _add(child, path, found, seen)
    elif isinstance(child, list | tuple | dict):
        names: dict[str, int] = {}
        for member in child.values() if isinstance(child, dict) else child:
            if _is_layer(member):
                name = _numbered(snake_case(_class_name(member)), names)
            elif isinstance(member, list | tuple | dict):
                name = _numbered("container", names)
            else:
                continue
            _add_child(member, f"{path}/{name}", found, seen)


def _is_layer(value: Any) -> bool:
    from nacre.layers import Layer

    return isinstance(value, Layer) or hasattr(value, "own_weights")


def _class_name(layer: Any) -> str:
    return type(layer).__name__ if hasattr(layer, "_core") else layer.class_name


def _numbered(name: str, names: dict[str, int]) -> str:
    count = names.get(name, 0)
    names[name] = count + 1
    return f"{name}_{count}" if count else name


def _children(layer: Any) -> Iterator[tuple[str, Any]]:
    """Attributes that may hold layers: those of a container first, private ones last."""
    from nacre.models import Functional, Model, Sequential

    named = getattr(layer, "_saved_children", None)  # Keras's names, where a layer knows them
    if named is not None:
        yield from named().items()
        return
    parts = _native_parts(layer)
    if parts is not None:
        yield from parts
        return
    if isinstance(layer, Sequential | Functional):
        yield "layers", layer.layers
    state = getattr(layer, "__dict__", {})  # a part without a front end has none
    attributes = {k: v for k, v in state.items() if k not in _INTERNAL}
    if isinstance(layer, Model):
        attributes["layers"] = layer.layers
    for name in sorted(attributes, key=lambda name: f"~{name}" if name[0] == "_" else name):
        yield name, attributes[name]


# Attributes in Keras of layers made of others, in the order of the parts.
_PARTS = {
    "Bidirectional": ("forward_layer", "backward_layer"),
    "TimeDistributed": ("layer",),
}


def _native_parts(layer: Any) -> list[tuple[str, Any]] | None:
    """The parts of a layer of the library that is made of others; None for other layers."""
    core = _core_of(layer)
    if core is not getattr(layer, "_native_core", core) or not hasattr(core, "sublayers"):
        return None
    parts = core.sublayers
    kind = core.class_name
    if not parts or kind in ("Sequential", "Functional"):
        return None
    # A part that was made in Python is taken with its front end, whose attributes may be layers.
    given = [*getattr(layer, "_arguments", {}).values(), getattr(layer, "cell", None)]
    given += [cell for cell in given if isinstance(cell, list) for cell in cell]
    fronts = {id(_core_of(value)): value for value in given if hasattr(value, "_core")}
    shown = [fronts.get(id(part), part) for part in parts]
    if kind == "StackedRNNCells":
        return [("cells", shown)]
    names = _PARTS.get(kind, ("cell",))
    return list(zip(names, shown, strict=True))


# What the front ends keep for themselves.
_INTERNAL = frozenset(
    ("_core", "_native_core", "_arguments", "_calls", "_owned", "_list", "_trainer", "_optimizer")
    + ("_compile_arguments", "_init_args", "history", "_source", "_resume")
)
