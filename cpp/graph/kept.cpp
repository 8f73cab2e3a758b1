#include "nacre/graph/kept.h"

#include <algorithm>

#include "ops/pointwise.h"

namespace nacre {
namespace {

// All that live, so that plans find each other's. Few models have more than some hundred.
struct Registry {
  std::mutex mutex;
  std::vector<std::weak_ptr<KeptValue>> values;
};

Registry& registry() {
  static auto* const all = new Registry;  // outlives every plan
  return *all;
}

}  // namespace

KeptValue::KeptValue(const OpDef& op, Ref<Attrs> attrs, std::vector<Input> inputs, TensorSpec spec)
    : op_(&op), attrs_(std::move(attrs)), inputs_(std::move(inputs)), spec_(std::move(spec)) {
  const auto add = [&](const VariableRef& variable) {
    if (std::find(sources_.begin(), sources_.end(), variable) == sources_.end()) {
      sources_.push_back(variable);
    }
  };
  for (const Input& input : inputs_) {
    if (input.variable) add(input.variable);
    if (!input.kept) continue;
    for (const VariableRef& variable : input.kept->sources_) add(variable);
  }
}

std::shared_ptr<KeptValue> KeptValue::of(const OpDef& op, Ref<Attrs> attrs,
                                         std::vector<Input> inputs, TensorSpec spec) {
  std::shared_ptr<KeptValue> made(
      new KeptValue(op, std::move(attrs), std::move(inputs), std::move(spec)));
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.values, [](const auto& value) { return value.expired(); });
  for (const auto& value : all.values) {
    auto other = value.lock();
    if (other && other->equals(*made)) return other;
  }
  all.values.push_back(made);
  return made;
}

bool KeptValue::equals(const KeptValue& other) const {
  // A program's attributes do not say all that it does.
  if (op_ != other.op_ || op_ == &pointwise_op() || !(spec_ == other.spec_)) return false;
  if (inputs_.size() != other.inputs_.size() || !attrs_ != !other.attrs_) return false;
  if (attrs_ && !(*attrs_ == *other.attrs_)) return false;
  return std::equal(
      inputs_.begin(), inputs_.end(), other.inputs_.begin(), [](const Input& a, const Input& b) {
        return a.variable == b.variable && a.kept == b.kept && !a.constant.defined() &&
               !b.constant.defined() && a.offset == b.offset && a.spec == b.spec;
      });
}

bool KeptValue::is_current() const {
  if (!value_.defined()) return false;
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i]->version() != versions_[i]) return false;
  }
  return true;
}

Tensor KeptValue::get() {
  const std::lock_guard lock(mutex_);
  if (!is_current()) compute();
  return value_;
}

void KeptValue::compute() {
  value_ = Tensor();
  // Before the values: what is written meanwhile counts as written after them.
  versions_.clear();
  for (const VariableRef& variable : sources_) versions_.push_back(variable->version());
  Tensors operands;  // held while the kernel reads them
  std::vector<Buffer> in;
  bool lasting = true;
  for (const Input& input : inputs_) {
    operands.push_back(input.variable ? input.variable->raw()
                       : input.kept   ? input.kept->get()
                                      : input.constant);
    const Tensor& operand = operands.back();
    if (!operand.defined()) {
      in.emplace_back();
      continue;
    }
    // Memory of others changes without a word.
    lasting = lasting && !operand.storage()->shared();
    const char* data = static_cast<const char*>(operand.data()) + input.offset;
    in.push_back({const_cast<char*>(data), &input.spec});
  }
  Tensor result(spec_);
  const Buffer out{result.mutable_data(), &spec_};
  Ref<Storage> workspace;
  if (op_->workspace) {
    workspace = make_ref<Storage>(op_->workspace(attrs_.get(), in, {&out, 1}));
  }
  op_->kernel({attrs_.get(), in, {&out, 1}, workspace ? workspace->data() : nullptr});
  value_ = result;
  if (!lasting) versions_.assign(versions_.size(), ~uint64_t{0});
}

}  // namespace nacre
