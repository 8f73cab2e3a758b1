"""Rare classes: 2.3 % of the spots in mammograms are calcifications. Four ways to train on them.

Accuracy says nothing here (97.7 % for "never"), so average precision is stated, the area under
precision over recall: plain training, class weights, focal loss, and batches with as many of one
class as of the other.

Result (mean of 3 seeds): average precision 0.73 plain, 0.68 with class weights, 0.72 with focal
loss, 0.67 with balanced batches.
"""

import numpy as np
from data import mammography
from runs import average_precision, options, report

import nacre
from nacre import layers


def balanced_batches(x, y, steps, size, rng):
    """Batches with half of each class, drawn with replacement."""
    groups = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    for _ in range(steps):
        rows = np.concatenate([rng.choice(group, size // 2) for group in groups])
        yield x[rows], y[rows]


def train(way, x, y, epochs, seed):
    """A small network, trained in one of the four ways."""
    model = nacre.Sequential(
        [
            nacre.Input((6,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    loss = "binary_focal_crossentropy" if way == "focal loss" else "binary_crossentropy"
    model.compile(nacre.optimizers.Adam(2e-3), loss)
    if way == "balanced sampling":
        steps = len(x) // 64
        rng = np.random.default_rng(seed)
        batches = balanced_batches(x, y, steps * epochs, 64, rng)
        model.fit(batches, steps_per_epoch=steps, epochs=epochs, verbose=0)
        return model
    share = float(y.mean())
    weights = {0: 0.5 / (1 - share), 1: 0.5 / share} if way == "class weights" else None
    model.fit(x, y, batch_size=64, epochs=epochs, class_weight=weights, verbose=0)
    return model


def main():
    args = options(__doc__)
    x, y = mammography()
    results: dict[str, list] = {}
    for seed in range(args.seeds):
        nacre.utils.set_random_seed(seed)
        order = np.random.default_rng(seed).permutation(len(x))
        cut = len(x) * 7 // 10
        train_rows, test_rows = order[:cut], order[cut:]
        for way in ("plain", "class weights", "focal loss", "balanced sampling"):
            model = train(way, x[train_rows], y[train_rows], 1 if args.quick else 40, seed)
            scores = model.predict(x[test_rows], verbose=0)[:, 0]
            results.setdefault(f"{way}, average precision", []).append(
                average_precision(scores, y[test_rows] > 0.5)
            )
    report(results)


if __name__ == "__main__":
    main()
