"""Linear models as networks: linear regression, logistic regression and a linear SVM.

One Dense unit is all three; the loss makes the difference. They predict from a census who earns
more than 50,000 a year (Adult); logistic regression is compared with scikit-learn's where it is
installed. On two moons the picture shows why a straight line is not enough, and what a small
network draws.

Result (mean of 3 seeds): test accuracy of logistic regression 85.3 % (scikit-learn's 85.3 %), of
linear regression 84.3 %, of the SVM 85.3 %; two moons: line 87 %, network 99 %.
"""

import numpy as np
from data import adult
from runs import options, report

import nacre
from nacre import layers

LOSSES = {"linear regression": "mse", "logistic regression": "bce", "linear SVM": "hinge"}


def fit_linear(kind, x, y, epochs, batch=256):
    """One unit, trained with the loss of its kind; a score above the threshold means yes."""
    model = nacre.Sequential(
        [
            nacre.Input((x.shape[1],)),
            layers.Dense(1, kernel_regularizer=nacre.regularizers.L2(1e-5)),
        ]
    )
    loss = LOSSES[kind]
    if loss == "bce":
        loss = nacre.losses.BinaryCrossentropy(from_logits=True)
    rate = nacre.optimizers.schedules.CosineDecay(0.02, epochs * -(-len(x) // batch))
    model.compile(nacre.optimizers.Adam(rate), loss)
    model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0)
    return model, 0.5 if loss == "mse" else 0.0


def accuracy(model, threshold, x, y):
    """Share of rows on the right side of the threshold."""
    return float(np.mean((model.predict(x, verbose=0)[:, 0] > threshold) == (y > 0.5)))


def two_moons(n, seed):
    """Two interleaved half circles with noise."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(0, np.pi, n)
    upper = np.stack([np.cos(t), np.sin(t)], 1)
    lower = np.stack([1 - np.cos(t), 0.5 - np.sin(t)], 1)
    x = np.concatenate([upper, lower]) + rng.normal(0, 0.15, (2 * n, 2))
    return x.astype("float32"), np.repeat([0.0, 1.0], n).astype("float32")


def draw_boundaries(path):
    """The regions that a line and a small network draw on two moons, side by side."""
    from matplotlib.figure import Figure

    x, y = two_moons(300, 0)
    network = nacre.Sequential(
        [
            nacre.Input((2,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1),
        ]
    )
    network.compile(nacre.optimizers.Adam(0.01), nacre.losses.BinaryCrossentropy(from_logits=True))
    network.fit(x, y, epochs=60, verbose=0)
    line, _ = fit_linear("logistic regression", x, y, 60, batch=32)
    a, b = np.meshgrid(np.linspace(-1.6, 2.6, 200), np.linspace(-1.2, 1.7, 200))
    grid = np.stack([a.ravel(), b.ravel()], 1).astype("float32")
    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, (title, model) in zip(
        figure.subplots(1, 2),
        {"logistic regression": line, "MLP 32-32": network}.items(),
        strict=True,
    ):
        scores = model.predict(grid, batch_size=4096, verbose=0).reshape(a.shape)
        axes.contourf(a, b, scores > 0, alpha=0.25, cmap="coolwarm")
        axes.scatter(*x.T, c=y, s=8, cmap="coolwarm")
        axes.set_title(f"{title}: {accuracy(model, 0.0, x, y):.1%}")
    figure.savefig(path)
    return accuracy(line, 0.0, x, y), accuracy(network, 0.0, x, y)


def main():
    args = options(__doc__, picture="linear_models.png")
    (x, y), (test_x, test_y) = adult()
    if args.quick:
        x, y, test_x, test_y = x[:2000], y[:2000], test_x[:1000], test_y[:1000]
    results: dict[str, list] = {}
    for seed in range(args.seeds):
        nacre.utils.set_random_seed(seed)
        for kind in LOSSES:
            model, threshold = fit_linear(kind, x, y, 2 if args.quick else 12)
            results.setdefault(f"{kind}, test accuracy", []).append(
                accuracy(model, threshold, test_x, test_y)
            )
    try:
        from sklearn.linear_model import LogisticRegression

        theirs = LogisticRegression(max_iter=1000).fit(x, y).score(test_x, test_y)
        results["logistic regression, scikit-learn's"] = [theirs]
    except ImportError:
        pass
    if args.picture:
        line, network = draw_boundaries(args.picture)
        results |= {"two moons, line": [line], "two moons, MLP": [network]}
    report(results)


if __name__ == "__main__":
    main()
