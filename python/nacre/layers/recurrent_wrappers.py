"""RNN over any cell, cells on top of each other, Bidirectional and TimeDistributed."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.layer import Layer
from nacre.layers.recurrent_base import _Cell, _OverTime, _Recurrent, state_shapes


def _adopt(owner: Layer, layer: Layer) -> None:
    """Keeps the Python side of a layer that the C++ side of its owner holds."""
    owner._owned[id(layer)] = layer


def _require_layer(owner: str, name: str, layer: Any) -> None:
    if not isinstance(layer, Layer):
        raise ValueError(f"{owner}: expected {name} to be a layer, received {layer!r}")


def _require_cell(owner: str, cell: Any) -> None:
    _require_layer(owner, "a cell", cell)
    if not hasattr(cell, "state_size"):
        raise ValueError(
            f"{owner}: expected a cell with a state_size, received {type(cell).__name__}"
        )


@native
class StackedRNNCells(_Cell):
    """Cells on top of each other as one: the output of each is the input of the next.

    Args:
        cells: The cells, the first one first.

    Input shape:
        ``(batch, features)``, and a list with the states of each cell

    Output shape:
        That of the last cell, and the list of new states.

    Raises:
        ValueError: One of them is no cell.

    Example:
        >>> import nacre
        >>> cells = [nacre.layers.LSTMCell(4), nacre.layers.GRUCell(2)]
        >>> layer = nacre.layers.RNN(nacre.layers.StackedRNNCells(cells))
        >>> layer(nacre.ops.ones((2, 5, 3))).shape
        (2, 2)
    """

    def __init__(self, cells: Any, **kwargs: Any) -> None: ...

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        cells = list(arguments["cells"])
        for cell in cells:
            _require_cell(cls.__name__, cell)
        super()._init_native(cls, {**arguments, "cells": cells})
        object.__setattr__(self, "cells", cells)
        for cell in cells:
            _adopt(self, cell)

    @property
    def state_size(self) -> list:
        """The sizes of the states of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The size of the last cell's output."""
        last = self.cells[-1]
        return getattr(last, "output_size", None) or state_shapes(last)[0][0]

    def get_initial_state(self, batch_size: int | None = None) -> list:
        """The first states of each cell."""
        return [_initial_states(cell, batch_size) for cell in self.cells]

    def _as_step(self, results: Any, states: Any) -> Any:
        if len(results) == 2 and isinstance(results[1], list | tuple):
            return results
        return results[0], _by_cell(self.cells, list(results[1:]))


def _initial_states(cell: Any, batch_size: Any) -> Any:
    from nacre import ops

    given = getattr(cell, "get_initial_state", None)
    if given is not None:
        return given(batch_size=batch_size)
    return [ops.zeros((batch_size, *s), dtype=cell.compute_dtype) for s in state_shapes(cell)]


def _by_cell(cells: list, states: list) -> list:
    """A flat list of states as one list a cell."""
    grouped, at = [], 0
    for cell in cells:
        count = len(state_shapes(cell))
        grouped.append(states[at : at + count])
        at += count
    return grouped


@native
class RNN(_Recurrent):
    """Runs a cell over time.

    A cell is a layer with a ``state_size`` (a size, or a list of one a state) and a
    ``call(inputs, states)`` that returns ``output, new_states``; it may have an ``output_size`` and
    a ``get_initial_state(batch_size)``.

    Args:
        cell: A cell, or a list of cells to stack.
        return_sequences: Whether the output has all steps.
        return_state: Whether the last states are returned too.
        go_backwards: Whether the last step of the input comes first.
        stateful: Whether a batch begins with the states that the one before left.
        unroll: Kept for Keras's signature.
        zero_output_for_mask: Whether the output of a masked step is 0, not the one before it.

    Input shape:
        ``(batch, steps, ...)``

    Output shape:
        The cell's; with ``return_sequences`` with an axis of steps behind the batch axis; with
        ``return_state`` a list that begins with it.

    Raises:
        ValueError: ``cell`` is none, there is no step, or states or mask do not fit.

    Example:
        >>> import nacre
        >>> class Sum(nacre.layers.Layer):
        ...     state_size = 3
        ...     def call(self, inputs, states):
        ...         total = states[0] + inputs
        ...         return total, [total]
        >>> nacre.layers.RNN(Sum())(nacre.ops.ones((2, 5, 3)))[0].tolist()
        [5.0, 5.0, 5.0]
    """

    _base_arguments = Layer._base_arguments

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None: ...

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        cell = arguments["cell"]
        if isinstance(cell, list | tuple):
            cell = StackedRNNCells(cell)
        _require_cell(cls.__name__, cell)
        super()._init_native(cls, {**arguments, "cell": cell})
        object.__setattr__(self, "_cell", cell)
        _adopt(self, cell)

    def _call_with_structure(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        results = super()._call_with_structure(args, kwargs)
        if self.return_state and isinstance(self.cell, StackedRNNCells):
            return [results[0], *_by_cell(self.cell.cells, list(results[1:]))]
        return results

    def get_initial_state(self, batch_size: int) -> list:
        """The cell's first states."""
        return _initial_states(self.cell, batch_size)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """The shape of the output for inputs of this shape."""
        shapes = state_shapes(self.cell)
        size = getattr(self.cell, "output_size", None)
        output = shapes[0] if size is None else (size,) if isinstance(size, int) else tuple(size)
        batch, steps = sequences_shape[:2]
        first = (batch, steps, *output) if self.return_sequences else (batch, *output)
        if not self.return_state:
            return first
        return (first, *((batch, *shape) for shape in shapes))


@native
class Bidirectional(_OverTime):
    """A recurrent layer and its mirror image, which reads the input from its end.

    Args:
        layer: The recurrent layer; a copy of it is used.
        merge_mode: How the two outputs become one: "concat", "sum", "mul", "ave"; None: both are
            returned.
        weights: Not supported: use ``set_weights`` of the built layer.
        backward_layer: The layer of the other direction; default: made of ``layer``.

    Input shape:
        That of ``layer``.

    Output shape:
        That of ``layer``, twice as wide with "concat".

    Raises:
        ValueError: ``layer`` is no recurrent layer, ``merge_mode`` is unknown, or the two layers do
            not go together.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.Bidirectional(nacre.layers.LSTM(4))
        >>> layer(nacre.ops.ones((2, 5, 3))).shape
        (2, 8)
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: Any = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None: ...

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        layer, backward = arguments["layer"], arguments["backward_layer"]
        _require_layer(cls.__name__, "layer", layer)
        if arguments["weights"]:
            raise ValueError(f"{cls.__name__}: weights is not supported; use set_weights()")
        if "go_backwards" not in layer.get_config():
            raise ValueError(
                f"{cls.__name__}: expected layer to be recurrent, received {type(layer).__name__}"
            )
        forward = _copy(layer, "forward_")
        if backward is None:
            backward = _copy(layer, "backward_", go_backwards=True)
        _require_layer(cls.__name__, "backward_layer", backward)
        super()._init_native(
            cls, {**arguments, "layer": forward, "weights": None, "backward_layer": backward}
        )
        object.__setattr__(self, "forward_layer", forward)
        object.__setattr__(self, "backward_layer", backward)
        _adopt(self, forward)
        _adopt(self, backward)

    def _gives_several(self) -> bool:
        return self.merge_mode is None or self.return_state

    @property
    def return_sequences(self) -> bool:
        """Whether the output has all steps."""
        return self.forward_layer.return_sequences

    @property
    def return_state(self) -> bool:
        """Whether the last states are returned too."""
        return self.forward_layer.return_state

    @property
    def stateful(self) -> bool:
        """Whether a batch begins with the states that the one before left."""
        return self.forward_layer.stateful

    @property
    def states(self) -> tuple | None:
        """The states that stateful layers keep; None before their first batch."""
        ours, theirs = self.forward_layer.states, self.backward_layer.states
        return (*ours, *theirs) if ours and theirs else None

    def reset_state(self) -> None:
        """Sets the states that stateful layers keep to zero."""
        if not self.stateful:
            raise AttributeError(f"Bidirectional '{self.name}': the layer is not stateful")
        self._native_core.reset_state()

    def reset_states(self) -> None:
        """Sets the states that stateful layers keep to zero."""
        self.reset_state()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        config = super().get_config()
        config.pop("weights", None)
        return config


def _copy(layer: Layer, prefix: str, **changes: Any) -> Any:
    """A new layer of the same configuration, named as that of one direction."""
    config = layer.get_config()
    config["name"] = prefix + config["name"].removeprefix(prefix)
    return type(layer).from_config({**config, **changes})


@native
class TimeDistributed(Layer):
    """Applies a layer to each step of its input.

    Args:
        layer: The layer.

    Input shape:
        ``(batch, steps, ...)``

    Output shape:
        ``(batch, steps, ...)``, what the layer makes of each step.

    Raises:
        ValueError: ``layer`` is no layer, or the input has no axis of steps.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.TimeDistributed(nacre.layers.Dense(4))
        >>> layer(nacre.ops.ones((2, 5, 3))).shape
        (2, 5, 4)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None: ...

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        layer = arguments["layer"]
        _require_layer(cls.__name__, "layer", layer)
        super()._init_native(cls, arguments)
        object.__setattr__(self, "layer", layer)
        _adopt(self, layer)
