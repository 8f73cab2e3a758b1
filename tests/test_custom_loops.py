"""Training loops of one's own: tapes, captured steps, two optimizers, second derivatives, draws."""

from __future__ import annotations

import numpy as np
import pytest

import nacre
from nacre import layers, ops


def rows(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def network(seed=0):
    nacre.utils.set_random_seed(seed)
    x = nacre.Input((3,))
    return nacre.Model(x, layers.Dense(1)(layers.Dense(8, activation="tanh")(x)))


@pytest.mark.parametrize("captured", [False, True])
@pytest.mark.parametrize("how", ["apply", "apply_gradients"])
def test_a_loop_with_a_tape_is_fit(captured, how):
    x, y = rows(32, 3), rows(32, 1)
    model = network()
    optimizer = nacre.optimizers.Adam(0.01)
    loss_function = nacre.losses.MeanSquaredError()

    def step(x, y):
        with nacre.GradientTape() as tape:
            loss = loss_function(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        if how == "apply":
            optimizer.apply(gradients, model.trainable_variables)
        else:
            pairs = zip(gradients, model.trainable_variables, strict=True)
            optimizer.apply_gradients(pairs)
        return loss

    run = nacre.function(step) if captured else step
    for _ in range(3):
        for i in range(0, 32, 8):
            run(x[i : i + 8], y[i : i + 8])

    fitted = network()
    fitted.compile(nacre.optimizers.Adam(0.01), "mse")
    fitted.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), fitted.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


class Gan(nacre.Model):
    """Two networks that are trained by turns in one step."""

    def __init__(self):
        super().__init__()
        self.generator = nacre.Sequential(
            [nacre.Input((4,)), layers.Dense(8, "relu"), layers.Dense(2)]
        )
        self.critic = nacre.Sequential(
            [nacre.Input((2,)), layers.Dense(8, "relu"), layers.Dense(1)]
        )
        self.seed = nacre.random.SeedGenerator(5)
        self.d_loss = nacre.metrics.Mean(name="d_loss")
        self.g_loss = nacre.metrics.Mean(name="g_loss")

    def compile(self, d_optimizer, g_optimizer, **kwargs):
        super().compile(**kwargs)
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
        self.cross_entropy = nacre.losses.BinaryCrossentropy(from_logits=True)

    @property
    def metrics(self):
        return [self.d_loss, self.g_loss]

    def train_step(self, data):
        real = data  # fit(x) alone gives no tuple
        rows = real.shape[0]
        fake = self.generator(nacre.random.normal((rows, 4), seed=self.seed))
        labels = ops.concatenate([ops.ones((rows, 1)), ops.zeros((rows, 1))], axis=0)
        with nacre.GradientTape() as tape:
            logits = self.critic(ops.concatenate([real, fake], axis=0))
            d_loss = self.cross_entropy(labels, logits)
        weights = self.critic.trainable_weights
        self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)
        with nacre.GradientTape() as tape:
            fake = self.generator(nacre.random.normal((rows, 4), seed=self.seed))
            g_loss = self.cross_entropy(ops.ones((rows, 1)), self.critic(fake))
        weights = self.generator.trainable_weights
        self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)
        self.d_loss.update_state(d_loss)
        self.g_loss.update_state(g_loss)
        return {m.name: m.result() for m in self.metrics}


def test_two_optimizers_by_turns():
    weights, histories = [], []
    for eager in (True, False):
        nacre.utils.set_random_seed(1)
        gan = Gan()
        gan.compile(nacre.optimizers.Adam(1e-2), nacre.optimizers.Adam(1e-3), run_eagerly=eager)
        histories.append(gan.fit(rows(64, 2) + 3, batch_size=16, epochs=4, verbose=0).history)
        weights.append(gan.get_weights())
    assert histories[0] == histories[1]
    assert set(histories[0]) == {"d_loss", "g_loss"}
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def critics():
    yield (
        "dense",
        nacre.Sequential(
            [
                nacre.Input((3,), dtype="float64"),
                layers.Dense(4, activation="tanh", dtype="float64"),
                layers.Dense(1, dtype="float64"),
            ]
        ),
        (5, 3),
    )
    yield (
        "conv2d",
        nacre.Sequential(
            [
                nacre.Input((5, 5, 2), dtype="float64"),
                layers.Conv2D(3, 3, activation="tanh", dtype="float64"),
                layers.Flatten(dtype="float64"),
                layers.Dense(1, dtype="float64"),
            ]
        ),
        (2, 5, 5, 2),
    )


@pytest.mark.parametrize("kind", ["dense", "conv2d"])
def test_gradient_penalty(kind):
    """Wasserstein GANs, Gulrajani et al. 2017: the gradient of a gradient's length."""
    critic, shape = next((c, s) for k, c, s in critics() if k == kind)
    x = ops.convert_to_tensor(np.random.default_rng(0).standard_normal(shape))

    def penalty():
        with nacre.GradientTape() as inner:
            inner.watch(x)
            score = ops.sum(critic(x, training=True))
        gradient = inner.gradient(score, x)
        axes = tuple(range(1, len(shape)))
        length = ops.sqrt(ops.sum(ops.square(gradient), axis=axes) + 1e-12)
        return ops.mean(ops.square(length - 1.0))

    weights = critic.trainable_weights
    with nacre.GradientTape() as tape:
        loss = penalty()
    gradients = tape.gradient(loss, weights)
    rng = np.random.default_rng(1)
    checked = 0
    for weight, gradient in zip(weights, gradients, strict=True):
        if gradient is None:
            continue
        direction = rng.standard_normal(tuple(weight.shape))
        value, step = weight.numpy(), 1e-5
        weight.assign(value + step * direction)
        above = float(penalty())
        weight.assign(value - step * direction)
        below = float(penalty())
        weight.assign(value)
        expected = (above - below) / (2 * step)
        np.testing.assert_allclose(
            float((gradient.numpy() * direction).sum()), expected, rtol=1e-4, atol=1e-7
        )
        checked += abs(expected) > 1e-6
    assert checked >= 2


class Sampling(layers.Layer):
    """A draw from a normal distribution that gradients go through."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = nacre.random.SeedGenerator(7)

    def call(self, inputs):
        mean, log_variance = inputs
        noise = nacre.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise


class Vae(nacre.Model):
    """Kingma and Welling 2014."""

    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder, self.decoder = encoder, decoder
        self.loss_tracker = nacre.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.loss_tracker]

    def train_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        with nacre.GradientTape() as tape:
            mean, log_variance, z = self.encoder(x)
            error = ops.mean(ops.sum(ops.square(x - self.decoder(z)), axis=1))
            divergence = -0.5 * (1 + log_variance - ops.square(mean) - ops.exp(log_variance))
            loss = error + ops.mean(ops.sum(divergence, axis=1))
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}


def test_reparameterization():
    histories = []
    for eager in (True, False):
        nacre.utils.set_random_seed(4)
        x = nacre.Input((6,))
        h = layers.Dense(8, activation="relu")(x)
        mean, log_variance = layers.Dense(2)(h), layers.Dense(2)(h)
        encoder = nacre.Model(x, [mean, log_variance, Sampling()([mean, log_variance])])
        decoder = nacre.Sequential([nacre.Input((2,)), layers.Dense(8, "relu"), layers.Dense(6)])
        vae = Vae(encoder, decoder)
        vae.compile("adam", run_eagerly=eager)
        data = rows(64, 2) @ rows(2, 6, seed=1)
        histories.append(vae.fit(data, batch_size=16, epochs=10, verbose=0).history["loss"])
    assert histories[0] == histories[1]
    assert histories[0][-1] < histories[0][0]
