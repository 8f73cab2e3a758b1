"""model.plan_summary: what a step's plan runs."""

import re

import numpy as np
import pytest

import nacre
from nacre import layers


@pytest.fixture
def model():
    model = nacre.Sequential(
        [nacre.Input((20,)), layers.Dense(16, "tanh"), layers.Dense(3, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


DATA = np.ones((8, 20), "float32"), np.arange(8) % 3


def text_of(model, step="train"):
    lines = []
    model.plan_summary(step, print_fn=lines.append)
    return lines[0]


def test_a_training_step(model):
    model.fit(*DATA, batch_size=4, verbose=0)
    text = text_of(model)
    rows = dict(re.findall(r"^(\S.*?)  +(\d+)  +\S", text, re.MULTILINE))
    # Two products forward, and backward two for the weights and one for the first layer's output.
    assert sum(int(n) for name, n in rows.items() if name.endswith("matmul")) == 5
    assert "adam_update" in text or "update_all" in text
    assert "pointwise: " in text
    assert int(rows["Total"]) == sum(int(n) for name, n in rows.items() if name != "Total")
    updated = re.search(r"updated in place: (\d+), by a copy: (\d+)", text)
    # Weights with two slots each, the iteration, the loss and accuracy of two variables each.
    assert updated and updated.groups() == (str(3 * 4 + 1 + 4), "0")


def test_other_steps_and_the_latest_plan(model):
    model.evaluate(*DATA, verbose=0)
    assert "matmul" in text_of(model, "test")
    model.predict(DATA[0], verbose=0)
    small = text_of(model, "predict")
    model.predict(np.ones((800, 20), "float32"), batch_size=800, verbose=0)
    assert small != text_of(model, "predict")
    assert "update" not in small.split("Total")[0]


def test_printed(model, capsys):
    model.predict(DATA[0], verbose=0)
    model.plan_summary("predict")
    assert capsys.readouterr().out.startswith("Kernel")


def test_errors(model):
    with pytest.raises(ValueError, match="'train', 'test' or 'predict', received 'fit'"):
        model.plan_summary("fit")
    with pytest.raises(ValueError, match=r"no plan of a train step yet; run fit\(\)"):
        model.plan_summary()
    model.run_eagerly = True
    model.evaluate(*DATA, verbose=0)
    with pytest.raises(ValueError, match=r"run evaluate\(\) first"):
        model.plan_summary("test")
