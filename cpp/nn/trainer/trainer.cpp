#include "nacre/nn/trainer.h"

#include <algorithm>
#include <chrono>

#include "nacre/base/interrupt.h"
#include "nacre/graph/scope.h"
#include "nacre/graph/tape.h"
#include "nacre/ops/ops.h"
#include "nn/metrics/resolve.h"
#include "nn/trainer/batch_reader.h"

namespace nacre {
namespace {

// Arguments of a plan are one flat list; the counts say which is which.
Tensors flatten(const Batch& batch) {
  Tensors all;
  for (const Tensors* group : {&batch.x, &batch.y, &batch.sample_weight}) {
    for (const Tensor& t : *group) {
      if (t.defined()) all.push_back(t);
    }
  }
  return all;
}

std::string layout(const Batch& batch) {
  std::string key;
  for (const Tensors* group : {&batch.x, &batch.y, &batch.sample_weight}) {
    for (const Tensor& t : *group) key += t.defined() ? '1' : '0';
    key += '/';
  }
  return key;
}

Batch unflatten(const Batch& like, std::span<const Tensor> all) {
  Batch out;
  size_t at = 0;
  const auto take = [&](const Tensors& from, Tensors& to) {
    for (const Tensor& t : from) to.push_back(t.defined() ? all[at++] : Tensor());
  };
  take(like.x, out.x);
  take(like.y, out.y);
  take(like.sample_weight, out.sample_weight);
  return out;
}

template <class T>
const T& one_or_each(const std::vector<T>& list, size_t index) {
  return list.size() == 1 ? list[0] : list[index];
}

Tensor weight_of(const Batch& batch, size_t output) {
  if (batch.sample_weight.empty()) return {};
  return one_or_each(batch.sample_weight, output);
}

}  // namespace

void Trainer::compile(CompileOptions options) {
  options_ = std::move(options);
  loss_tracker_ = make_ref<Mean>();
  loss_tracker_->set_name("loss");
  loss_tracker_->validate();
  output_loss_trackers_.clear();
  output_metrics_.clear();
  metrics_resolved_ = false;
  trainable_.clear();
  compiled_ = true;
  forget_plans();
}

void Trainer::forget_plans() {
  train_plans_.clear();
  test_plans_.clear();
  predict_plans_.clear();
}

void Trainer::check_batch(const Batch& batch, const Tensors& y_pred) const {
  if (batch.y.empty()) return;
  if (batch.y.size() != y_pred.size()) {
    value_error("expected ", y_pred.size(), " targets (one an output), received ", batch.y.size());
  }
}

Tensor Trainer::compute_loss(const Batch& batch, const Tensors& y_pred) {
  const NameScope scope("loss");
  check_batch(batch, y_pred);
  Tensor total;
  const auto add = [&](const Tensor& value) {
    total = total.defined() ? total + ops::cast(value, total.dtype()) : value;
  };
  const size_t num_losses = options_.losses.size();
  if (num_losses > 1 && num_losses != y_pred.size()) {
    value_error("expected one loss an output (", y_pred.size(), "), received ", num_losses);
  }
  for (size_t o = 0; o < batch.y.size() && num_losses > 0; ++o) {
    const Ref<Loss>& loss = one_or_each(options_.losses, o);
    if (!loss || !batch.y[o].defined()) continue;
    Tensor value = (*loss)(batch.y[o], y_pred[o], weight_of(batch, o));
    if (y_pred.size() > 1) {
      output_loss_trackers_[o]->add(value,
                                    Tensor::scalar(static_cast<float>(batch.x[0].shape()[0])));
    }
    if (!options_.loss_weights.empty()) value = value * one_or_each(options_.loss_weights, o);
    add(value);
  }
  for (const Tensor& loss : model_.losses()) add(ops::sum(loss));
  if (!total.defined()) {
    value_error("there is nothing to train: no loss was given to compile() and no layer adds one");
  }
  return total;
}

void Trainer::update_metrics(const Batch& batch, const Tensors& y_pred, const Tensor& loss) {
  const NameScope scope("metrics");
  const int64_t rows = batch.x[0].rank() ? batch.x[0].shape()[0] : 1;
  loss_tracker_->add(loss, Tensor::scalar(static_cast<float>(rows)));
  for (const OutputMetric& m : output_metrics_) {
    m.metric->update_state(batch.y[m.output], y_pred[m.output],
                           m.weighted ? weight_of(batch, m.output) : Tensor());
  }
}

// Makes what depends on the shapes of targets and outputs: metrics given by name, losses' averages.
void Trainer::resolve_metrics(const Batch& batch, const Tensors& outputs) {
  if (metrics_resolved_) return;
  const PauseRecording pause;
  const auto name_of_output = [&](size_t o) {
    return o < options_.output_names.size() ? options_.output_names[o]
                                            : "output_" + std::to_string(o);
  };
  std::vector<OutputMetric> resolved;
  for (const bool weighted : {false, true}) {
    const auto& lists = weighted ? options_.weighted_metrics : options_.metrics;
    for (size_t o = 0; o < outputs.size() && !lists.empty(); ++o) {
      if (lists.size() == 1 && o > 0) break;
      if (o >= lists.size() || o >= batch.y.size()) break;
      for (const Json& item : lists[o]) {
        Ref<Metric> metric = resolve_metric(item, batch.y[o].spec(), outputs[o].spec());
        std::string name = metric->name();
        if (outputs.size() > 1) name = name_of_output(o) + "_" + name;
        resolved.push_back({o, weighted, name, metric});
      }
    }
  }
  std::vector<Ref<Mean>> trackers;
  for (size_t o = 0; outputs.size() > 1 && o < outputs.size(); ++o) {
    trackers.push_back(make_ref<Mean>());
    trackers.back()->set_name(name_of_output(o) + "_loss");
    trackers.back()->validate();
  }
  output_metrics_ = std::move(resolved);
  output_loss_trackers_ = std::move(trackers);
  metrics_resolved_ = true;
}

void Trainer::run_train_step(const Batch& batch) {
  model_.clear_losses();
  Tape tape(false, true);
  Tensors y_pred;
  Tensor loss, scaled;
  {
    const RecorderScope scope(tape);
    y_pred = model_(batch.x, true);
    resolve_metrics(batch, y_pred);
    loss = compute_loss(batch, y_pred);
    scaled = options_.optimizer->scale_loss(loss);
  }
  if (trainable_.empty() || !options_.optimizer->built()) {
    trainable_ = model_.trainable_weights();
    options_.optimizer->build(trainable_);
  }
  Tensors values;
  for (const auto& variable : trainable_) values.push_back(tape.value_of(*variable));
  std::vector<VariableRef> variables;
  Tensors sources;
  for (size_t i = 0; i < trainable_.size(); ++i) {
    if (!values[i].defined()) continue;
    variables.push_back(trainable_[i]);
    sources.push_back(values[i]);
  }
  const Tensors grads = tape.gradient({scaled}, sources);
  options_.optimizer->apply(grads, variables);
  update_metrics(batch, y_pred, loss);
  model_.clear_losses();
}

void Trainer::run_test_step(const Batch& batch) {
  model_.clear_losses();
  const Tensors y_pred = model_(batch.x, false);
  resolve_metrics(batch, y_pred);
  const Tensor loss = compute_loss(batch, y_pred);
  update_metrics(batch, y_pred, loss);
  model_.clear_losses();
}

void Trainer::train_step(const Batch& batch) {
  if (!compiled_) runtime_error("call compile() before fit()");
  if (!options_.optimizer) runtime_error("compile() was given no optimizer");
  if (batch.x.empty()) value_error("fit: expected at least one input");
  if (options_.run_eagerly) return run_train_step(batch);
  const std::string key = layout(batch) + std::to_string(options_.optimizer->version());
  train_plans_.call(flatten(batch), key, [&](std::span<const Tensor> all) {
    run_train_step(unflatten(batch, all));
    return Tensors();
  });
}

void Trainer::test_step(const Batch& batch) {
  if (!compiled_) runtime_error("call compile() before evaluate()");
  if (batch.x.empty()) value_error("evaluate: expected at least one input");
  if (options_.run_eagerly) return run_test_step(batch);
  test_plans_.call(flatten(batch), layout(batch), [&](std::span<const Tensor> all) {
    run_test_step(unflatten(batch, all));
    return Tensors();
  });
}

Tensors Trainer::predict_step(const Tensors& x) {
  const auto run = [&](std::span<const Tensor> all) {
    Tensors y = model_(Tensors(all.begin(), all.end()), false);
    model_.clear_losses();
    return y;
  };
  if (options_.run_eagerly) return run(x);
  if (!model_.built()) {
    std::vector<Shape> shapes;
    for (const Tensor& t : x) shapes.push_back(t.shape());
    model_.ensure_built(shapes);
  }
  return predict_plans_.call(x, "", run);
}

std::vector<Ref<Metric>> Trainer::metrics() const {
  std::vector<Ref<Metric>> out;
  for (const OutputMetric& m : output_metrics_) out.push_back(m.metric);
  return out;
}

std::vector<VariableRef> Trainer::metric_variables() const {
  std::vector<VariableRef> all;
  const auto add = [&](const Metric& metric) {
    all.insert(all.end(), metric.variables().begin(), metric.variables().end());
  };
  if (loss_tracker_) add(*loss_tracker_);
  for (const auto& tracker : output_loss_trackers_) add(*tracker);
  for (const OutputMetric& m : output_metrics_) add(*m.metric);
  return all;
}

void Trainer::prepare(const Batch& batch) {
  if (!compiled_) runtime_error("call compile() before fit()");
  const PauseRecording pause;
  run_test_step(batch);  // some metrics make their variables at their first update
  reset_metrics();
  if (!options_.optimizer || options_.optimizer->built()) return;
  trainable_ = model_.trainable_weights();
  options_.optimizer->build(trainable_);
}

Logs Trainer::logs() {
  Logs out;
  if (!compiled_) return out;
  out.emplace_back("loss", loss_tracker_->result().item());
  for (const auto& tracker : output_loss_trackers_) {
    out.emplace_back(tracker->name(), tracker->result().item());
  }
  for (const OutputMetric& m : output_metrics_) {
    const Tensor value = m.metric->result();
    if (value.size() == 1) out.emplace_back(m.log_name, value.item());
  }
  return out;
}

void Trainer::reset_metrics() {
  if (!compiled_) return;
  loss_tracker_->reset_state();
  for (const auto& tracker : output_loss_trackers_) tracker->reset_state();
  for (const OutputMetric& m : output_metrics_) m.metric->reset_state();
}

template <class Step>
void Trainer::run_steps(const ArrayFeeder& feeder, int64_t begin, int64_t end,
                        const StepHook& after_step, double interval, Step&& step) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point next = Clock::now();
  BatchReader reader(feeder, begin, end);
  for (int64_t i = begin; i < end; ++i) {
    step(reader.next());
    poll_interrupt();
    if (!after_step) continue;
    const Clock::time_point now = Clock::now();
    if (now < next) continue;
    next =
        now + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(interval));
    if (!after_step(i)) return;
  }
}

void Trainer::train_steps(const ArrayFeeder& feeder, int64_t begin, int64_t end,
                          const StepHook& after_step, double interval) {
  run_steps(feeder, begin, end, after_step, interval, [this](const Batch& b) { train_step(b); });
}

void Trainer::test_steps(const ArrayFeeder& feeder, int64_t begin, int64_t end,
                         const StepHook& after_step, double interval) {
  run_steps(feeder, begin, end, after_step, interval, [this](const Batch& b) { test_step(b); });
}

Tensors Trainer::predict(const Tensors& x, int64_t batch_size) {
  const ArrayFeeder feeder(x, {}, {}, batch_size);
  if (feeder.num_rows() <= batch_size) return predict_step(x);
  std::vector<Tensors> parts;
  for (int64_t b = 0; b < feeder.num_batches(); ++b) {
    const Tensors y = predict_step(feeder.batch(b).x);
    parts.resize(y.size());
    for (size_t o = 0; o < y.size(); ++o) parts[o].push_back(y[o]);
    poll_interrupt();
  }
  Tensors joined;
  for (const Tensors& part : parts) joined.push_back(ops::concatenate(part, 0));
  return joined;
}

std::vector<Logs> Trainer::fit(const Tensors& x, const Tensors& y, const FitOptions& options) {
  if (options.epochs < 0) value_error("fit: expected epochs >= 0, received ", options.epochs);
  ArrayFeeder feeder(x, y, {}, options.batch_size);
  std::vector<Logs> history;
  for (int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    if (options.shuffle) feeder.shuffle(next_default_seed());
    reset_metrics();
    train_steps(feeder, 0, feeder.num_batches());
    Logs logs = this->logs();
    if (!options.validation_x.empty()) {
      for (const auto& [name, value] :
           evaluate(options.validation_x, options.validation_y, options.batch_size)) {
        logs.emplace_back("val_" + name, value);
      }
    }
    history.push_back(logs);
    if (options.on_epoch_end && !options.on_epoch_end(epoch, logs)) break;
  }
  options_.optimizer->finalize_variable_values(trainable_);
  return history;
}

Logs Trainer::evaluate(const Tensors& x, const Tensors& y, int64_t batch_size) {
  const ArrayFeeder feeder(x, y, {}, batch_size);
  reset_metrics();
  test_steps(feeder, 0, feeder.num_batches());
  return logs();
}

}  // namespace nacre
