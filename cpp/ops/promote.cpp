#include "ops/promote.h"

#include "nacre/ops/ops.h"
#include "ops/reference/convert.h"

namespace nacre {
namespace {

ScalarKind kind_of(DType dtype) {
  if (dtype == DType::kBool) return ScalarKind::kBool;
  return is_floating(dtype) ? ScalarKind::kFloat : ScalarKind::kInt;
}

}  // namespace

DType weak_default(DType dtype) {
  if (dtype == DType::kBool) return dtype;
  return is_floating(dtype) ? floatx() : DType::kInt32;
}

DType common_dtype(std::span<const Tensor> inputs, Promote rule) {
  bool have_strong = false;
  DType strong = DType::kBool;
  bool have_weak = false;
  DType weak = DType::kBool;
  for (const Tensor& t : inputs) {
    if (!t.defined()) continue;
    if (t.is_weak()) {
      const DType own = weak_default(t.dtype());
      weak = have_weak ? promote(weak, own) : own;
      have_weak = true;
    } else {
      strong = have_strong ? promote(strong, t.dtype()) : t.dtype();
      have_strong = true;
    }
  }
  DType result = have_strong ? strong : weak;
  if (have_strong && have_weak) result = promote(strong, kind_of(weak));
  if (rule == Promote::kCommonFloat && !is_floating(result)) {
    result = promote(result, ScalarKind::kFloat);
  }
  return result;
}

Tensor to_dtype(const Tensor& t, DType dtype) {
  if (!t.is_weak()) return t.dtype() == dtype ? t : ops::cast(t, dtype);
  Tensor out(TensorSpec{dtype, {}});
  dispatch(t.dtype(), [&]<class S>(type_tag<S>) {
    const S value = *t.data<S>();
    dispatch(dtype,
             [&]<class D>(type_tag<D>) { *out.mutable_data<D>() = reference::convert<D>(value); });
  });
  return out;
}

void promote_all(std::span<Tensor> tensors, Promote rule) {
  const DType dtype = common_dtype(tensors, rule);
  for (Tensor& t : tensors) {
    if (t.defined()) t = to_dtype(t, dtype);
  }
}

}  // namespace nacre
