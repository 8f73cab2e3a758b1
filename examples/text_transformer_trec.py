"""What is a question about? A Transformer encoder sorts questions into six kinds (TREC).

Words and their places become vectors, two blocks of attention mix them, and the mean over the
words decides. 5,452 questions train it, 500 test it.

Result (mean of 3 seeds): test accuracy 86.9 %.
"""

import numpy as np
from data import Vocabulary, labelled_sentences
from runs import options, report
from transformer_blocks import transformer_block

import nacre
from nacre import layers

LENGTH, WORDS, WIDTH = 24, 6000, 96


def build():
    """Two blocks over the words of a question; padding is masked."""
    inputs = nacre.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(WORDS, WIDTH, mask_zero=True)(inputs)
    x = layers.Dropout(0.4)(layers.add([x, layers.PositionEmbedding(LENGTH)(x)]))
    for _ in range(2):
        x = transformer_block(x, heads=4, dropout=0.3, hidden=2)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return nacre.Model(inputs, layers.Dense(6)(layers.Dropout(0.4)(x)))


def main():
    args = options(__doc__)
    texts, y = labelled_sentences("trec", "TREC.train.all")
    test_texts, test_y = labelled_sentences("trec", "TREC.test.all")
    texts, test_texts = ([t.lower() for t in group] for group in (texts, test_texts))
    if args.quick:
        texts, y = texts[:320], y[:320]
    vocabulary = Vocabulary(texts, WORDS)
    x, test_x = vocabulary.encode(texts, LENGTH), vocabulary.encode(test_texts, LENGTH)
    epochs, batch = (1 if args.quick else 25), 64
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
        # Unknown words must mean something: some known ones are hidden in training.
        rng = np.random.default_rng(seed)
        hidden = np.where((rng.random(x.shape) < 0.1) & (x > 3), 1, x).astype("int32")
        model.fit(hidden, y, batch_size=batch, epochs=epochs, verbose=2)
        accuracies.append(model.evaluate(test_x, test_y, batch_size=250, verbose=0)[1])
    report({"test accuracy": accuracies})


if __name__ == "__main__":
    main()
