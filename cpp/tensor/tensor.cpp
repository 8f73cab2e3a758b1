#include "nacre/tensor/tensor.h"

#include <atomic>

namespace nacre {
namespace {

uint64_t next_id() {
  static std::atomic<uint64_t> counter{1};
  return counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Tensor::Tensor(TensorSpec spec) : impl_(make_ref<Impl>()) {
  if (!spec.shape.is_known()) value_error("Tensor: expected a known shape, received ", spec.shape);
  impl_->id = next_id();
  impl_->storage = make_ref<Storage>(spec.bytes());
  impl_->data = impl_->storage->data();
  impl_->spec = spec;
}

Tensor::Tensor(TensorSpec spec, Ref<Storage> storage, size_t byte_offset)
    : impl_(make_ref<Impl>()) {
  impl_->id = next_id();
  impl_->data = static_cast<char*>(storage->data()) + byte_offset;
  impl_->storage = std::move(storage);
  impl_->spec = spec;
}

Tensor::Tensor(TensorSpec spec, Ref<Deferral> deferral) : impl_(make_ref<Impl>()) {
  impl_->id = next_id();
  impl_->spec = spec;
  impl_->deferral = std::move(deferral);
}

void Tensor::compute() const {
  const Ref<Deferral> deferral = impl_->deferral;
  deferral->compute();
}

void Tensor::resolve(const Tensor& value) const {
  impl_->storage = value.storage();
  impl_->data = value.impl_->data;
  impl_->deferral = nullptr;
}

Tensor Tensor::placeholder(TensorSpec spec) {
  Tensor t;
  t.impl_ = make_ref<Impl>();
  t.impl_->id = next_id();
  t.impl_->spec = spec;
  t.impl_->placeholder = true;
  return t;
}

double Tensor::item() const {
  if (size() != 1) value_error("item: expected a tensor of one element, received shape ", shape());
  return dispatch(dtype(), [&]<class T>(type_tag<T>) { return static_cast<double>(*data<T>()); });
}

int64_t Tensor::item_int() const {
  if (size() != 1) value_error("item: expected a tensor of one element, received shape ", shape());
  return dispatch(dtype(), [&]<class T>(type_tag<T>) { return static_cast<int64_t>(*data<T>()); });
}

Tensor Tensor::clone() const {
  Tensor copy(spec());
  if (bytes()) std::memcpy(copy.mutable_data(), data(), bytes());
  return copy;
}

}  // namespace nacre
