// The passes: pure functions from graph to graph, one file each. README.md says what each does and
// keeps; passes.cpp has their order.
#pragma once

#include "nacre/graph/graph.h"

namespace nacre {

// Nodes whose results nobody reads go.
Graph remove_dead_nodes(Graph graph);
// Common subexpressions, constants, identities; transposes read by the product that needs them.
Graph simplify(Graph graph);
// Updates of an embedding's table read the rows of its gradient.
Graph take_rows(Graph graph);
// Softmax goes into the cross-entropy that reads it, and so do their gradients.
Graph fuse_cross_entropy(Graph graph);
// Bias, residual, ReLU and its gradient's mask go into the product that they follow.
Graph fold_epilogues(Graph graph);
// Convolutions before pooling, and pooling gradients that are summed, run block by block of images.
Graph run_by_images(Graph graph);
// A product and the sums of its right operand's columns become one node: the gradients of weights
// and bias.
Graph sum_beside_products(Graph graph);
// The optimizer updates of a step become one node, with the clipping of gradients.
Graph merge_updates(Graph graph);
// Elementwise ops that feed each other become pointwise programs.
Graph fuse_pointwise(Graph graph);
// What depends on weights alone is kept from run to run, packed as their kernels want it.
Graph keep_weights(Graph graph);

}  // namespace nacre
