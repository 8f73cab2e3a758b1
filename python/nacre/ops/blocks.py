"""Blocks of images moved between axes, sliding windows, axes renamed, items."""

import math
import re
from collections.abc import Sequence
from typing import Any

from nacre import _core
from nacre._core import Tensor
from nacre.ops.conversion import convert_to_tensor


def depth_to_space(x: Any, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Turns groups of channels into blocks of pixels ("pixel shuffle").

    Args:
        x: a tensor of shape (batch, height, width, channels).
        block_size: side of a block, at least 2.
        data_format: 'channels_last' or 'channels_first'.

    Returns:
        A tensor of shape (batch, height * block_size, width * block_size, channels / block_size^2).

    Example:
        >>> from nacre import ops
        >>> ops.depth_to_space(ops.ones((1, 2, 2, 12)), 2).shape
        (1, 4, 4, 3)
    """
    x, last = _image("depth_to_space", x, block_size, data_format)
    b = block_size
    channels = x.shape[3 if last else 1]
    if channels % (b * b):
        raise ValueError(
            f"depth_to_space: expected a multiple of {b * b} channels for block_size={b}, received "
            f"{channels} (x: {x.shape})"
        )
    few = channels // (b * b)
    if last:
        n, h, w, _ = _sizes(x)
        x = _moved(x, (n, h, w, b, b, few), (0, 1, 3, 2, 4, 5))
        return _reshape(x, (n, _times(h, b), _times(w, b), few))
    n, _, h, w = _sizes(x)
    x = _moved(x, (n, few, b, b, h, w), (0, 1, 4, 2, 5, 3))
    return _reshape(x, (n, few, _times(h, b), _times(w, b)))


def space_to_depth(x: Any, block_size: int, data_format: str | None = "channels_last") -> Tensor:
    """Turns blocks of pixels into groups of channels: undoes `depth_to_space`.

    Args:
        x: a tensor of shape (batch, height, width, channels).
        block_size: side of a block, at least 2.
        data_format: 'channels_last' or 'channels_first'.

    Returns:
        A tensor of shape (batch, height / block_size, width / block_size, channels * block_size^2).

    Example:
        >>> from nacre import ops
        >>> ops.space_to_depth(ops.ones((1, 4, 4, 3)), 2).shape
        (1, 2, 2, 12)
    """
    x, last = _image("space_to_depth", x, block_size, data_format)
    b = block_size
    height, width = x.shape[1:3] if last else x.shape[2:]
    if height is None or width is None or height % b or width % b:
        raise ValueError(
            f"space_to_depth: expected a height and a width that are multiples of {b}, received "
            f"{height} and {width} (x: {x.shape})"
        )
    h, w = height // b, width // b
    if last:
        n, _, _, c = _sizes(x)
        x = _moved(x, (n, h, b, w, b, c), (0, 1, 3, 2, 4, 5))
        return _reshape(x, (n, h, w, _times(c, b * b)))
    n, c, _, _ = _sizes(x)
    x = _moved(x, (n, c, h, b, w, b), (0, 1, 3, 5, 2, 4))
    return _reshape(x, (n, _times(c, b * b), h, w))


def unfold(
    x: Any,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """The windows that slide over images, as columns ("im2col").

    Args:
        x: a tensor of shape (batch, channels, height, width).
        kernel_size: size of a window: one number, or two.
        dilation: steps between the pixels of a window.
        padding: zeros added on each side.
        stride: steps between windows.

    Returns:
        A tensor of shape (batch, channels * kernel height * kernel width, windows).

    Example:
        >>> from nacre import ops
        >>> ops.unfold(ops.ones((1, 2, 4, 4)), 2, stride=2).shape
        (1, 8, 4)
    """
    x = convert_to_tensor(x)
    if x.ndim != 4 or None in x.shape[1:]:
        raise ValueError(
            f"unfold: expected images of shape (batch, channels, height, width), received {x.shape}"
        )
    n, channels, *size = _sizes(x)
    grid = _Windows("unfold", size, kernel_size, dilation, padding, stride)
    (top, left), (rows, columns) = grid.padding, grid.counts
    x = _core.op("pad")(x, ((0, 0), (0, 0), (top, top), (left, left)))
    windows = [x[:, :, down, right] for down, right in grid.slices()]
    stacked = _core.op("stack")(windows, 2)
    return _reshape(stacked, (n, channels * len(windows), rows * columns))


def fold(
    x: Any,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """Images of which `unfold` gives these columns; where windows overlap, they are added.

    Args:
        x: a tensor of shape (batch, channels * kernel height * kernel width, windows).
        output_size: height and width of the images: one number, or two.
        kernel_size: as for `unfold`, like what follows.
        dilation: steps between the pixels of a window.
        padding: zeros that `unfold` added on each side.
        stride: steps between windows.

    Returns:
        A tensor of shape (batch, channels, height, width).

    Example:
        >>> from nacre import ops
        >>> columns = ops.unfold(ops.ones((1, 2, 4, 4)), 2, stride=2)
        >>> ops.fold(columns, 4, 2, stride=2).shape
        (1, 2, 4, 4)
    """
    x = convert_to_tensor(x)
    size = _pair("fold", "output_size", output_size, 1)
    grid = _Windows("fold", size, kernel_size, dilation, padding, stride)
    points, (rows, columns) = math.prod(grid.kernel), grid.counts
    if x.ndim != 3 or None in x.shape[1:] or x.shape[1] % points or x.shape[2] != rows * columns:
        raise ValueError(
            f"fold: expected columns of shape (batch, a multiple of {points}, {rows * columns}) "
            f"for images of size {tuple(size)}, received {x.shape}"
        )
    op = _core.op
    n, channels = _sizes(x)[0], x.shape[1] // points
    x = _reshape(x, (n, channels, points, rows, columns))
    (down_by, right_by), (top, left) = grid.stride, grid.padding
    # Each pixel of the windows: its grid with zeros between, moved to where it belongs.
    x = _reshape(x, (n, channels, points, rows, 1, columns, 1))
    between = ((0, 0),) * 4 + ((0, down_by - 1), (0, 0), (0, right_by - 1))
    x = _reshape(op("pad")(x, between), (n, channels, points, rows * down_by, columns * right_by))
    height, width = (rows - 1) * down_by + 1, (columns - 1) * right_by + 1
    x = x[:, :, :, :height, :width]
    total: Any = None
    for i, (down, right) in enumerate(grid.slices()):
        below = size[0] + 2 * top - down.start - height
        beside = size[1] + 2 * left - right.start - width
        around = ((0, 0), (0, 0), (down.start, below), (right.start, beside))
        placed = op("pad")(x[:, :, i], around)
        total = placed if total is None else total + placed
    return total[:, :, top : top + size[0], left : left + size[1]]


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Tensor:
    """The windows that slide over the last axis.

    Args:
        x: a tensor of shape (..., n).
        sequence_length: size of a window.
        sequence_stride: steps between windows.

    Returns:
        A tensor of shape (..., (n - sequence_length) / sequence_stride + 1, sequence_length).

    Example:
        >>> from nacre import ops
        >>> ops.extract_sequences([1, 2, 3, 4, 5], 3, 2)
        Tensor([[1, 2, 3],
                [3, 4, 5]], dtype=int32)
    """
    x = convert_to_tensor(x)
    if x.ndim < 1 or x.shape[-1] is None:
        raise ValueError(f"extract_sequences: expected a known last axis, received {x.shape}")
    for name, value, most in (
        ("sequence_length", sequence_length, x.shape[-1]),
        ("sequence_stride", sequence_stride, math.inf),
    ):
        if not isinstance(value, int) or not 1 <= value <= most:
            raise ValueError(
                f"extract_sequences: expected `{name}` a positive integer, and windows within the "
                f"last axis, received {value!r} (x: {x.shape})"
            )
    starts = range(0, x.shape[-1] - sequence_length + 1, sequence_stride)
    places = [list(range(start, start + sequence_length)) for start in starts]
    return _core.op("take")(x, convert_to_tensor(places, "int32"), -1)


class _Windows:
    """Where the windows over an image are."""

    def __init__(
        self,
        caller: str,
        size: Sequence[int],
        kernel: Any,
        dilation: Any,
        padding: Any,
        stride: Any,
    ) -> None:
        self.kernel = _pair(caller, "kernel_size", kernel, 1)
        self.dilation = _pair(caller, "dilation", dilation, 1)
        self.padding = _pair(caller, "padding", padding, 0)
        self.stride = _pair(caller, "stride", stride, 1)
        # From the first to the last pixel of a window, and the steps that it can go.
        reach = [d * (k - 1) for k, d in zip(self.kernel, self.dilation, strict=True)]
        room = [n + 2 * p - r - 1 for n, p, r in zip(size, self.padding, reach, strict=True)]
        if min(room) < 0:
            raise ValueError(
                f"{caller}: expected images of at least {tuple(r + 1 for r in reach)} pixels with "
                f"their padding, received the size {tuple(size)}"
            )
        self.counts = [r // s + 1 for r, s in zip(room, self.stride, strict=True)]

    def slices(self) -> list[tuple[slice, slice]]:
        """For each pixel of a window, where it is in the padded image for all windows."""
        down, right = (
            [slice(i * d, i * d + (count - 1) * s + 1, s) for i in range(k)]
            for k, d, s, count in zip(
                self.kernel, self.dilation, self.stride, self.counts, strict=True
            )
        )
        return [(a, b) for a in down for b in right]


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Tensor:
    """Splits, reorders and joins axes, as a pattern of their names says.

    Args:
        tensor: a tensor.
        pattern: names of the axes before and after '->'; parentheses hold axes that are, or become,
            one: 'b (h h1) w c -> b h w (h1 c)'.
        axes_lengths: sizes of axes by their names; one of each parenthesis may be left out.

    Returns:
        A tensor of the same values.

    Example:
        >>> from nacre import ops
        >>> ops.rearrange(ops.ones((2, 6, 5, 3)), "b (h h1) w c -> b c h (w h1)", h1=2).shape
        (2, 3, 3, 10)
    """
    x = convert_to_tensor(tensor)
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ValueError(f"rearrange: expected one '->' in the pattern, received {pattern!r}")
    before, after = (_groups(side, pattern) for side in sides)
    names = [name for group in before for name in group]
    wanted = [name for group in after for name in group]
    if len(set(names)) != len(names) or sorted(names) != sorted(wanted):
        raise ValueError(
            f"rearrange: expected each axis once on both sides of the pattern, received {pattern!r}"
        )
    unknown = sorted(set(axes_lengths) - set(names))
    if unknown:
        raise ValueError(f"rearrange: expected lengths of axes of {pattern!r}, received {unknown}")
    if len(before) != x.ndim:
        raise ValueError(
            f"rearrange: expected a tensor of rank {len(before)} for {pattern!r}, received the "
            f"shape {x.shape}"
        )
    sizes: dict[str, int] = {}
    for group, size in zip(before, x.shape, strict=True):
        _resolve(group, size, axes_lengths, sizes, pattern)
    x = _moved(x, tuple(sizes[n] for n in names), tuple(names.index(n) for n in wanted))
    return _reshape(x, tuple(_joined([sizes[n] for n in group]) for group in after))


def _groups(side: str, pattern: str) -> list[list[str]]:
    if not re.fullmatch(r"(\s*(\([\w\s]*\)|\w+)(?=[\s(]|$))*\s*", side):
        raise ValueError(f"rearrange: expected names and parentheses, received {pattern!r}")
    found = re.findall(r"\(([\w\s]*)\)|(\w+)", side)
    return [[name] if name else inner.split() for inner, name in found]


def _resolve(
    group: list[str], size: int | None, given: dict[str, int], sizes: dict[str, int], pattern: str
) -> None:
    """The sizes of the axes of a group that is `size` long; -1 for one that is not known."""
    missing = [name for name in group if name not in given]
    lengths = [given[name] for name in group if name in given]
    if not all(isinstance(n, int) and n > 0 for n in lengths):
        raise ValueError(f"rearrange: expected positive integers as lengths, received {given}")
    known = math.prod(lengths)
    if len(missing) > 1:
        raise ValueError(f"rearrange: expected lengths of all but one of {missing} in {pattern!r}")
    whole = size is None or (size % known == 0 if missing else size == known)
    if not whole:
        raise ValueError(
            f"rearrange: expected an axis ({' '.join(group)}) that its lengths divide, received "
            f"{size} with {given}"
        )
    for name in group:
        sizes[name] = given[name] if name in given else -1 if size is None else size // known


def get_item(x: Any, key: Any) -> Tensor:
    """The same as `x[key]`.

    Args:
        x: a tensor.
        key: integers, slices, `...`, None, or tensors of integers.

    Example:
        >>> from nacre import ops
        >>> ops.get_item(ops.arange(6), slice(1, 3))
        Tensor([1, 2], dtype=int32)
    """
    return convert_to_tensor(x)[key]


def _image(caller: str, x: Any, block_size: int, data_format: str | None) -> tuple[Tensor, bool]:
    """The images as a tensor, and whether their channels come last."""
    from nacre import config

    x = convert_to_tensor(x)
    layout = config.image_data_format() if data_format is None else data_format
    if layout not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{caller}: expected `data_format` 'channels_last' or 'channels_first', received "
            f"{data_format!r}"
        )
    if not isinstance(block_size, int) or block_size < 2:
        raise ValueError(f"{caller}: expected `block_size` of at least 2, received {block_size!r}")
    last = layout == "channels_last"
    if x.ndim != 4 or x.shape[3 if last else 1] is None:
        raise ValueError(f"{caller}: expected images of rank 4, received the shape {x.shape}")
    return x, last


def _pair(caller: str, name: str, value: Any, least: int) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or not all(isinstance(n, int) and n >= least for n in pair):
        raise ValueError(
            f"{caller}: expected `{name}` one or two integers of at least {least}, received "
            f"{value!r}"
        )
    return pair


def _sizes(x: Tensor) -> list[int]:
    return [-1 if size is None else size for size in x.shape]


def _times(size: int, factor: int) -> int:
    return -1 if size < 0 else size * factor


def _joined(sizes: Sequence[int]) -> int:
    return -1 if -1 in sizes else math.prod(sizes)


def _reshape(x: Tensor, shape: Sequence[int]) -> Tensor:
    return _core.op("reshape")(x, tuple(shape))


def _moved(x: Tensor, shape: Sequence[int], axes: Sequence[int]) -> Tensor:
    """The tensor in a finer shape, with its axes in this order."""
    return _core.op("transpose")(_reshape(x, shape), tuple(axes))
