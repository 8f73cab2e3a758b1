"""One model of each family, saved and loaded: the same bits. tests/cpp/installed does it in C++."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from save_families import FAMILIES, trained, write_arrays

import nacre


@pytest.mark.parametrize("name", FAMILIES)
def test_a_saved_model_predicts_the_same_bits(name, tmp_path):
    model, inputs, expected = trained(name)
    model.save(tmp_path / "m.nacre")
    again = nacre.models.load_model(tmp_path / "m.nacre")
    x = inputs if len(inputs) > 1 else inputs[0]
    for outputs in (again.predict(x, verbose=0), again(x)):
        for received, y in zip(nacre.tree.flatten(outputs), expected, strict=True):
            np.testing.assert_array_equal(np.asarray(received), y)


def test_arrays_are_written_as_safetensors(tmp_path):
    path = tmp_path / "arrays.safetensors"
    write_arrays(path, {"a": np.arange(3, dtype="int32"), "b": np.ones((2, 2), "float32")})
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    assert header["b"] == {"dtype": "F32", "shape": [2, 2], "data_offsets": [12, 28]}
    assert data[8 + size :][12:28] == np.ones(4, "float32").tobytes()
