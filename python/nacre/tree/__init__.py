"""Nested structures of lists, tuples, namedtuples and dicts: `keras.tree`.

Dicts are walked in the order of their sorted keys; anything else, None included, is a leaf.

Example:
    >>> from nacre import tree
    >>> tree.flatten({"b": [1, 2], "a": 3})
    [3, 1, 2]
"""

from nacre.tree.structure import (
    MAP_TO_NONE as MAP_TO_NONE,
)
from nacre.tree.structure import (
    assert_same_paths as assert_same_paths,
)
from nacre.tree.structure import (
    assert_same_structure as assert_same_structure,
)
from nacre.tree.structure import (
    flatten as flatten,
)
from nacre.tree.structure import (
    flatten_with_path as flatten_with_path,
)
from nacre.tree.structure import (
    is_nested as is_nested,
)
from nacre.tree.structure import (
    lists_to_tuples as lists_to_tuples,
)
from nacre.tree.structure import (
    map_shape_structure as map_shape_structure,
)
from nacre.tree.structure import (
    map_structure as map_structure,
)
from nacre.tree.structure import (
    map_structure_up_to as map_structure_up_to,
)
from nacre.tree.structure import (
    pack_sequence_as as pack_sequence_as,
)
from nacre.tree.structure import (
    traverse as traverse,
)
