// Metric: totals held in variables, updated by every batch, read when asked.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nacre/graph/variable.h"
#include "nacre/nn/configurable.h"
#include "nacre/nn/initializer.h"

namespace nacre {

class Metric : public Configurable {
 public:
  static constexpr std::string_view kModule = "metrics";
  std::string_view module() const override { return kModule; }
  std::vector<Field> fields() override;
  void validate() override;

  // Accumulates a batch, made of ops only (it is part of the captured step).
  virtual void update_state(const Tensor& y_true, const Tensor& y_pred,
                            const Tensor& sample_weight) = 0;
  virtual Tensor result() = 0;
  virtual void reset_state();  // zeros in every variable

  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
  DType dtype() const { return dtype_.value_or(floatx()); }  // of the result
  const std::vector<VariableRef>& variables() const { return variables_; }
  VariableRef add_variable(const std::string& name, const Shape& shape,
                           DType dtype = DType::kFloat32, const Ref<Initializer>& initializer = {});

 protected:
  // x / y, and 0 where y is 0: a metric before its first batch.
  Tensor divide_no_nan(const Tensor& x, const Tensor& y) const;

  std::string name_;
  std::optional<DType> dtype_;

 private:
  std::vector<VariableRef> variables_;
};

// Values and weights, one a sample: further axes are reduced with `reduce` (ops::mean or ops::sum).
struct WeightedValues {
  Tensor values;  // times the weight
  Tensor weight;  // undefined: none
};
using ReduceFn = Tensor (*)(const Tensor& x, const std::optional<IntList>& axis, bool keepdims);
WeightedValues to_samples(const Tensor& values, const Tensor& sample_weight, ReduceFn reduce);

// Weighted sum of values.
class Sum final : public Metric {
 public:
  Sum() { name_ = "sum"; }
  std::string_view class_name() const override { return "Sum"; }
  void validate() override;
  // y_true are the values; y_pred is not used.
  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override;
  Tensor result() override;

 private:
  VariableRef total_;
};

// Weighted mean of values. Total and count are float64: counts stay exact past 2^24 samples.
class Mean : public Metric {
 public:
  Mean() { name_ = "mean"; }
  std::string_view class_name() const override { return "Mean"; }
  void validate() override;
  // y_true are the values; y_pred is not used.
  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override;
  Tensor result() override;
  void add(const Tensor& values, const Tensor& sample_weight = {});

 private:
  VariableRef total_;
  VariableRef count_;
};

// The mean of a function of (y_true, y_pred), one value a sample: most metrics are of this kind.
class MeanMetricWrapper : public Mean {
 public:
  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override;
  virtual Tensor call(const Tensor& y_true, const Tensor& y_pred) = 0;
};

class FunctionMetric final : public MeanMetricWrapper {
 public:
  using Function = std::function<Tensor(const Tensor& y_true, const Tensor& y_pred)>;
  FunctionMetric(std::string name, Function function) : function_(std::move(function)) {
    name_ = std::move(name);
    validate();
  }
  std::string_view class_name() const override { return "FunctionMetric"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return function_(y_true, y_pred);
  }

 private:
  Function function_;
};

}  // namespace nacre
