// Tensor: an immutable handle to a dense row-major array. Copies share the data; slices of leading
// dimensions and reshapes share storage.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "nacre/base/dtype.h"
#include "nacre/base/error.h"
#include "nacre/base/ref.h"
#include "nacre/base/shape.h"
#include "nacre/device/storage.h"

namespace nacre {

struct TensorSpec {
  DType dtype = DType::kFloat32;
  Shape shape;

  bool operator==(const TensorSpec&) const = default;
  size_t bytes() const { return static_cast<size_t>(shape.size()) * size_of(dtype); }
};

// What a placeholder remembers of the call that made it; defined by the layers above.
class TensorOrigin : public RefCounted {};

// Whoever can compute the data of tensors that were made without it: a step being recorded.
class Deferral : public RefCounted {
 public:
  // Gives all its tensors their data (Tensor::resolve), or raises RuntimeError.
  virtual void compute() = 0;
};

class Tensor {
 public:
  Tensor() = default;  // undefined: "no tensor"
  // Uninitialized data of a known shape.
  explicit Tensor(TensorSpec spec);
  Tensor(TensorSpec spec, Ref<Storage> storage, size_t byte_offset);
  // Of a known shape; its data are computed when they are asked for.
  Tensor(TensorSpec spec, Ref<Deferral> deferral);
  // A shape and dtype without data; dimensions may be unknown.
  static Tensor placeholder(TensorSpec spec);
  template <class T>
  static Tensor scalar(T value) {
    Tensor t(TensorSpec{dtype_of<T>, {}});
    *t.mutable_data<T>() = value;
    return t;
  }
  template <class T>
  static Tensor from(const std::vector<T>& values, const Shape& shape) {
    if (shape.size() != static_cast<int64_t>(values.size())) {
      value_error("Tensor::from: expected ", shape.size(), " values, received ", values.size());
    }
    Tensor t(TensorSpec{dtype_of<T>, shape});
    if (!values.empty()) std::memcpy(t.mutable_data<T>(), values.data(), values.size() * sizeof(T));
    return t;
  }

  bool defined() const { return static_cast<bool>(impl_); }
  explicit operator bool() const { return defined(); }
  const TensorSpec& spec() const { return impl_->spec; }
  const Shape& shape() const { return impl_->spec.shape; }
  DType dtype() const { return impl_->spec.dtype; }
  int rank() const { return impl_->spec.shape.rank(); }
  int64_t dim(int64_t axis) const { return shape()[normalize_axis(axis, rank(), "dim")]; }
  int64_t size() const { return impl_->spec.shape.size(); }
  size_t bytes() const { return impl_->spec.bytes(); }
  // Unique in the process and never reused.
  uint64_t id() const { return impl_->id; }
  bool is_placeholder() const { return impl_->placeholder; }
  // Made from a Python scalar: takes the dtype of what it is combined with.
  bool is_weak() const { return impl_->weak; }
  Tensor& set_weak() {
    impl_->weak = true;
    return *this;
  }

  const void* data() const {
    if (impl_->deferral) compute();
    return impl_->data;
  }
  template <class T>
  const T* data() const {
    return static_cast<const T*>(data());
  }
  bool is_deferred() const { return static_cast<bool>(impl_->deferral); }
  // Gives this deferred tensor the data of `value`, of the same spec.
  void resolve(const Tensor& value) const;
  // For the code that has just made this tensor and fills it.
  template <class T>
  T* mutable_data() {
    return static_cast<T*>(impl_->data);
  }
  void* mutable_data() { return impl_->data; }
  const Ref<Storage>& storage() const {
    if (impl_->deferral) compute();
    return impl_->storage;
  }
  size_t byte_offset() const {
    return static_cast<size_t>(static_cast<const char*>(data()) -
                               static_cast<const char*>(impl_->storage->data()));
  }
  int64_t handle_count() const { return impl_->use_count(); }

  // The only element, converted; ValueError unless size() == 1.
  double item() const;
  int64_t item_int() const;
  // Another handle on the same data with its own identity (what a tape sees).
  Tensor alias() const { return Tensor(spec(), storage(), byte_offset()); }
  // A copy of the data in storage of its own.
  Tensor clone() const;

  const Ref<TensorOrigin>& origin() const { return impl_->origin; }
  void set_origin(Ref<TensorOrigin> origin) { impl_->origin = std::move(origin); }

  // Which steps count (true) for the layers, losses and metrics that read this; undefined: all.
  Tensor mask() const {
    Tensor t;
    t.impl_ = impl_->mask;
    return t;
  }
  void set_mask(const Tensor& mask) {
    if (mask.impl_ != impl_) impl_->mask = mask.impl_;
  }

 private:
  struct Impl final : RefCounted {
    TensorSpec spec;
    uint64_t id = 0;
    Ref<Storage> storage;
    void* data = nullptr;
    bool placeholder = false;
    bool weak = false;
    Ref<TensorOrigin> origin;
    Ref<Deferral> deferral;  // null once there are data
    Ref<Impl> mask;
  };
  void compute() const;
  Ref<Impl> impl_;
};

using Tensors = std::vector<Tensor>;

// NumPy-like text of the values, shortened past a thousand elements: "[[1. 2.]\n [3. 4.]]".
std::string to_string(const Tensor& tensor);

}  // namespace nacre
