// Trainer: compile, fit, evaluate and predict of any layer that is a model. Each step is recorded
// once a signature and replayed as a plan.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nacre/graph/plan.h"
#include "nacre/nn/layer.h"
#include "nacre/nn/loss.h"
#include "nacre/nn/metric.h"
#include "nacre/nn/optimizer.h"

namespace nacre {

// Name and value, in the order in which they are shown.
using Logs = std::vector<std::pair<std::string, double>>;

struct CompileOptions {
  Ref<Optimizer> optimizer;
  std::vector<Ref<Loss>> losses;  // one an output, or one for all; null: no loss for that output
  std::vector<double> loss_weights;
  // The output of each loss, where they are not one an output.
  std::vector<int64_t> loss_outputs;
  // One list an output. Each metric is a name ("accuracy" is resolved from the first batch's
  // shapes), a serialized metric or a handle to one.
  std::vector<std::vector<Json>> metrics;
  std::vector<std::vector<Json>> weighted_metrics;
  // For logs of models with several outputs; those of a functional model are known.
  std::vector<std::string> output_names;
  bool run_eagerly = false;
};

// What a step is given; empty tensors where there is none.
struct Batch {
  Tensors x;
  Tensors y;
  Tensors sample_weight;  // one, or one an output
};

// Rows of arrays in memory: the batches of an epoch in a given order.
class ArrayFeeder {
 public:
  // Arrays share their first dimension; ValueError otherwise.
  ArrayFeeder(Tensors x, Tensors y, Tensors sample_weight, int64_t batch_size);
  int64_t num_rows() const { return rows_; }
  int64_t num_batches() const { return (rows_ + batch_size_ - 1) / batch_size_; }
  void shuffle(uint64_t seed);  // a new random order
  void keep_order();            // as stored
  int64_t batch_size() const { return batch_size_; }
  bool shuffled() const { return !order_.empty(); }
  int64_t row_bytes() const;  // of a row of all arrays
  Batch batch(int64_t index) const;
  // Rows [begin, end) of the order, gathered by this thread alone or by all.
  Batch rows(int64_t begin, int64_t end, bool parallel) const;

 private:
  Tensor rows_of(const Tensor& array, int64_t begin, int64_t end, bool parallel) const;

  Tensors x_, y_, sample_weight_;
  int64_t batch_size_;
  int64_t rows_ = 0;
  std::vector<int64_t> order_;  // empty: as stored
};

struct FitOptions {
  int64_t batch_size = 32;
  int64_t epochs = 1;
  bool shuffle = true;
  Tensors validation_x, validation_y;
  // Called after each epoch; false ends training.
  std::function<bool(int64_t epoch, const Logs& logs)> on_epoch_end;
};

class Trainer {
 public:
  explicit Trainer(Layer& model) : model_(model) {}

  void compile(CompileOptions options);
  bool compiled() const { return compiled_; }

  // One step; metrics are updated, nothing is returned. RuntimeError before compile().
  void train_step(const Batch& batch);
  void test_step(const Batch& batch);
  Tensors predict_step(const Tensors& x);
  // The metrics' present values: of the loss first.
  Logs logs();
  void reset_metrics();

  // Steps [begin, end) of an epoch over arrays. after_step(step), when given, is called after the
  // first one and then after one each `interval` seconds; false stops the epoch.
  using StepHook = std::function<bool(int64_t step)>;
  void train_steps(const ArrayFeeder& feeder, int64_t begin, int64_t end,
                   const StepHook& after_step = nullptr, double interval = 0);
  void test_steps(const ArrayFeeder& feeder, int64_t begin, int64_t end,
                  const StepHook& after_step = nullptr, double interval = 0);
  // Outputs for all rows, joined.
  Tensors predict(const Tensors& x, int64_t batch_size = 32);
  std::vector<Logs> fit(const Tensors& x, const Tensors& y, const FitOptions& options);
  Logs evaluate(const Tensors& x, const Tensors& y, int64_t batch_size = 32);

  const Ref<Optimizer>& optimizer() const { return options_.optimizer; }
  std::vector<Ref<Metric>> metrics() const;  // without the loss tracker
  // The totals of all metrics, the loss trackers' among them: what an epoch has added up so far.
  std::vector<VariableRef> metric_variables() const;
  // Makes all that the first step would make, from a batch like it: weights, slots, metrics. Values
  // are left to be loaded.
  void prepare(const Batch& batch);
  void set_run_eagerly(bool eager) { options_.run_eagerly = eager; }
  // Forgets recorded steps and what is trained (after a layer was added or removed).
  void forget_plans();
  const PlanCache& train_plans() const { return train_plans_; }
  const PlanCache& test_plans() const { return test_plans_; }
  const PlanCache& predict_plans() const { return predict_plans_; }

  // What a step is made of, for steps that a caller writes: the scalar loss of predictions, with
  // regularizers, noted per output; and the metrics' updates.
  Tensor compute_loss(const Batch& batch, const Tensors& y_pred);
  void update_metrics(const Batch& batch, const Tensors& y_pred);
  void update_loss(const Batch& batch, const Tensor& loss);

  // What is logged, in order: the loss, metrics under their own names, the outputs' losses, metrics
  // that are named after their output.
  struct LoggedMetric {
    std::string name;
    Ref<Metric> metric;
    bool compiled;  // given to compile()
  };
  std::vector<LoggedMetric> logged_metrics() const;
  // Replaces what compile() said of outputs, when they are known (a model written in Python).
  void set_outputs(CompileOptions options);

 private:
  void check_batch(const Batch& batch, const Tensors& y_pred) const;
  void resolve_outputs(const Batch& batch, const Tensors& outputs);
  void resolve_losses(size_t num_outputs);
  std::string output_name(size_t output) const;
  template <class Step>
  void run_steps(const ArrayFeeder& feeder, int64_t begin, int64_t end, const StepHook& after_step,
                 double interval, Step&& step);
  void run_train_step(const Batch& batch);
  void run_test_step(const Batch& batch);

  Layer& model_;
  CompileOptions options_;
  bool compiled_ = false;
  bool resolved_ = false;
  Ref<Mean> loss_tracker_;
  struct OutputLoss {
    size_t output;
    Ref<Loss> loss;
    double weight;
    Ref<Mean> tracker;  // with several losses
  };
  std::vector<OutputLoss> output_losses_;
  struct OutputMetric {
    size_t output;
    bool weighted;
    std::string log_name;
    Ref<Metric> metric;
  };
  std::vector<OutputMetric> output_metrics_;
  std::vector<VariableRef> trainable_;
  PlanCache train_plans_{"fit"};
  PlanCache test_plans_{"evaluate"};
  PlanCache predict_plans_{"predict"};
};

}  // namespace nacre
