"""Embedding: ids out of range, gradients row by row, updates that read rows in plans."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops

IDS = np.array([[1, 3, 1], [0, 1, 4]], "int32")


@pytest.mark.parametrize("bad", [5, -1, 2**31 - 1])
def test_ids_out_of_range(bad):
    layer = layers.Embedding(5, 3, name="words")
    ids = IDS.copy()
    ids[1, 2] = bad
    message = rf"Embedding 'words': expected ids in \[0, 5\), received {bad}"
    with pytest.raises(ValueError, match=message):
        layer(ids)
    model = nacre.Sequential([layers.Embedding(5, 3, name="words"), layers.Flatten()])
    model.compile("adam", "mse")
    target = np.zeros((2, 9), "float32")
    model.train_on_batch(IDS, target)
    before = model.get_weights()[0]
    with pytest.raises(ValueError, match=message):
        model.train_on_batch(ids, target)
    np.testing.assert_array_equal(model.get_weights()[0], before)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32"])
def test_dtypes_of_ids(dtype):
    layer = layers.Embedding(5, 3)
    y = layer(IDS.astype(dtype))
    np.testing.assert_array_equal(y, layer.embeddings.numpy()[IDS])


def test_the_gradient_adds_rows_up():
    layer = layers.Embedding(5, 3)
    factor = np.random.default_rng(0).normal(size=(2, 3, 3)).astype("float32")
    with nacre.GradientTape() as tape:
        loss = ops.sum(layer(IDS) * factor)
    gradient = tape.gradient(loss, layer.embeddings).numpy()
    expected = np.zeros((5, 3), "float32")
    np.add.at(expected, IDS, factor)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)


OPTIMIZERS = {
    "sgd": lambda: nacre.optimizers.SGD(0.1),
    "momentum": lambda: nacre.optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda: nacre.optimizers.Adam(0.1),
    "amsgrad": lambda: nacre.optimizers.Adam(0.1, amsgrad=True),
    "adamw": lambda: nacre.optimizers.AdamW(0.1),
    "clipped": lambda: nacre.optimizers.Adam(0.1, clipnorm=0.1),
    "rmsprop": lambda: nacre.optimizers.RMSprop(0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_plans_give_the_bits_of_eager_steps(name, policy):
    def trained(eager, threads):
        nacre.utils.set_random_seed(1)
        before = nacre.config.num_threads()
        nacre.config.set_num_threads(threads)
        model = nacre.Sequential(
            [layers.Embedding(700, 33, dtype=policy), layers.Flatten(), layers.Dense(1)]
        )
        model.compile(OPTIMIZERS[name](), "mse", run_eagerly=eager)
        draws = np.random.default_rng(2)
        for _ in range(4):
            ids = draws.integers(0, 700, (8, 5)).astype("int32") // 3
            model.train_on_batch(ids, draws.normal(size=(8, 1)).astype("float32"))
        nacre.config.set_num_threads(before)
        return model.get_weights()

    expected = trained(True, 1)
    for threads in (1, 3):
        for a, b in zip(trained(False, threads), expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_shared_table_gets_all_its_gradients():
    class Twice(nacre.Model):
        def __init__(self):
            super().__init__()
            self.table = layers.Embedding(6, 3)
            self.head = layers.Dense(1)

        def call(self, ids):
            return self.head(self.table(ids)[:, 0] + self.table(5 - ids)[:, 1])

    def trained(eager):
        nacre.utils.set_random_seed(1)
        model = Twice()
        model.compile("adam", "mse", run_eagerly=eager)
        for _ in range(3):
            model.train_on_batch(IDS, np.ones((2, 1), "float32"))
        return model.get_weights()

    for a, b in zip(trained(False), trained(True), strict=True):
        np.testing.assert_array_equal(a, b)


TOKENS = np.array([[1, 3, 0], [4, 1, 0]], "int32")


def test_the_way_back_is_the_transposed_table():
    layer = layers.ReversibleEmbedding(5, 3)
    hidden = layer(TOKENS)
    table = layer.embeddings.numpy()
    np.testing.assert_array_equal(hidden, table[TOKENS])
    np.testing.assert_allclose(layer(hidden, reverse=True), table[TOKENS] @ table.T, rtol=1e-6)
    np.testing.assert_array_equal(layer(hidden, True), layer(hidden, reverse=True))
    assert [w.name for w in layer.weights] == ["embeddings"]
    assert layer.compute_output_shape((2, 3)) == (2, 3, 3)
    assert layer.compute_output_shape((2, 3, 3), reverse=True) == (2, 3, 5)


def test_an_untied_way_back_has_a_matrix_of_its_own():
    layer = layers.ReversibleEmbedding(5, 3, tie_weights=False)
    hidden = layer(TOKENS).numpy()
    assert [(w.name, tuple(w.shape)) for w in layer.trainable_weights] == [
        ("embeddings", (5, 3)),
        ("reverse_embeddings", (3, 5)),
    ]
    back = layer.reverse_embeddings.numpy()
    np.testing.assert_allclose(layer(hidden, reverse=True), hidden @ back, rtol=1e-6)


def test_logits_are_capped_in_the_dtype_asked_for():
    layer = layers.ReversibleEmbedding(5, 3, logit_soft_cap=0.5, reverse_dtype="bfloat16")
    x = np.random.default_rng(0).normal(size=(2, 3)).astype("float32") * 99
    y = layer(x, reverse=True)
    assert y.dtype == "bfloat16"
    assert np.abs(ops.cast(y, "float32").numpy()).max() <= 0.5
    plain = layers.ReversibleEmbedding(5, 3)
    capped = layers.ReversibleEmbedding(5, 3, logit_soft_cap=0.5)
    expected = plain(x, reverse=True).numpy()
    capped.build((None,))
    capped.set_weights(plain.get_weights())
    y = capped(x, reverse=True).numpy()
    np.testing.assert_allclose(y, np.tanh(expected / 0.5) * 0.5, rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_logits_have_the_dtype_of_the_policy(policy):
    layer = layers.ReversibleEmbedding(5, 3, dtype=policy)
    assert layer(layer(TOKENS), reverse=True).dtype == policy.removeprefix("mixed_")


def test_the_mask_is_that_of_ids_only():
    layer = layers.ReversibleEmbedding(5, 3, mask_zero=True)
    hidden = layer(TOKENS)
    np.testing.assert_array_equal(hidden._keras_mask, TOKENS != 0)
    assert layer(hidden, reverse=True)._keras_mask is None
    assert layers.ReversibleEmbedding(5, 3)(TOKENS)._keras_mask is None


def language_model(tied, policy="float32"):
    ids = nacre.Input((3,), dtype="int32")
    words = layers.ReversibleEmbedding(5, 4, tie_weights=tied, name="words", dtype=policy)
    x = layers.LayerNormalization()(words(ids))
    return nacre.Model(ids, words(x, reverse=True))


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_plans_of_both_ways_give_the_bits_of_eager_steps(tied, policy):
    def trained(eager):
        nacre.utils.set_random_seed(1)
        model = language_model(tied, policy)
        loss = nacre.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, run_eagerly=eager)
        before = model.get_weights()
        losses = [np.ravel(model.train_on_batch(TOKENS, 4 - TOKENS))[0] for _ in range(30)]
        assert losses[-1] < losses[0]
        assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
        return model.get_weights()

    for a, b in zip(trained(False), trained(True), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("tied", [True, False])
def test_a_saved_model_goes_both_ways(tied, tmp_path):
    model = language_model(tied)
    model.save(tmp_path / "m.nacre")
    again = nacre.saving.load_model(tmp_path / "m.nacre")
    assert again.get_config() == model.get_config()
    np.testing.assert_array_equal(again.predict_on_batch(TOKENS), model.predict_on_batch(TOKENS))


def test_what_does_not_fit_the_way_back():
    layer = layers.ReversibleEmbedding(5, 3, name="words")
    with pytest.raises(ValueError, match=r"'words': expected an input whose last dimension is "):
        layer(np.ones((2, 5), "float32"), reverse=True)
    with pytest.raises(ValueError, match=r"'words': expected ids in \[0, 5\), received 5"):
        layer(np.array([5]))
    with pytest.raises(TypeError, match="unknown argument 'revers'"):
        layer(TOKENS, revers=True)
    with pytest.raises(ValueError, match="logit_soft_cap > 0, received 0"):
        layers.ReversibleEmbedding(5, 3, logit_soft_cap=0)
    with pytest.raises(ValueError, match="floating reverse_dtype, received 'int32'"):
        layers.ReversibleEmbedding(5, 3, reverse_dtype="int32")
    with pytest.raises(ValueError, match="input_dim > 0 and output_dim > 0"):
        layers.ReversibleEmbedding(0, 3)(TOKENS)
