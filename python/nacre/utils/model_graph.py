"""A model as a picture of its layers, drawn by pydot and Graphviz (extra ``[plot]``)."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from nacre import _native


class Drawing(NamedTuple):
    """Boxes and arrows: what there is to draw, without saying how."""

    boxes: list[Any]  # layers and operations
    nested: list[tuple[Any, Drawing]]  # models whose layers are drawn
    arrows: list[tuple[Any, Any]]


class _Details(NamedTuple):
    show_shapes: bool
    show_dtype: bool
    show_layer_names: bool
    show_layer_activations: bool
    show_trainable: bool


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> Any:
    """Turns a model into a graph for pydot.

    Args:
        model: A built model. One that is written as a class is a single box.
        show_shapes: Whether the boxes say shapes of inputs and outputs.
        show_dtype: Whether they say the dtype of the output.
        show_layer_names: Whether they say names; else kinds of layers only.
        rankdir: ``"TB"`` from top to bottom, ``"LR"`` from left to right.
        expand_nested: Whether models in the model are drawn with their layers, in a frame.
        dpi: Dots per inch.
        subgraph: Whether a ``pydot.Cluster`` is returned, to be put into another graph.
        show_layer_activations: Whether the boxes say activations.
        show_trainable: Whether they say what is trained.
        splines: How arrows are drawn: ``"ortho"``, ``"curved"``, ``"polyline"``, ``"spline"`` or
            ``"line"``.

    Returns:
        A ``pydot.Dot`` or ``pydot.Cluster``.

    Raises:
        ImportError: If pydot is not installed.
        ValueError: If the model is not built.

    Example:

    >>> import nacre
    >>> model = nacre.Sequential([nacre.Input((3,)), nacre.layers.Dense(2)])
    >>> dot = nacre.utils.model_to_dot(model)  # doctest: +SKIP
    """
    drawing = drawing_of("model_to_dot", model, expand_nested)
    pydot = _pydot("model_to_dot")
    details = _Details(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable
    )
    if subgraph:
        dot = _frame(pydot, model, "0")
    else:
        dot = pydot.Dot(rankdir=rankdir, concentrate=True, dpi=dpi, splines=splines)
        dot.set_node_defaults(shape="record")
    _fill(pydot, dot, drawing, details, {})
    return dot


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> Any:
    """Draws a model into a file.

    Args:
        model: A built model.
        to_file: Path of the picture; the ending gives the format (png, svg, pdf).
        show_shapes: As for `model_to_dot`, like what follows.
        show_dtype: Whether the boxes say the dtype of the output.
        show_layer_names: Whether they say names.
        rankdir: ``"TB"`` from top to bottom, ``"LR"`` from left to right.
        expand_nested: Whether models in the model are drawn with their layers.
        dpi: Dots per inch.
        show_layer_activations: Whether the boxes say activations.
        show_trainable: Whether they say what is trained.
        splines: How arrows are drawn.

    Returns:
        In a notebook, the picture to be shown there; else ``None``.

    Raises:
        ImportError: If pydot or Graphviz is not installed.
        ValueError: If the model is not built.

    Example:

    >>> import nacre
    >>> model = nacre.Sequential([nacre.Input((3,)), nacre.layers.Dense(2)])
    >>> nacre.utils.plot_model(model, "model.png", show_shapes=True)  # doctest: +SKIP
    """
    import shutil
    import sys

    dot = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        dpi=dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
    )
    if shutil.which("dot") is None:
        raise ImportError(
            "plot_model: expected Graphviz, whose program 'dot' is not found. "
            "Install it from https://graphviz.org/download"
        )
    path = os.fspath(to_file)
    kind = os.path.splitext(path)[1][1:].lower() or "png"
    dot.write(path, format=kind)
    if "IPython" in sys.modules and kind in ("png", "jpg", "jpeg", "gif", "svg"):
        from IPython import display

        return display.SVG(path) if kind == "svg" else display.Image(filename=path)
    return None


def drawing_of(caller: str, model: Any, expand_nested: bool = False) -> Drawing:
    """The boxes and arrows of a model.

    Raises:
        ValueError: If the model is not built; the message names the caller.
    """
    from nacre.models.functional import Functional, front_of
    from nacre.models.sequential import Sequential

    if not model.built:
        raise ValueError(
            f"{caller}: expected a built model; call build() or call '{model.name}' on a batch"
        )
    if isinstance(model, Sequential):
        layers = list(model.layers)
        calls = [(above, 0, below, 0) for above, below in zip(layers, layers[1:], strict=False)]
    elif isinstance(model, Functional):
        layers = model.operations
        calls = []
        for node, _ in model._graph.steps:
            for i, tensor in enumerate(node.input_tensors):
                origin = _native.origin(tensor)
                if origin is not None:
                    calls.append((front_of(origin[0]), origin[2], front_of(node.layer), i))
    else:
        return Drawing([model], [], [])
    boxes, nested = [], []
    for layer in layers:
        if expand_nested and _is_graph(layer):
            nested.append((layer, drawing_of(caller, layer, expand_nested)))
        else:
            boxes.append(layer)
    arrows: list[tuple[Any, Any]] = []
    for source, output, target, i in calls:
        if expand_nested:
            source, target = _last(source, output), _first(target, i)
        if not any(source is a and target is b for a, b in arrows):
            arrows.append((source, target))
    return Drawing(boxes, nested, arrows)


def _is_graph(layer: Any) -> bool:
    """Whether a layer is a model whose layers can be drawn."""
    from nacre.models.functional import Functional
    from nacre.models.sequential import Sequential

    return isinstance(layer, (Functional, Sequential)) and bool(layer.built and layer.layers)


def _last(layer: Any, output: int) -> Any:
    """The box in a nested model that makes one of its outputs."""
    from nacre.models.functional import Functional, front_of

    while _is_graph(layer):
        if isinstance(layer, Functional):
            core, _, output = _native.origin(layer.outputs[output])  # type: ignore[misc]
            layer = front_of(core)
        else:
            layer, output = layer.layers[-1], 0
    return layer


def _first(layer: Any, i: int) -> Any:
    """The box in a nested model that takes one of its inputs."""
    from nacre.models.functional import Functional, front_of

    while _is_graph(layer):
        if isinstance(layer, Functional):
            layer = front_of(_native.origin(layer.inputs[i])[0])  # type: ignore[index]
        else:
            layer = layer.layers[0]
        i = 0
    return layer


def _pydot(caller: str) -> Any:
    try:
        import pydot
    except ImportError as error:
        raise ImportError(
            f"{caller}: expected pydot, which is not installed. "
            "Install it with: pip install 'nacre[plot]'"
        ) from error
    return pydot


def _frame(pydot: Any, model: Any, name: str) -> Any:
    label = model.name.replace("\\", "\\\\").replace('"', '\\"')
    return pydot.Cluster(graph_name=name, style="dashed", label=f'"{label}"', labeljust="l")


def _fill(pydot: Any, dot: Any, drawing: Drawing, details: _Details, names: dict[int, str]) -> None:
    """Puts a drawing into a graph of pydot; ``names`` are those of the boxes by their id."""
    for model, inner in drawing.nested:
        frame = _frame(pydot, model, str(len(names)))
        names[id(model)] = ""
        _fill(pydot, frame, inner, details, names)
        dot.add_subgraph(frame)
    for box in drawing.boxes:
        if id(box) not in names:
            names[id(box)] = f"box{len(names)}"
        node = pydot.Node(names[id(box)], label=box_label(box, details))
        for key, value in (("fontname", "Helvetica"), ("border", "0"), ("margin", "0")):
            node.set(key, value)
        dot.add_node(node)
    for source, target in drawing.arrows:
        dot.add_edge(pydot.Edge(names[id(source)], names[id(target)], penwidth="2"))


def box_label(layer: Any, details: _Details) -> str:
    """What is in a box: a table in Graphviz's subset of HTML."""
    kind = getattr(layer, "class_name", None) or type(layer).__name__  # of an operation
    title = f"<b>{_text(kind)}</b>"
    if details.show_layer_names:
        title = f"<b>{_text(layer.name)}</b> ({_text(kind)})"
    cells = _cells(layer, kind, details)
    span = max(len(cells), 1)
    rows = [_cell(f'<font point-size="16" color="white">{title}</font>', "black", span)]
    activation = getattr(layer, "activation", None)
    if details.show_layer_activations and activation is not None:
        name = activation if isinstance(activation, str) else None
        name = name or getattr(activation, "name", None) or getattr(activation, "__name__", None)
        rows.append(_line("Activation", name or str(activation), span))
    if cells:
        rows.append("".join(cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<<table border="0" cellborder="1" bgcolor="black" cellpadding="10">{body}</table>>'


def _cells(layer: Any, kind: str, details: _Details) -> list[str]:
    cells = []
    calls = _native.calls_on_placeholders(layer)
    inputs, outputs = calls[0] if calls else ([], [])
    if details.show_shapes:
        if kind != "InputLayer":
            cells.append(_line("Input shape", _each(inputs, "shape")))
        cells.append(_line("Output shape", _each(outputs, "shape")))
    if details.show_dtype:
        cells.append(_line("Output dtype", _each(outputs, "dtype")))
    if details.show_trainable and getattr(layer, "weights", None):
        color, text = ("forestgreen", "Trainable")
        if not layer.trainable:
            color, text = ("firebrick", "Non-trainable")
        cells.append(_cell(f'<font point-size="14" color="white"><b>{text}</b></font>', color))
    return cells


def _each(tensors: list[Any], attribute: str) -> str:
    values = [getattr(tensor, attribute) for tensor in tensors]
    if not values:
        return "?"
    return str(values[0]) if len(values) == 1 else "[" + ", ".join(map(str, values)) + "]"


def _line(title: str, value: str, span: int = 1) -> str:
    return _cell(f'<font point-size="14">{title}: <b>{_text(value)}</b></font>', "white", span)


def _cell(content: str, color: str, span: int = 1) -> str:
    wide = f' colspan="{span}"' if span > 1 else ""
    return f'<td bgcolor="{color}"{wide}>{content}</td>'


def _text(value: Any) -> str:
    from html import escape

    return escape(str(value), quote=False)
