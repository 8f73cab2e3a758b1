#include "nacre/ops/optimizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "nacre/base/parallel.h"
#include "nacre/ops/ops.h"
#include "ops/optimizer_attrs.h"
#include "ops/registry.h"
#include "ops/update_rule.h"

namespace nacre {
namespace {

struct SgdAttrs : AttrsOf<SgdAttrs> {
  double momentum = 0;
  bool nesterov = false;
  double decay = 0;
  bool lazy_rows = false;
  NACRE_ATTRS(momentum, nesterov, decay, lazy_rows)
};
struct RmspropAttrs : AttrsOf<RmspropAttrs> {
  double rho = 0.9;
  double momentum = 0;
  double epsilon = 1e-7;
  bool centered = false;
  double decay = 0;
  bool lazy_rows = false;
  NACRE_ATTRS(rho, momentum, epsilon, centered, decay, lazy_rows)
};
struct AdagradAttrs : AttrsOf<AdagradAttrs> {
  double epsilon = 1e-7;
  double decay = 0;
  bool lazy_rows = false;
  NACRE_ATTRS(epsilon, decay, lazy_rows)
};

// Output i, which continues input i, where there is one.
template <class T>
T* take_over(const KernelContext& c, size_t i) {
  return i < c.out.size() ? take_over<T>(c.in[i], c.out[i]) : nullptr;
}

// A rule: how many tensors it updates at most (its first inputs; the gradient, the learning rate
// and what else it reads follow), its float32 job, and one step of one element of any dtype.
struct Adam {
  static constexpr const char* kName = "adam_update";
  static constexpr int kSlots = 4;
  using Attrs = AdamAttrs;

  double alpha, decay;
  explicit Adam(const KernelContext& c) {
    const auto& a = c.attrs_as<AdamAttrs>();
    const double rate = scalar_value(c.in[5]);
    const double step = scalar_value(c.in[6]);
    alpha = adam_rate(a, rate, step);
    decay = a.decay * rate;
  }
  kernels::AdamArgs job(const KernelContext& c) const {
    kernels::AdamArgs args = adam_args(c.attrs_as<AdamAttrs>(), c.in[5], c.in[6]);
    args.param = take_over<float>(c, 0);
    args.m = take_over<float>(c, 1);
    args.v = take_over<float>(c, 2);
    args.v_max = take_over<float>(c, 3);
    args.grad = c.in[4].as<const float>();
    return args;
  }
  template <class T>
  void step(const AdamAttrs& a, T* const* slots, double g, int64_t i) const {
    T &p = slots[0][i], &m = slots[1][i], &v = slots[2][i];
    const double new_m = m + (g - m) * (1 - a.beta_1);
    const double new_v = v + (g * g - v) * (1 - a.beta_2);
    double denominator = new_v;
    if (slots[3]) {
      denominator = std::max(static_cast<double>(slots[3][i]), new_v);
      slots[3][i] = static_cast<T>(denominator);
    }
    m = static_cast<T>(new_m);
    v = static_cast<T>(new_v);
    p = static_cast<T>(p * (1 - decay) - alpha * new_m / (std::sqrt(denominator) + a.epsilon));
  }
};

struct Sgd {
  static constexpr const char* kName = "sgd_update";
  static constexpr int kSlots = 2;
  using Attrs = SgdAttrs;

  double rate, decay;
  explicit Sgd(const KernelContext& c)
      : rate(scalar_value(c.in[3])), decay(c.attrs_as<SgdAttrs>().decay * rate) {}
  kernels::SgdArgs job(const KernelContext& c) const {
    const auto& a = c.attrs_as<SgdAttrs>();
    kernels::SgdArgs args{};
    args.param = take_over<float>(c, 0);
    args.momentum_buffer = take_over<float>(c, 1);
    args.grad = c.in[2].as<const float>();
    args.learning_rate = static_cast<float>(rate);
    args.momentum = static_cast<float>(a.momentum);
    args.nesterov = a.nesterov;
    args.decay = static_cast<float>(decay);
    return args;
  }
  template <class T>
  void step(const SgdAttrs& a, T* const* slots, double g, int64_t i) const {
    const double scaled = g * rate;
    double change = -scaled;
    if (T* velocity = slots[1]) {
      const double moving = velocity[i] * a.momentum - scaled;
      velocity[i] = static_cast<T>(moving);
      change = a.nesterov ? moving * a.momentum - scaled : moving;
    }
    slots[0][i] = static_cast<T>(slots[0][i] * (1 - decay) + change);
  }
};

// Slots: param, square, then the momentum buffer where there is momentum, then the mean where
// centered.
struct Rmsprop {
  static constexpr const char* kName = "rmsprop_update";
  static constexpr int kSlots = 4;
  using Attrs = RmspropAttrs;

  double rate, decay;
  int momentum = -1, mean = -1;  // their slots
  explicit Rmsprop(const KernelContext& c)
      : rate(scalar_value(c.in[5])), decay(c.attrs_as<RmspropAttrs>().decay * rate) {
    const auto& a = c.attrs_as<RmspropAttrs>();
    if (a.momentum > 0) momentum = 2;
    if (a.centered) mean = momentum < 0 ? 2 : 3;
  }
  kernels::RmspropArgs job(const KernelContext& c) const {
    const auto& a = c.attrs_as<RmspropAttrs>();
    kernels::RmspropArgs args{};
    args.param = take_over<float>(c, 0);
    args.square = take_over<float>(c, 1);
    if (momentum >= 0) args.momentum_buffer = take_over<float>(c, static_cast<size_t>(momentum));
    if (mean >= 0) args.mean = take_over<float>(c, static_cast<size_t>(mean));
    args.grad = c.in[4].as<const float>();
    args.learning_rate = static_cast<float>(rate);
    args.rho = static_cast<float>(a.rho);
    args.momentum = static_cast<float>(a.momentum);
    args.epsilon = static_cast<float>(a.epsilon);
    args.decay = static_cast<float>(decay);
    return args;
  }
  template <class T>
  void step(const RmspropAttrs& a, T* const* slots, double g, int64_t i) const {
    const double square = a.rho * slots[1][i] + (1 - a.rho) * g * g;
    slots[1][i] = static_cast<T>(square);
    double variance = square;
    if (mean >= 0) {
      const double average = a.rho * slots[mean][i] + (1 - a.rho) * g;
      slots[mean][i] = static_cast<T>(average);
      variance = square - average * average;
    }
    double change = rate * g / std::sqrt(variance + a.epsilon);
    if (momentum >= 0) {
      change = a.momentum * slots[momentum][i] + change;
      slots[momentum][i] = static_cast<T>(change);
    }
    slots[0][i] = static_cast<T>(slots[0][i] * (1 - decay) - change);
  }
};

struct Adagrad {
  static constexpr const char* kName = "adagrad_update";
  static constexpr int kSlots = 2;
  using Attrs = AdagradAttrs;

  double rate, decay;
  explicit Adagrad(const KernelContext& c)
      : rate(scalar_value(c.in[3])), decay(c.attrs_as<AdagradAttrs>().decay * rate) {}
  kernels::AdagradArgs job(const KernelContext& c) const {
    kernels::AdagradArgs args{};
    args.param = take_over<float>(c, 0);
    args.sum = take_over<float>(c, 1);
    args.grad = c.in[2].as<const float>();
    args.learning_rate = static_cast<float>(rate);
    args.epsilon = static_cast<float>(c.attrs_as<AdagradAttrs>().epsilon);
    args.decay = static_cast<float>(decay);
    return args;
  }
  template <class T>
  void step(const AdagradAttrs& a, T* const* slots, double g, int64_t i) const {
    const double sum = slots[1][i] + g * g;
    slots[1][i] = static_cast<T>(sum);
    slots[0][i] = static_cast<T>(slots[0][i] * (1 - decay) - rate * g / std::sqrt(sum + a.epsilon));
  }
};

// The elements of a row where rows are updated lazily, which only matrices are; else 0.
int64_t lazy_row(const Shape& shape, bool lazy_rows) {
  return lazy_rows && shape.rank() == 2 ? shape[1] : 0;
}

template <class Rule>
UpdateJob job_of(const KernelContext& c) {
  const auto& attrs = c.attrs_as<typename Rule::Attrs>();
  return {c.in[0].size(), lazy_row(c.in[0].shape(), attrs.lazy_rows), Rule(c).job(c)};
}

template <class Rule>
void update_kernel(const KernelContext& c) {
  const int64_t n = c.in[0].size();
  if (c.in[0].dtype() == DType::kFloat32) {
    const UpdateJob job = job_of<Rule>(c);
    return parallel_for(n, kUpdateGrain, [&](int64_t begin, int64_t end) { job.run(begin, end); });
  }
  const Rule rule(c);
  const auto& attrs = c.attrs_as<typename Rule::Attrs>();
  const int64_t row = lazy_row(c.in[0].shape(), attrs.lazy_rows);
  dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    T* slots[Rule::kSlots];
    for (size_t i = 0; i < Rule::kSlots; ++i) slots[i] = take_over<T>(c, i);
    const T* grad = c.in[Rule::kSlots].template as<const T>();
    const auto is_zero = [=](int64_t r) {
      return std::all_of(grad + r, grad + r + row, [](T g) { return g == T(0); });
    };
    const auto update = [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) rule.template step<T>(attrs, slots, grad[i], i);
    };
    parallel_for(n, kUpdateGrain, [&](int64_t begin, int64_t end) {
      row ? for_rows_but(row, begin, end, is_zero, update) : update(begin, end);
    });
  });
}

template <class Rule>
void add_rule(OpRegistry& registry, const char* params, const char* doc,
              CompositeFn composite = nullptr) {
  OpDef def;
  def.name = Rule::kName;
  def.params = params;
  def.doc = doc;
  def.make_attrs = make_attrs_of<typename Rule::Attrs>;
  def.infer = [](const InferContext& c) {
    std::vector<TensorSpec> specs;
    for (size_t i = 0; i < Rule::kSlots; ++i) {
      if (c.has(i)) specs.push_back(c.inputs[i].spec());
    }
    return specs;
  };
  def.kernel = update_kernel<Rule>;
  def.composite = std::move(composite);
  for (int i = 0; i < Rule::kSlots; ++i) def.in_place.push_back(i);
  def.differentiable = false;
  def.internal = true;
  registry.add(std::move(def));
}

Tensor decayed(const Tensor& param, const Tensor& rate, double decay) {
  return decay == 0 ? param : param - param * (rate * decay);
}

// What is left alone where rows are updated lazily.
Tensors with_lazy_rows(bool lazy_rows, std::span<const Tensor> in, const Tensor& grad,
                       Tensors next) {
  if (!lazy_rows || grad.rank() != 2) return next;
  const Tensor touched =
      ops::any(ops::not_equal(grad, ops::zeros_like(grad)), ops::Axes{{1}}, true);
  for (size_t i = 0; i < next.size(); ++i) next[i] = ops::where(touched, next[i], in[i]);
  return next;
}

Tensors rmsprop_composite(std::span<const Tensor> in, const Attrs* raw) {
  const auto& a = static_cast<const RmspropAttrs&>(*raw);
  const Tensor& grad = in[4];
  const Tensor rate = ops::cast(in[5], grad.dtype());
  const Tensor square = a.rho * in[1] + (1 - a.rho) * ops::square(grad);
  Tensors out{Tensor(), square};
  Tensor variance = square, mean;
  if (a.centered) {
    mean = a.rho * in[a.momentum > 0 ? 3 : 2] + (1 - a.rho) * grad;
    variance = square - ops::square(mean);
  }
  Tensor change = rate * grad / ops::sqrt(variance + a.epsilon);
  if (a.momentum > 0) {
    change = a.momentum * in[2] + change;
    out.push_back(change);
  }
  if (a.centered) out.push_back(mean);
  out[0] = decayed(in[0], rate, a.decay) - change;
  return with_lazy_rows(a.lazy_rows, in, grad, std::move(out));
}

Tensors adagrad_composite(std::span<const Tensor> in, const Attrs* raw) {
  const auto& a = static_cast<const AdagradAttrs&>(*raw);
  const Tensor rate = ops::cast(in[3], in[2].dtype());
  const Tensor sum = in[1] + ops::square(in[2]);
  const Tensor next = decayed(in[0], rate, a.decay) - rate * in[2] / ops::sqrt(sum + a.epsilon);
  return with_lazy_rows(a.lazy_rows, in, in[2], {next, sum});
}

template <class Rule>
bool make_job_of(const OpDef& op, const KernelContext& c, UpdateJob& job) {
  if (op.name != Rule::kName) return false;
  job = job_of<Rule>(c);
  return true;
}

// Every tensor of a job but its gradient, `n` elements on.
void advance(kernels::AdamArgs& a, int64_t n) {
  a.param += n;
  a.m += n;
  a.v += n;
  if (a.v_max) a.v_max += n;
}
void advance(kernels::SgdArgs& a, int64_t n) {
  a.param += n;
  if (a.momentum_buffer) a.momentum_buffer += n;
}
void advance(kernels::RmspropArgs& a, int64_t n) {
  a.param += n;
  a.square += n;
  if (a.momentum_buffer) a.momentum_buffer += n;
  if (a.mean) a.mean += n;
}
void advance(kernels::AdagradArgs& a, int64_t n) {
  a.param += n;
  a.sum += n;
}

// Whether an update sees a gradient of zeros.
bool all_zero(const kernels::GradientEdit& edit, const float* grad, int64_t n) {
  return std::all_of(grad, grad + n, [&](float g) { return g * edit.scale == 0; });
}

}  // namespace

kernels::GradientEdit& UpdateJob::edit() {
  return std::visit([](auto& a) -> kernels::GradientEdit& { return a.edit; }, args);
}

void UpdateJob::run(int64_t begin, int64_t end) const {
  const kernels::KernelTable& t = kernels::table();
  std::visit(
      [&]<class Args>(const Args& a) {
        const auto update = [&](int64_t from, int64_t to) {
          if constexpr (std::is_same_v<Args, kernels::AdamArgs>) t.adam(a, from, to);
          if constexpr (std::is_same_v<Args, kernels::SgdArgs>) t.sgd(a, from, to);
          if constexpr (std::is_same_v<Args, kernels::RmspropArgs>) t.rmsprop(a, from, to);
          if constexpr (std::is_same_v<Args, kernels::AdagradArgs>) t.adagrad(a, from, to);
        };
        if (row == 0) return update(begin, end);
        for_rows_but(
            row, begin, end, [&](int64_t r) { return all_zero(a.edit, a.grad + r, row); }, update);
      },
      args);
}

UpdateJob UpdateJob::part(int64_t begin, int64_t count, const float* grad) const {
  UpdateJob job{count, row, args};
  std::visit(
      [&](auto& a) {
        advance(a, begin);
        a.grad = grad;
      },
      job.args);
  return job;
}

UpdateJob make_update_job(const OpDef& rule, const KernelContext& c) {
  UpdateJob job;
  if (!make_job_of<Adam>(rule, c, job) && !make_job_of<Sgd>(rule, c, job) &&
      !make_job_of<Rmsprop>(rule, c, job) && !make_job_of<Adagrad>(rule, c, job)) {
    runtime_error("op '", rule.name, "' is no optimizer update");
  }
  return job;
}

bool is_update_rule(const OpDef& op) {
  return op.name == Adam::kName || op.name == Sgd::kName || op.name == Rmsprop::kName ||
         op.name == Adagrad::kName;
}

int update_gradient_input(const OpDef& rule) {
  return rule.name == Sgd::kName || rule.name == Adagrad::kName ? 2 : 4;
}

void register_optimizer_ops(OpRegistry& registry) {
  add_rule<Adam>(registry,
                 "param, m, v, v_max?, grad, learning_rate, step, beta_1, beta_2, epsilon, decay, "
                 "lazy_rows",
                 "One step of Adam (Kingma and Ba 2015, algorithm 1).");
  add_rule<Sgd>(registry,
                "param, momentum_buffer?, grad, learning_rate, momentum, nesterov, decay, "
                "lazy_rows",
                "One step of stochastic gradient descent with momentum.");
  add_rule<Rmsprop>(registry,
                    "param, square, third?, fourth?, grad, learning_rate, rho, momentum, epsilon, "
                    "centered, decay, lazy_rows",
                    "One step of RMSprop: `third` is the momentum buffer where there is momentum; "
                    "the mean of a centered one follows.",
                    rmsprop_composite);
  add_rule<Adagrad>(registry, "param, sum, grad, learning_rate, epsilon, decay, lazy_rows",
                    "One step of Adagrad (Duchi, Hazan and Singer 2011).", adagrad_composite);
  register_update_all(registry);
  register_update_rows(registry);
}

namespace ops {

Tensors adam_update(const Tensor& param, const Tensor& m, const Tensor& v, const Tensor& v_max,
                    const Tensor& grad, const Tensor& learning_rate, const Tensor& step,
                    double beta_1, double beta_2, double epsilon, double decay, bool lazy_rows) {
  static const OpDef& op = find_op("adam_update");
  auto attrs = make_ref<AdamAttrs>();
  attrs->beta_1 = beta_1;
  attrs->beta_2 = beta_2;
  attrs->epsilon = epsilon;
  attrs->decay = decay;
  attrs->lazy_rows = lazy_rows;
  return apply(op, {param, m, v, v_max, grad, learning_rate, step}, attrs);
}

Tensors sgd_update(const Tensor& param, const Tensor& momentum_buffer, const Tensor& grad,
                   const Tensor& learning_rate, double momentum, bool nesterov, double decay,
                   bool lazy_rows) {
  static const OpDef& op = find_op("sgd_update");
  auto attrs = make_ref<SgdAttrs>();
  attrs->momentum = momentum;
  attrs->nesterov = nesterov;
  attrs->decay = decay;
  attrs->lazy_rows = lazy_rows;
  return apply(op, {param, momentum_buffer, grad, learning_rate}, attrs);
}

Tensors rmsprop_update(const Tensor& param, const Tensor& square, const Tensor& momentum_buffer,
                       const Tensor& mean, const Tensor& grad, const Tensor& learning_rate,
                       double rho, double momentum, double epsilon, double decay, bool lazy_rows) {
  static const OpDef& op = find_op("rmsprop_update");
  auto attrs = make_ref<RmspropAttrs>();
  attrs->rho = rho;
  attrs->momentum = momentum;
  attrs->epsilon = epsilon;
  attrs->centered = mean.defined();
  attrs->decay = decay;
  attrs->lazy_rows = lazy_rows;
  const bool moving = momentum_buffer.defined();
  return apply(op,
               {param, square, moving ? momentum_buffer : mean, moving ? mean : Tensor(), grad,
                learning_rate},
               attrs);
}

Tensors adagrad_update(const Tensor& param, const Tensor& sum, const Tensor& grad,
                       const Tensor& learning_rate, double epsilon, double decay, bool lazy_rows) {
  static const OpDef& op = find_op("adagrad_update");
  auto attrs = make_ref<AdagradAttrs>();
  attrs->epsilon = epsilon;
  attrs->decay = decay;
  attrs->lazy_rows = lazy_rows;
  return apply(op, {param, sum, grad, learning_rate}, attrs);
}

}  // namespace ops
}  // namespace nacre
