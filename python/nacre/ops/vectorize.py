"""vectorize: a function of small tensors, called for each of many."""

import re
from collections.abc import Callable
from typing import Any

from nacre import tree
from nacre.ops.conversion import convert_to_tensor

_DIMENSIONS = r"\(\s*(?:\w+\s*(?:,\s*\w+\s*)*)?\)"  # "(m, n)"
_SIDE = rf"\s*{_DIMENSIONS}\s*(?:,\s*{_DIMENSIONS}\s*)*"


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None
) -> Callable[..., Any]:
    """A function that calls `pyfunc` for each place of its broadcast arguments.

    Args:
        pyfunc: takes scalars, or tensors with the dimensions that `signature` names.
        excluded: positions and names of arguments that are passed on as they are.
        signature: as of a generalized universal function, "(m,n),(n)->(m)": the last dimensions
            that `pyfunc` takes and gives; those before are broadcast. Default: scalars.

    Returns:
        A function of the same arguments; named ones are passed on as they are.

    Raises:
        TypeError: `pyfunc` cannot be called.
        ValueError: `signature` cannot be read, or arguments or results do not fit it.

    Example:
        >>> from nacre import ops
        >>> ops.vectorize(lambda a, b: a + 2 * b)([1.0, 2.0], 3.0)
        Tensor([7., 8.], dtype=float32)
        >>> rows = ops.vectorize(ops.dot, signature="(n),(n)->()")
        >>> rows(ops.ones((4, 1, 3)), ops.ones((2, 3))).shape
        (4, 2)
    """
    if not callable(pyfunc):
        raise TypeError(f"vectorize: expected a callable, received {pyfunc!r}")
    skipped = set(excluded or ())
    read = None if signature is None else _parsed(signature)

    def vectorized(*args: Any, **names: Any) -> Any:
        from nacre import ops

        given = {i: convert_to_tensor(a) for i, a in enumerate(args) if i not in skipped}
        if not given:
            raise ValueError("vectorize: expected an argument that is not excluded")
        takes = [()] * len(given) if read is None else read[0]
        if len(takes) != len(given):
            raise ValueError(
                f"vectorize: expected {len(takes)} arguments for signature {signature!r}, "
                f"received {len(given)}"
            )
        sizes: dict[str, int] = {}
        loops = []
        for (i, x), dims in zip(given.items(), takes, strict=True):
            _fit(sizes, dims, x.shape, f"argument {i}")
            loops.append(x.shape[: len(x.shape) - len(dims)])
        loop = ops.broadcast_shapes(*loops)
        count = 1
        for size in loop:
            count *= size
        if count == 0:
            raise ValueError(f"vectorize: expected at least one place, received the shape {loop}")
        flat = {
            i: ops.reshape(
                ops.broadcast_to(x, (*loop, *x.shape[len(own) :])), (count, *x.shape[len(own) :])
            )
            for (i, x), own in zip(given.items(), loops, strict=True)
        }
        results = []
        for k in range(count):
            result = pyfunc(*(flat[i][k] if i in flat else a for i, a in enumerate(args)), **names)
            result = tree.map_structure(convert_to_tensor, result)
            if read is not None:
                _check(sizes, read[1], result)
            results.append(result)
        return tree.map_structure(
            lambda *leaves: ops.reshape(ops.stack(leaves), (*loop, *leaves[0].shape)), *results
        )

    return vectorized


def _parsed(signature: str) -> tuple[list, list]:
    """The dimensions that the arguments have, and those of the results."""
    if not re.fullmatch(f"{_SIDE}->{_SIDE}", signature):
        raise ValueError(
            f"vectorize: expected a signature such as '(m,n),(n)->(m)', received {signature!r}"
        )
    takes, gives = (
        [tuple(re.findall(r"\w+", group)) for group in re.findall(_DIMENSIONS, side)]
        for side in signature.split("->")
    )
    return takes, gives


def _fit(sizes: dict[str, int], dims: tuple, shape: tuple, what: str) -> None:
    """Compares the last sizes of a shape with those known, and learns the others."""
    if len(shape) < len(dims):
        raise ValueError(
            f"vectorize: expected {what} to have the dimensions {dims}, received the shape {shape}"
        )
    for dim, size in zip(dims, shape[len(shape) - len(dims) :], strict=True):
        if sizes.setdefault(dim, size) != size:
            raise ValueError(
                f"vectorize: {what}: expected {sizes[dim]} for dimension {dim!r}, received {size}"
            )


def _check(sizes: dict[str, int], gives: list, result: Any) -> None:
    several = isinstance(result, list | tuple)
    results = result if several else [result]
    if len(results) != len(gives) or several != (len(gives) > 1):
        raise ValueError(f"vectorize: expected {len(gives)} results, received {len(results)}")
    for i, (x, dims) in enumerate(zip(results, gives, strict=True)):
        if len(x.shape) != len(dims):
            raise ValueError(
                f"vectorize: expected result {i} with the dimensions {dims}, received the shape "
                f"{x.shape}"
            )
        _fit(sizes, dims, x.shape, f"result {i}")
