// Optimizer updates of a table whose gradient is rows at ids, as an embedding makes it: no gradient
// of the table's size exists. They give the bits of updates with one.
#include <algorithm>
#include <array>
#include <bit>

#include "nacre/base/parallel.h"
#include "nacre/ops/indexing.h"
#include "ops/index_operand.h"
#include "ops/optimizer_attrs.h"
#include "ops/registry.h"
#include "ops/update_rule.h"

namespace nacre {
namespace {

struct UpdateRowsAttrs : AttrsOf<UpdateRowsAttrs> {
  std::string rule_name;
  bool touched_only = false;
  const OpDef* rule = nullptr;  // which only graph passes set, with what follows
  Ref<Attrs> rule_attrs;
  int num_outputs = 0;
  NACRE_ATTRS(rule_name, touched_only)
};

// The rows that ids name, ascending, each with the positions of its ids, ascending: a stable radix
// sort, whose cost does not depend on the size of the table.
class NamedRows {
 public:
  template <class I>
  NamedRows(const I* ids, int64_t count, int64_t table_rows, void* workspace)
      : sorted_(static_cast<Entry*>(workspace)),
        starts_(reinterpret_cast<int64_t*>(sorted_ + 2 * count)) {
    for (int64_t i = 0; i < count; ++i) {
      sorted_[i] = {wrap_index(static_cast<int64_t>(ids[i]), table_rows, "take"), i};
    }
    const int bits = std::bit_width(static_cast<uint64_t>(std::max<int64_t>(table_rows - 1, 0)));
    Entry* spare = sorted_ + count;
    for (int shift = 0; shift < bits; shift += kBits) {
      pass(sorted_, spare, count, shift);
      std::swap(sorted_, spare);
    }
    for (int64_t i = 0; i < count; ++i) {
      if (i == 0 || sorted_[i].row != sorted_[i - 1].row) starts_[size_++] = i;
    }
    starts_[size_] = count;
  }

  static size_t workspace(int64_t count) {
    return static_cast<size_t>(2 * count) * sizeof(Entry) +
           static_cast<size_t>(count + 1) * sizeof(int64_t);
  }

  int64_t size() const { return size_; }
  int64_t row(int64_t i) const { return sorted_[starts_[i]].row; }
  // The first of them from `row` on.
  int64_t find(int64_t row) const {
    return std::lower_bound(starts_, starts_ + size_, row,
                            [&](int64_t at, int64_t r) { return sorted_[at].row < r; }) -
           starts_;
  }
  // The sum of one row's gradients, as take_grad adds them up.
  const float* gradient(int64_t i, const float* grads, int64_t inner, float* sum) const {
    const auto add = kernels::table().binary[static_cast<int>(kernels::Binary::kAdd)];
    std::fill(sum, sum + inner, 0.0f);
    for (int64_t k = starts_[i]; k < starts_[i + 1]; ++k) {
      add(sum, grads + sorted_[k].position * inner, sum, inner, 1, 1);
    }
    return sum;
  }

 private:
  struct Entry {
    int64_t row, position;
  };
  static constexpr int kBits = 11;

  static void pass(const Entry* from, Entry* to, int64_t count, int shift) {
    std::array<int64_t, (1 << kBits) + 1> first{};
    const auto digit = [shift](const Entry& e) {
      return static_cast<size_t>(e.row >> shift) & ((1 << kBits) - 1);
    };
    for (int64_t i = 0; i < count; ++i) ++first[digit(from[i]) + 1];
    for (size_t d = 1; d < first.size(); ++d) first[d] += first[d - 1];
    for (int64_t i = 0; i < count; ++i) to[first[digit(from[i])]++] = from[i];
  }

  Entry* sorted_;
  int64_t* starts_;  // of each row's entries
  int64_t size_ = 0;
};

constexpr int64_t kZeros = 4096;
const float kZeroRow[kZeros] = {};

void update_rows_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<UpdateRowsAttrs>();
  const Buffer& table = c.in[0];
  const Buffer& ids = c.in.back();
  const int64_t num_rows = table.shape()[0], inner = table.shape()[1];
  const UpdateJob whole =
      make_update_job(*a.rule, {a.rule_attrs.get(), c.in.first(c.in.size() - 1), c.out, nullptr});
  if (table.size() == 0) return;
  const auto* grads = c.in[static_cast<size_t>(update_gradient_input(*a.rule))].as<const float>();
  const int64_t grain = std::max<int64_t>(1, kUpdateGrain / inner);
  const auto update = [&](int64_t begin, int64_t count, const float* grad) {
    whole.part(begin, count, grad).run(0, count);
  };
  const auto row_sum = [&] {
    return static_cast<float*>(thread_scratch(static_cast<size_t>(inner) * sizeof(float), 3));
  };
  with_indices(ids, [&](const auto* values) {
    const NamedRows named(values, ids.size(), num_rows, c.workspace);
    const auto update_named = [&](int64_t i, float* sum) {
      update(named.row(i) * inner, inner, named.gradient(i, grads, inner, sum));
    };
    if (a.touched_only) {
      return parallel_for(named.size(), grain, [&](int64_t begin, int64_t end) {
        float* sum = row_sum();
        for (int64_t i = begin; i < end; ++i) update_named(i, sum);
      });
    }
    // Rows without an id have a gradient of zero; what they remember of others still moves them.
    parallel_for(num_rows, grain, [&](int64_t begin, int64_t end) {
      float* sum = row_sum();
      int64_t i = named.find(begin);
      for (int64_t r = begin; r < end; ++r, ++i) {
        const int64_t next = i < named.size() ? std::min(named.row(i), end) : end;
        for (int64_t at = r * inner; at < next * inner; at += kZeros) {
          update(at, std::min(kZeros, next * inner - at), kZeroRow);
        }
        r = next;
        if (r < end) update_named(i, sum);
      }
    });
  });
}

}  // namespace

Ref<Attrs> update_rows_attrs(const OpDef& rule, Ref<Attrs> rule_attrs, int num_outputs,
                             bool touched_only) {
  auto attrs = make_ref<UpdateRowsAttrs>();
  attrs->rule_name = rule.name;
  attrs->touched_only = touched_only;
  attrs->rule = &rule;
  attrs->rule_attrs = std::move(rule_attrs);
  attrs->num_outputs = num_outputs;
  return attrs;
}

void register_update_rows(OpRegistry& registry) {
  OpDef def;
  def.name = "update_rows";
  def.params = "*tensors, rule_name, touched_only";
  def.doc = "The optimizer update of a table from rows of its gradient; made by a graph pass.";
  def.make_attrs = make_attrs_of<UpdateRowsAttrs>;
  def.infer = [](const InferContext& c) {
    std::vector<TensorSpec> specs;
    for (int i = 0; i < c.attrs_as<UpdateRowsAttrs>().num_outputs; ++i) {
      specs.push_back(c.inputs[static_cast<size_t>(i)].spec());
    }
    return specs;
  };
  def.kernel = update_rows_kernel;
  def.workspace = [](const Attrs*, std::span<const Buffer> in, std::span<const Buffer>) {
    return NamedRows::workspace(in.back().size());
  };
  def.in_place = {0, 1, 2, 3};
  def.differentiable = false;
  def.internal = true;
  registry.add(std::move(def));
}

}  // namespace nacre
