// Initializers, losses, metrics, optimizers and the trainer.
#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include "bindings/bindings.h"
#include "bindings/nn.h"
#include "nacre/graph/summary.h"
#include "nacre/nn/optimizer_wrappers.h"
#include "nacre/nn/trainer.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"
#include "nn/losses/functions.h"

namespace nacre::bindings {
namespace {

// Objects written in Python that hold no state of their own here: made when C++ asks for one, and
// holding the Python object.
class StrongObject {
 public:
  explicit StrongObject(py::object object) : object_(std::move(object)) {}
  ~StrongObject() {
    const py::gil_scoped_acquire gil;
    object_ = py::object();
  }
  StrongObject(const StrongObject&) = delete;
  StrongObject& operator=(const StrongObject&) = delete;
  const py::object& get() const { return object_; }

 private:
  py::object object_;
};

template <class Base>
class PythonTransform final : public Base {
 public:
  PythonTransform(py::object owner, std::string class_name)
      : owner_(std::move(owner)), class_name_(std::move(class_name)) {}
  std::string_view class_name() const override { return class_name_; }
  Tensor operator()(const Tensor& x) override {
    const py::gil_scoped_acquire gil;
    return to_operand(owner_.get()(x).ptr());
  }

 private:
  StrongObject owner_;
  std::string class_name_;
};

class PythonInitializer final : public Initializer {
 public:
  explicit PythonInitializer(py::object owner) : owner_(std::move(owner)) {}
  std::string_view class_name() const override { return "PythonInitializer"; }
  Tensor operator()(const Shape& shape, DType dtype) override {
    const py::gil_scoped_acquire gil;
    const Tensor value =
        to_tensor(owner_.get()(shape_tuple(shape), py::arg("dtype") = dtype).ptr(), dtype);
    if (!(value.shape() == shape)) {
      value_error("initializer: expected values of shape ", shape, ", received ", value.shape());
    }
    return value;
  }

 private:
  StrongObject owner_;
};

class PythonLoss final : public Loss {
 public:
  PythonLoss(py::object owner, std::string class_name)
      : owner_(std::move(owner)), class_name_(std::move(class_name)) {}
  std::string_view class_name() const override { return class_name_; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    const py::gil_scoped_acquire gil;
    const Tensor target =
        y_true.dtype() == y_pred.dtype() ? y_true : ops::cast(y_true, y_pred.dtype());
    return to_operand(owner_.get().attr("call")(target, y_pred).ptr());
  }

 private:
  StrongObject owner_;
  std::string class_name_;
};

class PythonMetric final : public Metric {
 public:
  PythonMetric(py::handle owner, std::string class_name)
      : owner_(owner), class_name_(std::move(class_name)) {}
  std::string_view class_name() const override { return class_name_; }
  void update_state(const Tensor& y_true, const Tensor& y_pred, const Tensor& weight) override {
    const py::gil_scoped_acquire gil;
    py::object w = py::none();
    if (weight.defined()) w = py::cast(weight);
    owner_.get().attr("update_state")(y_true, y_pred, py::arg("sample_weight") = w);
  }
  Tensor result() override {
    const py::gil_scoped_acquire gil;
    return to_operand(owner_.get().attr("result")().ptr());
  }
  void reset_state() override {
    const py::gil_scoped_acquire gil;
    owner_.get().attr("reset_state")();
  }

 private:
  WeakObject owner_;
  std::string class_name_;
};

class PythonSchedule final : public LearningRateSchedule {
 public:
  explicit PythonSchedule(py::object owner) : owner_(std::move(owner)) {}
  std::string_view class_name() const override { return "PythonSchedule"; }
  Tensor operator()(const Tensor& step) override {
    const py::gil_scoped_acquire gil;
    return to_tensor(owner_.get()(step).ptr(), DType::kFloat32);
  }

 private:
  StrongObject owner_;
};

// `build(variables)` and `update_step(gradient, variable, learning_rate)` in Python.
class PythonOptimizer final : public Optimizer {
 public:
  PythonOptimizer(py::handle owner, std::string class_name)
      : owner_(owner), class_name_(std::move(class_name)) {}
  std::string_view class_name() const override { return class_name_; }
  using Optimizer::add_slot;
  using Optimizer::begin_build;

 protected:
  void build_all(const std::vector<VariableRef>& variables) override {
    const py::gil_scoped_acquire gil;
    owner_.get().attr("build")(variables);
  }
  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const py::gil_scoped_acquire gil;
    owner_.get().attr("update_step")(grad, variable, learning_rate);
  }

 private:
  WeakObject owner_;
  std::string class_name_;
};

Ref<Optimizer> to_optimizer(py::handle object) {
  return deserialize_as<Optimizer>(Optimizer::kModule, to_json(object));
}

Ref<Loss> to_loss(py::handle object) {
  if (object.is_none()) return nullptr;
  return deserialize_as<Loss>(Loss::kModule, to_json(object));
}

std::vector<std::vector<Json>> to_metric_lists(py::handle lists) {
  std::vector<std::vector<Json>> out;
  for (const py::handle list : lists) {
    out.emplace_back();
    for (const py::handle item : list) out.back().push_back(to_json(item));
  }
  return out;
}

Batch to_batch(py::handle x, py::handle y, py::handle sample_weight) {
  return {tensors_from(x), tensors_from(y), tensors_from(sample_weight)};
}

py::list to_pairs(const Logs& logs) {
  py::list out;
  for (const auto& [name, value] : logs) out.append(py::make_tuple(name, value));
  return out;
}

// Keeps the model alive and runs long work without the GIL.
class PyTrainer {
 public:
  explicit PyTrainer(Layer& model) : model_(&model), trainer_(model) {}
  Trainer& get() { return trainer_; }

 private:
  Ref<Layer> model_;
  Trainer trainer_;
};

// Per output: losses, their weights, the output of each, metrics, weighted metrics, names.
using OutputOptions = std::tuple<py::list, std::vector<double>, std::vector<int64_t>, py::list,
                                 py::list, std::vector<std::string>>;

CompileOptions compile_options(const py::object& optimizer, const OutputOptions& outputs,
                               bool run_eagerly) {
  CompileOptions options;
  if (!optimizer.is_none()) {
    options.optimizer = deserialize_as<Optimizer>(Optimizer::kModule, to_json(optimizer));
  }
  const auto& [losses, loss_weights, loss_outputs, metrics, weighted_metrics, names] = outputs;
  for (const py::handle loss : losses) options.losses.push_back(to_loss(loss));
  options.loss_weights = loss_weights;
  options.loss_outputs = loss_outputs;
  options.metrics = to_metric_lists(metrics);
  options.weighted_metrics = to_metric_lists(weighted_metrics);
  options.output_names = names;
  options.run_eagerly = run_eagerly;
  return options;
}

Trainer::StepHook to_hook(py::object hook) {
  if (hook.is_none()) return nullptr;
  return [hook](int64_t step) {
    const py::gil_scoped_acquire gil;
    return hook(step).cast<bool>();
  };
}

using Release = py::gil_scoped_release;

}  // namespace

void bind_training(py::module_& m) {
  py::class_<Initializer, Configurable, Ref<Initializer>>(m, "Initializer")
      .def("__call__",
           [](Initializer& f, const Shape& shape, DType dtype) { return f(shape, dtype); });
  py::class_<PythonInitializer, Initializer, Ref<PythonInitializer>>(m, "PythonInitializer")
      .def(py::init<py::object>());
  py::class_<Regularizer, Configurable, Ref<Regularizer>>(m, "Regularizer")
      .def("__call__", [](Regularizer& f, const Tensor& x) { return f(x); });
  py::class_<PythonTransform<Regularizer>, Regularizer, Ref<PythonTransform<Regularizer>>>(
      m, "PythonRegularizer")
      .def(py::init<py::object, std::string>());
  py::class_<Constraint, Configurable, Ref<Constraint>>(m, "Constraint")
      .def("__call__", [](Constraint& f, const Tensor& x) { return f(x); });
  py::class_<PythonTransform<Constraint>, Constraint, Ref<PythonTransform<Constraint>>>(
      m, "PythonConstraint")
      .def(py::init<py::object, std::string>());

  py::class_<Loss, Configurable, Ref<Loss>>(m, "Loss")
      .def("__call__",
           [](Loss& loss, const Tensor& y_true, const Tensor& y_pred, py::object weight) {
             return loss(y_true, y_pred, weight.is_none() ? Tensor() : to_operand(weight.ptr()));
           })
      .def("call", &Loss::call)
      .def_property("name", &Loss::name, &Loss::set_name);
  py::class_<PythonLoss, Loss, Ref<PythonLoss>>(m, "PythonLoss")
      .def(py::init([](py::object owner, const std::string& class_name, py::handle config) {
        auto loss = make_ref<PythonLoss>(owner, class_name);
        loss->configure(to_json(config));
        return loss;
      }));
  m.def("function_loss", [](const std::string& name, py::object function) -> Ref<Loss> {
    auto held = std::make_shared<StrongObject>(std::move(function));
    return make_ref<FunctionLoss>(name, [held](const Tensor& y_true, const Tensor& y_pred) {
      const py::gil_scoped_acquire gil;
      return to_operand(held->get()(y_true, y_pred).ptr());
    });
  });

  // With embeddings to compare with, which a loss of two arguments does not take.
  m.def("circle_loss", [](const Tensor& y_true, const Tensor& y_pred, double gamma, double margin,
                          bool remove_diagonal, py::handle labels, py::handle embeddings) {
    const auto given = [](py::handle x) { return x.is_none() ? Tensor() : to_operand(x.ptr()); };
    return losses::circle(y_true, y_pred, gamma, margin, remove_diagonal, given(labels),
                          given(embeddings));
  });

  py::class_<Metric, Configurable, Ref<Metric>>(m, "Metric")
      .def("update_state",
           [](Metric& metric, const Tensor& y_true, py::object y_pred, py::object weight) {
             metric.update_state(y_true, y_pred.is_none() ? Tensor() : to_operand(y_pred.ptr()),
                                 weight.is_none() ? Tensor() : to_operand(weight.ptr()));
           })
      .def("result", &Metric::result)
      .def("reset_state", [](Metric& metric) { metric.Metric::reset_state(); })
      .def("native_reset_state", &Metric::reset_state)
      .def("add_variable",
           [](Metric& metric, const std::string& name, const Shape& shape, DType dtype,
              py::object initializer) {
             return metric.add_variable(
                 name, shape, dtype,
                 initializer.is_none()
                     ? nullptr
                     : deserialize_as<Initializer>(Initializer::kModule, to_json(initializer)));
           })
      .def_property_readonly("dtype", &Metric::dtype)
      .def_property("name", &Metric::name, &Metric::set_name)
      .def_property_readonly("variables", &Metric::variables);
  py::class_<MeanMetricWrapper, Metric, Ref<MeanMetricWrapper>>(m, "MeanMetricWrapper")
      .def("call", &MeanMetricWrapper::call);
  py::class_<PythonMetric, Metric, Ref<PythonMetric>>(m, "PythonMetric")
      .def(py::init([](py::handle owner, const std::string& class_name, py::handle config) {
        auto metric = make_ref<PythonMetric>(owner, class_name);
        metric->configure(to_json(config));
        return metric;
      }));
  m.def("function_metric", [](const std::string& name, py::object function) -> Ref<Metric> {
    auto held = std::make_shared<StrongObject>(std::move(function));
    return make_ref<FunctionMetric>(name, [held](const Tensor& y_true, const Tensor& y_pred) {
      const py::gil_scoped_acquire gil;
      return to_operand(held->get()(y_true, y_pred).ptr());
    });
  });

  py::class_<LearningRateSchedule, Configurable, Ref<LearningRateSchedule>>(m,
                                                                            "LearningRateSchedule")
      .def("__call__", [](LearningRateSchedule& s, const Tensor& step) { return s(step); });
  py::class_<PythonSchedule, LearningRateSchedule, Ref<PythonSchedule>>(m, "PythonSchedule")
      .def(py::init<py::object>());

  py::class_<Optimizer, Configurable, Ref<Optimizer>>(m, "Optimizer")
      .def("build", &Optimizer::build)
      .def("apply",
           [](Optimizer& optimizer, py::handle grads, const std::vector<VariableRef>& variables) {
             optimizer.apply(tensors_from(grads), variables);
           })
      .def_property_readonly("name", &Optimizer::name)
      .def_property_readonly("built", &Optimizer::built)
      .def_property_readonly("iterations", &Optimizer::iterations)
      .def_property_readonly("update_count", &Optimizer::update_count)
      .def_property_readonly("has_schedule", &Optimizer::has_schedule)
      .def_property_readonly("trained_variables", &Optimizer::trained_variables)
      .def_property_readonly("averages", &Optimizer::averages)
      .def("index_of",
           [](Optimizer& optimizer, const VariableRef& v) { return optimizer.index_of(*v); })
      .def("learning_rate", &Optimizer::learning_rate)
      .def_property_readonly(
          "learning_rate_variable",
          [](Optimizer& optimizer) { return optimizer.learning_rate_variable(); })
      .def("set_learning_rate",
           [](Optimizer& optimizer, double value) { optimizer.set_learning_rate(value); })
      .def("set_schedule",
           [](Optimizer& optimizer, py::handle schedule) {
             optimizer.set_learning_rate(deserialize_as<LearningRateSchedule>(
                 LearningRateSchedule::kModule, to_json(schedule)));
           })
      .def_property_readonly("variables", &Optimizer::variables)
      .def("add_variable",
           [](Optimizer& optimizer, const std::string& name, const Shape& shape, DType dtype,
              py::handle initializer) {
             return optimizer.add_variable(
                 name, shape, dtype,
                 deserialize_as<Initializer>(Initializer::kModule, to_json(initializer)));
           })
      .def("set_option", [](Optimizer& optimizer, const std::string& name,
                            py::handle value) { optimizer.set_option(name, to_json(value)); })
      .def("scale_loss", &Optimizer::scale_loss)
      .def("exclude_from_weight_decay", &Optimizer::exclude_from_weight_decay)
      .def("finalize_variable_values", &Optimizer::finalize_variable_values);
  py::class_<PythonOptimizer, Optimizer, Ref<PythonOptimizer>>(m, "PythonOptimizer")
      .def(py::init([](py::handle owner, const std::string& class_name, py::handle config) {
        auto optimizer = make_ref<PythonOptimizer>(owner, class_name);
        optimizer->configure(to_json(config));
        return optimizer;
      }))
      .def("begin_build", &PythonOptimizer::begin_build);
  py::class_<LossScaleOptimizer, Optimizer, Ref<LossScaleOptimizer>>(m, "LossScaleOptimizer")
      .def_property_readonly("dynamic_scale",
                             [](LossScaleOptimizer& o) { return o.dynamic_scale(); })
      .def_property_readonly("step_counter",
                             [](LossScaleOptimizer& o) { return o.step_counter(); });
  py::class_<MultiOptimizer, Optimizer, Ref<MultiOptimizer>>(m, "MultiOptimizer")
      .def(py::init([](py::object choose, py::handle known, py::handle config) {
        std::vector<Ref<Optimizer>> optimizers;
        for (const py::handle one : known) optimizers.push_back(to_optimizer(one));
        auto held = std::make_shared<StrongObject>(std::move(choose));
        auto optimizer = make_ref<MultiOptimizer>(
            [held](const VariableRef& variable) {
              const py::gil_scoped_acquire gil;
              return to_optimizer(held->get()(variable));
            },
            std::move(optimizers));
        optimizer->configure(to_json(config));
        return optimizer;
      }));
  // Told that a value depends on what only Python knows, so that the step is not replayed.
  m.def("observe", [](const Tensor& value) { observe(value); });

  py::class_<ArrayFeeder>(m, "ArrayFeeder")
      .def(py::init([](py::handle x, py::handle y, py::handle w, int64_t batch_size) {
        return ArrayFeeder(tensors_from(x), tensors_from(y), tensors_from(w), batch_size);
      }))
      .def_property_readonly("num_rows", &ArrayFeeder::num_rows)
      .def_property_readonly("num_batches", &ArrayFeeder::num_batches)
      .def("shuffle", &ArrayFeeder::shuffle)
      .def("keep_order", &ArrayFeeder::keep_order)
      .def("batch", [](ArrayFeeder& feeder, int64_t index) {
        const Batch b = feeder.batch(index);
        return py::make_tuple(tensors_to_list(b.x), tensors_to_list(b.y),
                              tensors_to_list(b.sample_weight));
      });

  py::class_<PyTrainer>(m, "Trainer")
      .def(py::init<Layer&>())
      .def("compile",
           [](PyTrainer& t, py::object optimizer, const OutputOptions& outputs, bool run_eagerly) {
             t.get().compile(compile_options(optimizer, outputs, run_eagerly));
           })
      .def("set_outputs",
           [](PyTrainer& t, py::object optimizer, const OutputOptions& outputs, bool run_eagerly) {
             t.get().set_outputs(compile_options(optimizer, outputs, run_eagerly));
           })
      .def_property_readonly("compiled", [](PyTrainer& t) { return t.get().compiled(); })
      .def_property_readonly("optimizer", [](PyTrainer& t) { return t.get().optimizer(); })
      .def_property_readonly("metrics", [](PyTrainer& t) { return t.get().metrics(); })
      .def("set_run_eagerly", [](PyTrainer& t, bool eager) { t.get().set_run_eagerly(eager); })
      .def("forget_plans", [](PyTrainer& t) { t.get().forget_plans(); })
      .def("plan_summary",
           [](PyTrainer& t, const std::string& step) -> py::object {
             const PlanCache& plans = step == "train"  ? t.get().train_plans()
                                      : step == "test" ? t.get().test_plans()
                                                       : t.get().predict_plans();
             const std::shared_ptr<Plan> plan = plans.latest();
             if (!plan) return py::none();
             return py::str(to_string(summarize(*plan)));
           })
      .def_property_readonly("train_arena_bytes",
                             [](PyTrainer& t) {
                               const std::shared_ptr<Plan> plan = t.get().train_plans().latest();
                               return plan ? plan->arena_bytes() : 0;
                             })
      .def_property_readonly("metric_variables",
                             [](PyTrainer& t) { return t.get().metric_variables(); })
      .def("prepare",
           [](PyTrainer& t, py::handle x, py::handle y, py::handle w) {
             const Batch batch = to_batch(x, y, w);
             const Release release;
             t.get().prepare(batch);
           })
      .def("train_step",
           [](PyTrainer& t, py::handle x, py::handle y, py::handle w) {
             const Batch batch = to_batch(x, y, w);
             const Release release;
             t.get().train_step(batch);
           })
      .def("test_step",
           [](PyTrainer& t, py::handle x, py::handle y, py::handle w) {
             const Batch batch = to_batch(x, y, w);
             const Release release;
             t.get().test_step(batch);
           })
      .def("predict_step",
           [](PyTrainer& t, py::handle x) {
             const Tensors inputs = tensors_from(x);
             Tensors outputs;
             {
               const Release release;
               outputs = t.get().predict_step(inputs);
             }
             return tensors_to_list(outputs);
           })
      .def("predict",
           [](PyTrainer& t, py::handle x, int64_t batch_size) {
             const Tensors inputs = tensors_from(x);
             Tensors outputs;
             {
               const Release release;
               outputs = t.get().predict(inputs, batch_size);
             }
             return tensors_to_list(outputs);
           })
      .def("train_steps",
           [](PyTrainer& t, ArrayFeeder& feeder, int64_t begin, int64_t end, py::object hook,
              double interval) {
             const Trainer::StepHook after = to_hook(hook);
             const Release release;
             t.get().train_steps(feeder, begin, end, after, interval);
           })
      .def("test_steps",
           [](PyTrainer& t, ArrayFeeder& feeder, int64_t begin, int64_t end, py::object hook,
              double interval) {
             const Trainer::StepHook after = to_hook(hook);
             const Release release;
             t.get().test_steps(feeder, begin, end, after, interval);
           })
      .def("compute_loss",
           [](PyTrainer& t, py::handle x, py::handle y, py::handle w, py::handle y_pred) {
             return t.get().compute_loss(to_batch(x, y, w), tensors_from(y_pred));
           })
      .def("update_loss",
           [](PyTrainer& t, py::handle x, const Tensor& loss) {
             t.get().update_loss({tensors_from(x), {}, {}}, loss);
           })
      .def("update_metrics",
           [](PyTrainer& t, py::handle x, py::handle y, py::handle w, py::handle y_pred) {
             t.get().update_metrics(to_batch(x, y, w), tensors_from(y_pred));
           })
      .def("logged_metrics",
           [](PyTrainer& t) {
             py::list out;
             for (const auto& logged : t.get().logged_metrics()) {
               out.append(py::make_tuple(logged.name, logged.metric, logged.compiled));
             }
             return out;
           })
      .def("logs", [](PyTrainer& t) { return to_pairs(t.get().logs()); })
      .def("reset_metrics", [](PyTrainer& t) { t.get().reset_metrics(); });
}

}  // namespace nacre::bindings
