"""Broken and hostile files in Keras's formats: a ValueError, never an abort, nothing executed."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

import nacre
from nacre import layers

h5py = pytest.importorskip("h5py", reason="h5py is not installed (extra [keras])")


def make():
    model = nacre.Sequential([nacre.Input((4,)), layers.Dense(3), layers.BatchNormalization()])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 4), "float32"), np.ones((4, 3), "float32"), verbose=0)
    return model


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "model.keras"
    make().save(path)
    return path


def parts(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def test_a_file_cut_anywhere_is_refused(saved, tmp_path):
    raw = saved.read_bytes()
    broken = tmp_path / "broken.keras"
    for size in [*range(0, 300, 29), *range(300, len(raw), len(raw) // 60)]:
        broken.write_bytes(raw[:size])
        with pytest.raises(ValueError, match="broken.keras"):
            nacre.saving.load_model(broken)


def test_flipped_bytes_never_abort(saved, tmp_path):
    raw = saved.read_bytes()
    broken = tmp_path / "broken.keras"
    rng = np.random.default_rng(0)
    for _ in range(150):
        changed = bytearray(raw)
        changed[rng.integers(0, len(raw))] ^= 1 << int(rng.integers(0, 8))
        broken.write_bytes(changed)
        try:
            nacre.saving.load_model(broken)
        except ValueError:
            pass


def test_cut_weights_are_refused_and_change_nothing(saved, tmp_path):
    model = make()
    before = model.get_weights()
    path = tmp_path / "x.weights.h5"
    model.save_weights(path)
    raw = path.read_bytes()
    for size in range(0, len(raw) - 8, len(raw) // 40):
        path.write_bytes(raw[:size])
        with pytest.raises(ValueError, match="x.weights.h5"):
            model.load_weights(path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_file_of_something_else(tmp_path):
    for name, load in (("x.keras", nacre.saving.load_model), ("x.weights.h5", make().load_weights)):
        path = tmp_path / name
        for content in (b"", b"\x80\x04K\x01.", b"PK\x03\x04" + b"\0" * 100, b"\x89HDF\r\n\x1a\n"):
            path.write_bytes(content)
            with pytest.raises(ValueError, match=name):
                load(path)
        with pytest.raises(FileNotFoundError):
            load(tmp_path / ("none" + name))


# What Keras writes for a Lambda layer: marshalled code.
CODE = {
    "name": "lambda",
    "function": {
        "class_name": "__lambda__",
        "config": {"code": "4wEAAAAAAAAA", "defaults": None, "closure": None},
    },
}


def changed_config(saved, path, change):
    members = parts(saved)
    config = json.loads(members["config.json"])
    change(config)
    members["config.json"] = json.dumps(config)
    rewrite(path, members)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda c: c.update(class_name="os.system", module="os"), "unknown class"),
        (lambda c: c["config"]["layers"][1].update(class_name="Lambda", config=CODE), "never run"),
        (lambda c: c["config"]["layers"][1]["config"].update(units=-3), "units"),
        (lambda c: c["config"]["layers"][1]["config"].update(units=10**12), "larger than the file"),
        (lambda c: c["config"]["layers"][1]["config"].update(units=5), "shape"),
        (lambda c: c["config"]["layers"][1]["config"].update(magic=1), "magic"),
        (lambda c: c["config"].pop("layers"), "layers"),
        (lambda c: c["compile_config"].update(optimizer=7), "optimizer"),
    ],
)
def test_changed_configurations(saved, tmp_path, change, message):
    path = tmp_path / "changed.keras"
    changed_config(saved, path, change)
    with pytest.raises(ValueError, match="changed.keras.*" + message):
        nacre.saving.load_model(path)


def changed_weights(saved, path, change):
    members = parts(saved)
    file = io.BytesIO(members["model.weights.h5"])
    with h5py.File(file, "a") as h5:
        change(h5)
    members["model.weights.h5"] = file.getvalue()
    rewrite(path, members)


def replace(h5, make_new):
    del h5["layers/dense/vars/0"]
    make_new(h5["layers/dense/vars"])


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda h: h["layers/dense/vars"].pop("0"), "expected 2 variables"),
        (lambda h: replace(h, lambda g: g.create_dataset("0", data=np.zeros(3))), "shape"),
        (lambda h: replace(h, lambda g: g.create_dataset("0", data=[b"x"] * 3)), "numbers"),
        (lambda h: replace(h, lambda g: g.create_group("0")), "dataset"),
        (lambda h: replace(h, lambda g: g.update({"0": h5py.SoftLink("/vars")})), "links"),
        (
            lambda h: replace(h, lambda g: g.update({"0": h5py.ExternalLink("/etc/passwd", "/")})),
            "links",
        ),
        (
            lambda h: replace(
                h,
                lambda g: g.create_dataset(
                    "0", (4, 3), "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
                ),
            ),
            "in the file itself",
        ),
        (lambda h: h.pop("layers"), "expected 2 variables"),
        (lambda h: h["optimizer/vars"].pop("3"), "optimizer"),
    ],
    ids=range(9),
)
def test_changed_weights(saved, tmp_path, change, message):
    path = tmp_path / "changed.keras"
    changed_weights(saved, path, change)
    with pytest.raises(ValueError, match="changed.keras.*" + message):
        nacre.saving.load_model(path)


def test_sizes_are_checked_before_memory_is_taken(saved, tmp_path):
    """Zeros that compress to nothing: of the archive's member, and of a dataset in it."""
    members = parts(saved)
    path = tmp_path / "bomb.keras"
    bomb = {**members, "model.weights.h5": b"\0" * (1 << 28)}
    rewrite(path, bomb, compression=zipfile.ZIP_DEFLATED)
    if path.stat().st_size < 1 << 18:
        with pytest.raises(ValueError, match="bomb.keras"):
            nacre.saving.load_model(path)
    rewrite(path, {**members, "config.json": "[" * 100_000})
    with pytest.raises(ValueError, match="bomb.keras"):
        nacre.saving.load_model(path)


def test_missing_members(saved, tmp_path):
    path = tmp_path / "less.keras"
    for name in ("config.json", "model.weights.h5"):
        members = parts(saved)
        del members[name]
        rewrite(path, members)
        with pytest.raises(ValueError, match=name):
            nacre.saving.load_model(path)


def test_assets_of_no_layer(saved, tmp_path):
    path = tmp_path / "more.keras"
    for name in ("assets/layers/dense/x.txt", "assets/../../x.txt", "assets/x.txt"):
        rewrite(path, {**parts(saved), name: b"x"})
        with pytest.raises(ValueError, match="belongs to no layer"):
            nacre.saving.load_model(path)


def test_skip_mismatch(tmp_path):
    model = make()
    path = tmp_path / "x.weights.h5"
    model.save_weights(path)
    other = nacre.Sequential([nacre.Input((5,)), layers.Dense(3), layers.BatchNormalization()])
    before = other.get_weights()
    with pytest.raises(ValueError, match="shape"):
        other.load_weights(path)
    other.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(other.get_weights()[0], before[0])
    np.testing.assert_array_equal(other.get_weights()[-1], model.get_weights()[-1])


def test_a_failing_save_leaves_the_old_file(saved, tmp_path, monkeypatch):
    path = tmp_path / "m.keras"
    path.write_bytes(saved.read_bytes())
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda *args: (_ for _ in ()).throw(OSError()))
    with pytest.raises(OSError):
        make().save(path)
    assert path.read_bytes() == saved.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["m.keras"]


def test_without_h5py(monkeypatch, tmp_path, saved):
    import sys

    monkeypatch.setitem(sys.modules, "h5py", None)
    for call in (
        lambda: make().save(tmp_path / "x.keras"),
        lambda: make().save_weights(tmp_path / "x.weights.h5"),
        lambda: nacre.saving.load_model(saved),
    ):
        with pytest.raises(ImportError, match=r"nacre\[keras\]"):
            call()
