// The op that brings the weights of another op into its kernel's layout (OpDef::packing). Only
// plans have it: a graph pass (graph/passes/layout.cpp) puts it before an op whose weights stay as
// they are from run to run.
#pragma once

#include "nacre/ops/opdef.h"

namespace nacre {

const OpDef& pack_weights_op();  // (weights) -> floats in one dimension
// For an op with packing, with these attributes and operands (absent ones without a spec).
Ref<Attrs> pack_weights_attrs(const OpDef& host, Ref<Attrs> attrs, std::span<const Buffer> in,
                              std::span<const Buffer> out, Packing::Layout layout);

}  // namespace nacre
