"""What recurrent layers and cells share in Python: states in, states out."""

from __future__ import annotations

from typing import Any

import numpy as np

from nacre.layers.layer import Layer


def state_shapes(cell: Any) -> list[tuple]:
    """The shapes of a cell's states without the batch axis, from its ``state_size``."""
    size = cell.state_size
    if isinstance(size, int | np.integer):
        return [(int(size),)]
    shapes: list[tuple] = []
    for item in size:
        if isinstance(item, int | np.integer):
            shapes.append((int(item),))
        elif isinstance(item, tuple):
            shapes.append(tuple(item))
        else:  # cells in cells
            shapes.extend((int(n),) for n in item)
    return shapes


def state_leaves(states: Any) -> list:
    """States in a list, one state, or lists of the states of several cells, as one list."""
    if isinstance(states, list | tuple):
        return [leaf for item in states for leaf in state_leaves(item)]
    return [states]


def front_of(cls: Any, core: Any) -> Any:
    """A Python object in front of a C++ layer that is there already."""
    layer = cls.__new__(cls)
    names = cls._signature.names
    layer._set_state(core, {name: core.get_field(name) for name in names})
    object.__setattr__(layer, "_native_core", core)
    return layer


class _Cell(Layer):
    """A cell of the library: called with the input of one step and the states before it."""

    @property
    def state_size(self) -> Any:
        """The size of the state, or a list of one each."""
        return self.units

    @property
    def output_size(self) -> int:
        """The size of the output."""
        return self.units

    def get_initial_state(self, batch_size: int | None = None) -> list:
        """Zeros for each state."""
        from nacre import ops

        if batch_size is None:
            raise ValueError(f"{type(self).__name__} '{self.name}': expected a batch_size")
        return [
            ops.zeros((batch_size, *shape), dtype=self.compute_dtype)
            for shape in state_shapes(self)
        ]

    def __call__(self, inputs: Any, states: Any, training: bool | None = None) -> Any:
        """The output of one step and the new states."""
        kwargs = {} if training is None else {"training": training}
        return self._as_step(self._call_with_structure((inputs, states), kwargs), states)

    def call(self, inputs: Any, states: Any, training: bool | None = None) -> Any:
        """The output of one step and the new states."""
        flat = [inputs, *state_leaves(states)]
        return self._as_step(self._native_core.call(flat, training), states)

    def _as_step(self, results: Any, states: Any) -> Any:
        if len(results) == 2 and isinstance(results[1], list | tuple):
            return results  # of a subclass's call()
        new = list(results[1:])
        return results[0], (new if isinstance(states, list | tuple) else new[0])


class _OverTime(Layer):
    """A layer of the library that is called with sequences and perhaps states."""

    _call_arguments = ("training", "mask", "initial_state")

    def __call__(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        """Runs the layer, from zeros or the given states."""
        given = {"mask": mask, "training": training}
        kwargs = {name: value for name, value in given.items() if value is not None}
        if initial_state is None and not self._gives_several():
            return super().__call__(sequences, **kwargs)
        args = (sequences,) if initial_state is None else (sequences, state_leaves(initial_state))
        return self._call_with_structure(args, kwargs)

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        """The output for sequences, and the last states with ``return_state``."""
        flat = [sequences] if initial_state is None else [sequences, *state_leaves(initial_state)]
        results = self._native_core.call(flat, training, None if mask is None else [mask])
        return results if self._gives_several() else results[0]

    def _gives_several(self) -> bool:
        """Whether calls return a list."""
        return bool(self.return_state)


class _Recurrent(_OverTime):
    """A layer of the library that runs a cell over time."""

    _base_arguments: tuple[str, ...] = (
        *Layer._base_arguments,
        "implementation",
        "zero_output_for_mask",
    )

    def _init_native(self, cls: type, arguments: dict[str, Any]) -> None:
        use_cudnn = arguments.pop("use_cudnn", "auto")
        arguments.setdefault("zero_output_for_mask", False)
        if use_cudnn not in ("auto", True, False):
            raise ValueError(
                f"{cls.__name__}: expected use_cudnn to be 'auto', True or False, "
                f"received {use_cudnn!r}"
            )
        arguments.pop("implementation", None)
        super()._init_native(cls, arguments)
        object.__setattr__(self, "use_cudnn", use_cudnn)

    @property
    def cell(self) -> Any:
        """The cell that the layer runs."""
        from nacre import layers

        known = self.__dict__.get("_cell")
        if known is None:
            core = self._native_core.cell
            known = front_of(getattr(layers, core.class_name), core)
            object.__setattr__(self, "_cell", known)
        return known

    @property
    def states(self) -> list | None:
        """The states that a stateful layer keeps; None before its first batch."""
        return list(self._native_core.states) or None

    def get_initial_state(self, batch_size: int) -> list:
        """Zeros for each state."""
        return self.cell.get_initial_state(batch_size)

    def reset_state(self) -> None:
        """Sets the states that a stateful layer keeps to zero."""
        self._native_core.reset_state()

    def reset_states(self) -> None:
        """Sets the states that a stateful layer keeps to zero."""
        self.reset_state()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        config = super().get_config()
        config.pop("use_cudnn", None)
        config.setdefault("zero_output_for_mask", self.zero_output_for_mask)
        return config
