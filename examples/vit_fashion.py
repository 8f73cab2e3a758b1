"""A Vision Transformer: clothes as 49 patches of 4x4 pixels (Fashion-MNIST)."""

from runs import options, report
from transformer_blocks import transformer_block

import nacre
from nacre import layers

PATCH, WIDTH, BLOCKS = 4, 64, 4


def build():
    """Patches become vectors by one strided convolution; blocks; the mean decides."""
    inputs = nacre.Input((28, 28, 1))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(WIDTH, PATCH, strides=PATCH)(x)
    x = layers.Reshape((-1, WIDTH))(x)
    x = layers.add([x, layers.PositionEmbedding((28 // PATCH) ** 2)(x)])
    for _ in range(BLOCKS):
        x = transformer_block(x, heads=4, dropout=0.1, hidden=2)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return nacre.Model(inputs, layers.Dense(10)(x))


def main():
    args = options(__doc__)
    (x, y), (test_x, test_y) = nacre.datasets.fashion_mnist.load_data()
    x, test_x = x[..., None], test_x[..., None]
    if args.quick:
        x, y, test_x, test_y = x[:256], y[:256], test_x[:128], test_y[:128]
    epochs, batch = (1 if args.quick else 10), 128
    accuracies = []
    for seed in range(args.seeds):
        nacre.utils.set_random_seed(seed)
        model = build()
        steps = epochs * -(-len(x) // batch)
        rate = nacre.optimizers.schedules.CosineDecay(
            1e-5, steps, warmup_target=1e-3, warmup_steps=steps // 10
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
