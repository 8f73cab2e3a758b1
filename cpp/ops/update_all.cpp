// The optimizer updates of many tensors in one kernel call.
#include <algorithm>
#include <array>
#include <new>
#include <numeric>

#include "nacre/base/parallel.h"
#include "nacre/ops/ops.h"
#include "ops/optimizer_attrs.h"
#include "ops/registry.h"
#include "ops/update_rule.h"

namespace nacre {
namespace {

constexpr size_t kMaxRuleInputs = 8;

struct UpdateAllAttrs : AttrsOf<UpdateAllAttrs> {
  int64_t count = 0;  // of the groups, which only graph passes make
  std::vector<UpdateGroup> groups;
  NACRE_ATTRS(count)

  size_t num_outputs() const {
    return groups.empty()
               ? 0
               : static_cast<size_t>(groups.back().first_output + groups.back().num_outputs);
  }
};

size_t workspace_bytes(const Attrs* attrs, std::span<const Buffer>, std::span<const Buffer>) {
  const size_t count = static_cast<const UpdateAllAttrs*>(attrs)->groups.size();
  return count * sizeof(UpdateJob) + (count + 1) * sizeof(int64_t);
}

void update_all_kernel(const KernelContext& c) {
  const auto& groups = c.attrs_as<UpdateAllAttrs>().groups;
  UpdateJob* jobs = static_cast<UpdateJob*>(c.workspace);
  // Elements before each job, and of all.
  int64_t* starts = reinterpret_cast<int64_t*>(jobs + groups.size());
  starts[0] = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    const UpdateGroup& group = groups[i];
    std::array<Buffer, kMaxRuleInputs> in;
    for (size_t k = 0; k < group.inputs.size(); ++k) {
      if (group.inputs[k] >= 0) in[k] = c.in[static_cast<size_t>(group.inputs[k])];
    }
    const KernelContext one{group.attrs.get(),
                            {in.data(), group.inputs.size()},
                            c.out.subspan(static_cast<size_t>(group.first_output),
                                          static_cast<size_t>(group.num_outputs)),
                            nullptr};
    UpdateJob* job = new (jobs + i) UpdateJob(make_update_job(*group.rule, one));
    if (group.scale >= 0) {
      job->edit().scale = static_cast<float>(scalar_value(c.in[static_cast<size_t>(group.scale)]));
    }
    job->edit().low = static_cast<float>(group.low);
    job->edit().high = static_cast<float>(group.high);
    starts[i + 1] = starts[i] + job->size;
  }
  const int64_t* ends = starts + 1;
  parallel_for(starts[groups.size()], kUpdateGrain, [=, &groups](int64_t begin, int64_t end) {
    auto i = static_cast<size_t>(std::upper_bound(ends, ends + groups.size(), begin) - ends);
    for (; i < groups.size() && starts[i] < end; ++i) {
      const int64_t first = std::max(begin, starts[i]) - starts[i];
      const int64_t last = std::min(end, ends[i]) - starts[i];
      if (first < last) jobs[i].run(first, last);
    }
  });
}

Tensors update_all_composite(std::span<const Tensor> in, const Attrs* raw) {
  Tensors out;
  for (const UpdateGroup& group : static_cast<const UpdateAllAttrs*>(raw)->groups) {
    Tensors inputs;
    for (const int i : group.inputs) {
      inputs.push_back(i < 0 ? Tensor() : in[static_cast<size_t>(i)]);
    }
    Tensor& grad = inputs[static_cast<size_t>(update_gradient_input(*group.rule))];
    if (group.scale >= 0) grad = grad * in[static_cast<size_t>(group.scale)];
    grad = ops::clip(grad, group.low, group.high);
    for (Tensor& t : apply(*group.rule, inputs, group.attrs)) out.push_back(std::move(t));
  }
  return out;
}

}  // namespace

Ref<Attrs> update_all_attrs(std::vector<UpdateGroup> groups) {
  auto attrs = make_ref<UpdateAllAttrs>();
  attrs->count = static_cast<int64_t>(groups.size());
  attrs->groups = std::move(groups);
  return attrs;
}

void register_update_all(OpRegistry& registry) {
  OpDef def;
  def.name = "update_all";
  def.params = "*tensors, count";
  def.doc = "The optimizer updates of many float32 tensors; made by a graph pass.";
  def.make_attrs = make_attrs_of<UpdateAllAttrs>;
  def.infer = [](const InferContext& c) {
    std::vector<TensorSpec> specs;
    for (size_t i = 0; i < c.attrs_as<UpdateAllAttrs>().num_outputs(); ++i) {
      specs.push_back(c.inputs[i].spec());
    }
    return specs;
  };
  def.kernel = update_all_kernel;
  def.composite = update_all_composite;
  def.workspace = workspace_bytes;
  def.in_place.resize(kMaxUpdateOutputs);
  std::iota(def.in_place.begin(), def.in_place.end(), 0);
  def.differentiable = false;
  def.internal = true;
  registry.add(std::move(def));
}

}  // namespace nacre
