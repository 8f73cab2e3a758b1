# Written by cpp/bindings/generate_stubs.py from the built extension: not to be edited.
import typing

from nacre.ops import cholesky as cholesky
from nacre.ops import cholesky_inverse as cholesky_inverse
from nacre.ops import det as det
from nacre.ops import eigh as eigh
from nacre.ops import inv as inv
from nacre.ops import jvp as jvp
from nacre.ops import lstsq as lstsq
from nacre.ops import lu_factor as lu_factor
from nacre.ops import matrix_rank as matrix_rank
from nacre.ops import norm as norm
from nacre.ops import pinv as pinv
from nacre.ops import qr as qr
from nacre.ops import solve as solve
from nacre.ops import solve_triangular as solve_triangular
from nacre.ops import svd as svd

def __getattr__(name: str) -> typing.Any: ...
