// Connectionist temporal classification (Graves et al. 2006).
//
// Paths through a sample's labels are summed over in two kinds of state, in logarithms: phi[n],
// n labels are written and a blank or nothing follows; emit[n], label n is being written. Between
// two equal labels a blank is needed. Impossible moves cost kImpossible instead of infinity, as in
// Keras: a target that is too long has a large loss with a gradient, not NaN.
#include "nacre/ops/ctc.h"

#include <algorithm>
#include <cmath>

#include "nacre/base/parallel.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "ops/registry.h"

namespace nacre {
namespace {

constexpr double kImpossible = -1e5;

struct CtcAttrs : AttrsOf<CtcAttrs> {
  int64_t mask_index = 0;
  NACRE_ATTRS(mask_index)
};

double log_add(double a, double b) {
  const double high = std::max(a, b);
  return high + std::log1p(std::exp(std::min(a, b) - high));
}

// The share of a in log_add(a, b).
double share(double a, double b) {
  return 1 / (1 + std::exp(b - a));
}

// One sample: its log-probabilities (steps, classes), labels and lengths.
template <class T>
struct Sample {
  const T* log_p;
  const int32_t* labels;
  int64_t num_labels, steps, classes, blank;

  double blank_score(int64_t t) const { return log_p[t * classes + blank]; }
  double score(int64_t t, int64_t n) const { return log_p[t * classes + labels[n]]; }
  // The cost of leaving label n without a blank, and that of a blank that is not needed.
  double direct(int64_t n) const { return repeats(n) ? kImpossible : 0; }
  double detour(int64_t n) const { return repeats(n) ? 0 : kImpossible; }
  bool repeats(int64_t n) const { return n + 1 < num_labels && labels[n] == labels[n + 1]; }

  // States before step t: phi (num_labels + 1), then emit (num_labels).
  int64_t state_size() const { return 2 * num_labels + 1; }

  // Fills states 0..steps; returns the loss.
  double forward(double* states) const {
    const int64_t n_phi = num_labels + 1;
    std::fill(states, states + state_size(), kImpossible);
    states[0] = 0;
    for (int64_t t = 0; t < steps; ++t) {
      const double* phi = states + t * state_size();
      const double* emit = phi + n_phi;
      double* next_phi = states + (t + 1) * state_size();
      double* next_emit = next_phi + n_phi;
      double left = phi[0];  // phi once label n - 1 may be left directly
      next_phi[0] = left + blank_score(t);
      for (int64_t n = 0; n < num_labels; ++n) {
        next_emit[n] = log_add(left, emit[n]) + score(t, n);
        left = log_add(phi[n + 1], emit[n] + direct(n));
        next_phi[n + 1] = log_add(left, emit[n] + detour(n)) + blank_score(t);
      }
    }
    const double* last = states + steps * state_size();
    if (num_labels == 0) return -last[0];
    return -log_add(last[num_labels], last[n_phi + num_labels - 1]);
  }

  // Adds d loss / d log_p * grad to d_log_p; `states` as forward() left them, `d` and `d_before`
  // hold a state each.
  void backward(double grad, const double* states, double* d, double* d_before, T* d_log_p) const {
    const int64_t n_phi = num_labels + 1;
    std::fill(d, d + state_size(), 0.0);
    const double* last = states + steps * state_size();
    if (num_labels == 0) {
      d[0] = -grad;
    } else {
      const double part = share(last[num_labels], last[n_phi + num_labels - 1]);
      d[num_labels] = -grad * part;
      d[n_phi + num_labels - 1] = -grad * (1 - part);
    }
    for (int64_t t = steps - 1; t >= 0; --t) {
      const double* phi = states + t * state_size();
      const double* emit = phi + n_phi;
      std::fill(d_before, d_before + state_size(), 0.0);
      double* d_phi = d_before;
      double* d_emit = d_before + n_phi;
      double of_blank = d[0];
      double left = phi[0];
      d_phi[0] += d[0];
      // The gradient of `left` of n - 1 is complete when label n has used it; it goes to phi[n] and
      // emit[n - 1] by the share that each had.
      double to_phi = 1, to_emit = 0;
      for (int64_t n = 0; n < num_labels; ++n) {
        const double written = d[n_phi + n];
        const double stay = share(emit[n], left);
        d_phi[n] += written * (1 - stay) * to_phi;
        if (n > 0) d_emit[n - 1] += written * (1 - stay) * to_emit;
        d_emit[n] += written * stay;
        const int64_t at = t * classes + labels[n];
        d_log_p[at] = static_cast<T>(d_log_p[at] + written);

        left = log_add(phi[n + 1], emit[n] + direct(n));
        to_phi = share(phi[n + 1], emit[n] + direct(n));
        to_emit = 1 - to_phi;
        const double blank_after = d[n + 1];
        const double from_left = share(left, emit[n] + detour(n));
        of_blank += blank_after;
        d_phi[n + 1] += blank_after * from_left * to_phi;
        d_emit[n] += blank_after * (from_left * to_emit + 1 - from_left);
      }
      const int64_t at = t * classes + blank;
      d_log_p[at] = static_cast<T>(d_log_p[at] + of_blank);
      std::swap(d, d_before);
    }
  }
};

// log_p (batch, steps, classes), target (batch, labels), lengths (batch).
struct Operands {
  const Buffer& log_p;
  const Buffer& target;
  const Buffer& target_length;
  const Buffer& output_length;

  int64_t batch() const { return log_p.shape()[0]; }
  int64_t steps() const { return log_p.shape()[1]; }
  int64_t classes() const { return log_p.shape()[2]; }
  int64_t labels() const { return target.shape()[1]; }

  int64_t checked_length(const Buffer& lengths, const char* what, int64_t b, int64_t limit) const {
    const int64_t length = lengths.as<const int32_t>()[b];
    if (length < 0 || length > limit) {
      value_error("ctc_loss: expected ", what, " from 0 to ", limit, ", received ", length,
                  " for sample ", b);
    }
    return length;
  }

  template <class T>
  Sample<T> sample(int64_t b, int64_t blank) const {
    Sample<T> s{log_p.as<const T>() + b * steps() * classes(),
                target.as<const int32_t>() + b * labels(),
                checked_length(target_length, "target_length", b, labels()),
                checked_length(output_length, "output_length", b, steps()),
                classes(),
                blank};
    for (int64_t n = 0; n < s.num_labels; ++n) {
      if (s.labels[n] < 0 || s.labels[n] >= s.classes) {
        value_error("ctc_loss: expected labels from 0 to ", s.classes - 1, ", received ",
                    s.labels[n], " in sample ", b);
      }
    }
    return s;
  }

  // Doubles for one sample: all states and two more.
  int64_t scratch() const { return (steps() + 3) * (2 * labels() + 1); }
};

Operands operands(const KernelContext& c) {
  return {c.in[0], c.in[1], c.in[2], c.in[3]};
}

size_t scratch_bytes(const Attrs*, std::span<const Buffer> in, std::span<const Buffer>) {
  const Operands o{in[0], in[1], in[2], in[3]};
  return static_cast<size_t>(o.batch() * o.scratch()) * sizeof(double);
}

std::vector<TensorSpec> infer_loss(const InferContext& c) {
  return {{c.dtype(0), {c.shape(0)[0]}}};
}

void loss_kernel(const KernelContext& c) {
  const Operands o = operands(c);
  const int64_t blank = c.attrs_as<CtcAttrs>().mask_index;
  auto* scratch = static_cast<double*>(c.workspace);
  dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    T* loss = c.out[0].as<T>();
    parallel_for(o.batch(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        loss[b] = static_cast<T>(o.sample<T>(b, blank).forward(scratch + b * o.scratch()));
      }
    });
  });
}

void grad_kernel(const KernelContext& c) {
  const Operands o = operands(c);
  const int64_t blank = c.attrs_as<CtcAttrs>().mask_index;
  auto* scratch = static_cast<double*>(c.workspace);
  dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    const T* grad = c.in[4].as<const T>();
    parallel_for(o.batch(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        const Sample<T> sample = o.sample<T>(b, blank);
        double* states = scratch + b * o.scratch();
        double* d = states + (o.steps() + 1) * (2 * o.labels() + 1);
        T* d_log_p = c.out[0].as<T>() + b * o.steps() * o.classes();
        std::fill(d_log_p, d_log_p + o.steps() * o.classes(), T(0));
        sample.forward(states);
        sample.backward(grad[b], states, d, d + (2 * o.labels() + 1), d_log_p);
      }
    });
  });
}

// The same with ops ------------------------------------------------------------------------------

struct Lattice {
  Tensors phi, emit, left;     // before each step; left: once labels may be left directly
  Tensors blank_score, score;  // of each step: (batch, 1), (batch, labels)
  Tensors valid;               // (batch, 1)
  Tensor direct, detour;       // (batch, labels)
  Tensor labels;               // one-hot (batch, labels, classes)
  Tensor end;                  // one-hot of target_length (batch, labels + 1)
};

Tensor at_step(const Tensor& x, int64_t t) {
  return ops::squeeze(ops::slice_axis(x, 1, t, 1), IntList{1});
}

Tensor with_first(const Tensor& first, const Tensor& rest) {
  return ops::concatenate({ops::slice_axis(first, 1, 0, 1), rest}, 1);
}

Tensor without_first(const Tensor& x) {
  return ops::slice_axis(x, 1, 1, x.shape()[1] - 1);
}

Tensor without_last(const Tensor& x) {
  return ops::slice_axis(x, 1, 0, x.shape()[1] - 1);
}

Tensor one_hot_of(const Tensor& ids, int64_t classes, DType dtype) {
  std::vector<int32_t> all(static_cast<size_t>(classes));
  for (int64_t i = 0; i < classes; ++i) all[static_cast<size_t>(i)] = static_cast<int32_t>(i);
  return ops::cast(ops::equal(ops::expand_dims(ids, -1), Tensor::from<int32_t>(all, {classes})),
                   dtype);
}

Lattice make_lattice(std::span<const Tensor> in, int64_t blank) {
  const Tensor &log_p = in[0], &target = in[1];
  const int64_t batch = log_p.shape()[0], steps = log_p.shape()[1], labels = target.shape()[1];
  Lattice l;
  l.labels = one_hot_of(target, log_p.shape()[2], log_p.dtype());
  l.end = one_hot_of(in[2], labels + 1, log_p.dtype());
  Tensor repeat = ops::zeros({batch, labels}, log_p.dtype());
  if (labels > 1) {
    const Tensor same = ops::equal(without_last(target), without_first(target));
    repeat = ops::concatenate(
        {ops::cast(same, log_p.dtype()), ops::zeros({batch, 1}, log_p.dtype())}, 1);
  }
  l.direct = repeat * kImpossible;
  l.detour = (1.0 - repeat) * kImpossible;
  l.phi.push_back(ops::concatenate({ops::zeros({batch, 1}, log_p.dtype()),
                                    ops::full({batch, labels}, kImpossible, log_p.dtype())},
                                   1));
  l.emit.push_back(ops::full({batch, labels}, kImpossible, log_p.dtype()));
  for (int64_t t = 0; t < steps; ++t) {
    const Tensor p = at_step(log_p, t);
    const Tensor &phi = l.phi.back(), &emit = l.emit.back();
    l.blank_score.push_back(ops::slice_axis(p, 1, blank, 1));
    l.score.push_back(ops::sum(l.labels * ops::expand_dims(p, 1), IntList{-1}));
    l.valid.push_back(
        ops::expand_dims(ops::greater(in[3], ops::scalar(static_cast<double>(t))), -1));
    l.left.push_back(with_first(phi, ops::logaddexp(without_first(phi), emit + l.direct)));
    const Tensor& left = l.left.back();
    const Tensor next_emit = ops::logaddexp(without_last(left), emit) + l.score.back();
    const Tensor next_phi = with_first(left, ops::logaddexp(without_first(left), emit + l.detour)) +
                            l.blank_score.back();
    const Tensor& valid = l.valid.back();
    l.emit.push_back(ops::where(valid, next_emit, emit));
    l.phi.push_back(ops::where(valid, next_phi, l.phi.back()));
  }
  return l;
}

Tensor share_of(const Tensor& a, const Tensor& b) {
  return ops::sigmoid(a - b);
}

Tensors loss_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const Lattice l = make_lattice(in, static_cast<const CtcAttrs&>(*attrs).mask_index);
  const Tensor &phi = l.phi.back(), &emit = l.emit.back();
  const Tensor last = with_first(phi, ops::logaddexp(without_first(phi), emit));
  return {-ops::sum(last * l.end, IntList{-1})};
}

Tensors grad_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const int64_t blank = static_cast<const CtcAttrs&>(*attrs).mask_index;
  const Lattice l = make_lattice(in, blank);
  const Shape& shape = in[0].shape();
  const auto pad_back = [&](const Tensor& x) {
    return ops::concatenate({x, ops::zeros({shape[0], 1}, x.dtype())}, 1);
  };
  const Tensor d_last = -ops::expand_dims(in[4], -1) * l.end;
  const Tensor kept = share_of(without_first(l.phi.back()), l.emit.back());
  Tensor d_phi = with_first(d_last, without_first(d_last) * kept);
  Tensor d_emit = without_first(d_last) * (1.0 - kept);
  const Tensor of_blank =
      one_hot_of(Tensor::scalar(static_cast<int32_t>(blank)), shape[2], in[0].dtype());
  Tensors d_steps;
  for (int64_t t = shape[1]; t-- > 0;) {
    const Tensor &phi = l.phi[t], &emit = l.emit[t], &left = l.left[t];
    const Tensor now_phi = ops::where(l.valid[t], d_phi, ops::zeros_like(d_phi));
    const Tensor now_emit = ops::where(l.valid[t], d_emit, ops::zeros_like(d_emit));
    d_steps.insert(d_steps.begin(),
                   ops::sum(l.labels * ops::expand_dims(now_emit, -1), IntList{1}) +
                       ops::sum(now_phi, IntList{-1}, true) * of_blank);
    const Tensor stay = share_of(emit, without_last(left));
    const Tensor from_left = share_of(without_first(left), emit + l.detour);
    const Tensor after = without_first(now_phi);
    const Tensor d_left =
        with_first(now_phi, after * from_left) + pad_back(now_emit * (1.0 - stay));
    const Tensor to_phi = share_of(without_first(phi), emit + l.direct);
    const Tensor through = without_first(d_left);
    const Tensor before_phi = with_first(d_left, through * to_phi);
    const Tensor before_emit =
        now_emit * stay + after * (1.0 - from_left) + through * (1.0 - to_phi);
    d_phi = ops::where(l.valid[t], before_phi, d_phi);
    d_emit = ops::where(l.valid[t], before_emit, d_emit);
  }
  return {d_steps.empty() ? ops::zeros_like(in[0]) : ops::stack(d_steps, 1)};
}

Tensors ctc_loss_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const auto& a = static_cast<const CtcAttrs&>(*attrs);
  const Shape &target = in[0].shape(), &output = in[1].shape();
  if (target.rank() != 2 || output.rank() != 3) {
    value_error("ctc_loss: expected target (batch, labels) and output (batch, steps, classes), ",
                "received target: ", target, ", output: ", output);
  }
  const auto differ = [](int64_t x, int64_t y) { return x != y && x >= 0 && y >= 0; };
  for (const size_t i : {size_t{0}, size_t{2}, size_t{3}}) {
    const Shape& shape = in[i].shape();
    if (shape.rank() != (i == 0 ? 2 : 1) || differ(shape[0], output[0])) {
      value_error("ctc_loss: expected one sample for each of output ", output,
                  ", received target: ", target, ", target_length: ", in[2].shape(),
                  ", output_length: ", in[3].shape());
    }
  }
  if (output[2] >= 0 && (a.mask_index < 0 || a.mask_index >= output[2])) {
    value_error("ctc_loss: expected mask_index from 0 to ", output[2] - 1, ", received ",
                a.mask_index);
  }
  const bool wide = in[1].dtype() == DType::kFloat32 || in[1].dtype() == DType::kFloat64;
  auto inner = make_ref<CtcAttrs>();
  inner->mask_index = a.mask_index;
  const auto integers = [](const Tensor& x) { return ops::cast(x, DType::kInt32); };
  return {apply_one(find_op("ctc_path_loss"),
                    {ops::log_softmax(wide ? in[1] : ops::cast(in[1], DType::kFloat32)),
                     integers(in[0]), integers(in[2]), integers(in[3])},
                    inner)};
}

}  // namespace

void register_ctc_ops(OpRegistry& registry) {
  OpDef ctc;
  ctc.name = "ctc_loss";
  ctc.params = "target, output, target_length, output_length, mask_index";
  ctc.doc =
      "-log of the probability of a sequence of labels (Graves et al. 2006).\n\n"
      "Args:\n    target: Class ids, (batch, labels).\n"
      "    output: Logits, (batch, steps, classes).\n"
      "    target_length: Labels that count of each sample, (batch,).\n"
      "    output_length: Steps that count of each sample, (batch,).\n"
      "    mask_index: The class that means no label.\n\n"
      "Returns:\n    The loss of each sample, (batch,).\n\n"
      "Raises:\n    ValueError: shapes that do not fit, a class id outside [0, classes), or a\n"
      "        length outside its axis.";
  ctc.make_attrs = make_attrs_of<CtcAttrs>;
  ctc.composite = ctc_loss_composite;
  registry.add(std::move(ctc));

  OpDef loss;
  loss.name = "ctc_path_loss";
  loss.params = "log_p, target, target_length, output_length, mask_index";
  loss.doc = "ctc_loss from log-probabilities, with int32 labels and lengths.";
  loss.make_attrs = make_attrs_of<CtcAttrs>;
  loss.infer = infer_loss;
  loss.kernel = loss_kernel;
  loss.workspace = scratch_bytes;
  loss.composite = loss_composite;
  loss.backward = [](const BackwardContext& c) {
    auto attrs = make_ref<CtcAttrs>();
    attrs->mask_index = c.attrs_as<CtcAttrs>().mask_index;
    return Tensors{
        apply_one(find_op("ctc_path_loss_grad"),
                  {c.inputs[0], c.inputs[1], c.inputs[2], c.inputs[3], c.grads[0]}, attrs),
        Tensor(), Tensor(), Tensor()};
  };
  loss.internal = true;
  registry.add(std::move(loss));

  OpDef grad;
  grad.name = "ctc_path_loss_grad";
  grad.params = "log_p, target, target_length, output_length, grad, mask_index";
  grad.doc = "The gradient of ctc_path_loss with respect to log_p.";
  grad.make_attrs = make_attrs_of<CtcAttrs>;
  grad.infer = [](const InferContext& c) { return std::vector<TensorSpec>{c.inputs[0].spec()}; };
  grad.kernel = grad_kernel;
  grad.workspace = scratch_bytes;
  grad.composite = grad_composite;
  grad.internal = true;
  registry.add(std::move(grad));
}

namespace ops {

Tensor ctc_loss(const Tensor& target, const Tensor& output, const Tensor& target_length,
                const Tensor& output_length, int64_t mask_index) {
  auto attrs = make_ref<CtcAttrs>();
  attrs->mask_index = mask_index;
  return apply_one(find_op("ctc_loss"), {target, output, target_length, output_length}, attrs);
}

}  // namespace ops
}  // namespace nacre
