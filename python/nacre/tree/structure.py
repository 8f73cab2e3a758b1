"""Walking, mapping and rebuilding of nested structures."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any


class MAP_TO_NONE:
    """What a function given to `traverse` returns to put None in a structure."""


def is_nested(structure: Any) -> bool:
    """Whether it is a list, a tuple or a dict."""
    return isinstance(structure, (list, tuple, Mapping))


def _items(structure: Any) -> Iterator[tuple[Any, Any]]:
    """(key, child) of a nested structure in order."""
    if isinstance(structure, Mapping):
        try:
            keys = sorted(structure)
        except TypeError:  # keys of several types: as they come
            keys = list(structure)
        return ((key, structure[key]) for key in keys)
    return enumerate(structure)


def _rebuild(like: Any, children: list[Any]) -> Any:
    """A structure of the type of `like` with other children, given in the order of `_items`."""
    if isinstance(like, Mapping):
        new = dict(zip((key for key, _ in _items(like)), children, strict=True))
        ordered = {key: new[key] for key in like}
        if type(like) is dict:
            return ordered
        if isinstance(like, MutableMapping) and hasattr(like, "default_factory"):
            return type(like)(like.default_factory, ordered)  # type: ignore[call-arg]
        return type(like)(ordered)  # type: ignore[call-arg]
    if isinstance(like, tuple) and hasattr(like, "_fields"):
        return type(like)(*children)
    return type(like)(children)


def flatten(structure: Any) -> list[Any]:
    """The leaves in order; `[structure]` of a leaf.

    Example:
        >>> flatten([1, (2, 3)])
        [1, 2, 3]
    """
    if not is_nested(structure):
        return [structure]
    leaves: list[Any] = []
    for _, child in _items(structure):
        leaves.extend(flatten(child))
    return leaves


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """(path, leaf) of every leaf, a path being the keys and indices that lead to it."""
    if not is_nested(structure):
        return [((), structure)]
    return [
        ((key, *path), leaf)
        for key, child in _items(structure)
        for path, leaf in flatten_with_path(child)
    ]


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """A structure of the same shape with the leaves of `flat_sequence`.

    Example:
        >>> pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3])
        {'a': 1, 'b': (2, 3)}
    """
    leaves = list(flat_sequence)
    expected = len(flatten(structure))
    if len(leaves) != expected:
        raise ValueError(f"pack_sequence_as: expected {expected} leaves, received {len(leaves)}")
    remaining = iter(leaves)

    def build(like: Any) -> Any:
        if not is_nested(like):
            return next(remaining)
        return _rebuild(like, [build(child) for _, child in _items(like)])

    return build(structure)


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """ValueError unless both have the same nesting, lengths and keys."""
    if is_nested(a) != is_nested(b):
        raise ValueError(f"structures differ: {_short(a)} and {_short(b)}")
    if not is_nested(a):
        return
    if isinstance(a, Mapping) != isinstance(b, Mapping) or (
        not isinstance(a, Mapping) and isinstance(a, tuple) != isinstance(b, tuple)
    ):
        raise ValueError(f"structures differ in type: {_short(a)} and {_short(b)}")
    pairs_a, pairs_b = list(_items(a)), list(_items(b))
    if [key for key, _ in pairs_a] != [key for key, _ in pairs_b]:
        raise ValueError(f"structures differ in length or keys: {_short(a)} and {_short(b)}")
    for (_, child_a), (_, child_b) in zip(pairs_a, pairs_b, strict=True):
        assert_same_structure(child_a, child_b)


def assert_same_paths(a: Any, b: Any) -> None:
    """ValueError unless both have leaves at the same paths."""
    paths_a = {path for path, _ in flatten_with_path(a)}
    paths_b = {path for path, _ in flatten_with_path(b)}
    if paths_a != paths_b:
        raise ValueError(f"paths differ: {sorted(map(str, paths_a ^ paths_b))}")


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """Applies a function to the leaves of structures of the same shape.

    Example:
        >>> map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)])
        [11, (22,)]
    """
    if not structures:
        raise ValueError("map_structure: expected at least one structure")
    for other in structures[1:]:
        assert_same_structure(structures[0], other)

    def build(*nodes: Any) -> Any:
        if not is_nested(nodes[0]):
            if nodes[0] is None and not none_is_leaf:
                return None
            return func(*nodes)
        children = zip(*([child for _, child in _items(node)] for node in nodes), strict=True)
        return _rebuild(nodes[0], [build(*group) for group in children])

    return build(*structures)


def map_structure_up_to(shallow: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Applies a function to what structures have where `shallow` has its leaves."""
    if not is_nested(shallow):
        return func(*structures)
    keys = [key for key, _ in _items(shallow)]
    children = [
        map_structure_up_to(child, func, *(s[key] for s in structures))
        for key, (_, child) in zip(keys, _items(shallow), strict=True)
    ]
    return _rebuild(shallow, children)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Applies a function to the shapes in a structure: tuples or lists of ints and None."""
    if is_nested(structure) and not isinstance(structure, Mapping):
        if all(d is None or isinstance(d, int) for d in structure):
            return func(tuple(structure))
    if not is_nested(structure):
        raise ValueError(f"map_shape_structure: not a shape: {structure!r}")
    return _rebuild(structure, [map_shape_structure(func, child) for _, child in _items(structure)])


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Visits every node; what `func` returns, unless None, replaces the node.

    Args:
        func: called with each node; returns None to go on with the node as it is, `MAP_TO_NONE` to
            put None, anything else to put that.
        structure: what is walked.
        top_down: parents before children, and no children of what was replaced; else after.
    """

    def replaced(result: Any) -> Any:
        return None if result is MAP_TO_NONE or isinstance(result, MAP_TO_NONE) else result

    if top_down:
        result = func(structure)
        if result is not None:
            return replaced(result)
    if is_nested(structure):
        structure = _rebuild(
            structure, [traverse(func, child, top_down) for _, child in _items(structure)]
        )
    if top_down:
        return structure
    result = func(structure)
    return structure if result is None else replaced(result)


def lists_to_tuples(structure: Any) -> Any:
    """The same with tuples in place of lists."""

    def convert(node: Any) -> Any:
        return tuple(node) if isinstance(node, list) else None

    return traverse(convert, structure, top_down=False)


def _short(structure: Any) -> str:
    text = repr(structure)
    return text if len(text) < 80 else text[:77] + "..."
