#include "nacre/graph/variable.h"

#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"

namespace nacre {
namespace {

uint64_t next_variable_id() {
  static std::atomic<uint64_t> counter{1};
  return counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Variable::Variable(Tensor value, std::string variable_name, bool is_trainable)
    : name(std::move(variable_name)),
      path(name),
      trainable(is_trainable),
      spec_(value.spec()),
      id_(next_variable_id()),
      value_(value.alias()) {}

Tensor Variable::value() const {
  const Tensor now = current();
  for (Recorder* recorder : active_recorders()) recorder->on_read(*this, now);
  return now;
}

Tensor Variable::current() const {
  const auto& recorders = active_recorders();
  for (size_t i = recorders.size(); i-- > 0;) {
    Tensor kept = recorders[i]->assigned(*this);
    if (kept.defined()) return kept;
  }
  return raw();
}

void Variable::assign(const Tensor& value) {
  if (!(value.shape() == spec_.shape)) {
    value_error("Variable '", path, "': expected a value of shape ", spec_.shape, ", received ",
                value.shape());
  }
  if (value.is_placeholder()) {
    value_error("Variable '", path, "': cannot be assigned a placeholder");
  }
  // An identity of its own: the same tensor may be held by two variables.
  const Tensor held = value.dtype() == spec_.dtype && !value.is_weak()
                          ? ops::identity(value)
                          : ops::cast(value, spec_.dtype);
  const auto& recorders = active_recorders();
  for (size_t i = recorders.size(); i-- > 0;) {
    if (recorders[i]->on_assign(*this, held)) return;
  }
  set_raw(held);
}

void Variable::set_raw(Tensor value) {
  const std::lock_guard lock(mutex_);
  value_ = std::move(value);
  changed();
}

Tensor Variable::raw() const {
  const std::lock_guard lock(mutex_);
  return value_;
}

Tensor Variable::exclusive() {
  const std::lock_guard lock(mutex_);
  changed();
  const Ref<Storage>& storage = value_.storage();
  if (value_.handle_count() > 1 || storage->use_count() > 1 || !storage->writable()) {
    value_ = value_.clone();
  }
  return value_;
}

}  // namespace nacre
