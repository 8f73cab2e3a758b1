// Embedding: rows of a table by ids. Its gradient adds the rows of one id up in the order of the
// ids. In a plan the table-sized gradient need not exist: the updates here take its rows as they
// come (graph/passes/row_updates.cpp puts them in place) and give the bits that the others give.
#include "nacre/ops/embedding.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/abi.h"
#include "nacre/base/parallel.h"
#include "nacre/ops/indexing.h"
#include "ops/define.h"
#include "ops/embedding.h"
#include "ops/index_operand.h"
#include "ops/loop.h"
#include "ops/optimizer_attrs.h"

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

// Positions of ids by row: those of row r are order[first(r)] to order[last(r)], in their order.
// The ids were checked by the forward pass.
struct RowOrder {
  int64_t* ends;  // of each row
  int64_t* order;

  template <class I>
  RowOrder(const I* ids, int64_t count, int64_t rows, void* workspace)
      : ends(static_cast<int64_t*>(workspace)), order(ends + rows + 1) {
    std::fill(ends, ends + rows + 1, 0);
    for (int64_t i = 0; i < count; ++i) ++ends[static_cast<int64_t>(ids[i]) + 1];
    for (int64_t r = 0; r < rows; ++r) ends[r + 1] += ends[r];
    for (int64_t i = 0; i < count; ++i) order[ends[static_cast<int64_t>(ids[i])]++] = i;
  }
  int64_t first(int64_t row) const { return row ? ends[row - 1] : 0; }
  int64_t last(int64_t row) const { return ends[row]; }
};

size_t order_workspace(const Buffer& param, const Buffer& ids) {
  return static_cast<size_t>(param.shape()[0] + 1 + ids.size()) * sizeof(int64_t);
}

// The sum of one row's gradients, as take_grad adds it up.
const float* row_gradient(const RowOrder& rows, int64_t row, const float* grads, int64_t inner,
                          float* sum) {
  std::fill(sum, sum + inner, 0.0f);
  for (int64_t k = rows.first(row); k < rows.last(row); ++k) {
    const float* g = grads + rows.order[k] * inner;
    for (int64_t i = 0; i < inner; ++i) sum[i] += g[i];
  }
  return sum;
}

constexpr int64_t kZeros = 4096;
const float kZeroRow[kZeros] = {};

// param, m, v, v_max?, grad, ids, learning_rate, step
void adam_rows_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<AdamAttrs>();
  const int64_t num_rows = c.in[0].shape()[0], inner = c.in[0].shape()[1];
  kernels::AdamArgs whole = adam_args(a, c.in[6], c.in[7]);
  whole.param = take_over<float>(c.in[0], c.out[0]);
  whole.m = take_over<float>(c.in[1], c.out[1]);
  whole.v = take_over<float>(c.in[2], c.out[2]);
  whole.v_max = c.out.size() > 3 ? take_over<float>(c.in[3], c.out[3]) : nullptr;
  const float* grads = c.in[4].as<const float>();
  if (c.in[0].size() == 0) return;
  // Rows without an id have a gradient of zero; what they remember of others still moves them.
  with_indices(c.in[5], [&](const auto* ids) {
    const RowOrder rows(ids, c.in[5].size(), num_rows, c.workspace);
    const auto update = [&](int64_t begin, int64_t end, const float* grad) {
      kernels::AdamArgs args = whole;
      args.param += begin;
      args.m += begin;
      args.v += begin;
      if (args.v_max) args.v_max += begin;
      args.grad = grad;
      kernels::table().adam(args, 0, end - begin);
    };
    parallel_for(
        num_rows, std::max<int64_t>(1, kUpdateGrain / inner), [&](int64_t begin, int64_t end) {
          auto* sum =
              static_cast<float*>(thread_scratch(static_cast<size_t>(inner) * sizeof(float), 3));
          for (int64_t r = begin; r < end;) {
            if (rows.first(r) < rows.last(r)) {
              update(r * inner, (r + 1) * inner, row_gradient(rows, r, grads, inner, sum));
              ++r;
              continue;
            }
            int64_t stop = r + 1;
            while (stop < end && rows.first(stop) == rows.last(stop)) ++stop;
            for (int64_t i = r * inner; i < stop * inner; i += kZeros) {
              update(i, std::min(i + kZeros, stop * inner), kZeroRow);
            }
            r = stop;
          }
        });
  });
}

// param, grad, ids, learning_rate: SGD without momentum and decay, which leaves other rows alone.
void sgd_rows_kernel(const KernelContext& c) {
  const int64_t num_rows = c.in[0].shape()[0], inner = c.in[0].shape()[1];
  float* param = take_over<float>(c.in[0], c.out[0]);
  const float* grads = c.in[1].as<const float>();
  const auto rate = static_cast<float>(scalar_value(c.in[3]));
  if (c.in[0].size() == 0) return;
  with_indices(c.in[2], [&](const auto* ids) {
    const RowOrder rows(ids, c.in[2].size(), num_rows, c.workspace);
    parallel_for(
        num_rows, std::max<int64_t>(1, kUpdateGrain / inner), [&](int64_t begin, int64_t end) {
          auto* sum =
              static_cast<float*>(thread_scratch(static_cast<size_t>(inner) * sizeof(float), 3));
          for (int64_t r = begin; r < end; ++r) {
            if (rows.first(r) == rows.last(r)) continue;
            kernels::SgdArgs args{};
            args.param = param + r * inner;
            args.grad = row_gradient(rows, r, grads, inner, sum);
            args.learning_rate = rate;
            kernels::table().sgd(args, 0, inner);
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

  OpDef adam;
  adam.name = "adam_update_rows";
  adam.params =
      "param, m, v, v_max?, grad, ids, learning_rate, step, beta_1, beta_2, epsilon, decay";
  adam.doc = "adam_update with the gradient of an embedding's table: rows `grad` at `ids`.";
  adam.make_attrs = make_attrs_of<AdamAttrs>;
  adam.infer = [](const InferContext& c) {
    std::vector<TensorSpec> specs;
    for (size_t i = 0; i < 4; ++i) {
      if (c.has(i)) specs.push_back(c.inputs[i].spec());
    }
    return specs;
  };
  adam.kernel = adam_rows_kernel;
  adam.workspace = [](const Attrs*, std::span<const Buffer> in, std::span<const Buffer>) {
    return order_workspace(in[0], in[5]);
  };
  adam.in_place = {0, 1, 2, 3};
  adam.differentiable = false;
  adam.internal = true;
  registry.add(std::move(adam));

  OpDef sgd;
  sgd.name = "sgd_update_rows";
  sgd.params = "param, grad, ids, learning_rate";
  sgd.doc = "sgd_update without momentum, of the rows `ids` of a table.";
  sgd.infer = [](const InferContext& c) { return std::vector<TensorSpec>{c.inputs[0].spec()}; };
  sgd.kernel = sgd_rows_kernel;
  sgd.workspace = [](const Attrs*, std::span<const Buffer> in, std::span<const Buffer>) {
    return order_workspace(in[0], in[2]);
  };
  sgd.in_place = {0};
  sgd.differentiable = false;
  sgd.internal = true;
  registry.add(std::move(sgd));
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
