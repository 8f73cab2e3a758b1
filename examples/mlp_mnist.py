"""Handwritten digits with a multilayer perceptron: the first network of every textbook.

Two hidden layers with dropout, Adam, and a learning rate that falls along a cosine.

Result (mean of 3 seeds): test accuracy 98.55 %.
"""

from runs import options, report

import nacre
from nacre import layers


def build():
    """784-512-256-10."""
    return nacre.Sequential(
        [
            nacre.Input((28, 28)),
            layers.Flatten(),
            layers.Rescaling(1 / 255),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10),
        ]
    )


def main():
    args = options(__doc__)
    (x, y), (test_x, test_y) = nacre.datasets.mnist.load_data()
    if args.quick:
        x, y, test_x, test_y = x[:2000], y[:2000], test_x[:500], test_y[:500]
    epochs, batch = (1 if args.quick else 12), 128
    accuracies = []
    for seed in range(args.seeds):
        nacre.utils.set_random_seed(seed)
        model = build()
        rate = nacre.optimizers.schedules.CosineDecay(1e-3, epochs * -(-len(x) // batch))
        model.compile(
            nacre.optimizers.Adam(rate),
            nacre.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        model.fit(x, y, batch_size=batch, epochs=epochs, verbose=2)
        accuracies.append(model.evaluate(test_x, test_y, verbose=0)[1])
    report({"test accuracy": accuracies})


if __name__ == "__main__":
    main()
