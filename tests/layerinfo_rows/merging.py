"""Rows of layers: merging."""

from layerinfo import LayerInfo

PAIR = [(2, 5, 3), (2, 5, 3)]

ROWS = [
    *(
        LayerInfo(name, {}, shapes, (2, 5, 3), case=case)
        for name in ("Add", "Multiply", "Average", "Maximum", "Minimum")
        for case, shapes in {
            "": [*PAIR, (2, 5, 3)],
            "one": [(2, 5, 3)],
            "ranks": [(2, 5, 3), (2, 3), (2, 1, 1)],
        }.items()
    ),
    LayerInfo("Subtract", {}, PAIR, (2, 5, 3)),
    LayerInfo("Subtract", {}, [(2, 3), (2, 5, 3)], (2, 5, 3), case="ranks"),
    LayerInfo("Concatenate", {}, [(2, 5, 3), (2, 5, 1), (2, 5, 4)], (2, 5, 8)),
    LayerInfo("Concatenate", {"axis": 1}, [(2, 5, 3), (2, 4, 3)], (2, 9, 3), case="axis1"),
    LayerInfo("Dot", {"axes": 1}, [(2, 5), (2, 5)], (2, 1)),
    LayerInfo("Dot", {"axes": -1, "normalize": True}, PAIR, (2, 5, 5), case="normalize"),
    LayerInfo("Dot", {"axes": (1, 2)}, [(2, 3, 5), (2, 10, 3)], (2, 5, 10), case="axes"),
    LayerInfo("Dot", {"axes": (2, 1)}, [(2, 4, 3), (2, 3)], (2, 4), case="vector"),
    LayerInfo("Dot", {"axes": (1, 3)}, [(2, 3, 4, 5), (2, 6, 7, 3)], (2, 4, 5, 6, 7), case="rank4"),
]
