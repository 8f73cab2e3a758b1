// Ops run block by block of the batch. What they hand to each other stays in the second-level cache
// and never goes through memory. The pass of the same name (graph/passes/image_blocks.cpp) makes
// them.
#pragma once

#include <vector>

#include "nacre/ops/opdef.h"

namespace nacre {

// One op of a block. It has one result, of float32 where it is summed, and needs no workspace.
struct ImageBlockMember {
  enum class Source : uint8_t {
    kAbsent,
    kImages,  // the block's part of an input of image_blocks
    kWhole,   // an input as it is: weights
    kHanded,  // what the block holds
  };
  enum class Result : uint8_t {
    kHanded,  // held until the next such result, which may take its place
    kImages,  // the block's part of an output
    kSum,     // an output, summed over the blocks
  };
  struct Operand {
    Source source;
    int input = -1;
  };

  const OpDef* op;
  Ref<Attrs> attrs;
  std::vector<Operand> inputs;
  Result result;
  TensorSpec spec;  // of the result for the whole batch
};

// The op that runs the members, in order, for each block; its outputs are the results that are not
// handed on, in order. It makes no tensors by itself: only plans hold it.
const OpDef& image_blocks_op();
Ref<Attrs> image_blocks_attrs(std::vector<ImageBlockMember> members);
const std::vector<ImageBlockMember>& image_block_members(const Attrs& attrs);
void register_image_blocks(OpRegistry& registry);

// How many images of a value that is handed on a block has.
int64_t images_per_block(const TensorSpec& handed);

}  // namespace nacre
