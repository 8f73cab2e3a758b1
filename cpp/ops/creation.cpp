// Constant tensors.
#include <algorithm>

#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
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

void fill_kernel(const KernelContext& c) {
  const double value = c.attrs_as<FillAttrs>().value;
  dispatch(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
    T* y = c.out[0].as<T>();
    const T v = reference::convert<T>(value);
    parallel_for(c.out[0].size(), kElementwiseGrain,
                 [=](int64_t begin, int64_t end) { std::fill(y + begin, y + end, v); });
  });
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
      if (dim < 0) value_error(c.op, ": expected dimensions of at least 0, received ", dim);
    }
    return std::vector<TensorSpec>{{a.dtype, Shape(a.shape)}};
  };
  fill.kernel = fill_kernel;
  fill.differentiable = false;
  fill.internal = true;
  registry.add(std::move(fill));
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

Tensor zeros_like(const Tensor& x) {
  if (!x.shape().is_known()) return Tensor::placeholder(x.spec());
  return full(x.shape(), 0, x.dtype());
}

Tensor ones_like(const Tensor& x) {
  if (!x.shape().is_known()) return Tensor::placeholder(x.spec());
  return full(x.shape(), 1, x.dtype());
}

Tensor scalar(double value) {
  return Tensor::scalar(value).set_weak();
}

}  // namespace ops
}  // namespace nacre
