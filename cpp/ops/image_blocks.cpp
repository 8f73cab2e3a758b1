#include "ops/image_blocks.h"

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "nacre/base/parallel.h"

namespace nacre {
namespace {

constexpr int64_t kBlockBytes = 256 << 10;
constexpr int64_t kMaxBlocks = 64;
constexpr size_t kMaxInputs = 8;  // of a member

using Member = ImageBlockMember;

struct ImageBlocksAttrs : AttrsOf<ImageBlocksAttrs> {
  int64_t count = 0;  // of the members, which only a graph pass makes
  std::vector<Member> members;
  NACRE_ATTRS(count)

  // The first result that is handed on; the others are no larger.
  const TensorSpec& handed() const { return members[0].spec; }
  int64_t blocks() const {
    const int64_t images = images_per_block(handed());
    return (handed().shape[0] + images - 1) / images;
  }
  int64_t sum_floats() const {
    int64_t floats = 0;
    for (const Member& m : members) {
      if (m.result == Member::Result::kSum) floats += m.spec.shape.size();
    }
    return floats;
  }
};

const ImageBlocksAttrs& attrs_of(const Attrs* attrs) {
  return *static_cast<const ImageBlocksAttrs*>(attrs);
}

// What a block hands on: of the thread, since the members use its scratch memory themselves.
void* handed_memory(size_t bytes) {
  struct Free {
    void operator()(void* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  thread_local std::unique_ptr<void, Free> memory;
  thread_local size_t size = 0;
  if (bytes > size) {
    size = 0;
    memory.reset();
    memory.reset(::operator new[](bytes, std::align_val_t{64}));
    size = bytes;
  }
  return memory.get();
}

// `count` images from `first` on of a dense array; `spec` is made theirs.
Buffer images_of(const Buffer& whole, int64_t first, int64_t count, TensorSpec& spec) {
  spec = *whole.spec;
  const size_t image = spec.bytes() / static_cast<size_t>(spec.shape[0]);
  spec.shape[0] = count;
  return {whole.as<char>() + static_cast<size_t>(first) * image, &spec};
}

// Weights that all blocks would pack alike, packed once a call: of each member, or null.
using PackedWeights = std::array<const float*, kMaxInputs>;

// The operands of one member for `count` images from `first` on.
struct Operands {
  TensorSpec specs[kMaxInputs];
  Buffer in[kMaxInputs];

  Operands(const Member& member, std::span<const Buffer> all, const Buffer& handed, int64_t first,
           int64_t count) {
    for (size_t i = 0; i < member.inputs.size(); ++i) {
      const auto [source, input] = member.inputs[i];
      if (source == Member::Source::kHanded) in[i] = handed;
      if (source == Member::Source::kWhole) in[i] = all[static_cast<size_t>(input)];
      if (source == Member::Source::kImages)
        in[i] = images_of(all[static_cast<size_t>(input)], first, count, specs[i]);
    }
  }
};

// Calls body(member's index, operands, result, layout) for every member that packs its weights.
template <class Body>
void each_packing(const ImageBlocksAttrs& attrs, std::span<const Buffer> all, Body body) {
  const int64_t count = images_per_block(attrs.handed());
  TensorSpec handed_spec;
  Buffer handed;
  for (size_t m = 0; m < std::min(attrs.members.size(), kMaxInputs); ++m) {
    const Member& member = attrs.members[m];
    const Operands operands(member, all, handed, 0, count);
    TensorSpec result_spec = member.spec;
    if (member.result != Member::Result::kSum) result_spec.shape[0] = count;
    const Buffer result{nullptr, &result_spec};
    const Packing& packing = member.op->packing;
    if (packing.weights >= 0 &&
        member.inputs[static_cast<size_t>(packing.weights)].source == Member::Source::kWhole) {
      const std::span<const Buffer> in(operands.in, member.inputs.size());
      const auto layout = packing.layout(member.attrs.get(), in, {&result, 1});
      if (layout.floats > 0) body(m, in, result, layout.floats);
    }
    if (member.result == Member::Result::kHanded) {
      handed_spec = result_spec;
      handed = {nullptr, &handed_spec};
    }
  }
}

void run_block(const ImageBlocksAttrs& attrs, const KernelContext& c, int64_t first, int64_t count,
               const PackedWeights& packed, float* sums) {
  const TensorSpec& largest = attrs.handed();
  void* memory = handed_memory(static_cast<size_t>(images_per_block(largest)) *
                               (largest.bytes() / static_cast<size_t>(largest.shape[0])));
  TensorSpec handed_spec;
  Buffer handed;
  const Buffer* out = c.out.data();
  for (size_t m = 0; m < attrs.members.size(); ++m) {
    const Member& member = attrs.members[m];
    Operands operands(member, c.in, handed, first, count);
    size_t num_inputs = member.inputs.size();
    if (m < packed.size() && packed[m]) {
      const auto input = static_cast<size_t>(member.op->packing.packed);
      operands.specs[input] = {DType::kFloat32, Shape{1}};
      operands.in[input] = {const_cast<float*>(packed[m]), &operands.specs[input]};
      num_inputs = std::max(num_inputs, input + 1);
    }
    TensorSpec result_spec;
    Buffer result;
    switch (member.result) {
      case Member::Result::kHanded:
        result = images_of({memory, &member.spec}, 0, count, result_spec);
        break;
      case Member::Result::kImages:
        result = images_of(*out++, first, count, result_spec);
        break;
      case Member::Result::kSum:
        result = {sums, &member.spec};
        sums += member.spec.shape.size();
        ++out;
        break;
    }
    member.op->kernel({member.attrs.get(), {operands.in, num_inputs}, {&result, 1}, nullptr});
    if (member.result == Member::Result::kHanded) {
      handed_spec = result_spec;
      handed = {memory, &handed_spec};
    }
  }
}

void image_blocks_kernel(const KernelContext& c) {
  const auto& attrs = c.attrs_as<ImageBlocksAttrs>();
  const int64_t batch = attrs.handed().shape[0], images = images_per_block(attrs.handed());
  const int64_t blocks = attrs.blocks(), floats = attrs.sum_floats();
  float* sums = static_cast<float*>(c.workspace);
  float* space = sums + blocks * floats;
  PackedWeights packed{};
  each_packing(attrs, c.in,
               [&](size_t m, std::span<const Buffer> in, const Buffer& result, int64_t size) {
                 const Member& member = attrs.members[m];
                 member.op->packing.pack(member.attrs.get(), in, {&result, 1}, space);
                 packed[m] = space;
                 space += size;
               });
  parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block * images;
      run_block(attrs, c, first, std::min(images, batch - first), packed, sums + block * floats);
    }
  });
  // At most kMaxBlocks terms each, in the order of the blocks.
  const Buffer* out = c.out.data();
  for (const Member& member : attrs.members) {
    if (member.result == Member::Result::kHanded) continue;
    const Buffer& result = *out++;
    if (member.result == Member::Result::kImages) continue;
    float* y = result.as<float>();
    for (int64_t i = 0; i < result.size(); ++i) {
      double sum = 0;
      for (int64_t block = 0; block < blocks; ++block) sum += sums[block * floats + i];
      y[i] = static_cast<float>(sum);
    }
    sums += result.size();
  }
}

Tensors image_blocks_composite(std::span<const Tensor> in, const Attrs* attrs) {
  Tensors out;
  Tensor handed;
  for (const Member& member : attrs_of(attrs).members) {
    Tensors inputs;
    for (const auto& [source, input] : member.inputs) {
      inputs.push_back(source == Member::Source::kHanded   ? handed
                       : source == Member::Source::kAbsent ? Tensor()
                                                           : in[static_cast<size_t>(input)]);
    }
    const Tensor result = apply_one(*member.op, inputs, member.attrs);
    if (member.result == Member::Result::kHanded) {
      handed = result;
    } else {
      out.push_back(result);
    }
  }
  return out;
}

double image_blocks_flops(const Attrs* attrs, std::span<const Buffer> in, std::span<const Buffer>) {
  double flops = 0;
  Buffer handed;
  for (const Member& member : attrs_of(attrs).members) {
    Buffer operands[kMaxInputs];
    for (size_t i = 0; i < member.inputs.size(); ++i) {
      const auto [source, input] = member.inputs[i];
      if (source == Member::Source::kHanded) operands[i] = handed;
      if (input >= 0) operands[i] = in[static_cast<size_t>(input)];
    }
    const Buffer result{nullptr, &member.spec};
    if (member.op->flops) {
      flops += member.op->flops(member.attrs.get(), {operands, member.inputs.size()}, {&result, 1});
    }
    if (member.result == Member::Result::kHanded) handed = result;
  }
  return flops;
}

}  // namespace

int64_t images_per_block(const TensorSpec& handed) {
  const int64_t batch = std::max<int64_t>(1, handed.shape[0]);
  const int64_t image = std::max<int64_t>(1, static_cast<int64_t>(handed.bytes()) / batch);
  return std::max({int64_t{1}, kBlockBytes / image, (batch + kMaxBlocks - 1) / kMaxBlocks});
}

const OpDef& image_blocks_op() {
  static const OpDef& op = find_op("image_blocks");
  return op;
}

Ref<Attrs> image_blocks_attrs(std::vector<ImageBlockMember> members) {
  auto attrs = make_ref<ImageBlocksAttrs>();
  attrs->count = static_cast<int64_t>(members.size());
  attrs->members = std::move(members);
  return attrs;
}

const std::vector<ImageBlockMember>& image_block_members(const Attrs& attrs) {
  return attrs_of(&attrs).members;
}

void register_image_blocks(OpRegistry& registry) {
  OpDef def;
  def.name = "image_blocks";
  def.params = "*tensors, count";
  def.doc = "Ops run block by block of the batch; made by a graph pass.";
  def.make_attrs = make_attrs_of<ImageBlocksAttrs>;
  def.infer = [](const InferContext& c) {
    std::vector<TensorSpec> specs;
    for (const Member& member : attrs_of(c.attrs).members) {
      if (member.result != Member::Result::kHanded) specs.push_back(member.spec);
    }
    return specs;
  };
  def.kernel = image_blocks_kernel;
  def.composite = image_blocks_composite;
  def.workspace = [](const Attrs* attrs, std::span<const Buffer> in, std::span<const Buffer>) {
    const ImageBlocksAttrs& a = attrs_of(attrs);
    int64_t floats = a.blocks() * a.sum_floats();
    each_packing(a, in, [&](size_t, std::span<const Buffer>, const Buffer&, int64_t size) {
      floats += size;
    });
    return static_cast<size_t>(floats) * sizeof(float);
  };
  def.flops = image_blocks_flops;
  def.differentiable = false;
  def.internal = true;
  registry.add(std::move(def));
}

}  // namespace nacre
