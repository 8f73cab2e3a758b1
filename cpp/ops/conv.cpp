// Convolution: the public ops bring their arguments to channels-last form and call three primitives
// (forward, data gradient, filter gradient) that are each other's derivatives.
#include <algorithm>
#include <cstring>

#include "kernels/abi.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/shaping.h"
#include "ops/conv_geometry.h"
#include "ops/epilogue.h"
#include "ops/reference/conv.h"
#include "ops/registry.h"
#include "ops/widen.h"

namespace nacre {
namespace {

using kernels::ConvArgs;
using kernels::table;

struct PublicConvAttrs : AttrsOf<PublicConvAttrs> {
  IntList strides = {1};
  std::string padding = "valid";
  std::optional<std::string> data_format;
  IntList dilation_rate = {1};
  NACRE_ATTRS(strides, padding, data_format, dilation_rate)
};
struct ConvTransposeAttrs : AttrsOf<ConvTransposeAttrs> {
  IntList strides = {1};
  std::string padding = "valid";
  std::optional<IntList> output_padding;
  std::optional<std::string> data_format;
  IntList dilation_rate = {1};
  NACRE_ATTRS(strides, padding, output_padding, data_format, dilation_rate)
};

// x is (batch, in..., in_channels), filter (window..., in_channels / groups, out_channels), y
// (batch, out..., out_channels). Where the sizes are empty they follow from `padding` and the
// shapes; gradients, which do not see all three shapes, get them all.
struct ConvAttrs : AttrsOf<ConvAttrs> {
  IntList strides;
  IntList dilation_rate;
  std::string padding = "valid";
  int64_t groups = 1;
  IntList pads;
  IntList input_size;
  IntList kernel_size;
  IntList output_size;
  bool relu = false;  // of the epilogue, as inputs 2 to 4 (ops/epilogue.h); set by a graph pass
  NACRE_ATTRS(strides, dilation_rate, padding, groups, pads, input_size, kernel_size, output_size,
              relu)
  EpilogueInputs epilogue() const { return {2, relu}; }
};

int spatial_rank(const Shape& shape) {
  return shape.rank() - 2;
}

WindowAxis conv_axis(const ConvAttrs& a, int i, int64_t in, int64_t window) {
  WindowAxis axis = window_axis(in, window, a.strides[i], a.dilation_rate[i], a.padding);
  if (!a.pads.empty()) axis.pad = a.pads[i];
  if (!a.output_size.empty()) axis.out = a.output_size[i];
  return axis;
}

// The same convolution with every size spelled out.
ConvAttrs with_sizes(const ConvAttrs& attrs, const Shape& x, const Shape& filter, const Shape& y) {
  ConvAttrs out = attrs;
  out.pads.clear();
  out.relu = false;
  for (int i = 0; i < spatial_rank(x); ++i) {
    out.pads.push_back(conv_axis(attrs, i, x[i + 1], filter[i]).pad);
  }
  const auto spatial = [](const Shape& s, int first, int n) {
    return IntList(s.begin() + first, s.begin() + first + n);
  };
  out.input_size = spatial(x, 1, spatial_rank(x));
  out.kernel_size = spatial(filter, 0, spatial_rank(x));
  out.output_size = spatial(y, 1, spatial_rank(x));
  return out;
}

template <class T = float>
kernels::ConvArgsOf<T> conv_args(const ConvAttrs& attrs, const Shape& x, const Shape& filter,
                                 const Shape& y) {
  kernels::ConvArgsOf<T> a{};
  const int n = spatial_rank(x);
  a.batch = x[0];
  a.in_channels = x.back();
  a.out_channels = y.back();
  a.groups = attrs.groups;
  for (int d = 0; d < 3; ++d) {
    const int i = d - (3 - n);
    a.in[d] = i < 0 ? 1 : x[i + 1];
    a.out[d] = i < 0 ? 1 : y[i + 1];
    a.kernel[d] = i < 0 ? 1 : filter[i];
    a.stride[d] = i < 0 ? 1 : attrs.strides[i];
    a.dilation[d] = i < 0 ? 1 : attrs.dilation_rate[i];
    a.pad[d] = i < 0 ? 0 : conv_axis(attrs, i, a.in[d], a.kernel[d]).pad;
  }
  return a;
}

Tensor call(const char* name, const Tensor& first, const Tensor& second, const ConvAttrs& attrs) {
  return apply_one(find_op(name), {first, second}, make_ref<ConvAttrs>(attrs));
}

// (x, filter) -> y
struct Forward {
  static constexpr const char* kName = "conv_forward";
  static constexpr const char* kParams =
      "x, filter, bias?, residual?, mask?, packed?, strides, dilation_rate, padding, groups, pads, "
      "input_size, kernel_size, output_size, relu";
  static constexpr const char* kDoc = "Convolution of channels-last data.";
  static constexpr auto kFast = &kernels::KernelTable::conv_forward;
  static constexpr auto kFastBf16 = &kernels::KernelTable::conv_forward_bf16;
  static constexpr auto kPart = kernels::ConvPart::kForward;
  static constexpr int kX = 0, kFilter = 1, kY = 2;

  static Shape infer(const ConvAttrs& a, const Shape& x, const Shape& filter) {
    Shape y{x[0]};
    for (int i = 0; i < spatial_rank(x); ++i) y.push_back(conv_axis(a, i, x[i + 1], filter[i]).out);
    y.push_back(filter.back());
    return y;
  }
  static Tensors backward(const BackwardContext& c) {
    const Tensor &x = c.inputs[0], &filter = c.inputs[1];
    Tensors grads(c.inputs.size());
    const Tensor g = c.attrs_as<ConvAttrs>().epilogue().backward(c, grads);
    const ConvAttrs a =
        with_sizes(c.attrs_as<ConvAttrs>(), x.shape(), filter.shape(), c.outputs[0].shape());
    if (c.needs[0]) grads[0] = call("conv_data_grad", filter, g, a);
    if (c.needs[1]) grads[1] = call("conv_filter_grad", x, g, a);
    return grads;
  }
  template <class T>
  static void reference(const ConvArgs& a, const T* x, const T* filter, T* y) {
    reference::ref_conv_forward(a, x, filter, y);
  }
};

// (filter, y) -> x
struct DataGrad {
  static constexpr const char* kName = "conv_data_grad";
  static constexpr const char* kParams =
      "filter, grad, bias?, residual?, mask?, packed?, strides, dilation_rate, padding, groups, "
      "pads, "
      "input_size, kernel_size, output_size, relu";
  static constexpr const char* kDoc = "Gradient of conv_forward with respect to x.";
  static constexpr auto kFast = &kernels::KernelTable::conv_data_grad;
  static constexpr auto kFastBf16 = &kernels::KernelTable::conv_data_grad_bf16;
  static constexpr auto kPart = kernels::ConvPart::kDataGrad;
  static constexpr int kX = 2, kFilter = 0, kY = 1;

  static Shape infer(const ConvAttrs& a, const Shape& filter, const Shape& y) {
    Shape x{y[0]};
    for (const int64_t size : a.input_size) x.push_back(size);
    x.push_back(filter[static_cast<int>(a.input_size.size())] * a.groups);
    return x;
  }
  static Tensors backward(const BackwardContext& c) {
    const Tensor &filter = c.inputs[0], &g = c.inputs[1];
    Tensors grads(c.inputs.size());
    const Tensor v = c.attrs_as<ConvAttrs>().epilogue().backward(c, grads);
    const ConvAttrs a = with_sizes(c.attrs_as<ConvAttrs>(), v.shape(), filter.shape(), g.shape());
    if (c.needs[0]) grads[0] = call("conv_filter_grad", v, g, a);
    if (c.needs[1]) grads[1] = call("conv_forward", v, filter, a);
    return grads;
  }
  template <class T>
  static void reference(const ConvArgs& a, const T* filter, const T* y, T* x) {
    reference::ref_conv_data_grad(a, filter, y, x);
  }
};

// (x, y) -> filter
struct FilterGrad {
  static constexpr const char* kName = "conv_filter_grad";
  static constexpr const char* kParams =
      "x, grad, strides, dilation_rate, padding, groups, pads, input_size, kernel_size, "
      "output_size, relu";
  static constexpr const char* kDoc = "Gradient of conv_forward with respect to the filter.";
  static constexpr auto kFast = &kernels::KernelTable::conv_filter_grad;
  static constexpr auto kFastBf16 = &kernels::KernelTable::conv_filter_grad_bf16;
  static constexpr auto kPart = kernels::ConvPart::kFilterGrad;
  static constexpr int kX = 0, kFilter = 2, kY = 1;

  static Shape infer(const ConvAttrs& a, const Shape& x, const Shape& y) {
    Shape filter(a.kernel_size);
    filter.push_back(x.back() / a.groups);
    filter.push_back(y.back());
    return filter;
  }
  static Tensors backward(const BackwardContext& c) {
    const Tensor &x = c.inputs[0], &g = c.inputs[1], &v = c.grads[0];
    const ConvAttrs a = with_sizes(c.attrs_as<ConvAttrs>(), x.shape(), v.shape(), g.shape());
    return {c.needs[0] ? call("conv_data_grad", v, g, a) : Tensor(),
            c.needs[1] ? call("conv_forward", x, v, a) : Tensor()};
  }
  template <class T>
  static void reference(const ConvArgs& a, const T* x, const T* y, T* filter) {
    reference::ref_conv_filter_grad(a, x, y, filter);
  }
};

constexpr size_t kPackedInput = 5;  // of forward and data gradient

template <class Op>
Packing conv_packing() {
  constexpr bool kGradient = Op::kX == 2;
  const auto args_of = [](const Attrs* attrs, std::span<const Buffer> in,
                          std::span<const Buffer> out) {
    const Buffer* operands[] = {&in[0], &in[1], &out[0]};
    ConvArgs args = conv_args(static_cast<const ConvAttrs&>(*attrs), operands[Op::kX]->shape(),
                              operands[Op::kFilter]->shape(), operands[Op::kY]->shape());
    args.filter = operands[Op::kFilter]->template as<const float>();
    return args;
  };
  Packing packing;
  packing.weights = Op::kFilter;
  packing.packed = kPackedInput;
  packing.layout = [args_of](const Attrs* attrs, std::span<const Buffer> in,
                             std::span<const Buffer> out) -> Packing::Layout {
    const bool empty = in[0].size() == 0 || in[1].size() == 0 || out[0].size() == 0;
    if (empty || in[0].dtype() != DType::kFloat32 || !table().conv_packing) return {};
    const auto [floats, id] = table().conv_packing(args_of(attrs, in, out), kGradient);
    return {floats, id};
  };
  packing.pack = [args_of](const Attrs* attrs, std::span<const Buffer> in,
                           std::span<const Buffer> out, float* packed) {
    table().conv_pack(args_of(attrs, in, out), kGradient, packed);
  };
  return packing;
}

template <class Op, class T>
kernels::ConvArgsOf<T> args_of(const KernelContext& c) {
  const Buffer* operands[] = {&c.in[0], &c.in[1], &c.out[0]};
  const auto& attrs = c.attrs_as<ConvAttrs>();
  auto args = conv_args<T>(attrs, operands[Op::kX]->shape(), operands[Op::kFilter]->shape(),
                           operands[Op::kY]->shape());
  const auto input = [&](int i) { return i == 2 ? nullptr : operands[i]->template as<const T>(); };
  args.x = input(Op::kX);
  args.filter = input(Op::kFilter);
  args.y = input(Op::kY);
  args.result = c.out[0].as<T>();
  args.bias = EpilogueInputs::data<const T>(c.in, 2);
  args.residual = EpilogueInputs::data<const T>(c.in, 3);
  args.mask = EpilogueInputs::data<const T>(c.in, 4);
  args.packed = EpilogueInputs::data<const float>(c.in, kPackedInput);
  args.relu = attrs.relu;
  return args;
}

// Whether there is a kernel for these operands in bfloat16; else they are widened.
template <class Op>
bool serves_bf16(const Attrs* attrs, std::span<const Buffer> in, std::span<const Buffer> out) {
  if (in[0].dtype() != DType::kBFloat16 || !(table().*Op::kFastBf16)) return false;
  if (in[0].size() == 0 || in[1].size() == 0) return false;
  const Buffer* operands[] = {&in[0], &in[1], &out[0]};
  return table().conv_bf16_serves(
      conv_args(static_cast<const ConvAttrs&>(*attrs), operands[Op::kX]->shape(),
                operands[Op::kFilter]->shape(), operands[Op::kY]->shape()),
      Op::kPart);
}

template <class Op>
void conv_kernel(const KernelContext& c) {
  const EpilogueInputs epilogue = c.attrs_as<ConvAttrs>().epilogue();
  if (c.out[0].size() == 0) return;
  if (c.in[0].size() == 0 || c.in[1].size() == 0) {
    std::memset(c.out[0].data, 0, c.out[0].spec->bytes());
    dispatch_floating(c.in[0].dtype(),
                      [&]<class T>(type_tag<T>) { epilogue.apply<T>(c.in, c.out[0]); });
    return;
  }
  if (c.in[0].dtype() == DType::kBFloat16)
    return (table().*Op::kFastBf16)(args_of<Op, uint16_t>(c));
  const kernels::ConvFn fast = table().*Op::kFast;
  if (c.in[0].dtype() == DType::kFloat32 && fast) return fast(args_of<Op, float>(c));
  dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    Op::reference(args_of<Op, float>(c), c.in[0].as<const T>(), c.in[1].as<const T>(),
                  c.out[0].as<T>());
    epilogue.apply<T>(c.in, c.out[0]);
  });
}

// Serves 16-bit floats; where they are widened, the epilogue rounds after each of its steps, as the
// kernels for bfloat16 do.
template <class Op>
void serve_half_convolutions(OpDef& def) {
  serve_halves(def, serves_bf16<Op>);
  def.kernel = [kernel = std::move(def.kernel)](const KernelContext& c) {
    const auto& attrs = c.attrs_as<ConvAttrs>();
    const bool plain = c.in.size() == 2 && !attrs.relu;
    if (plain || c.in[0].dtype() != DType::kBFloat16 || serves_bf16<Op>(c.attrs, c.in, c.out)) {
      return kernel(c);
    }
    ConvAttrs without = attrs;
    without.relu = false;
    kernel({&without, c.in.first(2), c.out, c.workspace});
    attrs.epilogue().apply_bf16(c.in, c.out[0]);
  };
}

template <class Op>
void add_primitive(OpRegistry& registry) {
  OpDef def;
  def.name = Op::kName;
  def.params = Op::kParams;
  def.doc = Op::kDoc;
  def.make_attrs = make_attrs_of<ConvAttrs>;
  def.promote = Promote::kCommonFloat;
  def.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{
        {c.dtype(0), Op::infer(c.attrs_as<ConvAttrs>(), c.shape(0), c.shape(1))}};
  };
  def.kernel = conv_kernel<Op>;
  if constexpr (Op::kFilter != 2) def.packing = conv_packing<Op>();
  serve_half_convolutions<Op>(def);
  def.backward = Op::backward;
  def.flops = [](const Attrs*, std::span<const Buffer> in, std::span<const Buffer> out) {
    const Buffer* operands[] = {&in[0], &in[1], &out[0]};
    // Each element of y is a sum over the filter's elements of one output channel.
    const Shape& filter = operands[Op::kFilter]->shape();
    return 2.0 * static_cast<double>(filter.size(0, filter.rank() - 1)) *
           static_cast<double>(operands[Op::kY]->size());
  };
  def.internal = true;
  registry.add(std::move(def));
}

// ---- public ops

std::string describe(const Tensor& x, const Tensor& kernel, bool channels_first) {
  return str_cat(" (inputs: ", x.shape(), ", kernel: ", kernel.shape(), ", data_format='",
                 channels_first ? "channels_first" : "channels_last", "')");
}

// Checks ranks and channels; `inputs` in its own layout.
int checked_rank(const char* op, const Tensor& x, const Tensor& kernel, bool channels_first) {
  const int n = kernel.rank() - 2;
  if (n < 1 || n > 3) {
    value_error(op, ": expected a kernel of rank 3, 4 or 5, received rank ", kernel.rank(),
                describe(x, kernel, channels_first));
  }
  if (x.rank() != kernel.rank()) {
    value_error(op, ": expected inputs of rank ", kernel.rank(), ", received rank ", x.rank(),
                describe(x, kernel, channels_first));
  }
  const int64_t channels = x.shape()[channels_first ? 1 : n + 1];
  if (channels == kUnknownDim || !kernel.shape().is_known()) {
    value_error(op, ": expected a known number of channels", describe(x, kernel, channels_first));
  }
  for (int i = 0; i < n; ++i) {
    if (kernel.shape()[i] < 1) {
      value_error(op, ": expected a kernel size of at least 1, received ", kernel.shape()[i],
                  describe(x, kernel, channels_first));
    }
  }
  return n;
}

template <class A>
ConvAttrs resolve(const char* op, const A& a, int n) {
  ConvAttrs attrs;
  attrs.strides = spatial_list(a.strides, n, op, "strides");
  attrs.dilation_rate = spatial_list(a.dilation_rate, n, op, "dilation_rate");
  attrs.padding = a.padding;
  check_padding(a.padding, op);
  return attrs;
}

// A grouped convolution of inputs in their own layout.
Tensor run_conv(const char* op, const Tensor& inputs, const Tensor& filter, ConvAttrs attrs,
                bool channels_first, const Tensor& shown_kernel) {
  const Tensor x = channels_first ? to_channels_last(inputs) : inputs;
  for (int i = 0; i < spatial_rank(x.shape()) && attrs.padding == "valid"; ++i) {
    const int64_t size = x.shape()[i + 1];
    const int64_t span = (filter.shape()[i] - 1) * attrs.dilation_rate[i] + 1;
    if (size != kUnknownDim && size < span) {
      value_error(op, ": expected inputs of at least ", span, " along spatial axis ", i,
                  " with padding='valid', received ", size,
                  describe(inputs, shown_kernel, channels_first));
    }
  }
  const Tensor y = call("conv_forward", x, filter, attrs);
  return channels_first ? to_channels_first(y) : y;
}

Tensors conv_composite(std::span<const Tensor> in, const Attrs* attrs) {
  constexpr const char* op = "conv";
  const auto& a = static_cast<const PublicConvAttrs&>(*attrs);
  const bool channels_first = is_channels_first(a.data_format, op);
  const int n = checked_rank(op, in[0], in[1], channels_first);
  ConvAttrs resolved = resolve(op, a, n);
  const int64_t channels = in[0].shape()[channels_first ? 1 : n + 1];
  const int64_t per_group = in[1].shape()[n];
  if (per_group < 1 || channels % per_group != 0) {
    value_error(op, ": expected kernel input channels ", channels, ", received ", per_group,
                describe(in[0], in[1], channels_first));
  }
  resolved.groups = std::max<int64_t>(1, channels / per_group);
  if (in[1].shape().back() % resolved.groups != 0) {
    value_error(op, ": expected output channels in multiples of the ", resolved.groups,
                " groups, received ", in[1].shape().back(), describe(in[0], in[1], channels_first));
  }
  return {run_conv(op, in[0], in[1], std::move(resolved), channels_first, in[1])};
}

Tensor depthwise(const char* op, const Tensor& x, const Tensor& kernel, const PublicConvAttrs& a) {
  const bool channels_first = is_channels_first(a.data_format, op);
  const int n = checked_rank(op, x, kernel, channels_first);
  ConvAttrs attrs = resolve(op, a, n);
  const int64_t channels = x.shape()[channels_first ? 1 : n + 1];
  if (kernel.shape()[n] != channels) {
    value_error(op, ": expected kernel input channels ", channels, ", received ", kernel.shape()[n],
                describe(x, kernel, channels_first));
  }
  // A channel with several outputs is several channels: the kernels see one output for each.
  const int64_t multiplier = kernel.shape().back();
  attrs.groups = std::max<int64_t>(1, channels * multiplier);
  Shape grouped = kernel.shape();
  grouped[n] = 1;
  grouped[n + 1] = channels * multiplier;
  const Tensor repeated =
      multiplier > 1 ? ops::repeat(x, multiplier, channels_first ? 1 : n + 1) : x;
  return run_conv(op, repeated, ops::reshape(kernel, grouped), std::move(attrs), channels_first,
                  kernel);
}

Tensors depthwise_composite(std::span<const Tensor> in, const Attrs* attrs) {
  return {depthwise("depthwise_conv", in[0], in[1], static_cast<const PublicConvAttrs&>(*attrs))};
}

Tensors separable_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const auto& a = static_cast<const PublicConvAttrs&>(*attrs);
  const Tensor y = depthwise("separable_conv", in[0], in[1], a);
  return {ops::conv(y, in[2], {1}, "valid", a.data_format)};
}

Tensors transpose_composite(std::span<const Tensor> in, const Attrs* raw) {
  constexpr const char* op = "conv_transpose";
  const auto& a = static_cast<const ConvTransposeAttrs&>(*raw);
  const bool channels_first = is_channels_first(a.data_format, op);
  const int n = checked_rank(op, in[0], in[1], channels_first);
  ConvAttrs attrs = resolve(op, a, n);
  IntList extra;
  if (a.output_padding) extra = spatial_list(*a.output_padding, n, op, "output_padding", 0);
  const Tensor x = channels_first ? to_channels_last(in[0]) : in[0];
  const Shape& kernel = in[1].shape();
  if (kernel.back() != x.shape().back()) {
    value_error(op, ": expected kernel input channels (its last axis) ", x.shape().back(),
                ", received ", kernel.back(), describe(in[0], in[1], channels_first));
  }
  for (int i = 0; i < n; ++i) {
    const WindowAxis axis =
        transposed_axis(x.shape()[i + 1], kernel[i], attrs.strides[i], attrs.dilation_rate[i],
                        a.padding, extra.empty() ? nullptr : &extra[i]);
    attrs.input_size.push_back(axis.out);
    attrs.pads.push_back(axis.pad);
  }
  const Tensor y = call("conv_data_grad", in[1], x, attrs);
  return {channels_first ? to_channels_first(y) : y};
}

constexpr const char* kConvArgsDoc =
    "    strides: Step of the window along each spatial axis: an int or one for each axis.\n"
    "    padding: 'valid' (none) or 'same' (the output has ceil(size / stride) positions).\n"
    "    data_format: 'channels_last' or 'channels_first'; None is keras.config's default.\n"
    "    dilation_rate: Distance of the window's elements: an int or one for each axis.\n\n";

void add(OpRegistry& registry, const char* name, const char* params, std::string doc,
         CompositeFn composite, Ref<Attrs> (*make_attrs)() = make_attrs_of<PublicConvAttrs>) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = std::move(doc);
  def.make_attrs = make_attrs;
  def.promote = Promote::kCommonFloat;
  def.composite = std::move(composite);
  registry.add(std::move(def));
}

Ref<Attrs> public_attrs(const IntList& strides, const std::string& padding,
                        const ops::DataFormat& data_format, const IntList& dilation_rate) {
  auto attrs = make_ref<PublicConvAttrs>();
  attrs->strides = strides;
  attrs->padding = padding;
  attrs->data_format = data_format;
  attrs->dilation_rate = dilation_rate;
  return attrs;
}

}  // namespace

void register_conv_ops(OpRegistry& registry) {
  add_primitive<Forward>(registry);
  add_primitive<DataGrad>(registry);
  add_primitive<FilterGrad>(registry);
  add(registry, "conv", "inputs, kernel, strides, padding, data_format, dilation_rate",
      str_cat("Convolution over one, two or three spatial axes.\n\nArgs:\n"
              "    inputs: Tensor of shape (batch, ..., channels), or (batch, channels, ...).\n"
              "    kernel: Tensor of shape (..., channels / groups, filters); fewer input channels "
              "than `inputs` has make a grouped convolution.\n",
              kConvArgsDoc,
              "Returns:\n    A tensor of shape (batch, ..., filters), in the layout "
              "of `inputs`."),
      conv_composite);
  add(registry, "depthwise_conv", "inputs, kernel, strides, padding, data_format, dilation_rate",
      str_cat("Convolution of each channel by itself.\n\nArgs:\n"
              "    inputs: Tensor of shape (batch, ..., channels), or (batch, channels, ...).\n"
              "    kernel: Tensor of shape (..., channels, multiplier).\n",
              kConvArgsDoc, "Returns:\n    A tensor with channels * multiplier channels."),
      depthwise_composite);
  add(registry, "separable_conv",
      "inputs, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate",
      str_cat("A depthwise convolution, then one that mixes the channels.\n\nArgs:\n"
              "    inputs: Tensor of shape (batch, ..., channels), or (batch, channels, ...).\n"
              "    depthwise_kernel: Tensor of shape (..., channels, multiplier).\n"
              "    pointwise_kernel: Tensor of shape (1..., channels * multiplier, filters).\n",
              kConvArgsDoc, "Returns:\n    A tensor with `filters` channels."),
      separable_composite);
  add(registry, "conv_transpose",
      "inputs, kernel, strides, padding, output_padding, data_format, dilation_rate",
      str_cat("Transposed convolution: the gradient of a convolution with respect to its input.\n\n"
              "Args:\n"
              "    inputs: Tensor of shape (batch, ..., channels), or (batch, channels, ...).\n"
              "    kernel: Tensor of shape (..., filters, channels).\n"
              "    output_padding: Positions added at the end of each spatial axis, or None.\n",
              kConvArgsDoc, "Returns:\n    A tensor with `filters` channels."),
      transpose_composite, make_attrs_of<ConvTransposeAttrs>);
}

namespace ops {

Tensor conv(const Tensor& inputs, const Tensor& kernel, const IntList& strides,
            const std::string& padding, const DataFormat& data_format,
            const IntList& dilation_rate) {
  return apply_one(find_op("conv"), {inputs, kernel},
                   public_attrs(strides, padding, data_format, dilation_rate));
}

Tensor depthwise_conv(const Tensor& inputs, const Tensor& kernel, const IntList& strides,
                      const std::string& padding, const DataFormat& data_format,
                      const IntList& dilation_rate) {
  return apply_one(find_op("depthwise_conv"), {inputs, kernel},
                   public_attrs(strides, padding, data_format, dilation_rate));
}

Tensor separable_conv(const Tensor& inputs, const Tensor& depthwise_kernel,
                      const Tensor& pointwise_kernel, const IntList& strides,
                      const std::string& padding, const DataFormat& data_format,
                      const IntList& dilation_rate) {
  return apply_one(find_op("separable_conv"), {inputs, depthwise_kernel, pointwise_kernel},
                   public_attrs(strides, padding, data_format, dilation_rate));
}

Tensor conv_transpose(const Tensor& inputs, const Tensor& kernel, const IntList& strides,
                      const std::string& padding, const std::optional<IntList>& output_padding,
                      const DataFormat& data_format, const IntList& dilation_rate) {
  auto attrs = make_ref<ConvTransposeAttrs>();
  attrs->strides = strides;
  attrs->padding = padding;
  attrs->output_padding = output_padding;
  attrs->data_format = data_format;
  attrs->dilation_rate = dilation_rate;
  return apply_one(find_op("conv_transpose"), {inputs, kernel}, attrs);
}

}  // namespace ops
}  // namespace nacre
