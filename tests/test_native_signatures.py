"""The C++ fields and defaults of every @native class are those of its Python signature."""

from __future__ import annotations

import importlib

import pytest

from nacre import _core

MODULES = (
    "initializers",
    "regularizers",
    "constraints",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "layers",
)
# Arguments that C++ does not need.
PYTHON_ONLY = {"autocast", "activity_regularizer"}
# A value for each argument that has no default.
REQUIRED = {
    "initial_learning_rate": 0.5,
    "decay_steps": 10,
    "first_decay_steps": 10,
    "decay_rate": 0.5,
    "boundaries": [1.0],
    "values": [1.0, 0.5],
    "specificity": 0.5,
    "sensitivity": 0.5,
    "recall": 0.5,
    "precision": 0.5,
    "inner_optimizer": "sgd",
    "num_classes": 3,
    "target_class_ids": [0, 2],
}


def native_classes() -> list[tuple[str, type]]:
    found = []
    for module in MODULES:
        namespace = importlib.import_module(f"nacre.{module}")
        for name in namespace.__all__:
            value = getattr(namespace, name)
            if isinstance(value, type) and value.__dict__.get("_native_class") is value:
                if value.__name__ == name:
                    found.append((module, value))
    return found


CLASSES = native_classes()
CHECKED = [(m, c) for m, c in CLASSES if m != "layers"]


def same(a: object, b: object) -> bool:
    """Equal, where one number stands for a list of one."""
    if not isinstance(a, list | tuple):
        return a == b
    return list(a) == (list(b) if isinstance(b, list | tuple) else [b])


@pytest.mark.parametrize("module, cls", CHECKED, ids=lambda v: getattr(v, "__name__", v))
def test_defaults(module, cls):
    required = [n for n in cls._signature.names if n not in cls._signature.defaults]
    core = _core.make(module, cls.__name__, {name: REQUIRED[name] for name in required})
    config = core.config()
    for name, default in cls._signature.defaults.items():
        if name in PYTHON_ONLY:
            continue
        assert name in config, f"{cls.__name__}: C++ has no field '{name}'"
        if name in ("name", "dtype") and default is None:
            continue  # made from the class name; the class's own
        assert same(config[name], default), f"{cls.__name__}.{name}: {config[name]} != {default}"


@pytest.mark.parametrize("module, cls", CHECKED, ids=lambda v: getattr(v, "__name__", v))
def test_every_field_is_an_argument(module, cls):
    required = [n for n in cls._signature.names if n not in cls._signature.defaults]
    core = _core.make(module, cls.__name__, {name: REQUIRED[name] for name in required})
    arguments = {*cls._signature.names, *cls._base_arguments}
    assert set(core.field_names()) <= arguments


@pytest.mark.parametrize("module", MODULES)
def test_every_class_of_the_core_has_a_front_end(module):
    namespace = importlib.import_module(f"nacre.{module}")
    missing = [name for name in _core.class_names(module) if not hasattr(namespace, name)]
    if module == "layers":
        missing = [name for name in missing if name not in ("Sequential", "Functional")]
    assert not missing


@pytest.mark.parametrize("module, cls", CHECKED, ids=lambda v: getattr(v, "__name__", v))
def test_config_round_trip(module, cls):
    required = [n for n in cls._signature.names if n not in cls._signature.defaults]
    made = cls(**{name: REQUIRED[name] for name in required})
    config = made.get_config()
    assert cls.from_config(config).get_config() == config
