"""Every row of the table of ops through real Keras 3 on JAX: values and dtypes."""

import importlib.util
import os
import pathlib
import sys

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
if keras.backend.backend() != "jax":
    pytest.skip("dtypes are compared with KERAS_BACKEND=jax", allow_module_level=True)

# The walk over the table, under another name than this file's.
_spec = importlib.util.spec_from_file_location(
    "walk_ops", pathlib.Path(__file__).parents[1] / "test_ops.py"
)
assert _spec and _spec.loader
walk = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(walk)

# float64 and 64-bit integers need JAX's x64 mode, which changes its other dtypes.
CASES = [
    pytest.param(row, dtype, id=f"{row.name}-{dtype}")
    for row in walk.ROWS
    for dtype in row.dtypes
    if row.keras and not dtype.endswith("64") and not row.name.startswith("random.")
]
TOLERANCE = {"float16": 6e-3, "bfloat16": 5e-2, "float32": 2e-5}


def keras_function(name):
    target = keras if "." in name and not name.startswith("linalg.") else keras.ops
    for part in name.split("."):
        if not hasattr(target, part):
            return None
        target = getattr(target, part)
    return target


def to_keras(x):
    if isinstance(x, list) and x and all(walk.is_array(e) for e in x):
        return [to_keras(e) for e in x]
    if isinstance(x, walk.opinfo.HalfArray):
        return keras.ops.convert_to_tensor(np.asarray(x), "bfloat16")
    return keras.ops.convert_to_tensor(x) if walk.is_array(x) else x


@pytest.mark.parametrize(("row", "dtype"), CASES)
def test_same_as_keras(row, dtype):
    theirs = keras_function(row.name)
    if theirs is None:
        pytest.skip(f"Keras has no {row.name}")
    for args, kwargs in row.samples(walk.generator(row, dtype), dtype):
        a, k = walk.mapped(walk.to_nacre, args, kwargs)
        ours = walk.leaves(walk.function_of(row.name)(*a, **k))
        a, k = walk.mapped(to_keras, args, kwargs)
        expected = walk.leaves(theirs(*a, **k))
        assert len(ours) == len(expected)
        for got, want in zip(ours, expected, strict=True):
            if row.keras_dtype and not walk.has_wide(args, kwargs):
                assert got.dtype == keras.backend.standardize_dtype(want.dtype)
            want = np.asarray(keras.ops.cast(want, "float32"))
            assert tuple(got.shape) == want.shape
            tolerance = TOLERANCE.get(got.dtype, 1e-6) * row.rtol
            np.testing.assert_allclose(
                np.asarray(got.numpy(), "float32"), want, rtol=tolerance, atol=tolerance
            )
