// Ops that change what a tensor is called but not its values: cast, alias, stop_gradient.
#include <cstring>

#include "kernels/abi.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/reference/convert.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct CastAttrs : AttrsOf<CastAttrs> {
  DType dtype = DType::kFloat32;
  NACRE_ATTRS(dtype)
};

struct ViewAttrs : AttrsOf<ViewAttrs> {
  std::optional<DType> dtype;
  NACRE_ATTRS(dtype)
};

// The bytes of x as another dtype: the last axis is as many times longer as elements are shorter.
std::vector<TensorSpec> infer_view(const InferContext& c) {
  const DType from = c.dtype(0), to = c.attrs_as<ViewAttrs>().dtype.value_or(from);
  Shape shape = c.shape(0);
  if ((to == DType::kBool) != (from == DType::kBool)) {
    type_error("view: expected both dtypes or none to be bool, received ", from, " and ", to);
  }
  const auto before = static_cast<int64_t>(size_of(from)),
             after = static_cast<int64_t>(size_of(to));
  if (before != after) {
    const int64_t last = shape.rank() > 0 ? shape.back() : 1;
    if (shape.rank() == 0 || (last != kUnknownDim && last * before % after != 0)) {
      value_error("view: expected a last axis that ", after, "-byte elements fill, received ",
                  shape, " of ", from);
    }
    if (last != kUnknownDim) shape[shape.rank() - 1] = last * before / after;
  }
  return {{to, shape}};
}

// Runs the table's conversion kernel for this pair; false where there is none.
bool cast_fast(const Buffer& in, const Buffer& out) {
  const auto& t = kernels::table();
  const auto run = [&]<class S, class D>(void (*fn)(const S*, D*, int64_t)) {
    if (!fn) return false;
    const S* x = in.as<const S>();
    D* y = out.as<D>();
    parallel_for(out.size(), kElementwiseGrain,
                 [=](int64_t begin, int64_t end) { fn(x + begin, y + begin, end - begin); });
    return true;
  };
  const DType from = in.dtype();
  const DType to = out.dtype();
  if (to == DType::kFloat32) {
    if (from == DType::kBFloat16) return run(t.float_from_bf16);
    if (from == DType::kFloat16) return run(t.float_from_f16);
    if (from == DType::kUInt8) return run(t.float_from_u8);
  } else if (from == DType::kFloat32) {
    if (to == DType::kBFloat16) return run(t.bf16_from_float);
    if (to == DType::kFloat16) return run(t.f16_from_float);
  }
  return false;
}

void cast_kernel(const KernelContext& c) {
  if (cast_fast(c.in[0], c.out[0])) return;
  dispatch(c.in[0].dtype(), [&]<class S>(type_tag<S>) {
    dispatch(c.out[0].dtype(), [&]<class D>(type_tag<D>) {
      const S* x = c.in[0].as<const S>();
      D* y = c.out[0].as<D>();
      parallel_for(c.out[0].size(), kElementwiseGrain, [=](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) y[i] = reference::convert<D>(x[i]);
      });
    });
  });
}

void copy_kernel(const KernelContext& c) {
  std::memcpy(c.out[0].data, c.in[0].data, c.out[0].spec->bytes());
}

int64_t same_data(const Attrs*, const TensorSpec&, const TensorSpec&) {
  return 0;
}

}  // namespace

void register_cast_ops(OpRegistry& registry) {
  OpDef cast;
  cast.name = "cast";
  cast.params = "x, dtype!";
  cast.doc =
      "`x` with elements of `dtype`. A float becomes an integer by truncation and ends at the "
      "integer's limits; NaN becomes 0; anything but 0 is True.";
  cast.make_attrs = make_attrs_of<CastAttrs>;
  cast.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{{c.attrs_as<CastAttrs>().dtype, c.shape(0)}};
  };
  cast.kernel = cast_kernel;
  cast.view = [](const Attrs*, const TensorSpec& in, const TensorSpec& out) -> int64_t {
    return in.dtype == out.dtype ? 0 : -1;
  };
  cast.backward = [](const BackwardContext& c) {
    const bool flows = is_floating(c.inputs[0].dtype()) && is_floating(c.outputs[0].dtype());
    return Tensors{flows ? ops::cast(c.grads[0], c.inputs[0].dtype()) : Tensor()};
  };
  registry.add(std::move(cast));

  const auto add_alias = [&](const char* name, const char* doc, bool differentiable) {
    OpDef def;
    def.name = name;
    def.params = differentiable ? "x" : "variable";
    def.doc = doc;
    def.infer = [](const InferContext& c) { return std::vector<TensorSpec>{c.inputs[0].spec()}; };
    def.kernel = copy_kernel;
    def.view = same_data;
    if (differentiable) def.backward = [](const BackwardContext& c) { return Tensors{c.grads[0]}; };
    def.differentiable = differentiable;
    def.internal = differentiable;
    registry.add(std::move(def));
  };
  add_alias("alias", "Another handle on the data of `x`.", true);
  OpDef bits;
  bits.name = "view";
  bits.params = "x, dtype";
  bits.doc =
      "The bytes of x as elements of another dtype.\n\n"
      "Args:\n    x: Tensor.\n    dtype: Of the result; default: that of x.\n\n"
      "Returns:\n    A tensor of x's shape, its last axis longer or shorter where the elements "
      "are shorter or longer.";
  bits.make_attrs = make_attrs_of<ViewAttrs>;
  bits.infer = infer_view;
  bits.kernel = copy_kernel;
  bits.differentiable = false;
  registry.add(std::move(bits));
  // Not an alias to the passes: what is computed from it again is no common subexpression.
  add_alias("recompute_from", "`x`, from which a gradient computes again.", true);
  add_alias("stop_gradient", "`variable`, through which no gradient flows.", false);
}

namespace ops {

Tensor cast(const Tensor& x, DType dtype) {
  if (x.is_weak()) return to_dtype(x, dtype);
  if (x.dtype() == dtype) return x;
  static const OpDef& op = find_op("cast");
  auto attrs = make_ref<CastAttrs>();
  attrs->dtype = dtype;
  return apply_one(op, {x}, std::move(attrs));
}

Tensor stop_gradient(const Tensor& x) {
  static const OpDef& op = find_op("stop_gradient");
  return apply_one(op, {x});
}

Tensor identity(const Tensor& x) {
  static const OpDef& op = find_op("alias");
  return apply_one(op, {x});
}

}  // namespace ops
}  // namespace nacre
