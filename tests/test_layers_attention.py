"""Attention and position layers beyond the table of layers: calls, masks, errors, generation."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_a_sequence_of_one():
    layer = layers.MultiHeadAttention(2, 4)
    x = numbers(3, 1, 8)
    y, scores = layer(x, x, return_attention_scores=True, use_causal_mask=True)
    np.testing.assert_array_equal(scores.numpy(), np.ones((3, 2, 1, 1), np.float32))
    assert y.shape == (3, 1, 8)


def test_scores_are_weights():
    layer = layers.GroupQueryAttention(4, 4, 2)
    y, scores = layer(numbers(2, 5, 8), numbers(2, 7, 8), return_attention_scores=True)
    assert scores.shape == (2, 4, 5, 7)
    np.testing.assert_allclose(scores.numpy().sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        y.numpy(), layer(numbers(2, 5, 8), numbers(2, 7, 8)).numpy(), rtol=1e-5, atol=1e-5
    )


def test_tokens_one_by_one_give_what_all_at_once_give():
    attention = layers.MultiHeadAttention(2, 4)
    x = numbers(2, 9, 8)
    whole = attention(x, x, use_causal_mask=True).numpy()
    for t in range(9):
        step = attention(x[:, t : t + 1], x[:, : t + 1]).numpy()
        np.testing.assert_allclose(step[:, 0], whole[:, t], rtol=1e-5, atol=1e-5)
        # The same from a cache of the full length, whose end is hidden.
        mask = np.arange(9)[None, None] <= t
        step = attention(x[:, t : t + 1], x, attention_mask=mask).numpy()
        np.testing.assert_allclose(step[:, 0], whole[:, t], rtol=1e-5, atol=1e-5)


def test_dropout_drops_in_training_and_is_repeatable():
    x = numbers(2, 16, 8)
    nacre.utils.set_random_seed(1)
    layer = layers.MultiHeadAttention(2, 4, dropout=0.5, seed=3)
    calm = layer(x, x).numpy()
    first, second = (layer(x, x, training=True).numpy() for _ in range(2))
    assert (first != second).any()
    assert (first != calm).any()
    again = layers.MultiHeadAttention(2, 4, dropout=0.5, seed=3)
    again(x, x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x, x, training=True).numpy(), first)
    # With the matrix of weights or without: the same weights are dropped.
    more = layers.MultiHeadAttention(2, 4, dropout=0.5, seed=3)
    more(x, x)
    more.set_weights(layer.get_weights())
    y, _ = more(x, x, training=True, return_attention_scores=True)
    np.testing.assert_allclose(y.numpy(), first, rtol=1e-5, atol=1e-5)


def test_names_of_weights():
    layer = layers.MultiHeadAttention(2, 4, use_gate=True, name="att")
    x = numbers(1, 3, 8)
    layer(x, x)
    assert [w.path for w in layer.weights] == [
        f"att/{part}/{kind}"
        for part in ("query", "key", "gate", "value", "attention_output")
        for kind in ("kernel", "bias")
    ]


def test_regularizers_are_for_the_projections():
    layer = layers.MultiHeadAttention(
        2, 4, kernel_regularizer="l2", bias_regularizer="l2", activity_regularizer="l2"
    )
    x = numbers(2, 3, 8)
    layer(x, x)
    assert len(layer.losses) == 4 * 2 + 4


def test_initializers_count_the_axes_of_the_equation():
    nacre.utils.set_random_seed(0)
    layer = layers.MultiHeadAttention(8, 64)
    x = np.zeros((1, 2, 32), np.float32)
    layer(x, x)
    limit = np.sqrt(6 / (32 + 8 * 64))
    for kernel in layer.get_weights()[::2]:
        assert limit * 0.99 < np.abs(kernel).max() <= limit


def test_a_seeded_initializer_gives_equal_kernels_and_an_unseeded_one_does_not():
    x = np.zeros((1, 2, 8), np.float32)
    layer = layers.MultiHeadAttention(2, 4)
    layer(x, x)
    query, _, key, *_ = layer.get_weights()
    assert (query != key).any()


def test_build_by_shapes():
    layer = layers.MultiHeadAttention(2, 4)
    layer.build((None, 3, 8), (None, 5, 6))
    assert [tuple(w.shape) for w in layer.weights[:4]] == [(8, 2, 4), (2, 4), (6, 2, 4), (2, 4)]
    assert layer.compute_output_shape((None, 3, 8), (None, 5, 6)) == (None, 3, 8)


ERRORS = [
    (lambda: layers.MultiHeadAttention(0, 4), r"MultiHeadAttention: expected heads > 0"),
    (lambda: layers.MultiHeadAttention(2, 0), r"MultiHeadAttention: expected key size > 0"),
    (lambda: layers.MultiHeadAttention(2, 4, dropout=2.0), r"0 <= dropout <= 1, received 2"),
    (lambda: layers.MultiHeadAttention(2, 4, sliding_window=0), r"sliding_window > 0 or None"),
    (
        lambda: layers.MultiHeadAttention(2, 4, dropout=0.1, flash_attention=True),
        r"expected dropout=0 with flash_attention=True",
    ),
    (
        lambda: layers.GroupQueryAttention(4, 3, 2),
        r"num_query_heads in multiples of num_key_value_heads 2, received 3",
    ),
    (
        lambda: layers.MultiHeadAttention(2, 4, name="a")(numbers(1, 3, 8), numbers(3, 8)),
        r"MultiHeadAttention 'a': expected a value of rank 3 or more, received shape \(3, 8\)",
    ),
    (
        lambda: layers.MultiHeadAttention(2, 4)(
            numbers(1, 3, 8), numbers(1, 4, 8), numbers(1, 5, 8)
        ),
        r"value and key that agree in all axes but the last",
    ),
    (
        lambda: layers.MultiHeadAttention(2, 4)(
            numbers(1, 3, 8), numbers(1, 4, 8), attention_mask=np.ones((1, 3, 5), bool)
        ),
        r"mask that broadcasts to .*\(1, 2, 3, 4\), received shape \(1, 1, 3, 5\)",
    ),
    (lambda: layers.Attention(score_mode="cosine"), r"score_mode 'dot' or 'concat'"),
    (lambda: layers.Attention()(numbers(1, 2, 3)), r"expected a list \[query, value\]"),
    (lambda: layers.Attention()([numbers(1, 2, 3)]), r"expected a list \[query, value\]"),
    (
        lambda: layers.Attention()([numbers(1, 2, 3), numbers(1, 2, 4)]),
        r"query and key of one size",
    ),
    (lambda: layers.EinsumDense("abc->ab", 3), r"EinsumDense: expected equation of the form"),
    (lambda: layers.EinsumDense("ab,bc->ad", 3), r"axis 'd' is neither the input's nor"),
    (lambda: layers.EinsumDense("ab,bc->ac", 3, bias_axes="b"), r"bias_axes among the output's"),
    (lambda: layers.EinsumDense("ab,bc->ac", 3)(numbers(2, 3, 4)), r"input of rank 2 for equation"),
    (lambda: layers.PositionEmbedding(0), r"sequence_length > 0, received 0"),
    (
        lambda: layers.PositionEmbedding(4)(numbers(1, 5, 3)),
        r"positions in \[0, sequence_length=4\), received 5 from start_index 0",
    ),
    (lambda: layers.RotaryEmbedding()(numbers(1, 5, 3)), r"even number of features"),
    (lambda: layers.RotaryEmbedding(scaling_factor=0), r"scaling_factor > 0"),
    (lambda: layers.GroupNormalization(0), r"GroupNormalization: expected groups > 0, or -1"),
    (
        lambda: layers.GroupNormalization(3)(numbers(2, 4)),
        r"channels in multiples of groups 3, received input shape \(2, 4\)",
    ),
    (lambda: layers.SpectralNormalization(layers.Dense(2), 0), r"power_iterations > 0"),
    (
        lambda: layers.SpectralNormalization(layers.Flatten())(numbers(2, 4)),
        r"a layer with a kernel or embeddings, received Flatten",
    ),
    (
        lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"max": 1}),
        r"renorm_clipping with keys 'rmin', 'rmax', 'dmax', received 'max'",
    ),
    (
        lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"rmin": 2, "rmax": 1}),
        r"rmin <= rmax",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_unknown_call_argument():
    x = numbers(1, 3, 8)
    with pytest.raises(TypeError, match="unknown argument 'causal'"):
        layers.MultiHeadAttention(2, 4)(x, x, causal=True)


def test_projections_are_layers():
    layer = layers.MultiHeadAttention(2, 4, use_bias=False, name="att")
    with pytest.raises(ValueError, match="MultiHeadAttention 'att': not built yet"):
        layer.query_dense.kernel  # noqa: B018
    x = numbers(1, 3, 8)
    layer(x, x)
    assert layer.query_dense.kernel is layer.weights[0]
    assert layer.output_dense.equation == "abcd,cde->abe"
    assert layer.key_dense.bias is None
    np.testing.assert_allclose(
        layer.value_dense(x).numpy(),
        np.einsum("abc,cde->abde", x, layer.get_weights()[2]),
        rtol=1e-5,
    )


class Reader(nacre.Model):
    """A model with attention layers, for files."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.MultiHeadAttention(2, 4, use_gate=True)
        self.second = layers.GroupQueryAttention(4, 4, 2)
        self.head = layers.SpectralNormalization(layers.Dense(2))

    def call(self, x):
        return self.head(self.second(self.first(x, x, use_causal_mask=True), x))


@pytest.mark.parametrize("suffix", ["weights.h5", "nacre"])
def test_weights_round_trip(tmp_path, suffix):
    x = numbers(2, 5, 8)
    model, again = Reader(), Reader()
    expected = model(x).numpy()
    again(x)
    path = tmp_path / f"model.{suffix}"
    if suffix == "nacre":
        model.save_weights(path)
    else:
        pytest.importorskip("h5py", reason="h5py is not installed")
        model.save_weights(path)
    again.load_weights(path)
    np.testing.assert_array_equal(again(x).numpy(), expected)


# --- positions ---


def test_position_embedding_at_an_offset():
    layer = layers.PositionEmbedding(10)
    x = numbers(2, 4, 3)
    layer(x)
    table = layer.get_weights()[0]
    np.testing.assert_array_equal(layer(x).numpy()[1], table[:4])
    np.testing.assert_array_equal(layer(x, start_index=5).numpy()[0], table[5:9])
    start = ops.convert_to_tensor(5, "int32")
    np.testing.assert_array_equal(layer(x, start_index=start).numpy()[0], table[5:9])


def test_sine_positions():
    x = np.zeros((1, 50, 6), np.float32)
    y = layers.SinePositionEncoding(max_wavelength=100)(x).numpy()[0]
    at, i = np.arange(50)[:, None], np.arange(6)[None]
    angle = at / 100 ** (2 * (i // 2) / 6)
    np.testing.assert_allclose(y, np.where(i % 2, np.cos(angle), np.sin(angle)), atol=1e-5)
    shifted = layers.SinePositionEncoding(max_wavelength=100)(x[:, :8], start_index=3).numpy()[0]
    np.testing.assert_allclose(shifted, y[3:11], atol=1e-6)


def rotated(x, positions, wavelength=10000.0):
    half = x.shape[-1] // 2
    angle = positions[:, None] / wavelength ** (2 * np.arange(half) / x.shape[-1])
    angle = angle[None, :, None]
    a, b = x[..., :half], x[..., half:]
    turned = (a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle))
    return np.concatenate(turned, -1)


def test_rotary_embedding():
    x = numbers(2, 7, 3, 8)
    layer = layers.RotaryEmbedding()
    np.testing.assert_allclose(layer(x).numpy(), rotated(x, np.arange(7)), rtol=1e-5, atol=1e-5)
    for start in (4, ops.convert_to_tensor(4, "int32")):
        y = layer(x, start_index=start).numpy()
        np.testing.assert_allclose(y, rotated(x, np.arange(4, 11)), rtol=1e-5, atol=1e-5)
    slow = layers.RotaryEmbedding(scaling_factor=2.0)(x).numpy()
    np.testing.assert_allclose(slow, rotated(x, np.arange(7) / 2), rtol=1e-5, atol=1e-5)
    moved = layers.RotaryEmbedding(sequence_axis=3, feature_axis=1)
    np.testing.assert_allclose(
        moved(x.transpose(0, 3, 2, 1)).numpy(), layer(x).numpy().transpose(0, 3, 2, 1), rtol=1e-6
    )


def test_rotary_products_depend_on_distance():
    q, k = numbers(1, 1, 1, 8), numbers(1, 1, 1, 8, seed=1)
    layer = layers.RotaryEmbedding()

    def product(i, j):
        return float(ops.sum(layer(q, start_index=i) * layer(k, start_index=j)))

    assert product(2, 5) == pytest.approx(product(12, 15), rel=1e-4)
    assert product(2, 5) != pytest.approx(product(2, 6), rel=1e-3)


# --- wrappers ---


def test_spectral_normalization_bounds_the_kernel():
    layer = layers.SpectralNormalization(layers.Dense(5), power_iterations=200)
    x = numbers(4, 6)
    layer(x, training=True)
    kernel = layer.layer.kernel.numpy()
    assert np.linalg.svd(kernel)[1][0] == pytest.approx(1, rel=1e-3)
    layer.layer.kernel.assign(np.zeros((6, 5), np.float32))
    assert np.isfinite(layer(x, training=True).numpy()).all()


def test_spectral_normalization_round_trip():
    layer = layers.SpectralNormalization(layers.Conv2D(2, 3), power_iterations=2)
    x = numbers(1, 5, 5, 3)
    layer(x)
    assert [w.name for w in layer.weights] == ["kernel", "vector_u", "bias"]
    again = layers.SpectralNormalization.from_config(layer.get_config())
    again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x).numpy(), layer(x).numpy())
    model = nacre.Sequential([nacre.Input((5, 5, 3)), layer, layers.Flatten(), layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.fit(numbers(4, 5, 5, 3), numbers(4, 1), epochs=2, verbose=0)
