"""The console command and the tables of the demo."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import _demo
from nacre.__main__ import _parser, main


def test_class_table():
    y_true = np.array([0, 0, 0, 1, 1, 2])
    y_pred = np.array([0, 0, 1, 1, 1, 0])
    confusion = _demo.confusion_matrix(y_true, y_pred, 3)
    assert confusion.tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert _demo.class_table(confusion, ("a", "b", "long")) == (
        "class  precision  recall      f1  support\n"
        "    a     0.6667  0.6667  0.6667        3\n"
        "    b     0.6667  1.0000  0.8000        2\n"
        " long     0.0000  0.0000  0.0000        1\n"
        " mean     0.4444  0.5556  0.4889        6"
    )
    assert _demo.confusion_table(confusion, ("a", "b", "long")) == (
        "     predicted\ntrue    a   b   2\n   a    2   1   .\n   b    .   2   .\nlong    1   .   ."
    )


def test_same_bits():
    a = np.array([0.0, np.nan], "float32")
    assert _demo.same_bits(a, a.copy())
    assert not _demo.same_bits(a, np.array([-0.0, np.nan], "float32"))
    assert not _demo.same_bits(a, a.astype("float64"))


def test_load():
    data = _demo.load("digits")
    assert data.x_train.shape == (1438, 8, 8, 1)
    assert data.x_train.dtype == np.float32
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)
    assert len(data.class_names) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--epochs", "0"], "expected an integer from 1 to 2147483647, received '0'"),
        (["demo", "--seed", "-1"], "expected an integer from 0"),
        (["demo", "--dataset", "iris"], "invalid choice: 'iris'"),
        (["train"], "invalid choice: 'train'"),
    ],
)
def test_wrong_arguments(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


def test_version_and_info(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"nacre {nacre.__version__}\n"
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"nacre {nacre.__version__}\n")
    assert "instruction set" in out
    assert "threads" in out
    assert main([]) == 0
    assert "demo" in capsys.readouterr().out


def test_every_choice_has_a_recipe():
    parser = _parser()
    for dataset, model in _demo.RECIPES:
        parser.parse_args(["demo", "--dataset", dataset, "--model", model])


def test_missing_data_is_one_line(monkeypatch, tmp_path, capsys):
    import urllib.error
    import urllib.request

    def no_network(*args, **kwargs):
        raise urllib.error.URLError("no network in tests")

    for name in ("NACRE_DATA", "NACRE_HOME", "KERAS_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    assert main(["demo", "--dataset", "mnist"]) == 1
    assert capsys.readouterr().err.startswith("nacre demo: mnist: expected mnist.npz in one of")


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_demo(model, tmp_path, capsys):
    folder = tmp_path / "out"
    assert main(["demo", "--model", model, "--epochs", "2", "--output-dir", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "Epoch 2/2" in out
    assert "precision  recall" in out
    assert "predicts the same bits on 359 images" in out
    assert (folder / "nacre-demo.nacre").stat().st_size > 10_000


def test_demo_reaches_its_target(tmp_path, capsys):
    assert main(["demo", "--output-dir", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    accuracy = float(out.split("test accuracy ")[1].split(" %")[0])
    assert accuracy >= 97.0
