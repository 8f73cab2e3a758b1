#include "ops/packing.h"

#include <optional>

#include "ops/registry.h"

namespace nacre {
namespace {

using Specs = std::vector<std::optional<TensorSpec>>;

// Two nodes with equal fields and the same weights have the same result, whatever else their hosts
// read.
struct PackAttrs : AttrsOf<PackAttrs> {
  std::string op;
  int64_t floats = 0;
  std::string layout;
  NACRE_ATTRS(op, floats, layout)

  const OpDef* host = nullptr;
  Ref<Attrs> host_attrs;
  Specs in, out;
};

Specs specs_of(std::span<const Buffer> buffers) {
  Specs specs;
  for (const Buffer& buffer : buffers) {
    specs.push_back(buffer ? std::optional(*buffer.spec) : std::nullopt);
  }
  return specs;
}

std::vector<Buffer> buffers_of(const Specs& specs) {
  std::vector<Buffer> buffers;
  for (const auto& spec : specs) buffers.push_back({nullptr, spec ? &*spec : nullptr});
  return buffers;
}

void pack_weights_kernel(const KernelContext& c) {
  const auto& attrs = c.attrs_as<PackAttrs>();
  std::vector<Buffer> in = buffers_of(attrs.in);
  in[static_cast<size_t>(attrs.host->packing.weights)].data = c.in[0].data;
  attrs.host->packing.pack(attrs.host_attrs.get(), in, buffers_of(attrs.out), c.out[0].as<float>());
}

}  // namespace

const OpDef& pack_weights_op() {
  static const OpDef& op = find_op("pack_weights");
  return op;
}

Ref<Attrs> pack_weights_attrs(const OpDef& host, Ref<Attrs> attrs, std::span<const Buffer> in,
                              std::span<const Buffer> out, Packing::Layout layout) {
  auto made = make_ref<PackAttrs>();
  made->op = host.name;
  made->floats = layout.floats;
  made->layout = std::to_string(layout.id);
  made->host = &host;
  made->host_attrs = std::move(attrs);
  made->in = specs_of(in);
  made->out = specs_of(out);
  return made;
}

void register_packing_ops(OpRegistry& registry) {
  OpDef def;
  def.name = "pack_weights";
  def.params = "weights, op, floats, layout";
  def.doc = "Weights in the layout that the kernel of `op` wants; made by a graph pass.";
  def.make_attrs = make_attrs_of<PackAttrs>;
  def.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{{DType::kFloat32, Shape{c.attrs_as<PackAttrs>().floats}}};
  };
  def.kernel = pack_weights_kernel;
  def.differentiable = false;
  def.internal = true;
  registry.add(std::move(def));
}

}  // namespace nacre
