"""Namespaces that hold functions by a second name, and scopes without effect."""

from __future__ import annotations

import inspect

import pytest

import nacre
from nacre import ops


@pytest.mark.parametrize("name", ["linalg", "nn", "numpy"])
def test_ops_of_a_namespace(name):
    module = getattr(ops, name)
    assert module.__all__ and set(module.__all__) < set(ops.__all__)
    for op in module.__all__:
        assert getattr(module, op) is getattr(ops, op)
    # Each name that is not there is one that nacre.ops does not have either.
    assert not [n for n in set(module._NAMES.split()) - set(module.__all__) if hasattr(ops, n)]
    with pytest.raises(AttributeError, match=f"module 'nacre.ops.{name}' has no attribute 'nope'"):
        module.nope  # noqa: B018


def test_backend_and_preprocessing():
    backend, image = nacre.backend, nacre.preprocessing.image
    assert (backend.backend(), backend.floatx()) == ("nacre", "float32")
    assert backend.clear_session is nacre.utils.clear_session
    assert backend.result_type("int32", "float16") == "float16"
    backend.set_epsilon(1e-6)
    try:
        assert nacre.config.epsilon() == 1e-6
    finally:
        backend.set_epsilon(1e-7)
    assert image.load_img is nacre.utils.load_img
    assert nacre.preprocessing.timeseries_dataset_from_array.__module__.startswith("nacre.utils")
    for module in (backend, image, nacre.preprocessing.sequence):
        assert all(inspect.getdoc(getattr(module, name)) for name in module.__all__)


def test_version():
    assert nacre.version() == nacre.__version__


def test_name_scope():
    with nacre.name_scope("a"), nacre.name_scope("b", caller=None):
        assert nacre.layers.Dense(1, name="dense").name == "dense"
    for name in ("a/b", 3):
        with pytest.raises(ValueError, match="name_scope: expected a name without '/'"):
            nacre.name_scope(name)


def test_device():
    for name in ("cpu", "cpu:0", "CPU:0"):
        with nacre.device(name):
            assert nacre.ops.ones(2).device == "cpu"
    for name in ("gpu", "cpu:1", "cuda:0", None):
        with pytest.raises(ValueError, match="device: expected 'cpu' or 'cpu:0', received"):
            nacre.device(name)
