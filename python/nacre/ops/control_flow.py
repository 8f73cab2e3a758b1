"""Ops that take Python functions: cond, loops, scans, maps.

Loops run in Python and are unrolled where they are recorded; a condition that is read from a tensor
makes a captured function run op by op.
"""

from collections.abc import Callable, Sequence
from typing import Any

from nacre import _core, tree
from nacre._core import Tensor, Variable


def _truth(value: Any) -> bool:
    return bool(value)


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """`true_fn()` where the scalar `pred` is true, else `false_fn()`.

    Example:
        >>> from nacre import ops
        >>> ops.cond(True, lambda: 1, lambda: 2)
        1
    """
    for name, f in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(f):
            raise TypeError(f"cond: expected a callable for {name}, received {f!r}")
    if isinstance(pred, Tensor) and pred.shape != ():
        raise ValueError(f"cond: expected a scalar pred, received shape {pred.shape}")
    return true_fn() if _truth(pred) else false_fn()


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """For each element, the choice of the first condition that is true there.

    Args:
        condlist: boolean tensors.
        choicelist: a tensor for each of them; all broadcast together.
        default: what is taken where no condition is true.

    Returns:
        A tensor.

    Example:
        >>> from nacre import ops
        >>> x = ops.arange(6)
        >>> ops.select([x < 2, x > 3], [x, x * 10], -1)
        Tensor([ 0,  1, -1, -1, 40, 50], dtype=int32)
    """
    if not len(condlist) or len(condlist) != len(choicelist):
        raise ValueError(
            "select: expected a choice for each condition, and at least one, received "
            f"{len(condlist)} conditions and {len(choicelist)} choices"
        )
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = _core.op("where")(_core.convert_to_tensor(condition, "bool"), choice, result)
    return result


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """`branches[index](*operands)`, the index clamped to the branches there are."""
    if not branches:
        raise ValueError("switch: expected at least one branch")
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """Calls `body` on its own results as long as `cond` of them is true.

    Args:
        cond: a function of the loop variables that returns a scalar.
        body: a function of the loop variables that returns new ones of the same structure.
        loop_vars: the variables at the start: a list or tuple, passed one by one, or one value.
        maximum_iterations: stops after so many iterations; None: no limit.

    Returns:
        The loop variables at the end, as they were given.

    Example:
        >>> from nacre import ops
        >>> ops.while_loop(lambda i: i < 3, lambda i: i + 1, ops.convert_to_tensor(0))
        Tensor(3, dtype=int32)
    """
    several = isinstance(loop_vars, (list, tuple))
    variables = tuple(loop_vars) if several else (loop_vars,)
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and _truth(cond(*variables)):
        result = body(*variables)
        variables = tuple(result) if isinstance(result, (list, tuple)) else (result,)
        if len(variables) != (len(loop_vars) if several else 1):
            raise ValueError(
                f"while_loop: body returned {len(variables)} values, loop_vars has "
                f"{len(loop_vars) if several else 1}"
            )
        count += 1
    if not several:
        return variables[0]
    return list(variables) if isinstance(loop_vars, list) else variables


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """`body_fun(i, value)` for i from `lower` to `upper` - 1, each on the last one's value.

    Example:
        >>> from nacre import ops
        >>> ops.fori_loop(0, 4, lambda i, total: total + i, 0)
        6
    """
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value


def _length(xs: Any, what: str) -> int:
    lengths = {len(leaf) for leaf in tree.flatten(xs)}
    if len(lengths) != 1:
        raise ValueError(
            f"{what}: expected leaves of one length along axis 0, received {sorted(lengths)}"
        )
    return lengths.pop()


def _tensors(xs: Any) -> Any:
    return tree.map_structure(_as_tensor, xs)


def _as_tensor(x: Any) -> Any:
    return x.value if isinstance(x, Variable) else _core.convert_to_tensor(x)


def _stack(parts: list[Any], axis: int = 0) -> Any:
    from nacre import ops

    return tree.map_structure(
        lambda *leaves: None if leaves[0] is None else ops.stack(leaves, axis=axis), *parts
    )


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """Folds `f(carry, x) -> (carry, y)` over the leading axis.

    Args:
        f: one step.
        init: the carry at the start.
        xs: tensors, or a structure of them, whose rows are the steps' x; None: `length` steps
            without.
        length: the number of steps.
        reverse: from the last row to the first.
        unroll: without effect: steps are always unrolled.

    Returns:
        The last carry and the stacked ys.

    Example:
        >>> from nacre import ops
        >>> total, sums = ops.scan(lambda c, x: (c + x, c + x), 0, ops.arange(4))
        >>> sums
        Tensor([0, 1, 3, 6], dtype=int32)
    """
    if not callable(f):
        raise TypeError(f"scan: expected a callable for f, received {f!r}")
    if xs is None:
        if length is None:
            raise ValueError("scan: expected xs or length")
        n = int(length)
    else:
        xs = _tensors(xs)
        n = _length(xs, "scan")
        if length is not None and int(length) != n:
            raise ValueError(f"scan: expected length {n}, that of xs, received {length}")
    carry, ys = init, []
    for i in reversed(range(n)) if reverse else range(n):
        row = None if xs is None else tree.map_structure(lambda leaf, at=i: leaf[at], xs)
        carry, y = f(carry, row)
        ys.append(y)
    if reverse:
        ys.reverse()
    if not ys:
        return carry, None
    return carry, None if all(y is None for y in ys) else _stack(ys)


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """`f` of each row of the leading axis, stacked.

    Example:
        >>> from nacre import ops
        >>> ops.map(lambda x: x * x, ops.arange(3))
        Tensor([0, 1, 4], dtype=int32)
    """
    return scan(lambda _, x: ((), f(x)), (), xs)[1]


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """The same as `map`."""
    return map(function, elements)


def associative_scan(
    f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """Running combinations of the elements along an axis by an associative function.

    Args:
        f: combines two structures of slices.
        elems: a tensor or a structure of tensors.
        reverse: from the last to the first.
        axis: the axis.

    Returns:
        A structure like `elems`: at i the combination of the elements up to i.

    Example:
        >>> from nacre import ops
        >>> ops.associative_scan(lambda a, b: a + b, ops.arange(5))
        Tensor([ 0,  1,  3,  6, 10], dtype=int32)
    """
    from nacre import ops

    if not callable(f):
        raise TypeError(f"associative_scan: expected a callable for f, received {f!r}")
    elems = _tensors(elems)
    rows = tree.map_structure(lambda leaf: ops.moveaxis(leaf, axis, 0), elems)
    n = _length(rows, "associative_scan")
    if n == 0:
        return elems

    def element(i: int) -> Any:
        return tree.map_structure(lambda leaf: leaf[i : i + 1], rows)

    order = list(reversed(range(n))) if reverse else list(range(n))
    results = [element(order[0])]
    for i in order[1:]:
        results.append(f(results[-1], element(i)))
    if reverse:
        results.reverse()
    joined = tree.map_structure(lambda *leaves: ops.concatenate(leaves, axis=0), *results)
    return tree.map_structure(lambda leaf: ops.moveaxis(leaf, 0, axis), joined)
