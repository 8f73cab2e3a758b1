#include "nacre/nn/layers/pool.h"

#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

void require_rank(const Tensor& x, int rank, const DataFormatField& data_format) {
  if (x.rank() != rank) {
    value_error("expected an input of rank ", rank, ", received shape ", x.shape(),
                " (data_format='", data_format.name(), "')");
  }
}

}  // namespace

std::vector<Field> PoolLayer::fields() {
  std::vector<Field> all = UnaryLayer::fields();
  detail::append_fields(all, "pool_size, strides, padding, data_format",
                        std::tie(pool_size, strides, padding, data_format));
  return all;
}

void PoolLayer::validate() {
  UnaryLayer::validate();
  expand_to_axes(pool_size, num_axes_, 1, "pool_size");
  if (!strides) strides = pool_size;
  expand_to_axes(*strides, num_axes_, 1, "strides");
  if (padding != "valid" && padding != "same") {
    const std::vector<std::string> known = {"valid", "same"};
    value_error("expected padding 'valid' or 'same', received '", padding, "'.",
                did_you_mean(padding, known));
  }
}

Tensor PoolLayer::call(const Tensor& x, const CallContext& context) {
  require_rank(x, num_axes_ + 2, data_format);
  return (takes_max_ ? ops::max_pool : ops::average_pool)(x, pool_size, strides, padding,
                                                          data_format.name());
}

std::vector<Field> AdaptivePoolLayer::fields() {
  std::vector<Field> all = UnaryLayer::fields();
  detail::append_fields(all, "output_size, data_format", std::tie(output_size, data_format));
  return all;
}

void AdaptivePoolLayer::validate() {
  UnaryLayer::validate();
  expand_to_axes(output_size, num_axes_, 1, "output_size");
}

Tensor AdaptivePoolLayer::call(const Tensor& x, const CallContext& context) {
  require_rank(x, num_axes_ + 2, data_format);
  return (takes_max_ ? ops::adaptive_max_pool : ops::adaptive_average_pool)(x, output_size,
                                                                            data_format.name());
}

std::vector<Field> GlobalPoolLayer::fields() {
  std::vector<Field> all = UnaryLayer::fields();
  detail::append_fields(all, "data_format, keepdims", std::tie(data_format, keepdims));
  return all;
}

Tensor GlobalPoolLayer::call(const Tensor& x, const CallContext& context) {
  require_rank(x, num_axes_ + 2, data_format);
  IntList axes;
  const int first = data_format.channels_first() ? 2 : 1;
  for (int i = 0; i < num_axes_; ++i) {
    axes.push_back(first + i);
    if (x.shape()[first + i] == 0) {
      value_error("expected at least one element along axis ", first + i, ", received shape ",
                  x.shape());
    }
  }
  if (const Tensor mask = takes_mask() ? context.mask() : Tensor(); mask.defined()) {
    const Tensor counts = ops::cast(ops::expand_dims(mask, 3 - first), DType::kBool);
    const Tensor total = ops::sum(ops::where(counts, x, ops::zeros_like(x)), axes, keepdims);
    // A row without a step that counts is 0, where Keras divides by 0.
    const Tensor steps = ops::sum(ops::cast(counts, x.dtype()), axes, keepdims);
    return total / ops::maximum(steps, ops::ones_like(steps));
  }
  return (takes_max_ ? ops::max : ops::mean)(x, axes, keepdims);
}

void register_pool_layers() {
  register_class<MaxPooling<1>>();
  register_class<MaxPooling<2>>();
  register_class<MaxPooling<3>>();
  register_class<AveragePooling<1>>();
  register_class<AveragePooling<2>>();
  register_class<AveragePooling<3>>();
  register_class<AdaptiveMaxPooling<1>>();
  register_class<AdaptiveMaxPooling<2>>();
  register_class<AdaptiveMaxPooling<3>>();
  register_class<AdaptiveAveragePooling<1>>();
  register_class<AdaptiveAveragePooling<2>>();
  register_class<AdaptiveAveragePooling<3>>();
  register_class<GlobalMaxPooling<1>>();
  register_class<GlobalMaxPooling<2>>();
  register_class<GlobalMaxPooling<3>>();
  register_class<GlobalAveragePooling<1>>();
  register_class<GlobalAveragePooling<2>>();
  register_class<GlobalAveragePooling<3>>();
}

}  // namespace nacre
