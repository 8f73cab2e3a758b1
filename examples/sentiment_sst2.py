"""Is a movie review's sentence positive? An LSTM and a GRU read it word by word (SST-2).

Words become vectors, a bidirectional recurrent layer reads them with a mask over the padding, and
its last states decide. Trained from scratch on 6,920 sentences, so dropout does much of the work.

Result (mean of 3 seeds): test accuracy 80.2 % (LSTM), 81.1 % (GRU).
"""

from data import Vocabulary, labelled_sentences
from runs import options, report

import nacre
from nacre import layers

LENGTH, WORDS = 40, 12000


def build(recurrent):
    """Embedding, a recurrent layer in both directions, one unit."""
    return nacre.Sequential(
        [
            nacre.Input((LENGTH,), dtype="int32"),
            layers.Embedding(WORDS, 96, mask_zero=True),
            layers.SpatialDropout1D(0.4),
            layers.Bidirectional(recurrent(64)),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def main():
    args = options(__doc__)
    texts, y = labelled_sentences("sst2", "stsa.binary.train")
    val_texts, val_y = labelled_sentences("sst2", "stsa.binary.dev")
    test_texts, test_y = labelled_sentences("sst2", "stsa.binary.test")
    if args.quick:
        texts, y = texts[:512], y[:512]
    vocabulary = Vocabulary(texts, WORDS)
    x = vocabulary.encode(texts, LENGTH)
    val_x = vocabulary.encode(val_texts, LENGTH)
    test_x = vocabulary.encode(test_texts, LENGTH)
    results: dict[str, list] = {}
    for seed in range(args.seeds):
        for name, recurrent in {"LSTM": layers.LSTM, "GRU": layers.GRU}.items():
            nacre.utils.set_random_seed(seed)
            model = build(recurrent)
            model.compile(
                nacre.optimizers.Adam(1e-3),
                "binary_crossentropy",
                metrics=["accuracy"],
            )
            model.fit(
                x,
                y,
                batch_size=32,
                epochs=1 if args.quick else 8,
                validation_data=(val_x, val_y),
                callbacks=[
                    nacre.callbacks.EarlyStopping(
                        "val_accuracy", mode="max", patience=3, restore_best_weights=True
                    )
                ],
                verbose=2,
            )
            accuracy = model.evaluate(test_x, test_y, batch_size=256, verbose=0)[1]
            results.setdefault(f"{name}, test accuracy", []).append(accuracy)
    report(results)


if __name__ == "__main__":
    main()
