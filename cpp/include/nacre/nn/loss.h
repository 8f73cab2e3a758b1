// Loss: a number a sample, weighted and reduced to a scalar.
#pragma once

#include <string>

#include "nacre/nn/configurable.h"
#include "nacre/tensor/tensor.h"

namespace nacre {

class Loss : public Configurable {
 public:
  static constexpr std::string_view kModule = "losses";
  std::string_view module() const override { return kModule; }
  std::vector<Field> fields() override;
  void validate() override;

  // The reduced loss: a scalar, or one value a sample with reduction "none". sample_weight broadcasts
  // against the per-sample values.
  Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {});
  // One value a sample: the last axis (or axes) reduced.
  virtual Tensor call(const Tensor& y_true, const Tensor& y_pred) = 0;

  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }

 protected:
  std::string name_;
  std::string reduction_ = "sum_over_batch_size";
  std::optional<DType> dtype_;
};

// y_true brought to y_pred's rank: a trailing axis of one is dropped or added, as Keras does.
void squeeze_or_expand(Tensor& y_true, const Tensor& y_pred);
// values * sample_weight, reduced: "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum",
// "none".
Tensor reduce_weighted(const Tensor& values, const Tensor& sample_weight,
                       const std::string& reduction);

// A function of the caller's own as a loss.
class FunctionLoss final : public Loss {
 public:
  using Function = std::function<Tensor(const Tensor& y_true, const Tensor& y_pred)>;
  FunctionLoss(std::string name, Function function) : function_(std::move(function)) {
    name_ = std::move(name);
  }
  std::string_view class_name() const override { return "FunctionLoss"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return function_(y_true, y_pred);
  }

 private:
  Function function_;
};

}  // namespace nacre
