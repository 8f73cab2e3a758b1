"""The table of a model's layers, as Keras prints it."""

from __future__ import annotations

import re
import shutil
from typing import Any

_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


def summary_text(
    model: Any,
    line_length: int | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
    flops: bool = False,
) -> str:
    """The layers of a model with output shapes and numbers of parameters.

    Args:
        model: The model; it need not be built.
        line_length: Width of the table; default: 88 (100 with ``show_trainable``), and no wider
            than the terminal.
        expand_nested: Whether the layers of nested models are listed.
        show_trainable: Whether a column says which layers are trained.
        layer_range: Names (or regular expressions) of the first and last layer to list.
        flops: Whether a column says how many FLOPs a layer takes for one sample.

    Returns:
        The text, ending with a line break.

    Raises:
        ValueError: The table does not fit ``line_length``, no layer has a name of
            ``layer_range``, or FLOPs are asked of a model that is not built.
    """
    from nacre.models.functional import Functional

    header = ["Layer (type)", "Output Shape", "Param #"]
    align = ["<", "<", ">"]
    positions = [0.45, 0.80, 1.0]
    default = 88
    layers, connections = list(model.layers), None
    if isinstance(model, Functional):
        layers = model.operations
        calls = model._calls_made()
        if not _is_chain(calls):
            connections = _connections(calls)
            header.append("Connected to")
            align.append("<")
            positions = [0.3, 0.56, 0.74, 1.0]
            default = 108
    if show_trainable:
        header.append("Trainable")
        align.append("^")
        positions = [0.9 * p for p in positions] + [1.0]
        default += 12
    counts = None
    if flops:
        counts = _flops(model)
        header.append("FLOPs")
        align.append(">")
        positions = [0.85 * p for p in positions] + [1.0]
        default += 14
    length = line_length or min(default, shutil.get_terminal_size().columns - 4)
    widths = _column_widths(positions, length)
    shapes: dict[int, str] = {}
    _note_shapes(model, shapes)
    rows = []
    for layer in _selected(layers, layer_range):
        rows += _rows(
            layer, shapes, expand_nested, show_trainable, 0, counts, model.name, connections
        )
    text = _table(header, rows, align, widths)
    total = "" if counts is None else f" FLOPs for one sample: {sum(counts.values()):,.0f}\n"
    return f'Model: "{model.name}"\n{text}{_totals(model)}{total}'


def _flops(model: Any) -> dict[str, float]:
    """FLOPs of one sample by the path of the layer ("sequential/dense")."""
    from nacre import ops
    from nacre.profiler import call_flops

    if not model.built:
        raise ValueError(f"summary: expected a built model to count FLOPs, '{model.name}' is not")
    inputs = [ops.zeros([n or 1 for n in shape], dtype) for shape, dtype in model._input_specs()]
    return call_flops(model, inputs)


def _flops_below(counts: dict[str, float], path: str) -> float:
    return sum(n for at, n in counts.items() if at == path or at.startswith(path + "/"))


def _column_widths(positions: list[float], length: int) -> list[int]:
    """Widths of the columns with one space of padding at each side.

    Columns are cut at these parts of the length; what padding and borders then add is taken off all
    columns alike.
    """
    edges = [0] + [int(p * length) for p in positions]
    widths = [b - a for a, b in zip(edges[:-1], edges[1:], strict=True)]
    if min(widths) < 4:
        raise ValueError(f"summary: expected a greater line_length, received {length}")
    widths = [w + 2 for w in widths]
    excess = sum(widths) + len(widths) + 1 - length
    for i in range(len(widths)):
        share = min(widths[i], round(excess / (len(widths) - i)))
        widths[i] -= share
        excess -= share
    return widths


def _selected(layers: list, layer_range: Any) -> list:
    if layer_range is None:
        return layers
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ValueError(f"summary: expected two names as layer_range, received {layer_range!r}")
    found = [[i for i, la in enumerate(layers) if re.match(n, la.name)] for n in layer_range]
    if not found[0] or not found[1]:
        names = [layer.name for layer in layers]
        raise ValueError(
            f"summary: no layer has a name of layer_range={layer_range!r}; the names are {names}"
        )
    first, last = min(found[0]), max(found[1])
    if first > last:
        first, last = min(found[1]), max(found[0])
    return layers[first : last + 1]


def _is_chain(calls: list) -> bool:
    """Whether each layer of a functional model is called once, on what the one before gave."""
    depths = {call.depth for call in calls}
    layers = {id(call.layer) for call in calls}
    one_input = all(len(call.inputs) <= 1 for call in calls)
    return len(depths) == len(calls) == len(layers) and one_input


def _connections(calls: list) -> dict[int, str]:
    """What the calls of each layer take, by the layer's id: "dense[0][0], add[0][0]"."""
    texts: dict[int, list[str]] = {}
    for call in calls:
        texts.setdefault(id(call.layer), []).extend(source for source, *_ in call.inputs)
    return {layer: ", ".join(inputs) or "-" for layer, inputs in texts.items()}


def _note_shapes(model: Any, shapes: dict[int, str], inputs: Any = None) -> None:
    """Notes the output shape of each layer of a model by the layer's id."""
    from nacre.models.functional import Functional
    from nacre.models.sequential import Sequential

    if isinstance(model, Functional):
        for call in model._calls_made():
            if hasattr(call.layer, "layers"):
                _note_shapes(call.layer, shapes, [spec for _, *spec in call.inputs])
            shapes[id(call.layer)] = _shape_text(call.outputs)
        return
    if isinstance(model, Sequential):
        if inputs is None:
            if not model.built:
                return
            inputs = model._input_specs()
        for layer in model.layers:
            if hasattr(layer, "layers"):
                _note_shapes(layer, shapes, inputs)
            inputs = layer._core.output_spec(inputs)
            shapes[id(layer)] = _shape_text(inputs)
        return
    for layer in model.layers:
        if hasattr(layer, "layers"):
            _note_shapes(layer, shapes)
        built_for = layer._core.build_shapes
        if layer.built and built_for:
            try:
                specs = [(shape, layer.compute_dtype) for shape in built_for]
                shapes[id(layer)] = _shape_text(layer._core.output_spec(specs))
            except Exception:  # a layer of the user's that cannot infer its shape
                shapes[id(layer)] = "?"


def _shape_text(specs: list) -> str:
    texts = ["(" + ", ".join(str(size) for size in shape) + ")" for shape, _ in specs]
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"


def _rows(
    layer: Any,
    shapes: dict,
    expand: bool,
    show_trainable: bool,
    level: int,
    counts: dict[str, float] | None,
    path: str,
    connections: dict[int, str] | None,
) -> list:
    path = f"{path}/{layer.name}"
    prefix = "   " * level + "└ " if level else ""
    params = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
    kind = getattr(layer, "class_name", None) or type(layer).__name__  # of an operation
    row = [f"{prefix}{layer.name} ({kind})", shapes.get(id(layer), "?"), params]
    if connections is not None:
        row.append(connections.get(id(layer), "-"))
    if show_trainable:
        row.append("-" if not layer.weights else "Y" if layer.trainable else "N")
    if counts is not None:
        row.append(f"{_flops_below(counts, path):,.0f}")
    rows = [row]
    if expand:
        for nested in getattr(layer, "layers", ()):
            rows += _rows(
                nested, shapes, expand, show_trainable, level + 1, counts, path, connections
            )
    return rows


def _wrapped(text: str, width: int) -> list[str]:
    """Lines broken at spaces; a word that is too long ends in an ellipsis."""
    lines = [""]
    for word in re.findall(r"\s*\S+", text):
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines.append(word.lstrip())
        else:
            lines[-1] += word
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]


def _table(header: list, rows: list, align: list, widths: list[int]) -> str:
    def rule(left: str, line: str, cross: str, right: str) -> str:
        return left + cross.join(line * width for width in widths) + right + "\n"

    def cells(row: list, bar: str, at_bottom: bool = False) -> str:
        columns = [_wrapped(text, width - 2) for text, width in zip(row, widths, strict=True)]
        height = max(len(column) for column in columns)
        if at_bottom:
            columns = [[""] * (height - len(column)) + column for column in columns]
        text = ""
        for i in range(height):
            parts = [
                f" {column[i] if i < len(column) else '':{side}{width - 2}} "
                for column, side, width in zip(columns, align, widths, strict=True)
            ]
            text += bar + bar.join(parts) + bar + "\n"
        return text

    text = rule("┏", "━", "┳", "┓") + cells(header, "┃", at_bottom=True)
    if not rows:
        return text + rule("└", "─", "┴", "┘")
    body = rule("├", "─", "┼", "┤").join(cells(row, "│") for row in rows)
    return text + rule("┡", "━", "╇", "┩") + body + rule("└", "─", "┴", "┘")


def _totals(model: Any) -> str:
    groups = [
        ("Trainable", model.trainable_weights),
        ("Non-trainable", model.non_trainable_weights),
    ]
    optimizer = getattr(model, "optimizer", None)
    if getattr(model, "compiled", False) and optimizer is not None and optimizer.built:
        groups.append(("Optimizer", optimizer.variables))
    counts = [(name, *_size(variables)) for name, variables in groups]
    total = ("Total", sum(c[1] for c in counts), sum(c[2] for c in counts))
    return "".join(
        f" {name} params: {count:,} ({_readable(size)})\n" for name, count, size in (total, *counts)
    )


def _size(variables: list) -> tuple[int, float]:
    count, size = 0, 0.0
    for variable in variables:
        values = 1
        for dim in variable.shape:
            values *= dim
        digits = re.search(r"\d+", variable.dtype)
        count += values
        size += values * (int(digits.group()) if digits else 8) / 8
    return count, size


def _readable(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} {_UNITS[-1]}"
