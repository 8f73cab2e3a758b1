// Constant tensors and ranges of numbers.
#include <algorithm>
#include <cmath>

#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/symbolic.h"
#include "ops/define.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/reference/convert.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct FillAttrs : AttrsOf<FillAttrs> {
  IntList shape;
  double value = 0;
  DType dtype = DType::kFloat32;
  NACRE_ATTRS(shape, value, dtype)
};

struct FillLikeAttrs : AttrsOf<FillLikeAttrs> {
  double value = 0;
  std::optional<DType> dtype;
  NACRE_ATTRS(value, dtype)
};
struct NewAttrs : AttrsOf<NewAttrs> {  // zeros, ones, empty, full
  IntList shape;
  std::optional<DType> dtype;
  NACRE_ATTRS(shape, dtype)
};
struct LikeAttrs : AttrsOf<LikeAttrs> {
  std::optional<DType> dtype;
  NACRE_ATTRS(dtype)
};
struct RampAttrs : AttrsOf<RampAttrs> {
  double start = 0;
  double step = 1;
  int64_t size = 0;
  DType dtype = DType::kFloat32;
  NACRE_ATTRS(start, step, size, dtype)
};
struct EyeAttrs : AttrsOf<EyeAttrs> {
  int64_t N = 0;
  std::optional<int64_t> M;
  int64_t k = 0;
  std::optional<DType> dtype;
  NACRE_ATTRS(N, M, k, dtype)
};
struct IdentityAttrs : AttrsOf<IdentityAttrs> {
  int64_t n = 0;
  std::optional<DType> dtype;
  NACRE_ATTRS(n, dtype)
};
struct LinspaceAttrs : AttrsOf<LinspaceAttrs> {
  int64_t num = 50;
  bool endpoint = true;
  bool retstep = false;
  std::optional<DType> dtype;
  int64_t axis = 0;
  NACRE_ATTRS(num, endpoint, retstep, dtype, axis)
};
struct LogspaceAttrs : AttrsOf<LogspaceAttrs> {
  int64_t num = 50;
  bool endpoint = true;
  double base = 10;
  std::optional<DType> dtype;
  int64_t axis = 0;
  NACRE_ATTRS(num, endpoint, base, dtype, axis)
};
struct GeomspaceAttrs : AttrsOf<GeomspaceAttrs> {
  int64_t num = 50;
  bool endpoint = true;
  std::optional<DType> dtype;
  int64_t axis = 0;
  NACRE_ATTRS(num, endpoint, dtype, axis)
};

void fill_buffer(const Buffer& out, double value) {
  dispatch(out.dtype(), [&]<class T>(type_tag<T>) {
    T* y = out.as<T>();
    const T v = reference::convert<T>(value);
    parallel_for(out.size(), kElementwiseGrain,
                 [=](int64_t begin, int64_t end) { std::fill(y + begin, y + end, v); });
  });
}

void fill_kernel(const KernelContext& c) {
  const double value = c.attrs_as<FillAttrs>().value;
  fill_buffer(c.out[0], value);
}

void ramp_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<RampAttrs>();
  dispatch(a.dtype, [&]<class T>(type_tag<T>) {
    T* y = c.out[0].as<T>();
    for (int64_t i = 0; i < a.size; ++i) {
      y[i] = reference::convert<T>(a.start + static_cast<double>(i) * a.step);
    }
  });
}

// Ones on diagonal k, or (kTriangle) on it and below.
template <bool kTriangle>
void eye_kernel(const KernelContext& c) {
  const int64_t k = c.attrs_as<EyeAttrs>().k;
  const int64_t rows = c.out[0].shape()[0];
  const int64_t cols = c.out[0].shape()[1];
  dispatch(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
    T* y = c.out[0].as<T>();
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t j = 0; j < cols; ++j) {
        *y++ = static_cast<T>((kTriangle ? j <= r + k : j == r + k) ? 1.0F : 0.0F);
      }
    }
  });
}

// The number that a concrete scalar operand of a creation op holds.
double number(const Tensor& t, const char* op) {
  if (t.is_placeholder() || t.size() != 1) {
    value_error(op, ": expected a number, received shape ", t.shape());
  }
  if (!t.is_weak()) observe(t);
  return t.item();
}

Tensor arange_of(Inputs in, std::optional<DType> dtype) {
  const bool from_zero = !in[1].defined();
  const double start = from_zero ? 0 : number(in[0], "arange");
  const double stop = number(from_zero ? in[0] : in[1], "arange");
  const double step = in[2].defined() ? number(in[2], "arange") : 1;
  if (step == 0) value_error("arange: expected a step that is not 0, received 0");
  if (!dtype) {
    dtype = common_dtype(in, Promote::kCommon);
    if (*dtype == DType::kBool) dtype = DType::kInt32;
  }
  const double count = std::ceil((stop - start) / step);
  static const OpDef& op = find_op("ramp");
  auto attrs = make_ref<RampAttrs>();
  attrs->start = start;
  attrs->step = step;
  attrs->size = count > 0 ? static_cast<int64_t>(count) : 0;
  attrs->dtype = *dtype;
  return apply_one(op, {}, std::move(attrs));
}

// `num` numbers from start to stop in float, and the distance between two.
std::pair<Tensor, Tensor> linspace_of(const Tensor& start, const Tensor& stop, int64_t num,
                                      bool endpoint, int64_t axis,
                                      const std::optional<DType>& wanted) {
  if (num < 0) value_error("linspace: expected num of at least 0, received ", num);
  Tensor ends[2] = {start, stop};
  if (wanted && is_floating(*wanted)) {
    for (Tensor& end : ends) end = to_dtype(end, *wanted);
  } else {
    promote_all(ends, Promote::kCommonFloat);
  }
  const DType dtype = ends[0].dtype();
  const int64_t gaps = endpoint ? num - 1 : num;
  static const OpDef& op = find_op("ramp");
  auto attrs = make_ref<RampAttrs>();
  attrs->step = gaps > 0 ? 1.0 / static_cast<double>(gaps) : 0;
  attrs->size = num;
  attrs->dtype = dtype;
  Tensor t = apply_one(op, {}, std::move(attrs));
  const Shape ends_shape = broadcast_shapes(start.shape(), stop.shape(), "linspace");
  const int at = normalize_axis(axis, ends_shape.rank() + 1, "linspace");
  IntList dims(static_cast<size_t>(ends_shape.rank()) + 1, 1);
  dims[at] = num;
  t = ops::reshape(t, Shape(dims));
  const auto place = [&](const Tensor& end) {
    return ops::expand_dims(ops::broadcast_to(end, ends_shape), at);
  };
  const Tensor a = place(ends[0]);
  const Tensor b = place(ends[1]);
  const Tensor step = gaps > 0 ? (ends[1] - ends[0]) / static_cast<double>(gaps)
                               : ops::full(ends_shape, NAN, dtype);
  return {a * (1.0 - t) + b * t, step};
}

Tensor in_dtype(const Tensor& x, const std::optional<DType>& dtype) {
  if (!dtype) return x;
  return ops::cast(is_floating(*dtype) ? x : ops::floor(x), *dtype);
}

void register_filled(OpRegistry& registry) {
  const auto add_new = [&](const char* name, const char* doc, double value) {
    add_composite(
        registry, name, "shape!, dtype", doc,
        [value](Inputs, const Attrs* attrs) {
          const auto& a = attrs_as<NewAttrs>(attrs);
          return Tensors{ops::full(Shape(a.shape), value, a.dtype.value_or(floatx()))};
        },
        make_attrs_of<NewAttrs>);
  };
  add_new("zeros", "A tensor of `shape` filled with 0, of `dtype` or floatx.", 0);
  add_new("ones", "A tensor of `shape` filled with 1, of `dtype` or floatx.", 1);
  add_new("empty", "A tensor of `shape`, of `dtype` or floatx; here it is filled with 0.", 0);
  add_composite(
      registry, "full", "shape!, fill_value, dtype",
      "A tensor of `shape` filled with `fill_value`, which broadcasts; of `dtype` or floatx.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<NewAttrs>(attrs);
        const DType dtype = a.dtype.value_or(floatx());
        if (in[0].is_weak()) return Tensors{ops::full(Shape(a.shape), in[0].item(), dtype)};
        return Tensors{ops::broadcast_to(to_dtype(in[0], dtype), Shape(a.shape))};
      },
      make_attrs_of<NewAttrs>);

  const auto add_like = [&](const char* name, const char* doc, double value) {
    add_composite(
        registry, name, "x, dtype", doc,
        [value](Inputs in, const Attrs* attrs) {
          return Tensors{ops::full_like(in[0], value, attrs_as<LikeAttrs>(attrs).dtype)};
        },
        make_attrs_of<LikeAttrs>);
  };
  add_like("zeros_like", "A tensor of the shape (and dtype) of `x` filled with 0.", 0);
  add_like("ones_like", "A tensor of the shape (and dtype) of `x` filled with 1.", 1);
  add_like("empty_like", "A tensor of the shape (and dtype) of `x`; here it is filled with 0.", 0);
  add_composite(
      registry, "full_like", "x, fill_value, dtype",
      "A tensor of the shape (and dtype) of `x` filled with `fill_value`, which broadcasts.",
      [](Inputs in, const Attrs* attrs) {
        const auto dtype = attrs_as<LikeAttrs>(attrs).dtype;
        if (in[1].is_weak()) return Tensors{ops::full_like(in[0], in[1].item(), dtype)};
        return Tensors{
            ops::broadcast_to(to_dtype(in[1], dtype.value_or(in[0].dtype())), in[0].shape())};
      },
      make_attrs_of<LikeAttrs>);

  const auto add_eye = [&](const char* name, const char* doc, KernelFn kernel) {
    OpDef def;
    def.name = name;
    def.params = "N!, M, k, dtype";
    def.doc = doc;
    def.make_attrs = make_attrs_of<EyeAttrs>;
    def.infer = [](const InferContext& c) {
      const auto& a = c.attrs_as<EyeAttrs>();
      if (a.N < 0 || a.M.value_or(0) < 0) {
        value_error(c.op, ": expected dimensions of at least 0, received ", a.N, " and ",
                    a.M.value_or(a.N));
      }
      return std::vector<TensorSpec>{{a.dtype.value_or(floatx()), Shape{a.N, a.M.value_or(a.N)}}};
    };
    def.kernel = std::move(kernel);
    def.differentiable = false;
    registry.add(std::move(def));
  };
  add_eye("eye", "A matrix of `N` rows and `M` columns (`N` for None) with 1 on diagonal `k`.",
          eye_kernel<false>);
  add_eye("tri", "A matrix of `N` rows and `M` columns with 1 on diagonal `k` and below.",
          eye_kernel<true>);
  add_composite(
      registry, "identity", "n!, dtype", "The identity matrix of `n` rows.",
      [](Inputs, const Attrs* attrs) {
        static const OpDef& op = find_op("eye");
        const auto& a = attrs_as<IdentityAttrs>(attrs);
        auto eye = make_ref<EyeAttrs>();
        eye->N = a.n;
        eye->dtype = a.dtype;
        return apply(op, {}, std::move(eye));
      },
      make_attrs_of<IdentityAttrs>);
}

void register_ranges(OpRegistry& registry) {
  add_composite(
      registry, "arange", "start, stop?, step?, dtype",
      "Numbers from `start` (0 when only one bound is given) up to, not including, `stop`, `step` "
      "apart; int32 for ints, floatx for floats.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{arange_of(in, attrs_as<LikeAttrs>(attrs).dtype)};
      },
      make_attrs_of<LikeAttrs>);
  add_composite(
      registry, "linspace", "start, stop, num, endpoint, retstep, dtype, axis",
      "`num` numbers evenly spread from `start` to `stop`, which is the last one with `endpoint`; "
      "with `retstep` also the distance between two.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<LinspaceAttrs>(attrs);
        auto [samples, step] = linspace_of(in[0], in[1], a.num, a.endpoint, a.axis, a.dtype);
        Tensors result{in_dtype(samples, a.dtype)};
        if (a.retstep) result.push_back(step);
        return result;
      },
      make_attrs_of<LinspaceAttrs>);
  add_composite(
      registry, "logspace", "start, stop, num, endpoint, base, dtype, axis",
      "`base` to the powers of linspace(`start`, `stop`, `num`).",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<LogspaceAttrs>(attrs);
        const Tensor powers = linspace_of(in[0], in[1], a.num, a.endpoint, a.axis, a.dtype).first;
        return Tensors{in_dtype(ops::power(ops::scalar(a.base), powers), a.dtype)};
      },
      make_attrs_of<LogspaceAttrs>);
  add_composite(
      registry, "geomspace", "start, stop, num, endpoint, dtype, axis",
      "`num` numbers from `start` to `stop`, each the same multiple of the one before.",
      [](Inputs in, const Attrs* attrs) {
        const auto& a = attrs_as<GeomspaceAttrs>(attrs);
        Tensor ends[2] = {in[0], in[1]};
        for (Tensor& end : ends) {
          const bool typed = a.dtype && is_floating(*a.dtype);
          if (typed || end.is_weak()) end = to_dtype(end, typed ? *a.dtype : floatx());
        }
        const Tensor logs = linspace_of(ops::log(ops::abs(ends[0])), ops::log(ops::abs(ends[1])),
                                        a.num, a.endpoint, a.axis, a.dtype)
                                .first;
        const Shape shape = broadcast_shapes(ends[0].shape(), ends[1].shape(), "geomspace");
        const Tensor sign = ops::expand_dims(ops::broadcast_to(ops::sign(ends[0]), shape), a.axis);
        return Tensors{in_dtype(sign * ops::exp(logs), a.dtype)};
      },
      make_attrs_of<GeomspaceAttrs>);
}

}  // namespace

void register_creation_ops(OpRegistry& registry) {
  OpDef fill;
  fill.name = "fill";
  fill.params = "shape!, value, dtype";
  fill.doc = "A tensor whose elements are all `value`.";
  fill.make_attrs = make_attrs_of<FillAttrs>;
  fill.infer = [](const InferContext& c) {
    const auto& a = c.attrs_as<FillAttrs>();
    for (const int64_t dim : a.shape) {
      if (dim < 0 && !inferring_call()) {
        value_error(c.op, ": expected dimensions of at least 0, received ", dim);
      }
    }
    return std::vector<TensorSpec>{{a.dtype, Shape(a.shape)}};
  };
  fill.kernel = fill_kernel;
  fill.differentiable = false;
  fill.internal = true;
  registry.add(std::move(fill));

  OpDef like;
  like.name = "fill_like";
  like.params = "x, value, dtype";
  like.doc = "A tensor of the shape of `x` whose elements are all `value`.";
  like.make_attrs = make_attrs_of<FillLikeAttrs>;
  like.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{
        {c.attrs_as<FillLikeAttrs>().dtype.value_or(c.dtype(0)), c.shape(0)}};
  };
  like.kernel = [](const KernelContext& c) {
    fill_buffer(c.out[0], c.attrs_as<FillLikeAttrs>().value);
  };
  like.differentiable = false;
  like.internal = true;
  registry.add(std::move(like));

  OpDef ramp;
  ramp.name = "ramp";
  ramp.params = "start, step, size, dtype";
  ramp.doc = "`size` numbers from `start`, `step` apart.";
  ramp.make_attrs = make_attrs_of<RampAttrs>;
  ramp.infer = [](const InferContext& c) {
    const auto& a = c.attrs_as<RampAttrs>();
    return std::vector<TensorSpec>{{a.dtype, Shape{a.size}}};
  };
  ramp.kernel = ramp_kernel;
  ramp.differentiable = false;
  ramp.internal = true;
  registry.add(std::move(ramp));

  register_filled(registry);
  register_ranges(registry);
}

namespace ops {

Tensor full(const Shape& shape, double value, DType dtype) {
  static const OpDef& op = find_op("fill");
  auto attrs = make_ref<FillAttrs>();
  attrs->shape = shape.vector();
  attrs->value = value;
  attrs->dtype = dtype;
  return apply_one(op, {}, std::move(attrs));
}

Tensor full_like(const Tensor& x, double value, std::optional<DType> dtype) {
  const DType own = x.is_weak() ? weak_default(x.dtype()) : x.dtype();
  if (x.shape().is_known()) return full(x.shape(), value, dtype.value_or(own));
  static const OpDef& op = find_op("fill_like");
  auto attrs = make_ref<FillLikeAttrs>();
  attrs->value = value;
  attrs->dtype = dtype;
  return apply_one(op, {x}, std::move(attrs));
}

Tensor zeros_like(const Tensor& x) {
  return full_like(x, 0);
}

Tensor ones_like(const Tensor& x) {
  return full_like(x, 1);
}

Tensor scalar(double value) {
  return Tensor::scalar(value).set_weak();
}

}  // namespace ops
}  // namespace nacre
