#include "nacre/nn/trainer.h"

#include <algorithm>
#include <chrono>

#include "nacre/base/interrupt.h"
#include "nacre/graph/scope.h"
#include "nacre/graph/tape.h"
#include "nacre/nn/functional.h"
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
  if (options.output_names.empty()) {
    if (const auto* functional = dynamic_cast<const Functional*>(&model_)) {
      options.output_names = functional->output_names();
    }
  }
  loss_tracker_ = make_ref<Mean>();
  loss_tracker_->set_name("loss");
  loss_tracker_->validate();
  set_outputs(std::move(options));
  compiled_ = true;
  forget_plans();
}

void Trainer::set_outputs(CompileOptions options) {
  options_ = std::move(options);
  output_losses_.clear();
  output_metrics_.clear();
  resolved_ = false;
}

void Trainer::forget_plans() {
  trainable_.clear();
  train_plans_.clear();
  test_plans_.clear();
  predict_plans_.clear();
}

void Trainer::check_batch(const Batch& batch, const Tensors& y_pred) const {
  if (batch.y.empty()) return;
  if (batch.y.size() != y_pred.size()) {
    value_error("expected ", y_pred.size(), y_pred.size() == 1 ? " target" : " targets",
                " (one an output), received ", batch.y.size());
  }
  const size_t weights = batch.sample_weight.size();
  if (weights > 1 && weights != y_pred.size()) {
    value_error("expected one sample_weight, or one an output (", y_pred.size(), "), received ",
                weights);
  }
}

std::string Trainer::output_name(size_t output) const {
  return output < options_.output_names.size() ? options_.output_names[output] : std::string();
}

void Trainer::resolve_losses(size_t num_outputs) {
  const auto& losses = options_.losses;
  const auto& given = options_.loss_weights;
  const bool listed = !options_.loss_outputs.empty();
  if (!listed && losses.size() > 1 && losses.size() != num_outputs) {
    value_error("expected one loss an output (", num_outputs, "), received ", losses.size());
  }
  const size_t count = listed ? losses.size() : losses.empty() ? 0 : num_outputs;
  if (given.size() > 1 && given.size() != count) {
    value_error("expected one of loss_weights for each of ", count, " losses, received ",
                given.size());
  }
  std::vector<OutputLoss> resolved;
  for (size_t i = 0; i < count; ++i) {
    const Ref<Loss>& loss = one_or_each(losses, i);
    if (!loss) continue;
    const size_t output = listed ? static_cast<size_t>(options_.loss_outputs[i]) : i;
    resolved.push_back({output, loss, given.empty() ? 1.0 : one_or_each(given, i), nullptr});
  }
  for (OutputLoss& entry : resolved) {
    if (resolved.size() == 1) break;
    const std::string name = output_name(entry.output);
    entry.tracker = make_ref<Mean>();
    entry.tracker->set_name((name.empty() ? entry.loss->name() : name) + "_loss");
    entry.tracker->validate();
  }
  output_losses_ = std::move(resolved);
}

// Makes what depends on the targets and outputs: metrics given by name, losses' averages.
void Trainer::resolve_outputs(const Batch& batch, const Tensors& outputs) {
  if (resolved_) return;
  const PauseRecording pause;
  resolve_losses(outputs.size());
  std::vector<OutputMetric> resolved;
  std::map<std::string, int> taken;
  for (const bool weighted : {false, true}) {
    const auto& lists = weighted ? options_.weighted_metrics : options_.metrics;
    if (lists.size() > outputs.size()) {
      value_error("expected one list of ", weighted ? "weighted_metrics" : "metrics",
                  " an output (", outputs.size(), "), received ", lists.size());
    }
    for (size_t o = 0; o < lists.size() && o < batch.y.size(); ++o) {
      if (!batch.y[o].defined()) continue;
      const std::string prefix =
          outputs.size() > 1 && !output_name(o).empty() ? output_name(o) + "_" : std::string();
      for (const Json& item : lists[o]) {
        Ref<Metric> metric = resolve_metric(item, batch.y[o].spec(), outputs[o].spec());
        std::string name = prefix + metric->name();
        if (taken.contains(name) && weighted) name = prefix + "weighted_" + metric->name();
        const int before = taken[name]++;
        if (before) name += "_" + std::to_string(before);
        resolved.push_back({o, weighted, name, metric});
      }
    }
  }
  output_metrics_ = std::move(resolved);
  resolved_ = !batch.y.empty();
}

Tensor Trainer::compute_loss(const Batch& batch, const Tensors& y_pred) {
  check_batch(batch, y_pred);
  resolve_outputs(batch, y_pred);
  Tensor total;
  const auto add = [&](const Tensor& value) {
    total = total.defined() ? total + ops::cast(value, total.dtype()) : value;
  };
  for (const OutputLoss& entry : output_losses_) {
    if (entry.output >= batch.y.size() || !batch.y[entry.output].defined()) {
      if (batch.y.empty()) continue;
      value_error("expected a target for output ", entry.output,
                  output_name(entry.output).empty() ? "" : " '" + output_name(entry.output) + "'",
                  ", which has a loss, received None");
    }
    const Tensor& prediction = y_pred[entry.output];
    Tensor value = (*entry.loss)(batch.y[entry.output], prediction, weight_of(batch, entry.output));
    if (entry.tracker) {
      const int64_t rows = prediction.rank() ? prediction.shape()[0] : 1;
      entry.tracker->add(value, Tensor::scalar(static_cast<float>(rows)));
    }
    add(entry.weight == 1.0 ? value : value * entry.weight);
  }
  for (const Tensor& loss : model_.losses()) add(ops::sum(loss));
  if (!total.defined()) {
    if (!output_losses_.empty())
      value_error("the loss given to compile() needs targets; y is None");
    value_error("there is nothing to train: no loss was given to compile() and no layer adds one");
  }
  return total;
}

void Trainer::update_loss(const Batch& batch, const Tensor& loss) {
  const int64_t rows = batch.x[0].rank() ? batch.x[0].shape()[0] : 1;
  loss_tracker_->add(loss, Tensor::scalar(static_cast<float>(rows)));
}

void Trainer::update_metrics(const Batch& batch, const Tensors& y_pred) {
  resolve_outputs(batch, y_pred);
  for (const OutputMetric& m : output_metrics_) {
    if (m.output >= batch.y.size() || !batch.y[m.output].defined()) continue;
    m.metric->update_state(batch.y[m.output], y_pred[m.output],
                           m.weighted ? weight_of(batch, m.output) : Tensor());
  }
}

void Trainer::run_train_step(const Batch& batch) {
  model_.clear_losses();
  Tape tape(false, true);
  Tensors y_pred;
  Tensor loss, scaled;
  {
    const RecorderScope scope(tape);
    y_pred = model_(batch.x, true);
    loss = compute_loss(batch, y_pred);
    scaled = options_.optimizer->scale_loss(loss);
  }
  // Settled by the first step: freezing a layer later takes effect with the next compile().
  if (trainable_.empty()) trainable_ = model_.trainable_weights();
  if (!options_.optimizer->built()) {
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
  update_loss(batch, loss);
  update_metrics(batch, y_pred);
  model_.clear_losses();
}

void Trainer::run_test_step(const Batch& batch) {
  model_.clear_losses();
  const Tensors y_pred = model_(batch.x, false);
  const Tensor loss = compute_loss(batch, y_pred);
  update_loss(batch, loss);
  update_metrics(batch, y_pred);
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
  const auto step = [&](const Tensors& inputs) {
    Tensors y = model_(inputs, false);
    model_.clear_losses();
    return y;
  };
  if (options_.run_eagerly) return step(x);
  if (!model_.built()) {
    std::vector<Shape> shapes;
    for (const Tensor& t : x) shapes.push_back(t.shape());
    model_.ensure_built(shapes);
  }
  const auto is_given = [](const Tensor& t) { return t.defined(); };
  if (std::all_of(x.begin(), x.end(), is_given)) {
    return predict_plans_.call(
        x, "", [&](std::span<const Tensor> all) { return step(Tensors(all.begin(), all.end())); });
  }
  const Batch batch{x, {}, {}};  // without some optional inputs
  return predict_plans_.call(flatten(batch), layout(batch), [&](std::span<const Tensor> all) {
    return step(unflatten(batch, all).x);
  });
}

std::vector<Ref<Metric>> Trainer::metrics() const {
  std::vector<Ref<Metric>> out;
  for (const OutputMetric& m : output_metrics_) out.push_back(m.metric);
  return out;
}

std::vector<VariableRef> Trainer::metric_variables() const {
  std::vector<VariableRef> all;
  for (const LoggedMetric& logged : logged_metrics()) {
    const auto& own = logged.metric->variables();
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

void Trainer::prepare(const Batch& batch) {
  if (!compiled_) runtime_error("call compile() before fit()");
  const PauseRecording pause;
  {
    // Some metrics make their variables at their first update; nothing is computed.
    Capture capture({});
    const RecorderScope scope(capture);
    run_test_step(batch);
  }
  reset_metrics();
  if (!options_.optimizer || options_.optimizer->built()) return;
  trainable_ = model_.trainable_weights();
  options_.optimizer->build(trainable_);
}

std::vector<Trainer::LoggedMetric> Trainer::logged_metrics() const {
  std::vector<LoggedMetric> out;
  if (!compiled_) return out;
  out.push_back({"loss", loss_tracker_, false});
  const auto add_metrics = [&](bool own_name) {
    for (const OutputMetric& m : output_metrics_) {
      if ((m.log_name == m.metric->name()) == own_name) {
        out.push_back({m.log_name, m.metric, true});
      }
    }
  };
  add_metrics(true);
  for (const OutputLoss& entry : output_losses_) {
    if (entry.tracker) out.push_back({entry.tracker->name(), entry.tracker, false});
  }
  const auto renamed = static_cast<std::ptrdiff_t>(out.size());
  add_metrics(false);
  std::sort(out.begin() + renamed, out.end(),
            [](const LoggedMetric& a, const LoggedMetric& b) { return a.name < b.name; });
  return out;
}

Logs Trainer::logs() {
  Logs out;
  for (const LoggedMetric& logged : logged_metrics()) {
    const Tensor value = logged.metric->result();
    if (value.size() == 1) out.emplace_back(logged.name, value.item());
  }
  return out;
}

void Trainer::reset_metrics() {
  for (const LoggedMetric& logged : logged_metrics()) logged.metric->reset_state();
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
