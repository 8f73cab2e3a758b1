"""What the process keeps for making models: names of layers, origins of placeholders, dtypes."""

from __future__ import annotations

from typing import Any

from nacre import _native


def clear_session(free_memory: bool = True) -> None:
    """Lets the names of new layers count from the beginning again.

    Models and layers are freed with the last reference to them; nothing else is kept that would
    need to be cleared.

    Args:
        free_memory: Whether Python's garbage collector is run as well.

    Example:

    >>> import nacre
    >>> nacre.utils.clear_session()
    >>> [nacre.layers.Dense(1).name for _ in range(2)]
    ['dense', 'dense_1']
    >>> nacre.utils.clear_session()
    >>> nacre.layers.Dense(1).name
    'dense'
    """
    _native.reset_unique_names()
    if free_memory:
        import gc

        gc.collect()


def get_uid(prefix: str = "") -> int:
    """A number that counts the uses of a prefix, those in names of layers included.

    Args:
        prefix: The prefix.

    Returns:
        1 at its first use, then 2, ...

    Example:

    >>> import nacre
    >>> nacre.backend.get_uid("pearl"), nacre.backend.get_uid("pearl")
    (1, 2)
    """
    name = _native.unique_name(prefix)
    return int(name[len(prefix) + 1 :] or 0) + 1


def is_keras_tensor(x: Any) -> bool:
    """Whether a value is a placeholder: what ``Input`` returns, and what layers make of it.

    Example:

    >>> import nacre
    >>> nacre.utils.is_keras_tensor(nacre.Input((3,))), nacre.utils.is_keras_tensor([1.0])
    (True, False)
    """
    return _native.is_placeholder(x)


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype.

    Args:
        dtype: A name, a NumPy dtype, a Python type, a dtype of another library that has a name, or
            ``None`` for ``config.floatx()``.

    Raises:
        ValueError: If it is none of nacre's dtypes.

    Example:

    >>> import nacre
    >>> import numpy as np
    >>> [nacre.utils.standardize_dtype(d) for d in (None, int, np.float16, "bool")]
    ['float32', 'int32', 'float16', 'bool']
    """
    from nacre import config

    if dtype is None:
        return config.floatx()
    text = str(dtype)
    if text.startswith("torch."):
        dtype = text.rpartition(".")[2]
    elif not isinstance(dtype, (str, type)) and isinstance(getattr(dtype, "name", None), str):
        dtype = dtype.name
    try:
        return _native.dtype_name(dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"standardize_dtype: {error}") from error


def get_source_inputs(tensor: Any) -> Any:
    """The placeholders that a placeholder was computed from.

    Args:
        tensor: What layers or ops made of the results of ``Input``.

    Returns:
        A list of what ``Input`` returned, each once, in the order of their use; ``tensor`` itself
        if it is no placeholder.

    Example:

    >>> import nacre
    >>> a, b = nacre.Input((3,)), nacre.Input((3,))
    >>> y = nacre.layers.Dense(2)(a * b + a)
    >>> model = nacre.Model(nacre.utils.get_source_inputs(y), y)
    >>> model.input_shape
    [(None, 3), (None, 3)]
    """
    if not _native.is_placeholder(tensor):
        return tensor
    found, pending = [], [tensor]
    seen: dict[Any, Any] = {}  # its values keep the layers, so that no id is used again
    while pending:  # depth first, without recursion: models may be deeper than Python's stack
        at = pending.pop()
        origin = _native.origin(at)
        inputs: list[Any] = []
        if origin is not None:
            inputs = _native.calls_on_placeholders(origin[0])[origin[1]][0]
        key = id(at) if origin is None else (id(origin[0]), *origin[1:])
        if key in seen:
            continue
        seen[key] = (at, origin)
        if inputs:
            pending.extend(reversed(inputs))
        else:
            found.append(at)
    return found
