// Embedding: rows of a table by ids. Its gradient adds the rows of one id up in the order of the
// ids.
#include "nacre/ops/embedding.h"

#include <algorithm>
#include <cstring>

#include "nacre/base/parallel.h"
#include "nacre/ops/indexing.h"
#include "ops/define.h"
#include "ops/embedding.h"
#include "ops/index_operand.h"
#include "ops/loop.h"

namespace nacre {
namespace {

struct EmbeddingAttrs : AttrsOf<EmbeddingAttrs> {
  std::string owner = "embedding";  // for messages
  NACRE_ATTRS(owner)
};

std::vector<TensorSpec> infer_embedding(const InferContext& c) {
  const Shape& table = c.shape(0);
  if (table.rank() != 2) {
    value_error(c.op, ": expected a table of rank 2, received shape ", table);
  }
  Shape out = c.shape(1);
  out.push_back(table[1]);
  return {{c.dtype(0), out}};
}

void embedding_kernel(const KernelContext& c) {
  const std::string& owner = c.attrs_as<EmbeddingAttrs>().owner;
  const int64_t rows = c.in[0].shape()[0], count = c.in[1].size();
  const size_t row = static_cast<size_t>(c.in[0].shape()[1]) * size_of(c.in[0].dtype());
  const char* from = c.in[0].as<const char>();
  char* to = c.out[0].as<char>();
  const int64_t grain =
      std::max<int64_t>(1, 4 * kElementwiseGrain / std::max<int64_t>(1, static_cast<int64_t>(row)));
  with_indices(c.in[1], [&](const auto* ids) {
    parallel_for(count, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto id = static_cast<int64_t>(ids[i]);
        if (id < 0 || id >= rows) {
          value_error(owner, ": expected ids in [0, ", rows, "), received ", id);
        }
        std::memcpy(to + static_cast<size_t>(i) * row, from + static_cast<size_t>(id) * row, row);
      }
    });
  });
}

}  // namespace

void register_embedding_ops(OpRegistry& registry) {
  OpDef def;
  def.name = "embedding";
  def.params = "table, ids, owner";
  def.doc = "Rows of a table by ids; ValueError for an id that is no row.";
  def.make_attrs = make_attrs_of<EmbeddingAttrs>;
  def.infer = infer_embedding;
  def.kernel = embedding_kernel;
  def.backward = [](const BackwardContext& c) {
    return Tensors{ops::scatter_add(c.grads[0], c.inputs[1], c.inputs[0].shape()[0]), Tensor()};
  };
  def.internal = true;
  registry.add(std::move(def));
}

namespace ops {

Tensor embedding(const Tensor& table, const Tensor& ids, const std::string& owner) {
  static const OpDef& op = find_op("embedding");
  auto attrs = make_ref<EmbeddingAttrs>();
  attrs->owner = owner;
  return apply_one(op, {table, index_operand(ids, "embedding")}, std::move(attrs));
}

}  // namespace ops
}  // namespace nacre
