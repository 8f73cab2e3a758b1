"""The data of the examples: real, public, read from the folder ``NACRE_DATA``.

The image sets (MNIST, Fashion-MNIST, CIFAR-10) come with ``nacre.datasets``, which also downloads
them. The others are small public files, laid out in one folder a set; ``path`` says what it
looked for.
"""

import csv
import gzip
import os

import numpy as np


def path(*parts: str) -> str:
    """A file below ``NACRE_DATA``."""
    root = os.environ.get("NACRE_DATA")
    if not root:
        raise SystemExit("set NACRE_DATA to the folder with the data sets")
    name = os.path.join(root, *parts)
    if not os.path.exists(name):
        raise SystemExit(f"not found: {name}")
    return name


def adult() -> tuple:
    """Census incomes: numbers scaled, categories as one-hot columns; y is income over 50K."""
    categories = [1, 3, 5, 6, 7, 8, 9, 13]
    numbers = [0, 2, 4, 10, 11, 12]

    def rows(name):
        with gzip.open(path("adult", name), "rt") as file:
            table = [[cell.strip() for cell in row] for row in csv.reader(file)]
        return [row for row in table if len(row) == 15]

    train, test = rows("adult.data.gz"), rows("adult.test.gz")
    columns = [sorted({row[c] for row in train}) for c in categories]
    scale = np.array([[float(row[c]) for c in numbers] for row in train])
    mean, deviation = scale.mean(0), scale.std(0)

    def arrays(table):
        x = (np.array([[float(row[c]) for c in numbers] for row in table]) - mean) / deviation
        hot = [
            [
                row[c] == value
                for c, values in zip(categories, columns, strict=True)
                for value in values
            ]
            for row in table
        ]
        y = np.array([row[14].startswith(">50K") for row in table])
        return np.concatenate([x, np.array(hot)], 1).astype("float32"), y.astype("float32")

    return arrays(train), arrays(test)


def mammography() -> tuple:
    """Six measurements of a spot in a mammogram, scaled; y is 1 for a calcification (2.3 %)."""
    with open(path("mammography", "mammography.csv")) as file:
        rows = list(csv.reader(file, quotechar="'"))
    x = np.array([[float(v) for v in row[:6]] for row in rows])
    y = np.array([row[6].strip("'\"") == "1" for row in rows], "float32")
    return ((x - x.mean(0)) / x.std(0)).astype("float32"), y


def ett_hours() -> tuple:
    """Seven hourly series of a power transformer, scaled: train, validation and test rows."""
    table = np.genfromtxt(path("ett", "ETTh1.csv"), delimiter=",", skip_header=1)[:, 1:]
    train = table[:8640]
    table = ((table - train.mean(0)) / train.std(0)).astype("float32")
    return table[:8640], table[8640:11520], table[11520:14400]


def labelled_sentences(folder: str, name: str) -> tuple:
    """Lines of a label, a space and tokens: lists of sentences, an array of labels."""
    with open(path(folder, name), encoding="utf-8", errors="replace") as file:
        lines = [line.rstrip("\n").split(" ", 1) for line in file]
    return [line[1] for line in lines], np.array([int(line[0]) for line in lines], "int32")


def shakespeare() -> tuple:
    """The text as ids of characters, and the characters."""
    with open(path("tinyshakespeare", "input.txt"), encoding="ascii") as file:
        text = file.read()
    characters = sorted(set(text))
    table = {c: i for i, c in enumerate(characters)}
    return np.array([table[c] for c in text], "int32"), characters


def sentence_pairs(split: str) -> tuple:
    """English and German lines of Multi30k: "train", "val" or "test_2016_flickr"."""

    def lines(language):
        with gzip.open(path("multi30k", f"{split}.{language}.gz"), "rt", encoding="utf-8") as file:
            return file.read().rstrip("\n").split("\n")

    return lines("en"), lines("de")


class Vocabulary:
    """Words of texts by frequency: 0 pads, 1 is unknown, 2 begins and 3 ends a sentence."""

    def __init__(self, texts: list, size: int) -> None:
        counts: dict[str, int] = {}
        for text in texts:
            for word in text.split():
                counts[word] = counts.get(word, 0) + 1
        common = sorted(counts, key=lambda word: (-counts[word], word))[: size - 4]
        self.words = ["", "[UNK]", "[START]", "[END]", *common]
        self.ids = {word: i for i, word in enumerate(self.words)}

    def encode(self, texts: list, length: int, ends: bool = False) -> np.ndarray:
        """(len(texts), length) ids, padded with zeros, cut where longer."""
        out = np.zeros((len(texts), length), "int32")
        for row, text in zip(out, texts, strict=True):
            ids = [self.ids.get(word, 1) for word in text.split()]
            ids = [2, *ids[: length - 2], 3] if ends else ids[:length]
            row[: len(ids)] = ids
        return out

    def decode(self, ids) -> str:
        """The words up to the end of the sentence."""
        words = []
        for i in ids:
            if i == 3:
                break
            if i > 3 or i == 1:
                words.append(self.words[int(i)])
        return " ".join(words)
