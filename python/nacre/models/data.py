"""Data for the training loop: arrays, datasets and generators as batches of tensors."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from nacre import _core, config
from nacre.models.prefetch import prefetched
from nacre.utils import PyDataset


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """``(x, y, sample_weight)`` of a tuple with one to three members, or of a dataset."""
    if isinstance(data, tuple | list):
        if not 1 <= len(data) <= 3:
            raise ValueError(
                f"expected data as (x, y) or (x, y, sample_weight), received {len(data)} members"
            )
        return (*data, *(None,) * (3 - len(data)))
    return data, None, None


def limited_epochs(epochs: int) -> int:
    """The epochs to run, with the limit of `config.set_max_epochs`."""
    limit = config.max_epochs()
    if limit is None or limit >= epochs:
        return epochs
    warnings.warn(f"fit: {limit} of {epochs} epochs, by config.max_epochs()", stacklevel=3)
    return limit


def limited_steps(steps: int | None) -> int | None:
    """The steps of an epoch, with the limit of `config.set_max_steps_per_epoch`."""
    limit = config.max_steps_per_epoch()
    if limit is None or (steps is not None and limit >= steps):
        return steps
    warnings.warn(
        f"{limit} of {steps or 'all'} steps an epoch, by config.max_steps_per_epoch()", stacklevel=5
    )
    return limit


def is_array(x: Any) -> bool:
    """Whether x is an array, a tensor, or a nest of them: all rows are at hand."""
    if isinstance(x, dict):
        return all(v is None or is_array(v) for v in x.values())
    if isinstance(x, list | tuple):
        return len(x) > 0 and (all(is_array(v) for v in x) or not hasattr(x[0], "__next__"))
    return isinstance(x, np.ndarray | _core.Tensor) or (
        hasattr(x, "__array__") and not isinstance(x, PyDataset)
    )


def to_tensor(value: Any, what: str = "x") -> Any:
    """An array as a tensor: floats in floatx, other dtypes as they are."""
    if isinstance(value, _core.Tensor):
        return value
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{what}: expected numbers, received rows of different lengths") from error
    if array.dtype == object:
        raise ValueError(f"{what}: expected numbers, received an array of objects")
    if array.dtype.kind in "US":
        raise ValueError(f"{what}: expected numbers, received strings")
    if array.dtype.kind == "f":
        from nacre import config

        array = array.astype(config.floatx(), copy=False)
    return _core.from_numpy(np.ascontiguousarray(array))


def _members(x: Any) -> list | None:
    """The members of a nest of arrays in order, dicts by key; None for one array."""
    if isinstance(x, dict):
        return [x[key] for key in sorted(x)]
    if isinstance(x, list | tuple):
        given = [v for v in x if v is not None]  # an input may be left out
        if given and all(_is_part(v) for v in given):
            return list(x)
    return None


def _is_part(x: Any) -> bool:
    """Whether a member of a list is an array of its own: numbers and rows of numbers are not."""
    if isinstance(x, np.ndarray | _core.Tensor) or hasattr(x, "__array__"):
        return np.ndim(x) > 0
    return isinstance(x, dict) or (isinstance(x, list | tuple) and _members(x) is not None)


def to_inputs(x: Any, what: str = "x") -> list:
    """Tensors of an array or a nest of arrays; a nest of numbers is one array."""
    if x is None:
        return []
    members = _members(x)
    if members is None:
        return [to_tensor(x, what)]
    names = sorted(x) if isinstance(x, dict) else range(len(members))
    found: list = []
    for name, member in zip(names, members, strict=True):
        found += to_inputs(member, f"{what}[{name!r}]")
    return found


def nest_of(x: Any) -> Any:
    """How ``to_inputs`` finds the arrays nested, without them; None for one array, () for none."""
    if x is None:
        return ()
    if _members(x) is None:
        return None
    if isinstance(x, dict):
        return {key: nest_of(member) for key, member in x.items()}
    return type(x)(nest_of(member) for member in x)


def nested_as(nest: Any, tensors: Iterator[Any]) -> Any:
    """The tensors nested again; dicts take theirs by key."""
    if nest is None:
        return next(tensors)
    if isinstance(nest, dict):
        packed = {key: nested_as(nest[key], tensors) for key in sorted(nest)}
        return {key: packed[key] for key in nest}
    return type(nest)(nested_as(member, tensors) for member in nest) if nest else None


class Layout:
    """Flat lists of tensors from data: one entry an array, whatever a model calls it."""

    def inputs(self, x: Any) -> list:
        """The inputs."""
        return to_inputs(x)

    def targets(self, y: Any) -> list:
        """The targets."""
        return to_inputs(y, "y")

    def weights(self, weight: Any) -> list:
        """The weights of samples."""
        return to_inputs(weight, "sample_weight")


PLAIN = Layout()


def to_batch(
    x: Any, y: Any, sample_weight: Any, class_weight: dict | None, layout: Layout = PLAIN
) -> tuple:
    """Inputs, targets and weights of one batch as lists of tensors."""
    return (
        layout.inputs(x),
        layout.targets(y),
        layout.weights(row_weights(y, sample_weight, class_weight)),
    )


def row_weights(y: Any, sample_weight: Any, class_weight: dict | None) -> Any:
    """The weights of samples, of their classes where ``class_weight`` is given."""
    if not class_weight:
        return sample_weight
    if sample_weight is not None:
        raise ValueError("expected only one of class_weight and sample_weight")
    if _members(y) is not None:
        raise ValueError(
            "class_weight is for models with one target; pass sample_weight, one an output"
        )
    return _class_weights(y, class_weight)


def _class_weights(y: Any, class_weight: dict) -> np.ndarray:
    """The weight of each row's class; classes not named weigh 1."""
    ids = np.asarray(y)
    if ids.ndim > 1 and ids.shape[-1] > 1:
        ids = ids.argmax(-1)
    ids = ids.reshape(len(ids), -1)[:, 0].astype(np.int64)
    weights = np.ones(max(int(ids.max(initial=0)), max(class_weight)) + 1, np.float32)
    for class_id, weight in class_weight.items():
        weights[int(class_id)] = weight
    return weights[ids]


def split(x: Any, y: Any, sample_weight: Any, fraction: float) -> tuple:
    """Training rows and the last ``fraction`` of rows for validation."""
    if not 0 < fraction < 1:
        raise ValueError(f"fit: expected 0 < validation_split < 1, received {fraction}")
    if not is_array(x):
        raise ValueError("fit: validation_split needs arrays; pass validation_data instead")
    rows = len(_first(x))
    at = int(rows * (1 - fraction))
    if at == 0 or at == rows:
        raise ValueError(f"fit: validation_split={fraction} of {rows} rows leaves one part empty")

    def part(data: Any, rows: slice) -> Any:
        if data is None:
            return None
        if isinstance(data, dict):
            return {k: part(v, rows) for k, v in data.items()}
        if isinstance(data, list | tuple) and all(v is None or hasattr(v, "shape") for v in data):
            return type(data)(part(v, rows) for v in data)
        return np.asarray(data)[rows] if isinstance(data, list) else data[rows]

    first, last = slice(0, at), slice(at, rows)
    groups = (x, y, sample_weight)
    return tuple(part(g, first) for g in groups), tuple(part(g, last) for g in groups)


def _first(x: Any) -> Any:
    if isinstance(x, dict):
        return next(v for v in x.values() if v is not None)
    if isinstance(x, list | tuple):
        given = [v for v in x if v is not None]
        if given and hasattr(given[0], "shape"):
            return given[0]
    return x


class ArraySource:
    """Rows of arrays in memory; C++ gathers the batches."""

    bare = True  # x alone is not in a tuple
    ran_out = False

    def __init__(
        self,
        arrays: tuple,
        nests: tuple,
        batch_size: int,
        steps: int | None,
        shuffle: bool,
    ) -> None:
        x, y, weights = arrays
        self.feeder: Any = _core.ArrayFeeder(x, y, weights, batch_size)
        self.nests = nests
        if self.feeder.num_rows == 0:
            raise ValueError("expected at least one row of data, received none")
        self.shuffle = shuffle
        self.epoch_seed: int | None = None  # of the present order
        most = self.feeder.num_batches
        self.num_steps: int | None = limited_steps(most if steps is None else min(steps, most))

    def peek(self) -> tuple | None:
        """A batch like those to come; None where looking would take it away."""
        return self.feeder.batch(0)

    def begin_epoch(self, seed: int | None = None) -> None:
        """A new order of the rows, if they are shuffled; that of a seed, if it is given."""
        if self.shuffle:
            self.epoch_seed = _core.next_default_seed() if seed is None else seed
            self.feeder.shuffle(self.epoch_seed)

    def batches(self, start: int = 0) -> Iterator[tuple]:
        """The batches of this epoch, from one on."""
        for step in range(start, self.num_steps or 0):
            yield self.feeder.batch(step)


class BatchSource:
    """Batches made in Python: a PyDataset, a generator or any iterable of tuples."""

    feeder = None
    bare = False
    ran_out = False  # fewer batches came than there are steps in an epoch

    def __init__(
        self,
        data: Any,
        steps: int | None,
        class_weight: dict | None,
        shuffle: bool,
        layout: Layout,
    ) -> None:
        self.data = data
        self.layout = layout
        self.class_weight = class_weight
        self.shuffle = shuffle
        self.epoch_seed: int | None = None  # of the present order
        self.num_steps = steps
        if steps is None:
            if isinstance(data, PyDataset):
                self.num_steps = data.num_batches
            elif hasattr(data, "__len__"):
                self.num_steps = len(data)
        self.num_steps = limited_steps(self.num_steps)
        self._iterator: Any = None

    def peek(self) -> tuple | None:
        """A batch like those to come; None where looking would take it away."""
        if isinstance(self.data, PyDataset):
            item = self.data[0]
        elif hasattr(self.data, "__next__"):
            return None
        else:
            item = next(iter(self.data))
        x, y, weight = unpack(item if isinstance(item, tuple) else (item,))
        return to_batch(x, y, weight, self.class_weight, self.layout)

    def begin_epoch(self, seed: int | None = None) -> None:
        """Starts over where the data can, in the order of a seed; a generator goes on."""
        if isinstance(self.data, PyDataset):
            from nacre.utils.py_dataset import read_batches

            order = None
            if self.shuffle and self.num_steps is not None:
                self.epoch_seed = _core.next_default_seed() if seed is None else seed
                rng = np.random.default_rng(self.epoch_seed)
                order = rng.permutation(self.num_steps).tolist()
            self._iterator = iter(read_batches(self.data, order))
        elif hasattr(self.data, "__next__"):
            self._iterator = self._iterator or self.data
        else:
            self._iterator = iter(self.data)

    def batches(self, start: int = 0) -> Iterator[tuple]:
        """The batches of this epoch, from one on, the next ones made in the background.

        A generator cannot be rewound: it goes on where it stands.
        """
        done = start
        items = self._iterator
        if not hasattr(self.data, "__next__"):
            for _ in range(start):
                next(items, None)
        if not isinstance(self.data, PyDataset) or self.data.workers > 0:
            items = prefetched(items, None if self.num_steps is None else self.num_steps - start)
        while self.num_steps is None or done < self.num_steps:
            try:
                item = next(items)
            except StopIteration:
                if self.num_steps is None and done == 0:
                    raise ValueError("expected at least one batch of data, received none") from None
                self.ran_out = self.num_steps is not None
                if self.ran_out:
                    warnings.warn(
                        f"the data ran out after {done} of {self.num_steps} steps of an epoch; "
                        "a generator must give as many batches as there are steps in all epochs",
                        stacklevel=2,
                    )
                return
            x, y, weight = unpack(item if isinstance(item, tuple) else (item,))
            self.nests = tuple(nest_of(part) for part in (x, y, weight))
            self.bare = isinstance(item, dict) or not (
                isinstance(item, tuple) or isinstance(self.data, PyDataset)
            )
            yield to_batch(x, y, weight, self.class_weight, self.layout)
            done += 1
        if isinstance(self.data, PyDataset):
            self.data.on_epoch_end()


def require_count(value: Any, name: str) -> int:
    """The value as an int; TypeError and ValueError if it is no number of things."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"expected {name} to be an integer, received {value!r}")
    if operator.index(value) < 0:
        raise ValueError(f"expected {name} not to be negative, received {value}")
    return operator.index(value)


def make_source(
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    class_weight: dict | None = None,
    shuffle: bool = False,
    layout: Layout = PLAIN,
) -> Any:
    """The batches of data given in any of the forms that fit() takes."""
    for name, value in (("batch_size", batch_size), ("the number of steps", steps)):
        if value is not None and require_count(value, name) == 0:
            raise ValueError(f"expected {name} > 0, received {value}")
    if x is None:
        raise ValueError("expected data: x is None")
    if is_array(x):
        sample_weight = row_weights(y, sample_weight, class_weight)
        arrays = to_batch(x, y, sample_weight, None, layout)
        nests = tuple(nest_of(part) for part in (x, y, sample_weight))
        return ArraySource(arrays, nests, batch_size or 32, steps, shuffle)
    if y is not None or sample_weight is not None:
        raise ValueError("y and sample_weight must come with the batches when x is a dataset")
    if not hasattr(x, "__iter__") and not isinstance(x, PyDataset):
        raise TypeError(f"expected arrays, a dataset or a generator, received {type(x).__name__}")
    return BatchSource(x, steps, class_weight, shuffle, layout)
