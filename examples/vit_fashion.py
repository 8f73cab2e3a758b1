"""A Vision Transformer: clothes as 49 patches, each a word of the picture (Fashion-MNIST).

Two small strided convolutions make a vector of each patch and what is around it, which helps a
Transformer that sees few pictures; blocks of attention mix them, and their mean decides.

Result (mean of 3 seeds): test accuracy 89.4 %.
"""

from runs import options, report
from transformer_blocks import transformer_block

import nacre
from nacre import layers

PATCHES, WIDTH, BLOCKS = 49, 64, 4


def build():
    """28x28 -> 7x7 patches of width 64; blocks; the mean."""
    inputs = nacre.Input((28, 28, 1))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(WIDTH // 2, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(WIDTH, 3, strides=2, padding="same")(x)
    x = layers.Reshape((PATCHES, WIDTH))(x)
    x = layers.add([x, layers.PositionEmbedding(PATCHES)(x)])
    for _ in range(BLOCKS):
        x = transformer_block(x, heads=4, dropout=0.0, hidden=2)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return nacre.Model(inputs, layers.Dense(10)(x))


def main():
    args = options(__doc__)
    (x, y), (test_x, test_y) = nacre.datasets.fashion_mnist.load_data()
    x, test_x = x[..., None], test_x[..., None]
    if args.quick:
        x, y, test_x, test_y = x[:256], y[:256], test_x[:128], test_y[:128]
    epochs, batch = (1 if args.quick else 5), 128
    accuracies = []
    for seed in range(args.seeds):
        nacre.utils.set_random_seed(seed)
        model = build()
        steps = epochs * -(-len(x) // batch)
        rate = nacre.optimizers.schedules.CosineDecay(
            1e-5, steps, warmup_target=2e-3, warmup_steps=steps // 10
        )
        model.compile(
            nacre.optimizers.AdamW(rate, weight_decay=0.05),
            nacre.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        model.fit(x, y, batch_size=batch, epochs=epochs, verbose=2)
        accuracies.append(model.evaluate(test_x, test_y, batch_size=500, verbose=0)[1])
    report({"test accuracy": accuracies})


if __name__ == "__main__":
    main()
