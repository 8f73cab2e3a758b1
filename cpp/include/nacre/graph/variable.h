// Variable: named, mutable state that holds a tensor; the only mutable data.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "nacre/tensor/tensor.h"

namespace nacre {

class Variable final : public RefCounted {
 public:
  Variable(Tensor value, std::string name, bool trainable = true);

  // The current value; active recorders note the read. Trainable variables are watched by tapes.
  Tensor value() const;
  // The same without a note.
  Tensor current() const;
  // Replaces the value; the dtype is kept (cast), the shape must fit (ValueError).
  void assign(const Tensor& value);

  const TensorSpec& spec() const { return spec_; }
  const Shape& shape() const { return spec_.shape; }
  DType dtype() const { return spec_.dtype; }
  int64_t size() const { return spec_.shape.size(); }
  uint64_t id() const { return id_; }

  std::string name;       // "kernel"
  std::string path;       // "dense_1/kernel"
  bool trainable;         // false when its layer is frozen
  bool can_train = true;  // made as a trainable variable
  // Sums replicas of gradients, counts of metrics...: not part of a model's saved weights when
  // false.
  bool saved = true;
  bool overwrite_with_gradient = false;
  // Applied by training: a scalar penalty of the value, and a projection after each update.
  std::function<Tensor(const Tensor&)> regularizer;
  std::function<Tensor(const Tensor&)> constraint;

  // For plans and savers: the value that all threads see, whatever a recorder of this thread keeps,
  // and its exchange without checks.
  Tensor raw() const;
  void set_raw(Tensor value);
  // The value in storage that nobody else holds (copied when shared), for writing in place; what
  // wrote it says so.
  Tensor exclusive();
  void written() { changed(); }
  // Another number whenever the value may have changed. Read before the value, it tells whether
  // that value is still the one.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

 private:
  void changed() { version_.fetch_add(1, std::memory_order_acq_rel); }

  TensorSpec spec_;
  uint64_t id_;
  std::atomic<uint64_t> version_{0};
  mutable std::mutex mutex_;
  Tensor value_;
};

using VariableRef = Ref<Variable>;

}  // namespace nacre
