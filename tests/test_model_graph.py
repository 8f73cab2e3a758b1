"""Pictures of models, what a session keeps, and Config."""

from __future__ import annotations

import builtins
import json
import shutil
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import nacre
from nacre import layers, utils
from nacre.utils.model_graph import _Details, box_label, drawing_of


def names_of(drawing):
    return [getattr(box, "name", None) for box in drawing.boxes]


def arrows_of(drawing):
    return [(a.name, b.name) for a, b in drawing.arrows]


@pytest.fixture
def model():
    inner_input = nacre.Input((4,), name="inner_input")
    chain = nacre.Sequential(
        [layers.Dense(4, "relu", name="a"), layers.Dense(4, name="b")], name="chain"
    )
    inner = nacre.Model(inner_input, layers.Add(name="sum")([inner_input, chain(inner_input)]),
                        name="inner")  # fmt: skip
    x = nacre.Input((4,), name="x")
    return nacre.Model(x, layers.Dense(1, name="head")(inner(x)), name="outer")


def test_a_chain():
    chain = nacre.Sequential(
        [nacre.Input((3,)), layers.Dense(2, name="a"), layers.Dense(1, name="b")]
    )
    drawing = drawing_of("test", chain)
    assert (names_of(drawing), arrows_of(drawing)) == (["a", "b"], [("a", "b")])


def test_a_graph(model):
    drawing = drawing_of("test", model)
    assert names_of(drawing) == ["x", "inner", "head"]
    assert arrows_of(drawing) == [("x", "inner"), ("inner", "head")]


def test_nested_models(model):
    drawing = drawing_of("test", model, expand_nested=True)
    assert names_of(drawing) == ["x", "head"]
    assert arrows_of(drawing) == [("x", "inner_input"), ("sum", "head")]
    (inner, in_inner), = drawing.nested  # fmt: skip
    assert (inner.name, names_of(in_inner)) == ("inner", ["inner_input", "sum"])
    assert sorted(arrows_of(in_inner)) == [
        ("b", "sum"),
        ("inner_input", "a"),
        ("inner_input", "sum"),
    ]
    assert arrows_of(in_inner.nested[0][1]) == [("a", "b")]


def test_a_layer_used_twice_and_an_op():
    x = nacre.Input((3,), name="x")
    shared = layers.Dense(3, name="shared")
    drawing = drawing_of("test", nacre.Model(x, shared(shared(x)) * 2.0))
    assert arrows_of(drawing)[:2] == [("x", "shared"), ("shared", "shared")]
    assert drawing.boxes[-1].class_name == "Multiply"


def test_a_model_written_as_a_class():
    class Own(nacre.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    own = Own()
    with pytest.raises(ValueError, match="test: expected a built model"):
        drawing_of("test", own)
    own(np.ones((1, 2)))
    assert drawing_of("test", own).boxes == [own]


def test_labels(model):
    head = model.layers[-1]
    everything = _Details(*[True] * 5)
    table = box_label(head, everything)
    text = "".join(ElementTree.fromstring(table[1:-1]).itertext())
    assert text == (
        "head (Dense)Activation: linearInput shape: (None, 4)Output shape: (None, 1)"
        "Output dtype: float32Trainable"
    )
    head.trainable = False
    assert "Non-trainable" in box_label(head, everything)
    short = "".join(
        ElementTree.fromstring(box_label(head, _Details(*[False] * 5))[1:-1]).itertext()
    )
    assert short == "Dense"
    odd = layers.Dense(1, name="<a> & b")
    assert "&lt;a&gt; &amp; b" in box_label(odd, everything)
    assert "Output shape: <b>?</b>" in box_label(odd, everything)


def test_without_pydot(model, monkeypatch):
    original = builtins.__import__

    def no_pydot(name, *args, **kwargs):
        if name == "pydot":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_pydot)
    for function in (utils.model_to_dot, utils.plot_model):
        with pytest.raises(ImportError, match=r"pydot, which is not installed.*nacre\[plot\]"):
            function(model)


def test_dot(model):
    pytest.importorskip("pydot", reason="pydot is not installed (extra [plot])")
    dot = utils.model_to_dot(model, show_shapes=True, rankdir="LR", dpi=90)
    text = dot.to_string()
    assert "rankdir=LR" in text and "dpi=90" in text
    assert len(dot.get_edges()) == 2
    dot = utils.model_to_dot(model, expand_nested=True)
    (frame,) = dot.get_subgraphs()
    assert frame.get("label") == '"inner"'
    assert frame.get_subgraphs()[0].get("label") == '"chain"'
    assert type(utils.model_to_dot(model, subgraph=True)).__name__ == "Cluster"


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_plot_model(kind, model, tmp_path, monkeypatch):
    pytest.importorskip("pydot", reason="pydot is not installed (extra [plot])")
    path = tmp_path / f"model.{kind}"
    if shutil.which("dot"):
        utils.plot_model(model, path, show_shapes=True, show_layer_names=True, expand_nested=True,
                         show_dtype=True, show_trainable=True)  # fmt: skip
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG") if kind == "png" else b"inner_input" in content
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ImportError, match="expected Graphviz"):
        utils.plot_model(model, path)


# Session


def test_clear_session():
    utils.clear_session()
    assert [layers.Dense(1).name for _ in range(2)] == ["dense", "dense_1"]
    utils.clear_session(free_memory=False)
    assert layers.Dense(1).name == "dense"
    assert [nacre.backend.get_uid("dense") for _ in range(2)] == [2, 3]
    assert layers.Dense(1).name == "dense_3"
    assert [nacre.backend.get_uid() for _ in range(2)] == [1, 2]


def test_source_inputs():
    a, b, c = (nacre.Input((3,), name=name) for name in "abc")
    y = layers.Dense(2)(layers.Concatenate()([b, a * b]))
    sources = utils.get_source_inputs(y)
    assert nacre.Model(sources, y).input_names == ["b", "a"]
    assert len(utils.get_source_inputs(c)) == 1
    array = np.ones(3)
    assert utils.get_source_inputs(array) is array
    deep = a
    for _ in range(1500):
        deep = deep + 1.0
    assert len(utils.get_source_inputs(deep)) == 1


def test_keras_tensors():
    x = nacre.Input((3,))
    assert utils.is_keras_tensor(x) and utils.is_keras_tensor(x + 1)
    assert not utils.is_keras_tensor(nacre.ops.ones(3)) and not utils.is_keras_tensor(None)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (None, "float32"), ("float16", "float16"), (int, "int32"), (float, "float32"),
        (bool, "bool"), ("int", "int32"), (np.float64, "float64"), (np.dtype("uint8"), "uint8"),
    ],
)  # fmt: skip
def test_standardize_dtype(given, name):
    assert utils.standardize_dtype(given) == name


@pytest.mark.parametrize("given", ["float31", str, object(), 3, np.dtype("datetime64[s]")])
def test_what_is_no_dtype(given):
    with pytest.raises(ValueError, match="standardize_dtype: "):
        utils.standardize_dtype(given)


def test_kinds_of_dtypes():
    backend = nacre.backend
    names = ("float16", "bfloat16", "float64", "int8", "uint32", "bool")
    assert [backend.is_float_dtype(n) for n in names] == [True] * 3 + [False] * 3
    assert [backend.is_int_dtype(n) for n in names] == [False] * 3 + [True] * 2 + [False]


# Config


def test_config():
    config = utils.Config(b=1, a=2)
    config.c = [3]
    config["d"] = 4
    assert (config.c, config["d"], config.get("e", 5), len(config)) == ([3], 4, 5, 4)
    assert list(config) == ["a", "b", "c", "d"] and list(config.keys()) == ["b", "a", "c", "d"]
    assert dict(config.items()) == config.as_dict() and 4 in config.values()
    assert json.loads(config.to_json()) == config.as_dict()
    assert config.pop("d") == 4 and "d" not in config
    config.update({"a": 6}, f=7)
    del config["f"]
    assert repr(config) == "<Config {'b': 1, 'a': 6, 'c': [3]}>"
    with pytest.raises(AttributeError, match="no value 'bb'. Did you mean 'b'?"):
        config.bb  # noqa: B018
    with pytest.raises(AttributeError, match="'items' is the name of a method"):
        config.items = 3


def test_a_frozen_config():
    config = utils.Config(a=1)
    config.freeze()
    for change in (
        lambda: setattr(config, "a", 2),
        lambda: config.__setitem__("b", 2),
        lambda: config.__delitem__("a"),
        lambda: config.pop("a"),
        lambda: config.update(a=2),
    ):
        with pytest.raises(ValueError, match="Config: frozen, so '[ab]' cannot be changed"):
            change()
    assert config.frozen and config.as_dict() == {"a": 1}
    config.unfreeze()
    config.a = 2
    assert config.a == 2
