"""Masks: they travel with tensors through layers and models into losses and metrics."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops

IDS = np.array([[3, 0, 2], [0, 0, 1]], "int32")
MASK = [[True, False, True], [False, False, True]]


def embedded():
    return layers.Embedding(5, 4, mask_zero=True)(IDS)


def mask_of(tensor):
    return None if tensor._keras_mask is None else tensor._keras_mask.tolist()


def test_embedding_and_masking_make_masks():
    assert mask_of(embedded()) == MASK
    assert mask_of(layers.Embedding(5, 4)(IDS)) is None
    x = np.array([[[1.0, 0.0], [0.0, 0.0]]], "float32")
    y = layers.Masking()(x)
    assert mask_of(y) == [[True, False]]
    assert mask_of(layers.Masking(mask_value=1.0)(np.ones((1, 2, 3)))) == [[False, False]]
    assert layers.Masking(mask_value=1.0)(np.ones((1, 2, 3))).numpy().max() == 0


PASS = [
    layers.Dense(3),
    layers.Dropout(0.5),
    layers.SpatialDropout1D(0.5),
    layers.GaussianNoise(0.1),
    layers.GaussianDropout(0.1),
    layers.AlphaDropout(0.1),
    layers.ActivityRegularization(l2=0.1),
    layers.Activation("relu"),
    layers.ReLU(),
    layers.LeakyReLU(),
    layers.ELU(),
    layers.PReLU(),
    layers.BatchNormalization(),
    layers.LayerNormalization(),
    layers.UnitNormalization(),
    layers.Rescaling(2.0),
    layers.Identity(),
    layers.PositionEmbedding(4),
    layers.SinePositionEncoding(),
]


@pytest.mark.parametrize("layer", PASS, ids=lambda layer: type(layer).__name__)
@pytest.mark.parametrize("training", [False, True])
def test_layers_that_pass_masks(layer, training):
    assert layer.supports_masking
    assert mask_of(layer(embedded(), training=training)) == MASK


STOP = [
    layers.Flatten(),
    layers.Reshape((4, 3)),
    layers.Permute((2, 1)),
    layers.Conv1D(2, 2),
    layers.MaxPooling1D(2),
    layers.GlobalMaxPooling1D(),
    layers.UpSampling1D(2),
    layers.ZeroPadding1D(1),
    layers.Cropping1D(1),
    layers.RMSNormalization(),
    layers.Lambda(lambda x: x * 2),
]


@pytest.mark.parametrize("layer", STOP, ids=lambda layer: type(layer).__name__)
def test_layers_that_stop_masks_say_so(layer):
    assert not layer.supports_masking
    with pytest.warns(UserWarning if isinstance(layer, layers.Lambda) else RuntimeWarning) as found:
        assert mask_of(layer(embedded())) is None
    assert "has a mask, which this layer does not support" in str(found[0].message)


def test_supports_masking_can_be_set():
    layer = layers.MaxPooling1D(1)
    layer.supports_masking = True
    assert mask_of(layer(embedded())) == MASK


def test_average_over_the_steps_that_count():
    x = embedded()
    y = layers.GlobalAveragePooling1D()(x)
    assert mask_of(y) is None
    kept = x.numpy()
    expected = [kept[0, [0, 2]].mean(0), kept[1, 2]]
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-6)


def test_a_mask_argument_replaces_the_carried_one():
    x = embedded()
    other = np.array([[True, True, False]] * 2)
    y = layers.GlobalAveragePooling1D()(x, mask=other)
    np.testing.assert_allclose(y.numpy(), x.numpy()[:, :2].mean(1), rtol=1e-6)
    with pytest.raises(TypeError, match="Dense: unknown argument 'mask'"):
        layers.Dense(2)(x, mask=other)


def test_batch_normalization_ignores_masked_steps():
    x = ops.array(np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32"))
    layer = layers.BatchNormalization(momentum=0.0)
    layer(x, training=True, mask=np.array(MASK))
    kept = x.numpy()[np.array(MASK)]
    np.testing.assert_allclose(layer.moving_mean.numpy(), kept.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), kept.var(0), rtol=1e-5)
    with pytest.raises(ValueError, match="expected a mask of rank 2"):
        layer(x, mask=np.ones(2, bool))


def test_softmax_mask_must_broadcast():
    with pytest.raises(ValueError, match="expected a mask that broadcasts"):
        layers.Softmax()(np.ones((2, 3), "float32"), mask=np.ones((2, 2), bool))


class Double(layers.Layer):
    """Takes the mask, makes one of its own."""

    def call(self, inputs, mask=None):
        self.seen = mask
        return inputs * 2

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else ~mask


def test_layers_written_in_python():
    layer = Double()
    assert layer.supports_masking
    assert mask_of(layer(embedded())) == (~np.array(MASK)).tolist()
    assert layer.seen.tolist() == MASK
    layer(ops.ones((2, 3, 4)))
    assert layer.seen is None
    model = nacre.Sequential([layers.Embedding(5, 4, mask_zero=True), layer, layers.Dropout(0.1)])
    assert mask_of(model(IDS)) == (~np.array(MASK)).tolist()


class Pair(layers.Layer):
    def call(self, query, value, query_mask=None, value_mask=None):
        self.seen = (query_mask, value_mask)
        return query + value


class Listed(layers.Layer):
    def call(self, inputs, mask=None):
        self.seen = mask
        return inputs[0] + inputs[1]

    def compute_mask(self, inputs, mask=None):
        return mask[1]


def test_several_inputs_each_with_its_own_mask():
    a, b = embedded(), ops.ones((2, 3, 4))
    pair = Pair()
    pair(b, a)
    assert pair.seen[0] is None
    assert pair.seen[1].tolist() == MASK
    pair(b, a, query_mask=np.ones((2, 3), bool))
    assert pair.seen[0].numpy().all()
    listed = Listed()
    assert mask_of(listed([b, a])) == MASK
    assert listed.seen[0] is None
    assert mask_of(listed([a, b])) is None
    assert mask_of(layers.Identity()([b, a])[1]) == MASK


def test_merging_layers():
    a, b = embedded(), ops.ones((2, 3, 4))
    other = ops.ones((2, 3, 4))
    other._keras_mask = np.array([[True, True, False]] * 2)
    either = (np.array(MASK) | [[True, True, False]] * 2).tolist()
    assert mask_of(layers.Add()([a, other])) == either
    assert mask_of(layers.Add()([a, b])) is None
    assert mask_of(layers.Concatenate()([a, b])) == [[True] * 3] * 2
    assert mask_of(layers.Concatenate(axis=1)([a, other])) == [
        one + two for one, two in zip(MASK, [[True, True, False]] * 2, strict=True)
    ]
    assert mask_of(layers.Dot(axes=2)([a, other])) is None


class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = Double()
        self.dense = layers.Dense(4)

    def call(self, inputs):
        return self.dense(self.inner(inputs))


def test_nested_layers_see_the_masks_of_their_own_inputs():
    block = Block()
    x = embedded()
    with pytest.warns(UserWarning, match="Block"):
        y = block(x)
    # Given by the layers within, although the block itself passes none on.
    assert mask_of(y) == (~np.array(MASK)).tolist()
    assert block.inner.seen.tolist() == MASK


class Squared(layers.Dense):
    def call(self, inputs):
        return ops.square(super().call(inputs))


def test_subclasses_of_native_layers_pass_masks():
    assert mask_of(Squared(2)(embedded())) == MASK


def test_lambda_masks():
    x = embedded()
    assert mask_of(layers.Lambda(lambda x: x * 2, mask=lambda x, mask: mask)(x)) == MASK
    layer = layers.Lambda(lambda x, mask: ops.where(mask[..., None], x, 0.0), mask=np.ones((2, 3)))
    y = layer(x)
    assert (y.numpy()[~np.array(MASK)] == 0).all()
    assert np.all(mask_of(y))


def test_a_mask_given_to_a_model_is_that_of_its_input():
    model = nacre.Sequential([layers.Identity(), layers.GlobalAveragePooling1D()])
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    y = model(x, mask=np.array([[True, True, False]] * 2))
    np.testing.assert_allclose(y.numpy(), x[:, :2].mean(1), rtol=1e-6)


def test_mixed_precision_keeps_masks():
    layer = layers.Dense(2, dtype="mixed_bfloat16")
    assert mask_of(layer(embedded())) == MASK
    seen = Double(dtype="mixed_bfloat16")
    seen(embedded())
    assert seen.seen.tolist() == MASK


def test_losses_and_metrics_count_what_the_mask_leaves():
    rng = np.random.default_rng(0)
    y_true = rng.normal(size=(2, 3, 4)).astype("float32")
    y_pred = ops.array(rng.normal(size=(2, 3, 4)).astype("float32"))
    errors = ((y_true - y_pred.numpy()) ** 2).mean(-1)
    y_pred._keras_mask = np.array(MASK)
    kept = errors[np.array(MASK)]
    loss = nacre.losses.MeanSquaredError()
    np.testing.assert_allclose(loss(y_true, y_pred).numpy(), kept.mean(), rtol=1e-6)
    total = nacre.losses.MeanSquaredError(reduction="sum")
    np.testing.assert_allclose(total(y_true, y_pred).numpy(), kept.sum(), rtol=1e-6)
    weight = np.array([1.0, 3.0], "float32")
    weighted = (errors * weight[:, None])[np.array(MASK)]
    np.testing.assert_allclose(loss(y_true, y_pred, weight).numpy(), weighted.mean(), rtol=1e-6)
    metric = nacre.metrics.MeanSquaredError()
    metric.update_state(y_true, y_pred)
    # As in Keras: the mean over steps of each sample, weighted by the steps that count.
    per_sample = (errors * MASK).mean(-1).sum() / np.mean(MASK, -1).sum()
    np.testing.assert_allclose(metric.result().numpy(), per_sample, rtol=1e-6)
    y_pred._keras_mask = np.zeros((2, 3), bool)
    assert loss(y_true, y_pred).numpy() == 0


def test_a_plan_computes_its_masks_anew():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(4, 3, 2)).astype("float32")

    def trained(eager):
        nacre.utils.set_random_seed(1)
        model = nacre.Sequential(
            [layers.Embedding(6, 3, mask_zero=True), layers.Dense(4), layers.Dense(2)]
        )
        model.compile("adam", "mse", metrics=["mae"], run_eagerly=eager)
        logs = []
        ids = np.random.default_rng(1)
        for _ in range(4):
            x = ids.integers(0, 6, (4, 3)) * (ids.random((4, 3)) < 0.6)
            logs.append(model.train_on_batch(x.astype("int32"), y))
        return logs, model.get_weights()

    (a, b), (c, d) = trained(False), trained(True)
    assert a == c
    for p, q in zip(b, d, strict=True):
        np.testing.assert_array_equal(p, q)
