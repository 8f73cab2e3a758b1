"""Transfer learning: what a network learned on five kinds of clothes helps with five others.

A convolutional network is trained on classes 0 to 4 of Fashion-MNIST. Its convolutions are
frozen, a new head learns classes 5 to 9 from five pictures of each, then everything is tuned. The
same network trained from scratch on the same 25 pictures, as long, is the comparison. (Of ten
pictures a class it learns as much without help: garments teach little about shoes and bags.)

Result (mean of 3 seeds): test accuracy 79.7 % with pretraining, 75.3 % from scratch.
"""

import numpy as np
from runs import options, report

import nacre
from nacre import layers

LABELS = 5  # pictures a class


def body():
    """28x28 -> 128 features."""
    return nacre.Sequential(
        [
            nacre.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 3, activation="relu", padding="same"),
            layers.GlobalAveragePooling2D(),
        ],
        name="body",
    )


def train(features, x, y, epochs, rate, head=None):
    """The features under a head (a new one if none is given) for five classes."""
    head = head or layers.Dense(5)
    model = nacre.Sequential([nacre.Input((28, 28, 1)), features, layers.Dropout(0.3), head])
    model.compile(
        nacre.optimizers.Adam(rate),
        nacre.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(x, y, batch_size=min(128, len(x)), epochs=epochs, verbose=0)
    return model, head


def main():
    args = options(__doc__)
    (x, y), (test_x, test_y) = nacre.datasets.fashion_mnist.load_data()
    x, test_x = x[..., None], test_x[..., None]
    known, new = y < 5, np.flatnonzero(y >= 5)
    test_x, test_y = test_x[test_y >= 5], test_y[test_y >= 5] - 5
    pretrain_x, pretrain_y = x[known], y[known]
    if args.quick:
        pretrain_x, pretrain_y, test_x, test_y = (
            a[:500] for a in (pretrain_x, pretrain_y, test_x, test_y)
        )
    results: dict[str, list] = {}
    for seed in range(args.seeds):
        nacre.utils.set_random_seed(seed)
        rng = np.random.default_rng(seed)
        rows = np.concatenate([rng.choice(new[y[new] == c], LABELS, False) for c in range(5, 10)])
        few_x, few_y = x[rows], y[rows] - 5
        features = body()
        train(features, pretrain_x, pretrain_y, 1 if args.quick else 6, 1e-3)
        features.trainable = False
        _, head = train(features, few_x, few_y, 5 if args.quick else 100, 3e-3)
        features.trainable = True
        tuned, _ = train(features, few_x, few_y, 2 if args.quick else 300, 1e-3, head)
        scratch, _ = train(body(), few_x, few_y, 5 if args.quick else 400, 1e-3)
        for name, model in {"pretrained, fine-tuned": tuned, "from scratch": scratch}.items():
            accuracy = model.evaluate(test_x, test_y, batch_size=500, verbose=0)[1]
            results.setdefault(f"{name}, test accuracy", []).append(accuracy)
    report(results)


if __name__ == "__main__":
    main()
