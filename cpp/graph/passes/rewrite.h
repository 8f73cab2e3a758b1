// What passes share: reading and changing attributes by name, who makes and who reads a value.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "nacre/graph/graph.h"

namespace nacre {

// The node that makes each value, or -1.
std::vector<int> producers_of(const Graph& graph);
// How often each value is read: by nodes, as an output, by assignments.
std::vector<int> use_counts(const Graph& graph);

// A field of a node's attributes; monostate where there is none of that name.
AttrValue attribute(const GraphNode& node, std::string_view name);
// A copy of the node's attributes with some fields changed.
Ref<Attrs> with_attributes(const GraphNode& node,
                           std::initializer_list<std::pair<std::string_view, AttrValue>> changes);

// Turns a matmul into the fused_matmul that does the same.
void make_fused_matmul(GraphNode& node);

// The value of a tensor's elements where all have the same bits; of small tensors only.
std::optional<double> uniform_value(const Tensor& tensor);

// The op works element by element on operands that it broadcasts itself.
bool broadcasts_operands(const OpDef& op);

// How many axes a sum of `in` adds up, if these are the first ones; else 0.
int summed_axes(const GraphNode& node, const Shape& in);

// Nothing but the shape differs between the node's input and its output, which share data.
bool is_reshape(const Graph& graph, const GraphNode& node);

}  // namespace nacre
