"""Matrix products and what is made of them."""

import numpy as np
from opinfo import FLOATS, OpInfo, make, pairs

_DTYPES = (*FLOATS, "int32", "int64", "uint8", "bool")
_EQUATIONS = (
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    ("...ij,...kj->...ik", (2, 1, 3, 4), (5, 2, 4)),
    ("ij,ij", (2, 3), (2, 3)),
    ("i,j->ji", (2,), (3,)),
    ("ii,i->i", (3, 3), (3,)),
    ("bhqd,bkhd->bhqk", (2, 3, 4, 5), (2, 6, 3, 5)),
    ("ijk,k->ji", (2, 3, 4), (4,)),
    ("ab,cd->", (2, 3), (3, 2)),
)


def _einsum(rng, dtype):
    result = [((eq, make(rng, a, dtype), make(rng, b, dtype)), {}) for eq, a, b in _EQUATIONS]
    result.append((("ii", make(rng, (3, 3), dtype)), {}))
    result.append((("...ij->...ji", make(rng, (2, 3, 4), dtype)), {}))
    result.append(
        (("i j , j , k l -> l", *(make(rng, s, dtype) for s in ((2, 3), (3,), (2, 4)))), {})
    )
    return result


def _product(name, ref, *shapes, dtypes=("float32", "float64", "int32"), errors=(), **options):
    return OpInfo(name, pairs(*shapes, **options), ref, dtypes, errors=errors, rtol=8)


ROWS = [
    _product(
        "matmul",
        np.matmul,
        ((2, 3), (3, 4)),
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (2, 3, 4)),
        ((5, 1, 2, 3), (4, 3, 2)),
        ((4, 2, 3), (3, 5)),
        dtypes=_DTYPES,
        errors=[
            (
                (np.ones((2, 3)), np.ones((2, 3))),
                {},
                ValueError,
                r"expected 3 rows in x2, received 2",
            ),
            ((np.ones((2, 3)), 1.0), {}, ValueError, "rank 1 or more"),
        ],
    ),
    _product(
        "dot",
        np.dot,
        ((2, 3), (3, 4)),
        ((3,), (3,)),
        ((2, 3), ()),
        ((2, 3), (4, 3, 2)),
        ((2, 2, 3), (3,)),
    ),
    _product("inner", np.inner, ((2, 3), (4, 3)), ((3,), (3,))),
    _product("outer", np.outer, ((2, 3), (4,)), ((3,), (2,))),
    _product("vdot", np.vdot, ((3,), (3,)), ((2, 3), (2, 3))),
    _product("kron", np.kron, ((2, 3), (2, 2)), ((3,), (2, 2))),
    _product("cross", np.cross, ((4, 3), (4, 3)), ((3,), (4, 3))),
    OpInfo(
        "tensordot",
        lambda rng, dtype: [
            ((make(rng, (2, 3, 4), dtype), make(rng, (3, 4, 5), dtype)), {}),
            ((make(rng, (2, 3), dtype), make(rng, (3, 4), dtype), 1), {}),
            ((make(rng, (2, 3), dtype), make(rng, (4, 2), dtype)), {"axes": ([0], [1])}),
            ((make(rng, (2,), dtype), make(rng, (3,), dtype), 0), {}),
        ],
        np.tensordot,
        ("float32", "float64", "int32"),
        rtol=8,
        errors=[((np.ones((2, 3)), np.ones((2, 3)), 1), {}, ValueError, "3 and 2")],
    ),
    OpInfo(
        "einsum",
        _einsum,
        np.einsum,
        ("float32", "float64", "int32"),
        rtol=8,
        errors=[
            (("ij,jk->ik", np.ones((2, 3))), {}, ValueError, "2 operands, received 1"),
            (("ij->ik", np.ones((2, 3))), {}, ValueError, "no operand"),
            (("ij,jk", np.ones((2, 3)), np.ones((4, 5))), {}, ValueError, "length 3 and 4"),
            (("i1", np.ones((2, 3))), {}, ValueError, "unexpected '1'"),
        ],
    ),
]
