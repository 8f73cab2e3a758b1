// Losses of margins.
#include "nacre/nn/loss.h"
#include "nacre/ops/ops.h"
#include "nn/losses/functions.h"
#include "nn/registry.h"

namespace nacre {
namespace losses {
namespace {

// Labels of 0 and 1 mean -1 and 1.
Tensor to_signs(const Tensor& y_true) {
  const Tensor binary = ops::all(
      ops::logical_or(ops::equal(y_true, ops::scalar(0)), ops::equal(y_true, ops::scalar(1))));
  return ops::where(binary, 2.0 * y_true - 1.0, y_true);
}

Tensor margin(std::string_view name, const Tensor& y_true, const Tensor& y_pred) {
  Tensor t = y_true, p = y_pred;
  match(name, t, p);
  return ops::relu(1.0 - to_signs(t) * p);
}

}  // namespace

Tensor hinge(const Tensor& y_true, const Tensor& y_pred) {
  return ops::mean(margin("hinge", y_true, y_pred), IntList{-1});
}

Tensor squared_hinge(const Tensor& y_true, const Tensor& y_pred) {
  return ops::mean(ops::square(margin("squared_hinge", y_true, y_pred)), IntList{-1});
}

Tensor categorical_hinge(const Tensor& y_true, const Tensor& y_pred) {
  Tensor t = y_true, p = y_pred;
  match("categorical_hinge", t, p);
  const Tensor right = ops::sum(t * p, IntList{-1});
  const Tensor wrong = ops::max((1.0 - t) * p, IntList{-1});
  return ops::relu(wrong - right + 1.0);
}

}  // namespace losses

namespace {

class Hinge final : public Loss {
 public:
  std::string_view class_name() const override { return "Hinge"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::hinge(y_true, y_pred);
  }
};

class SquaredHinge final : public Loss {
 public:
  std::string_view class_name() const override { return "SquaredHinge"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::squared_hinge(y_true, y_pred);
  }
};

class CategoricalHinge final : public Loss {
 public:
  std::string_view class_name() const override { return "CategoricalHinge"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::categorical_hinge(y_true, y_pred);
  }
};

}  // namespace

void register_hinge_losses() {
  register_class<Hinge>();
  register_class<SquaredHinge>();
  register_class<CategoricalHinge>();
}

}  // namespace nacre
