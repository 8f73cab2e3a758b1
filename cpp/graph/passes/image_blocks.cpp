// What a convolution gives before pooling, and the pooling's gradient, are the largest values of a
// network. Block by block of images (ops/image_blocks.h) they are made and read while they are in
// cache:
//   convolution, max pooling                               -> pooled images
//   [convolution,] pooling gradient, sums over the batch   -> gradients of filter and bias
// The second where nothing else reads the pooling's gradient: before the first convolution. A
// convolution of few input channels is computed again there, so that its result is never stored.
#include "ops/image_blocks.h"
#include "graph/passes/passes.h"
#include "graph/passes/rewrite.h"

namespace nacre {
namespace {

using Member = ImageBlockMember;

constexpr int64_t kLeastBlocks = 8;  // fewer would leave threads without work
constexpr int64_t kMostImageBytes = 512 << 10;
constexpr int64_t kWeightShare = 16;        // a block's elements, at least, to one of the filter
constexpr int64_t kMostProductsAgain = 32;  // of an element that is computed again

class Blocker {
 public:
  explicit Blocker(Graph graph) : graph_(std::move(graph)), uses_(use_counts(graph_)) {
    producer_ = producers_of(graph_);
    readers_.resize(graph_.values.size());
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      for (const int input : graph_.nodes[n].inputs) {
        if (input >= 0) readers_[input].push_back(n);
      }
    }
  }

  Graph run() {
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (graph_.nodes[n].op && graph_.nodes[n].op->name == "max_pool_grad") sum_gradient(n);
    }
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (graph_.nodes[n].op && graph_.nodes[n].op->name == "conv_forward") pool_blocks(n);
    }
    std::erase_if(graph_.nodes, [](const GraphNode& node) { return node.op == nullptr; });
    return std::move(graph_);
  }

 private:
  const TensorSpec& spec(int value) const { return graph_.values[value].spec; }
  GraphNode& node(size_t n) { return graph_.nodes[n]; }

  // Worth handing on by blocks, beside weights of so many elements.
  bool pays(const TensorSpec& made, int64_t weights) const {
    const bool has_kernels = made.dtype == DType::kFloat32 || made.dtype == DType::kBFloat16;
    if (!has_kernels || made.shape.rank() < 3 || made.shape.size() == 0) return false;
    const int64_t batch = made.shape[0], images = images_per_block(made);
    const int64_t image = made.shape.size() / batch;
    return image * static_cast<int64_t>(size_of(made.dtype)) <= kMostImageBytes &&
           batch >= kLeastBlocks * images && kWeightShare * weights <= images * image;
  }

  bool needs_no_workspace(const GraphNode& node) const {
    if (!node.op->workspace) return true;
    std::vector<Buffer> in(node.inputs.size());
    for (size_t i = 0; i < in.size(); ++i) {
      if (node.inputs[i] >= 0) in[i].spec = &spec(node.inputs[i]);
    }
    const Buffer out{nullptr, &spec(node.outputs[0])};
    return node.op->workspace(node.attrs.get(), in, {&out, 1}) == 0;
  }

  // A convolution of images alone, by a kernel whose result for an image does not depend on the
  // others. (A 1x1 convolution is one product of all pixels.)
  bool is_plain_convolution(const GraphNode& node) const {
    if (node.op->name != "conv_forward" || !needs_no_workspace(node)) return false;
    for (size_t i = 3; i < node.inputs.size(); ++i) {
      if (node.inputs[i] >= 0) return false;
    }
    const Shape& filter = spec(node.inputs[1]).shape;
    return filter.size(0, filter.rank() - 2) > 1;
  }
  int64_t products_of(const GraphNode& convolution) const {
    const Shape& filter = spec(convolution.inputs[1]).shape;
    return filter.size() / std::max<int64_t>(1, filter.back());
  }

  // Appends what `from` does to a node of blocks; `handed` is the value that the block holds.
  void add(GraphNode& blocks, std::vector<Member>& members, const GraphNode& from, int handed,
           Member::Result result) const {
    Member member{from.op, from.attrs, {}, result, spec(from.outputs[0])};
    for (size_t i = 0; i < from.inputs.size(); ++i) {
      const int input = from.inputs[i];
      if (input < 0) {
        member.inputs.push_back({Member::Source::kAbsent});
      } else if (input == handed) {
        member.inputs.push_back({Member::Source::kHanded});
      } else {
        const bool weights = from.op->name == "conv_forward" && i > 0;
        member.inputs.push_back({weights ? Member::Source::kWhole : Member::Source::kImages,
                                 static_cast<int>(blocks.inputs.size())});
        blocks.inputs.push_back(input);
      }
    }
    if (result != Member::Result::kHanded) blocks.outputs.push_back(from.outputs[0]);
    members.push_back(std::move(member));
  }

  // Whether node `reader` only sums `made` over the batch, and could do so at node n.
  bool only_sums(size_t n, size_t reader, int made) const {
    const GraphNode& node = graph_.nodes[reader];
    if (!(node.op->name == "conv_filter_grad" && node.inputs[1] == made) &&
        summed_axes(node, spec(made).shape) != spec(made).shape.rank() - 1) {
      return false;
    }
    for (const int input : node.inputs) {
      if (input == made) continue;
      if (input < 0 || producer_[input] >= static_cast<int>(n)) return false;
    }
    return needs_no_workspace(node) && spec(node.outputs[0]).dtype == DType::kFloat32;
  }

  // A pooling gradient at node n and the sums that read it.
  void sum_gradient(size_t n) {
    const int made = node(n).outputs[0], pooled = node(n).inputs[0];
    const std::vector<size_t> readers = readers_[made];
    if (readers.empty() || static_cast<int>(readers.size()) != uses_[made]) return;
    int64_t sums = 0;
    for (const size_t reader : readers) {
      if (!only_sums(n, reader, made)) return;
      sums += spec(node(reader).outputs[0]).shape.size();
    }
    if (!pays(spec(made), sums) || !needs_no_workspace(node(n))) return;

    GraphNode blocks;
    std::vector<Member> members;
    if (is_made_again(pooled)) {
      add(blocks, members, node(static_cast<size_t>(producer_[pooled])), -1,
          Member::Result::kHanded);
      --uses_[pooled];
    }
    add(blocks, members, node(n), members.empty() ? -1 : pooled, Member::Result::kHanded);
    for (const size_t reader : readers) {
      add(blocks, members, node(reader), made, Member::Result::kSum);
      // The time is that of the layer whose filter it is.
      if (node(reader).scope >= 0) blocks.scope = node(reader).scope;
      producer_[node(reader).outputs[0]] = static_cast<int>(n);
      node(reader).op = nullptr;
    }
    blocks.backward = true;
    replace(n, std::move(blocks), std::move(members));
  }

  // A value that pooling and its gradient alone read, and that costs little to compute twice.
  bool is_made_again(int value) const {
    if (producer_[value] < 0 || uses_[value] != 2) return false;
    const GraphNode& node = graph_.nodes[static_cast<size_t>(producer_[value])];
    if (!node.op || !is_plain_convolution(node)) return false;
    if (products_of(node) > kMostProductsAgain) return false;
    if (!pays(spec(value), spec(node.inputs[1]).shape.size())) return false;
    for (const size_t reader : readers_[value]) {
      if (graph_.nodes[reader].op && graph_.nodes[reader].op->name == "max_pool_forward") {
        return needs_no_workspace(graph_.nodes[reader]);
      }
    }
    return false;
  }

  // A convolution at node n that only a pooling still reads.
  void pool_blocks(size_t n) {
    const int made = node(n).outputs[0];
    if (uses_[made] != 1 || !is_plain_convolution(node(n)) ||
        !pays(spec(made), spec(node(n).inputs[1]).shape.size())) {
      return;
    }
    for (const size_t reader : readers_[made]) {
      if (!node(reader).op || node(reader).op->name != "max_pool_forward") continue;
      if (!needs_no_workspace(node(reader))) return;
      GraphNode blocks;
      std::vector<Member> members;
      add(blocks, members, node(n), -1, Member::Result::kHanded);
      add(blocks, members, node(reader), made, Member::Result::kImages);
      blocks.scope = node(n).scope;
      blocks.backward = node(n).backward;
      node(reader).op = nullptr;
      replace(n, std::move(blocks), std::move(members));
      return;
    }
  }

  void replace(size_t n, GraphNode blocks, std::vector<Member> members) {
    blocks.op = &image_blocks_op();
    blocks.attrs = image_blocks_attrs(std::move(members));
    node(n) = std::move(blocks);
  }

  Graph graph_;
  std::vector<int> uses_, producer_;
  std::vector<std::vector<size_t>> readers_;  // nodes, by value
};

}  // namespace

Graph run_by_images(Graph graph) {
  return Blocker(std::move(graph)).run();
}

}  // namespace nacre
