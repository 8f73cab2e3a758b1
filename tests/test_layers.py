"""Every layer of the table: shapes, weights, training, configuration, dtypes, errors."""

from __future__ import annotations

import json

import numpy as np
import pytest
from layerinfo import ROWS, SPECIAL, LayerInfo, each, listed, made

import nacre
from nacre import _core, layers
from nacre.layers.arguments import LAYER_ARGUMENTS

rows = pytest.mark.parametrize("row", ROWS, ids=str)


def make(row: LayerInfo, **kwargs):
    return row.make(layers, **kwargs)


def quiet(row: LayerInfo) -> dict:
    """Arguments for a call that draws nothing."""
    return {"training": False} if row.alone else {}


def model_of(row: LayerInfo):
    x = each(lambda shape: nacre.Input(shape[1:], dtype=row.input_dtype), row.input_shape)
    layer = make(row)
    return nacre.Model(x, layer(*x) if row.spread else layer(x))


def test_every_layer_has_a_row():
    known = {row.name for row in ROWS} | SPECIAL
    assert set(_core.class_names("layers")) - known == set()
    public = {getattr(layers, name) for name in layers.__all__}
    classes = {c.__name__ for c in public if isinstance(c, type) and issubclass(c, layers.Layer)}
    assert classes - known == set()
    assert known - classes == set()


@rows
def test_output_and_weights(row):
    layer = make(row)
    y = row.call(layer, row.inputs())
    assert tuple(y.shape) == row.output_shape
    assert layer.built
    assert [(w.name, tuple(w.shape)) for w in layer.weights] == row.weights
    trained = len(row.weights) if row.trainable is None else row.trainable
    assert len(layer.trainable_weights) == trained
    assert len(layer.non_trainable_weights) == len(row.weights) - trained
    assert layer.count_params() == sum(int(np.prod(shape)) for _, shape in row.weights)
    for name, _ in row.weights:
        paths = [w.path for w in layer.weights if w.path.startswith(f"{layer.name}/")]
        assert any(path.endswith(f"/{name}") for path in paths)


@rows
def test_compute_output_shape(row):
    layer = make(row)
    shapes = each(lambda s: (None, *s[1:]), row.input_shape)
    shape = layer.compute_output_shape(*shapes if row.spread else (shapes,))
    assert tuple(shape) == (None, *row.output_shape[1:])
    assert not layer.built or not row.weights, "inference of a shape makes no weights"


@rows
def test_symbolic_call(row):
    x = each(lambda shape: nacre.Input(shape[1:], dtype=row.input_dtype), row.input_shape)
    assert tuple(row.call(make(row), x).shape) == (None, *row.output_shape[1:])


@rows
def test_gradients(row):
    layer = make(row)
    x = each(nacre.ops.convert_to_tensor, row.inputs())
    row.call(layer, x)
    with nacre.GradientTape() as tape:
        if not row.ids:
            tape.watch(x)
        loss = nacre.ops.sum(nacre.ops.square(row.call(layer, x, training=True)))
    sources = [*layer.trainable_weights, *(listed(x) if row.gradient and not row.ids else [])]
    gradients = tape.gradient(loss, sources) if sources else []
    for source, gradient in zip(sources, gradients, strict=True):
        assert tuple(gradient.shape) == tuple(source.shape)
        assert np.isfinite(gradient.numpy()).all()


@rows
def test_randomness(row):
    nacre.utils.set_random_seed(7)  # some draw of a few pictures could be like the first
    layer = make(row)
    x = row.inputs()
    draws = [row.call(layer, x, training=True).numpy() for _ in range(12)]
    if not row.stateful:
        assert any((draw != draws[0]).any() for draw in draws) == row.random
    if row.random and row.output_shape == row.input_shape:
        np.testing.assert_array_equal(row.call(layer, x, training=False).numpy(), x)
        changed = any((row.call(layer, x).numpy() != x).any() for _ in range(24))
        assert changed == row.alone


@rows
def test_config_round_trip(row):
    layer = make(row)
    config = layer.get_config()
    json.dumps(config)
    again = type(layer).from_config(config)
    assert again.get_config() == config
    row.call(layer, row.inputs())
    row.call(again, row.inputs())
    again.set_weights(layer.get_weights())
    x = row.inputs()
    a, b = (row.call(made, x, **quiet(row)) for made in (again, layer))
    np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_serialize_and_deserialize():
    dense = layers.Dense(3, activation="relu", name="d")
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(dense))))
    assert again.get_config() == dense.get_config()
    with pytest.raises(ValueError, match="expected the configuration of a layer"):
        layers.deserialize(nacre.losses.serialize(nacre.losses.MeanSquaredError()))


@rows
def test_config_is_that_of_cpp(row):
    layer = make(row)
    config = layer._core.config()
    # C++ makes an equal layer from its own description, and knows the arguments of Python.
    assert _core.make("layers", row.name, config).config() == config
    base = {"name", "trainable", "dtype", "activity_regularizer"}
    base |= {name for name in layer._base_arguments if name in config}
    if not layer._signature.open:  # takes neither
        config["dtype"] = config["dtype"]["config"]["name"]
    assert (set(layer._signature.names) - {"use_cudnn"}) | base == set(config)
    ours = layer.get_config()
    for name, value in ours.items():
        if name in config and not isinstance(value, dict):
            assert plain(value) == plain(config[name]), name
    # Defaults in Python and in C++ are the same.
    optional = set(layer._signature.defaults) - set(row.required)
    required = {k: v for k, v in row.arguments.items() if k not in optional}
    required = made(required, layers)
    default = getattr(layers, row.name)(**required, name="same")
    bare = _core.make("layers", row.name, {**required, "name": "same"})
    assert bare.config() == default._core.config()


def plain(value):
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


@rows
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_dtype_policy(row, policy):
    if not row.policy:
        pytest.skip("computes in a dtype of its own")
    layer = make(row, dtype=policy)
    y = row.call(layer, row.inputs())
    compute = policy.removeprefix("mixed_")
    if not row.ids or row.weights or row.name == "Rescaling":
        assert y.dtype == compute
    variable_dtype = "float64" if policy == "float64" else "float32"
    for weight in layer.weights:
        assert weight.dtype == (variable_dtype if weight.name != "count" else "int32")
    assert layer.dtype_policy.name == policy
    assert layer.compute_dtype == compute
    assert layer.variable_dtype == variable_dtype
    reference = make(row)
    expected = row.call(reference, row.inputs(), **quiet(row))
    layer.set_weights(reference.get_weights())
    tolerance = {"float64": 1e-5, "float16": 1e-2, "bfloat16": 8e-2}[compute]
    received = row.call(layer, row.inputs(), **quiet(row))
    received = nacre.ops.cast(received, "float32").numpy()
    np.testing.assert_allclose(received, expected.numpy(), rtol=tolerance, atol=tolerance)


@rows
def test_training_step_of_a_plan_is_the_eager_one(row):
    x = row.inputs()
    y = np.zeros(row.output_shape, np.float32)
    weights = []
    for eager in (True, False):
        nacre.utils.set_random_seed(1)
        model = model_of(row)
        model.compile(optimizer="sgd", loss="mse", run_eagerly=eager)
        for _ in range(3):
            model.train_on_batch(x, y)
        weights.append([*model.get_weights(), model.predict_on_batch(x)])
    for eager_value, planned_value in zip(*weights, strict=True):
        np.testing.assert_array_equal(eager_value, planned_value)


@rows
def test_file_round_trip(row, tmp_path):
    x = row.inputs()
    model = model_of(row)
    model.save(tmp_path / "model.nacre")
    again = nacre.saving.load_model(tmp_path / "model.nacre")
    assert again.get_config() == model.get_config()
    np.testing.assert_array_equal(again.predict_on_batch(x), model.predict_on_batch(x))


def test_a_captured_step_draws_new_masks():
    model = nacre.Sequential(
        [nacre.Input((50,)), layers.Dropout(0.5, seed=1), layers.Dense(1, trainable=False)]
    )
    model.compile(optimizer="sgd", loss="mse")
    x, y = np.ones((4, 50), np.float32), np.zeros((4, 1), np.float32)
    losses = set()
    for _ in range(5):
        model.reset_metrics()
        losses.add(float(np.ravel(model.train_on_batch(x, y))[0]))
    assert len(losses) == 5


@rows
def test_frozen(row):
    layer = make(row)
    layer.trainable = False
    row.call(layer, row.inputs(), training=True)
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == len(row.weights)
    layer.trainable = True
    trained = len(row.weights) if row.trainable is None else row.trainable
    assert len(layer.trainable_weights) == trained


def test_unknown_argument():
    with pytest.raises(TypeError, match=r"Dense: unknown argument 'unit'\. Did you mean 'units'\?"):
        layers.Dense(unit=3)
    with pytest.raises(TypeError, match=r"Dense: missing argument 'units'"):
        layers.Dense()


ERRORS = [
    (lambda: layers.Dense(0), r"Dense: expected units > 0, received 0"),
    (lambda: layers.Dense(3, activation="rellu"), r"unknown activation 'rellu'\. Did you mean"),
    (lambda: layers.Dense(3, lora_rank=2), r"Dense: lora_rank=2 is not supported"),
    (lambda: layers.Conv2D(3, 3, padding="vald"), r"expected padding .* Did you mean 'valid'\?"),
    (lambda: layers.Conv2D(3, 3, padding="causal"), r"Conv2D: expected padding"),
    (lambda: layers.Conv2D(3, (3, 3, 3)), r"Conv2D: expected kernel_size of 1 or 2 numbers"),
    (lambda: layers.Conv2D(3, 3, groups=2), r"Conv2D: expected filters in multiples of groups"),
    (lambda: layers.Conv2D(3, 3, strides=2, dilation_rate=2), r"not both"),
    (lambda: layers.Conv2D(3, 3, data_format="nhwc"), r"expected data_format"),
    (lambda: layers.MaxPooling2D(0), r"expected pool_size of at least 1"),
    (lambda: layers.Dropout(1.5), r"Dropout: expected 0 <= rate <= 1, received 1.5"),
    (lambda: layers.Reshape((-1, -1)), r"Reshape: expected target_shape"),
    (lambda: layers.Permute((0, 1)), r"Permute: expected dims"),
    (lambda: layers.ReLU(max_value=-1.0), r"ReLU: expected max_value >= 0"),
    (lambda: layers.Normalization(mean=1.0), r"Normalization: expected both of mean and variance"),
    (lambda: layers.InputLayer(), r"InputLayer: expected exactly one of shape and batch_shape"),
]


@pytest.mark.parametrize(("call", "message"), ERRORS, ids=[m for _, m in ERRORS])
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_calls_that_do_not_fit():
    dense = layers.Dense(3, name="head")
    dense(np.ones((2, 4), np.float32))
    with pytest.raises(
        ValueError,
        match=r"Dense 'head': expected an input whose last dimension is 4, received shape \(2, 5\)",
    ):
        dense(np.ones((2, 5), np.float32))
    conv = layers.Conv2D(16, 3, name="conv2d_3")
    conv(np.ones((8, 32, 32, 4), np.float32))
    with pytest.raises(ValueError) as error:
        conv(np.ones((8, 32, 32, 3), np.float32))
    assert str(error.value) == (
        "Conv2D 'conv2d_3': expected kernel input channels 4, received 3 (x: (8, 32, 32, 3), "
        "kernel: (3, 3, 4, 16), data_format='channels_last')"
    )
    with pytest.raises(ValueError, match=r"Conv2D 'conv2d_3': expected an input of rank 4"):
        conv(np.ones((8, 32, 3), np.float32))
    with pytest.raises(ValueError, match=r"MaxPooling2D 'pool': expected an input of rank 4"):
        layers.MaxPooling2D(name="pool")(np.ones((8, 32, 3), np.float32))
    with pytest.raises(ValueError, match=r"Reshape 'r': expected an input that reshapes to \(5,\)"):
        layers.Reshape((5,), name="r")(np.ones((2, 4), np.float32))
    with pytest.raises(ValueError, match=r"BatchNormalization 'bn': expected .* \(3,\) along axis"):
        norm = layers.BatchNormalization(name="bn")
        norm(np.ones((2, 3), np.float32))
        norm(np.ones((2, 4), np.float32))


def test_set_weights_is_checked_before_anything_changes():
    dense = layers.Dense(3)
    dense.build((None, 4))
    before = dense.get_weights()
    with pytest.raises(ValueError, match=r"expected shape \(3,\) for weight"):
        dense.set_weights([np.ones((4, 3)), np.ones(4)])
    with pytest.raises(ValueError, match="expected 2 weights, received 1"):
        dense.set_weights([np.ones((4, 3))])
    np.testing.assert_array_equal(dense.get_weights()[0], before[0])


def test_batch_normalization_statistics():
    norm = layers.BatchNormalization(momentum=0.75)
    x = np.random.default_rng(0).normal(3, 2, (64, 5)).astype(np.float32)
    y = norm(x, training=True).numpy()
    np.testing.assert_allclose(y.mean(0), np.zeros(5), atol=1e-5)
    np.testing.assert_allclose(norm.moving_mean.numpy(), 0.25 * x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(norm.moving_variance.numpy(), 0.75 + 0.25 * x.var(0), rtol=1e-5)
    before = norm.get_weights()
    norm(x, training=False)
    norm.trainable = False
    frozen = norm(x, training=True).numpy()
    for a, b in zip(before, norm.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(frozen, norm(x, training=False).numpy())


def test_dropout_rate_and_seed():
    x = np.ones((200, 200), np.float32)
    layer = layers.Dropout(0.25, seed=7)
    y = layer(x, training=True).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.01
    np.testing.assert_array_equal(layers.Dropout(0.25, seed=7)(x, training=True).numpy(), y)
    assert len(layer.variables) == 1
    assert layer.weights == []
    assert (layers.Dropout(1.0)(x, training=True).numpy() == 0).all()
    np.testing.assert_array_equal(layers.Dropout(0.0)(x, training=True).numpy(), x)


def test_dropout_noise_shape_is_shared():
    y = layers.Dropout(0.5, noise_shape=(None, 1, 4))(np.ones((8, 6, 4)), training=True).numpy()
    assert (y == y[:, :1]).all()


def test_normalization_adapt():
    rng = np.random.default_rng(0)
    data = rng.normal(5, 3, (100, 4)).astype(np.float32)
    layer = layers.Normalization()
    layer.adapt(data)
    y = layer(data).numpy()
    np.testing.assert_allclose(y.mean(0), np.zeros(4), atol=1e-5)
    np.testing.assert_allclose(y.std(0), np.ones(4), atol=1e-5)
    batches = layers.Normalization()
    batches.adapt([data[:30], data[30:]])
    np.testing.assert_allclose(batches.get_weights()[1], layer.get_weights()[1], rtol=1e-6)
    assert tuple(layer.mean.shape) == (1, 4)
    inverse = layers.Normalization(
        mean=layer.mean.reshape(-1), variance=layer.variance.reshape(-1), invert=True
    )
    np.testing.assert_allclose(inverse(y).numpy(), data, rtol=1e-4, atol=1e-4)
    with pytest.raises(RuntimeError, match=r"adapt\(\) needs a layer without mean and variance"):
        inverse.adapt(data)


def test_softmax_mask():
    x = np.zeros((1, 4), np.float32)
    mask = np.array([[True, True, False, False]])
    np.testing.assert_allclose(layers.Softmax()(x, mask=mask).numpy(), [[0.5, 0.5, 0, 0]])


def test_activity_regularizer_and_losses():
    dense = layers.Dense(3, activity_regularizer="l2", kernel_regularizer="l1")
    x = np.ones((4, 2), np.float32)
    y = dense(x).numpy()
    kernel, activity = (float(loss) for loss in dense.losses)
    assert kernel == pytest.approx(0.01 * np.abs(dense.kernel.numpy()).sum(), rel=1e-5)
    assert activity == pytest.approx(0.01 * (y**2).sum() / 4, rel=1e-5)
    layer = layers.ActivityRegularization(l1=0.5)
    layer(x)
    assert float(layer.losses[0]) == pytest.approx(0.5 * 8 / 4)


def test_attributes():
    dense = layers.Dense(3, use_bias=False, input_shape=(4,), activation="relu")
    assert dense.units == 3
    assert dense.activation is nacre.activations.relu
    assert dense.use_bias is False
    assert type(dense.kernel_initializer).__name__ == "GlorotUniform"
    model = nacre.Sequential([dense])
    assert model.built
    assert dense.bias is None
    assert (dense(-np.ones((1, 4), np.float32)).numpy() >= 0).all()
    dense.activation = "linear"
    assert dense.get_config()["activation"] == "linear"
    x = np.ones((1, 4), np.float32)
    np.testing.assert_allclose(dense(x).numpy(), x @ dense.kernel.numpy(), rtol=1e-5)


def test_activation_that_is_a_layer():
    dense = layers.Dense(3, activation=layers.LeakyReLU(0.5), kernel_initializer="ones")
    np.testing.assert_allclose(dense(-np.ones((1, 2), np.float32)).numpy(), [[-1, -1, -1]])
    again = layers.Dense.from_config(dense.get_config())
    np.testing.assert_allclose(again(-np.ones((1, 2), np.float32)).numpy(), [[-1, -1, -1]])


def test_lambda():
    layer = layers.Lambda(lambda x, factor: x * factor, arguments={"factor": 3})
    np.testing.assert_array_equal(layer(np.ones((1, 2), np.float32)).numpy(), [[3, 3]])
    assert layer.compute_output_shape((None, 2)) == (None, 2)
    config = layer.get_config()
    with pytest.raises(ValueError, match="files hold no code"):
        layers.Lambda.from_config(config)
    again = layers.Lambda.from_config(config, custom_objects={"<lambda>": lambda x, factor: x})
    np.testing.assert_array_equal(again(np.ones((1, 2), np.float32)).numpy(), [[1, 1]])


def test_input_layer():
    layer = layers.InputLayer((28, 28), batch_size=3, dtype="uint8", name="pixels")
    assert layer.batch_shape == (3, 28, 28)
    assert layer.dtype == "uint8"
    config = layer.get_config()
    assert config["name"] == "pixels"
    assert layers.InputLayer.from_config(config).get_config() == config


def test_names_count_up():
    nacre.utils.clear_session() if hasattr(nacre.utils, "clear_session") else None
    _core.reset_unique_names()
    assert [layers.Dense(1).name, layers.Dense(1).name] == ["dense", "dense_1"]
    assert layers.MaxPooling2D().name == "max_pooling2d"
    assert layers.ReLU().name == "re_lu"


def test_base_arguments_are_those_of_layer():
    signature = layers.Layer.__init__.__kwdefaults__
    assert set(signature) == set(LAYER_ARGUMENTS)


def test_input_spec():
    spec = layers.InputSpec(ndim=3, axes={-1: 4}, dtype="float32")
    spec.check((None, 2, 4), "float32", "L")
    for shape, dtype, message in [
        ((2, 4), "float32", "L: expected an input of rank 3"),
        ((2, 2, 5), "float32", "L: expected an input of size 4 along axis -1"),
        ((2, 2, 4), "int32", "L: expected an input of dtype float32"),
    ]:
        with pytest.raises(ValueError, match=message):
            spec.check(shape, dtype, "L")
    assert layers.InputSpec.from_config(spec.get_config()).axes == {-1: 4}


def test_noise_has_the_moments_asked_for():
    x = np.ones((300, 400), np.float32)
    noisy = layers.GaussianNoise(0.5, seed=1)(x, training=True).numpy()
    assert noisy.mean() == pytest.approx(1, abs=0.01)
    assert noisy.std() == pytest.approx(0.5, abs=0.01)
    scaled = layers.GaussianDropout(0.2, seed=1)(2 * x, training=True).numpy()
    assert scaled.mean() == pytest.approx(2, abs=0.01)
    assert scaled.std() == pytest.approx(2 * np.sqrt(0.2 / 0.8), abs=0.01)
    normal = np.random.default_rng(0).standard_normal((300, 400)).astype(np.float32)
    kept = layers.AlphaDropout(0.3, seed=1)(normal, training=True).numpy()
    assert kept.mean() == pytest.approx(0, abs=0.02)
    assert kept.std() == pytest.approx(1, abs=0.02)
    maps = layers.SpatialDropout2D(0.5, seed=1)(np.ones((6, 4, 5, 40)), training=True).numpy()
    assert ((maps == maps[:, :1, :1]).all(), set(np.unique(maps))) == (True, {0, 2})
    with pytest.raises(ValueError, match="AlphaDropout: expected rate < 1"):
        layers.AlphaDropout(1.0)


@pytest.mark.parametrize("kind", ["LayerNormalization", "RMSNormalization"])
@pytest.mark.parametrize("rows, cols", [(64, 128), (4096, 16), (512, 128), (100_000, 3)])
def test_gradients_of_many_rows_are_accurate(kind, rows, cols):
    """Sums over rows that all have one sign: adding them up in float32 alone loses 30 ULP."""
    draws = np.random.default_rng(0)
    x = draws.normal(size=(rows, cols)).astype("float32")
    grad = (0.1 + 1e-3 * draws.normal(size=(rows, cols))).astype("float32")
    layer = getattr(layers, kind)()
    layer.build((rows, cols))
    with nacre.GradientTape() as tape:
        loss = nacre.ops.sum(layer(x) * grad)
    received = tape.gradient(loss, layer.trainable_variables)
    normal = x.astype("float64")
    if kind == "LayerNormalization":
        normal -= normal.mean(1, keepdims=True)
        np.testing.assert_allclose(received[1], grad.astype("float64").sum(0), rtol=6 * 2**-24)
    epsilon = 1e-3 if kind == "LayerNormalization" else 1e-6
    normal /= np.sqrt((normal**2).mean(1, keepdims=True) + epsilon)
    terms = grad * normal
    error = np.abs(received[0].numpy() - terms.sum(0))
    assert (error <= 6 * 2**-24 * np.abs(terms).sum(0)).all()
