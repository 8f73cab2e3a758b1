#include "nacre/ops/optimizer.h"

#include <cmath>
#include <cstring>

#include "kernels/abi.h"
#include "nacre/base/parallel.h"
#include "nacre/ops/opdef.h"
#include "ops/optimizer_attrs.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct SgdAttrs : AttrsOf<SgdAttrs> {
  double momentum = 0;
  bool nesterov = false;
  double decay = 0;
  NACRE_ATTRS(momentum, nesterov, decay)
};

void adam_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<AdamAttrs>();
  const double rate = scalar_value(c.in[5]);
  const double step = scalar_value(c.in[6]);
  const double alpha = adam_rate(a, rate, step);
  const double decay = a.decay * rate;
  const int64_t n = c.in[0].size();
  const Buffer no_buffer;
  const Buffer& max_out = c.out.size() > 3 ? c.out[3] : no_buffer;
  dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    T* param = take_over<T>(c.in[0], c.out[0]);
    T* m = take_over<T>(c.in[1], c.out[1]);
    T* v = take_over<T>(c.in[2], c.out[2]);
    T* v_max = take_over<T>(c.in[3], max_out);
    const T* grad = c.in[4].as<const T>();
    if constexpr (std::is_same_v<T, float>) {
      if (const auto fn = kernels::table().adam) {
        kernels::AdamArgs args = adam_args(a, c.in[5], c.in[6]);
        args.param = param;
        args.m = m;
        args.v = v;
        args.v_max = v_max;
        args.grad = grad;
        parallel_for(n, kUpdateGrain, [&](int64_t begin, int64_t end) { fn(args, begin, end); });
        return;
      }
    }
    parallel_for(n, kUpdateGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const double g = grad[i];
        const double new_m = m[i] + (g - m[i]) * (1 - a.beta_1);
        const double new_v = v[i] + (g * g - v[i]) * (1 - a.beta_2);
        double denominator = new_v;
        if (v_max) {
          denominator = std::max(static_cast<double>(v_max[i]), new_v);
          v_max[i] = static_cast<T>(denominator);
        }
        m[i] = static_cast<T>(new_m);
        v[i] = static_cast<T>(new_v);
        param[i] = static_cast<T>(param[i] * (1 - decay) -
                                  alpha * new_m / (std::sqrt(denominator) + a.epsilon));
      }
    });
  });
}

void sgd_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<SgdAttrs>();
  const double rate = scalar_value(c.in[3]);
  const double decay = a.decay * rate;
  const int64_t n = c.in[0].size();
  const Buffer no_buffer;
  const Buffer& buffer_out = c.out.size() > 1 ? c.out[1] : no_buffer;
  dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    T* param = take_over<T>(c.in[0], c.out[0]);
    T* velocity = take_over<T>(c.in[1], buffer_out);
    const T* grad = c.in[2].as<const T>();
    if constexpr (std::is_same_v<T, float>) {
      if (const auto fn = kernels::table().sgd) {
        const kernels::SgdArgs args{param,
                                    velocity,
                                    grad,
                                    static_cast<float>(rate),
                                    static_cast<float>(a.momentum),
                                    a.nesterov,
                                    static_cast<float>(decay)};
        parallel_for(n, kUpdateGrain, [&](int64_t begin, int64_t end) { fn(args, begin, end); });
        return;
      }
    }
    parallel_for(n, kUpdateGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const double p = param[i] * (1 - decay);
        const double scaled = grad[i] * rate;
        double change = -scaled;
        if (velocity) {
          const double moving = velocity[i] * a.momentum - scaled;
          velocity[i] = static_cast<T>(moving);
          change = a.nesterov ? moving * a.momentum - scaled : moving;
        }
        param[i] = static_cast<T>(p + change);
      }
    });
  });
}

std::vector<TensorSpec> infer_update(const InferContext& c, size_t slots) {
  std::vector<TensorSpec> specs{c.inputs[0].spec()};
  for (size_t i = 1; i <= slots; ++i) {
    if (c.has(i)) specs.push_back(c.inputs[i].spec());
  }
  return specs;
}

}  // namespace

void register_optimizer_ops(OpRegistry& registry) {
  OpDef adam;
  adam.name = "adam_update";
  adam.params = "param, m, v, v_max?, grad, learning_rate, step, beta_1, beta_2, epsilon, decay";
  adam.doc = "One step of Adam (Kingma and Ba 2015, algorithm 1).";
  adam.make_attrs = make_attrs_of<AdamAttrs>;
  adam.infer = [](const InferContext& c) { return infer_update(c, 3); };
  adam.kernel = adam_kernel;
  adam.in_place = {0, 1, 2, 3};
  adam.differentiable = false;
  adam.internal = true;
  registry.add(std::move(adam));

  OpDef sgd;
  sgd.name = "sgd_update";
  sgd.params = "param, momentum_buffer?, grad, learning_rate, momentum, nesterov, decay";
  sgd.doc = "One step of stochastic gradient descent with momentum.";
  sgd.make_attrs = make_attrs_of<SgdAttrs>;
  sgd.infer = [](const InferContext& c) { return infer_update(c, 1); };
  sgd.kernel = sgd_kernel;
  sgd.in_place = {0, 1};
  sgd.differentiable = false;
  sgd.internal = true;
  registry.add(std::move(sgd));
}

namespace ops {

Tensors adam_update(const Tensor& param, const Tensor& m, const Tensor& v, const Tensor& v_max,
                    const Tensor& grad, const Tensor& learning_rate, const Tensor& step,
                    double beta_1, double beta_2, double epsilon, double decay) {
  static const OpDef& op = find_op("adam_update");
  auto attrs = make_ref<AdamAttrs>();
  attrs->beta_1 = beta_1;
  attrs->beta_2 = beta_2;
  attrs->epsilon = epsilon;
  attrs->decay = decay;
  return apply(op, {param, m, v, v_max, grad, learning_rate, step}, attrs);
}

Tensors sgd_update(const Tensor& param, const Tensor& momentum_buffer, const Tensor& grad,
                   const Tensor& learning_rate, double momentum, bool nesterov, double decay) {
  static const OpDef& op = find_op("sgd_update");
  auto attrs = make_ref<SgdAttrs>();
  attrs->momentum = momentum;
  attrs->nesterov = nesterov;
  attrs->decay = decay;
  return apply(op, {param, momentum_buffer, grad, learning_rate}, attrs);
}

}  // namespace ops
}  // namespace nacre
