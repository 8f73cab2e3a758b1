"""Learning without labels: an autoencoder, a denoising autoencoder and a variational one (MNIST).

The first two squeeze a digit through 32 numbers and draw it again, from a clean or a noisy
picture. The variational autoencoder makes the 20 numbers random: its loss is the evidence lower
bound (ELBO), the log-probability that the model gives to a picture at least, in nats; pictures of
pure chance come from it.

Result (mean of 3 seeds): test ELBO of the variational autoencoder -97.1 nats; mean squared error
of the autoencoder 0.0064, of noisy pictures 0.080 and after denoising 0.013.
"""

import numpy as np
from runs import options, report

import nacre
from nacre import layers, ops

CODE, LATENT = 32, 20


def mlp(sizes, last=None):
    """Dense layers with relu, and one that ends as asked."""
    *hidden, size = sizes
    return nacre.Sequential(
        [*(layers.Dense(n, activation="relu") for n in hidden), layers.Dense(size, activation=last)]
    )


class VAE(nacre.Model):
    """Encoder to mean and log-variance, a draw from that normal, decoder to logits of pixels."""

    def __init__(self):
        super().__init__()
        self.encoder = mlp([512, 256, 2 * LATENT])
        self.decoder = mlp([256, 512, 784])
        self.seed = nacre.random.SeedGenerator(7)

    def call(self, x):
        mean, log_variance = ops.split(self.encoder(x), 2, axis=-1)
        noise = nacre.random.normal(ops.shape(mean), seed=self.seed)
        logits = self.decoder(mean + ops.exp(0.5 * log_variance) * noise)
        divergence = 0.5 * ops.sum(
            ops.exp(log_variance) + mean * mean - 1.0 - log_variance, axis=-1
        )
        # The log-probability of binary pixels, stable for large logits.
        likelihood = ops.sum(x * logits - ops.softplus(logits), axis=-1)
        self.add_loss(ops.mean(divergence - likelihood))
        return logits


def fit_autoencoder(x, source, epochs):
    """Learns to draw x from source."""
    model = nacre.Sequential([mlp([256, CODE]), mlp([256, 784], "sigmoid")])
    model.compile(nacre.optimizers.Adam(1e-3), "mse")
    model.fit(source, x, batch_size=128, epochs=epochs, verbose=0)
    return model


def draw(path, rows):
    """One line of pictures for each title."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 1.25 * len(rows)), layout="constrained")
    all_axes = figure.subplots(len(rows), 10)
    for line, (title, pictures) in zip(all_axes, rows.items(), strict=True):
        for axes, picture in zip(line, pictures[:10], strict=True):
            axes.imshow(np.reshape(picture, (28, 28)), cmap="gray", vmin=0, vmax=1)
            axes.set_axis_off()
        line[0].set_title(title, loc="left", fontsize=9)
    figure.savefig(path)


def main():
    args = options(__doc__, picture="autoencoders_mnist.png")
    (x, _), (test_x, _) = nacre.datasets.mnist.load_data()
    x, test_x = (a.reshape(-1, 784).astype("float32") / 255 for a in (x, test_x))
    if args.quick:
        x, test_x = x[:1280], test_x[:256]
    epochs = 1 if args.quick else 10
    results: dict[str, list] = {}
    for seed in range(args.seeds):
        nacre.utils.set_random_seed(seed)
        rng = np.random.default_rng(seed)
        plain = fit_autoencoder(x, x, epochs)
        noisy_x, noisy_test = (
            np.clip(a + rng.normal(0, 0.4, a.shape), 0, 1).astype("float32") for a in (x, test_x)
        )
        denoiser = fit_autoencoder(x, noisy_x, epochs)
        # The bound is of binary pixels: bright ones are 1, drawn anew by chance from their greys.
        binary_x, binary_test = ((rng.random(a.shape) < a).astype("float32") for a in (x, test_x))
        vae = VAE()
        vae.compile(nacre.optimizers.Adam(1e-3))
        vae.fit(binary_x, batch_size=128, epochs=1 if args.quick else 40, verbose=2)
        for name, value in {
            "autoencoder, test MSE": np.mean((plain.predict(test_x, verbose=0) - test_x) ** 2),
            "noisy pictures, test MSE": np.mean((noisy_test - test_x) ** 2),
            "denoised, test MSE": np.mean((denoiser.predict(noisy_test, verbose=0) - test_x) ** 2),
            "VAE, test ELBO in nats": -vae.evaluate(binary_test, batch_size=500, verbose=0),
        }.items():
            results.setdefault(name, []).append(float(value))
    if args.picture:
        chance = rng.standard_normal((10, LATENT)).astype("float32")
        draw(
            args.picture,
            {
                "test pictures": test_x[:10],
                "autoencoder": plain.predict(test_x[:10], verbose=0),
                "noisy": noisy_test[:10],
                "denoised": denoiser.predict(noisy_test[:10], verbose=0),
                "VAE, drawn by chance": np.array(ops.sigmoid(vae.decoder(chance))),
            },
        )
    report(results)


if __name__ == "__main__":
    main()
