"""Mixed precision: half-precision computation, float32 variables and losses, scaled losses."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers

rng = np.random.default_rng(0)
X = rng.normal(size=(64, 8, 8, 3)).astype("float32")
Y = rng.integers(0, 3, 64)
MODES = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}


@pytest.fixture(autouse=True)
def default_policy():
    yield
    nacre.config.set_dtype_policy("float32")


def make(policy=None):
    nacre.utils.set_random_seed(2)
    if policy:
        nacre.mixed_precision.set_dtype_policy(policy)
    return nacre.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(16, activation="gelu"),
            layers.LayerNormalization(),
            layers.Dropout(0.1),
            layers.Dense(3, activation="softmax", dtype="float32"),
        ]
    )


@pytest.mark.parametrize("policy", MODES)
def test_fit(policy):
    def train(policy):
        model = make(policy)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(X, Y, epochs=4, batch_size=16, verbose=0).history
        return model, history["loss"]

    _, expected = train("float32")
    model, losses = train(policy)
    np.testing.assert_allclose(losses, expected, rtol=0.05)
    assert losses[-1] < losses[0]
    assert {v.dtype for v in model.weights} == {"float32"}
    for layer in model.layers[:-1]:
        assert layer.compute_dtype == MODES[policy] and layer.variable_dtype == "float32"
    assert model.layers[-1].compute_dtype == "float32"
    scales = isinstance(model.optimizer, nacre.optimizers.LossScaleOptimizer)
    assert scales == (policy == "mixed_float16")
    if scales:
        assert model.optimizer.name == "loss_scale_optimizer"


@pytest.mark.parametrize("policy", MODES)
@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Dense(4),
        lambda: layers.Conv2D(4, 3),
        lambda: layers.BatchNormalization(),
        lambda: layers.LayerNormalization(),
    ],
    ids=["Dense", "Conv2D", "BatchNormalization", "LayerNormalization"],
)
def test_layers(policy, layer):
    nacre.config.set_dtype_policy(policy)
    made = layer()
    half = made(X[:4])
    assert half.dtype == MODES[policy]
    assert all(v.dtype == "float32" for v in made.variables)
    nacre.config.set_dtype_policy("float32")
    full = layer()
    full.build(X[:4].shape)
    full.set_weights(made.get_weights())
    np.testing.assert_allclose(
        nacre.ops.cast(half, "float32").numpy(), full(X[:4]).numpy(), atol=0.03, rtol=0.03
    )


def test_integers_and_losses_keep_their_dtype():
    nacre.config.set_dtype_policy("mixed_float16")

    class Keep(layers.Layer):
        def call(self, x):
            return x

    assert Keep()(nacre.ops.ones((2,), "int32")).dtype == "int32"
    loss = nacre.losses.MeanSquaredError()
    assert loss(np.zeros((2, 1)), nacre.ops.ones((2, 1), "float16")).dtype == "float32"


def test_auto_scale_loss():
    nacre.config.set_dtype_policy("mixed_float16")
    for options, scales in [({}, True), ({"auto_scale_loss": False}, False)]:
        model = nacre.Sequential([layers.Dense(1)])
        model.compile("sgd", "mse", **options)
        assert isinstance(model.optimizer, nacre.optimizers.LossScaleOptimizer) == scales
    own = nacre.optimizers.LossScaleOptimizer("sgd", initial_scale=4.0)
    model = nacre.Sequential([layers.Dense(1)])
    model.compile(own, "mse")
    assert model.optimizer is own


def test_small_gradients_survive_by_scaling():
    """A gradient of 1e-8 is 0 in float16, unless the loss is scaled."""
    x = np.full((4, 1), 1e-4, "float32")

    def moved(**options):
        nacre.config.set_dtype_policy("mixed_float16")
        model = nacre.Sequential([layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
        model.compile(nacre.optimizers.SGD(1.0), lambda t, p: 1e-4 * (p - t), **options)
        model.fit(x, np.zeros((4, 1), "float32"), verbose=0)
        return float(model.get_weights()[0][0, 0])

    assert moved(auto_scale_loss=False) == 0
    np.testing.assert_allclose(moved(), -1e-8, rtol=0.02)


def test_policies():
    policy = nacre.DTypePolicy("mixed_float16")
    assert (policy.name, policy.compute_dtype, policy.variable_dtype) == (
        "mixed_float16",
        "float16",
        "float32",
    )
    assert policy == nacre.mixed_precision.Policy("mixed_float16") != nacre.DTypePolicy("float16")
    config = nacre.dtype_policies.serialize(policy)
    assert nacre.dtype_policies.deserialize(config) == policy
    assert nacre.dtype_policies.get("mixed_float16") == policy
    assert nacre.dtype_policies.get(np.float64).compute_dtype == "float64"
    assert nacre.dtype_policies.get(None).name == "float32"
    nacre.config.set_dtype_policy(policy)
    assert nacre.config.dtype_policy() == policy
    assert layers.Dense(1).dtype_policy == policy
    assert layers.Dense(1, dtype=nacre.DTypePolicy("float64")).dtype == "float64"
    assert policy.convert_input(np.ones(2, "float32"), True, "float16").dtype == "float16"
    assert policy.convert_input(np.ones(2, "float32"), False, "float16").dtype == "float32"
    assert policy.convert_input(np.ones(2, "int32"), True, "float16").dtype == "int32"
    for bad in (3, None):
        with pytest.raises(ValueError, match="DTypePolicy or its name"):
            nacre.config.set_dtype_policy(bad)
    with pytest.raises(ValueError, match="float33"):
        nacre.DTypePolicy("float33")
    with pytest.raises(TypeError, match="string"):
        nacre.DTypePolicy(3)


def test_saved_models_keep_their_policy(tmp_path):
    model = make("mixed_bfloat16")
    expected = model.predict(X[:4], verbose=0)
    model.save(tmp_path / "m.nacre")
    nacre.config.set_dtype_policy("float32")
    again = nacre.saving.load_model(tmp_path / "m.nacre")
    assert again.layers[0].compute_dtype == "bfloat16"
    np.testing.assert_array_equal(again.predict(X[:4], verbose=0), expected)


def conv_net():
    nacre.utils.set_random_seed(5)
    nacre.mixed_precision.set_dtype_policy("mixed_bfloat16")
    x = inputs = nacre.Input((34, 34, 3))
    x = layers.MaxPooling2D(2)(layers.Conv2D(18, 3, activation="relu")(x))
    y = layers.Conv2D(18, 3, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.Conv2D(18, 3, padding="same", activation="relu")(y)
    x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.Conv2D(5, 3, strides=2, groups=1, activation="relu")(x)
    x = layers.Dropout(0.2)(layers.Flatten()(layers.MaxPooling2D(3, 2, padding="same")(x)))
    x = layers.Dense(20, activation="relu")(x)
    return nacre.Model(inputs, layers.Dense(3, dtype="float32")(x))


def test_plans_of_bfloat16_convolutions_have_the_bits_of_the_eager_step(monkeypatch):
    x = rng.normal(size=(80, 34, 34, 3)).astype("float32")

    def train(setting):
        monkeypatch.setenv("NACRE_PASSES", setting)
        model = conv_net()
        loss = nacre.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss)
        model.fit(x[:20], Y[:20] % 3, epochs=2, batch_size=10, verbose=0)
        # Enough images for blocks of them.
        return [*model.get_weights(), model.predict(x, batch_size=80, verbose=0)]

    expected = train("none")
    for a, b in zip(expected, train(""), strict=True):
        np.testing.assert_array_equal(a, b)
    monkeypatch.setenv("NACRE_CHECK_PLANS", "bits")
    for a, b in zip(expected, train(""), strict=True):
        np.testing.assert_array_equal(a, b)


def test_epilogues_and_blocks_of_images_are_made_for_bfloat16():
    model = conv_net()
    forward = nacre.function(lambda x: model(x))
    x = nacre.ops.ones((80, 34, 34, 3))
    forward(x)
    text = forward.captured.text((x,), {})
    ops = [line.split("=")[1].split("(")[0].strip() for line in text.splitlines() if "=" in line]
    assert "fused_matmul" in ops and "relu_grad" not in ops
    # What is widened needs memory that a block has not.
    assert ("image_blocks" in ops) == (nacre.config.isa() == "avx512_bf16")


def test_bfloat16_sums_and_dropout_are_those_of_float32():
    for shape, axis in (((7, 300), 0), ((7, 300), 1), ((50, 40, 30), (0, 1)), ((3, 5, 7), (0, 2))):
        x = nacre.ops.cast(rng.normal(size=shape), "bfloat16")
        wide = nacre.ops.cast(x, "float32")
        for reduce in (nacre.ops.sum, nacre.ops.mean, nacre.ops.prod):
            expected = nacre.ops.cast(reduce(wide, axis), "bfloat16")
            np.testing.assert_array_equal(
                np.asarray(nacre.ops.cast(reduce(x, axis), "float32")),
                np.asarray(nacre.ops.cast(expected, "float32")),
            )
    x = nacre.ops.cast(rng.normal(size=(3, 1111)), "bfloat16")
    y = nacre.random.dropout(x, 0.3, seed=4)
    wide = nacre.random.dropout(nacre.ops.cast(x, "float32"), 0.3, seed=4)
    rounded = nacre.ops.cast(nacre.ops.cast(wide, "bfloat16"), "float32")
    np.testing.assert_array_equal(np.asarray(nacre.ops.cast(y, "float32")), np.asarray(rounded))
