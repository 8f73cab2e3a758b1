"""The table of summary(): Keras's, character by character."""

from __future__ import annotations

import pytest

import nacre
from nacre import _core, layers
from nacre.utils.summary import summary_text


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    _core.reset_unique_names()


def seed_network():
    return nacre.Sequential(
        [
            nacre.Input((784,)),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


SEED = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ dense (Dense)                   │ (None, 128)            │       100,480 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 10)             │         1,290 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 101,770 (397.54 KB)
 Trainable params: 101,770 (397.54 KB)
 Non-trainable params: 0 (0.00 B)
"""


def test_seed_network(capsys):
    model = seed_network()
    assert summary_text(model) == SEED
    model.summary()
    assert capsys.readouterr().out == SEED
    lines = []
    model.summary(print_fn=lines.append)
    assert lines == [SEED]


def test_unbuilt_and_long_names():
    model = nacre.Sequential(
        [
            layers.Dense(3, name="a_rather_long_name_of_a_layer_which_wraps_around_the_line"),
            layers.Conv2D(3, 3),
        ],
        name="net",
    )
    assert (
        summary_text(model)
        == """\
Model: "net"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ a_rather_long_name_of_a_layer_… │ ?                      │   0 (unbuilt) │
│ (Dense)                         │                        │               │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ conv2d (Conv2D)                 │ ?                      │   0 (unbuilt) │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 0 (0.00 B)
 Trainable params: 0 (0.00 B)
 Non-trainable params: 0 (0.00 B)
"""
    )


def test_nested_and_trainable():
    model = nacre.Sequential(
        [
            nacre.Input((4,)),
            layers.Dense(3, activation="relu"),
            layers.Dropout(0.5),
            layers.BatchNormalization(),
            nacre.Sequential([layers.Dense(2)], name="inner"),
            layers.Reshape((2, 1)),
        ],
        name="outer",
    )
    model.layers[0].trainable = False
    assert (
        summary_text(model, expand_nested=True, show_trainable=True)
        == """\
Model: "outer"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━┓
┃ Layer (type)                ┃ Output Shape          ┃    Param # ┃ Trai… ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━┩
│ dense (Dense)               │ (None, 3)             │         15 │   N   │
├─────────────────────────────┼───────────────────────┼────────────┼───────┤
│ dropout (Dropout)           │ (None, 3)             │          0 │   -   │
├─────────────────────────────┼───────────────────────┼────────────┼───────┤
│ batch_normalization         │ (None, 3)             │         12 │   Y   │
│ (BatchNormalization)        │                       │            │       │
├─────────────────────────────┼───────────────────────┼────────────┼───────┤
│ inner (Sequential)          │ (None, 2)             │          8 │   Y   │
├─────────────────────────────┼───────────────────────┼────────────┼───────┤
│    └ dense_1 (Dense)        │ (None, 2)             │          8 │   Y   │
├─────────────────────────────┼───────────────────────┼────────────┼───────┤
│ reshape (Reshape)           │ (None, 2, 1)          │          0 │   -   │
└─────────────────────────────┴───────────────────────┴────────────┴───────┘
 Total params: 35 (140.00 B)
 Trainable params: 14 (56.00 B)
 Non-trainable params: 21 (84.00 B)
"""
    )


def test_optimizer_params():
    model = seed_network()
    model.compile(optimizer="adam", loss="mse")
    model.optimizer.build(model.trainable_variables)
    text = summary_text(model, line_length=60)
    assert text.splitlines()[1] == "┏" + "━" * 26 + "┳" + "━" * 19 + "┳" + "━" * 11 + "┓"
    assert text.endswith(" Optimizer params: 203,542 (795.09 KB)\n")
    assert " Total params: 305,312 (1.16 MB)\n" in text


def test_layer_range():
    text = summary_text(seed_network(), layer_range=("dense_1", "dense_1"))
    assert "dense_1 (Dense)" in text
    assert "dense (Dense)" not in text
    with pytest.raises(ValueError, match="no layer has a name of layer_range"):
        summary_text(seed_network(), layer_range=("nope", "nope"))


def test_subclassed_model():
    class Net(nacre.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, inputs):
            return self.dense(inputs)

    model = Net()
    assert "0 (unbuilt)" in summary_text(model)
    model(nacre.ops.ones((3, 4)))
    assert "│ (3, 2) " in summary_text(model)
    with pytest.raises(ValueError, match="expected a greater line_length"):
        summary_text(model, line_length=10)
