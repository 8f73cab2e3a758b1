// Maximum and average pooling, and their gradients, over one to three spatial axes.
#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/abi.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"
#include "ops/conv_geometry.h"
#include "ops/image_blocks.h"
#include "ops/reference/pool.h"
#include "ops/registry.h"
#include "ops/widen.h"

namespace nacre {
namespace {

using kernels::PoolArgs;
using kernels::table;

struct PublicPoolAttrs : AttrsOf<PublicPoolAttrs> {
  IntList pool_size;
  std::optional<IntList> strides;
  std::string padding = "valid";
  std::optional<std::string> data_format;
  NACRE_ATTRS(pool_size, strides, padding, data_format)
};
struct AdaptivePoolAttrs : AttrsOf<AdaptivePoolAttrs> {
  IntList output_size;
  std::optional<std::string> data_format;
  NACRE_ATTRS(output_size, data_format)
};
// Of the primitives, over channels-last data; input_size for the average's gradient. Strides of 0
// mean adaptive windows, and pool_size is the number of them.
struct PoolAttrs : AttrsOf<PoolAttrs> {
  IntList pool_size;
  IntList strides;
  std::string padding = "valid";
  IntList input_size;
  bool relu = false;  // of max_pool_grad, then also through the ReLU that made x; set by a pass
  NACRE_ATTRS(pool_size, strides, padding, input_size, relu)
};

WindowAxis pool_axis(const PoolAttrs& a, int i, int64_t in) {
  if (a.strides[i] == 0) return {a.pool_size[i], 0};
  return window_axis(in, a.pool_size[i], a.strides[i], 1, a.padding);
}

Shape pooled_shape(const PoolAttrs& a, const Shape& x) {
  Shape y = x;
  for (int i = 0; i + 2 < x.rank(); ++i) y[i + 1] = pool_axis(a, i, x[i + 1]).out;
  return y;
}

Shape unpooled_shape(const PoolAttrs& a, const Shape& y) {
  Shape x = y;
  for (int i = 0; i + 2 < y.rank(); ++i) x[i + 1] = a.input_size[i];
  return x;
}

template <class T = float>
kernels::PoolArgsOf<T> pool_args(const PoolAttrs& attrs, const Shape& x, const Shape& y) {
  kernels::PoolArgsOf<T> a{};
  const int n = x.rank() - 2;
  a.batch = x[0];
  a.channels = x.back();
  for (int d = 0; d < 3; ++d) {
    const int i = d - (3 - n);
    a.in[d] = i < 0 ? 1 : x[i + 1];
    a.out[d] = i < 0 ? 1 : y[i + 1];
    a.window[d] = i < 0 ? 1 : attrs.pool_size[i];
    a.stride[d] = i < 0 ? 1 : attrs.strides[i];
    a.pad[d] = i < 0 ? 0 : pool_axis(attrs, i, a.in[d]).pad;
  }
  return a;
}

// Calls body(begin, end) over the batch in parallel; without elements there is nothing to do.
template <class Body>
void over_images(const KernelContext& c, const kernels::PoolSizes& args, Body body) {
  if (c.out[0].size() == 0) return;
  if (c.in[0].size() == 0) {
    std::memset(c.out[0].data, 0, c.out[0].spec->bytes());
    return;
  }
  const int64_t work = args.in[0] * args.in[1] * args.in[2] * args.channels;
  const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 14) / std::max<int64_t>(1, work));
  parallel_for(args.batch, grain, body);
}

// Runs `fast` for float32 where there is one, else `reference`.
template <class Reference>
void run_pool(const KernelContext& c, const PoolArgs& args, kernels::PoolFn fast,
              Reference reference) {
  over_images(c, args, [&](int64_t begin, int64_t end) {
    if (c.in[0].dtype() == DType::kFloat32 && fast) return fast(args, begin, end);
    dispatch_floating(c.in[0].dtype(),
                      [&]<class T>(type_tag<T> tag) { reference(tag, begin, end); });
  });
}

// bfloat16 is pooled as it is: a maximum is one of its operands.
bool pools_bf16(const Attrs*, std::span<const Buffer> in, std::span<const Buffer>) {
  return in[0].dtype() == DType::kBFloat16 && table().max_pool_bf16 && table().max_pool_grad_bf16;
}

void max_pool_kernel(const KernelContext& c) {
  if (c.in[0].dtype() == DType::kBFloat16) {
    auto a = pool_args<uint16_t>(c.attrs_as<PoolAttrs>(), c.in[0].shape(), c.out[0].shape());
    a.x = c.in[0].as<const uint16_t>();
    a.result = c.out[0].as<uint16_t>();
    return over_images(c, a,
                       [&](int64_t begin, int64_t end) { table().max_pool_bf16(a, begin, end); });
  }
  PoolArgs a = pool_args(c.attrs_as<PoolAttrs>(), c.in[0].shape(), c.out[0].shape());
  a.x = c.in[0].as<const float>();
  a.result = c.out[0].as<float>();
  run_pool(c, a, table().max_pool, [&]<class T>(type_tag<T>, int64_t begin, int64_t end) {
    reference::ref_max_pool(a, c.in[0].as<const T>(), c.out[0].as<T>(), begin, end);
  });
}

void max_pool_grad_kernel(const KernelContext& c) {
  if (c.in[0].dtype() == DType::kBFloat16) {
    auto a = pool_args<uint16_t>(c.attrs_as<PoolAttrs>(), c.in[0].shape(), c.in[1].shape());
    a.x = c.in[0].as<const uint16_t>();
    a.y = c.in[1].as<const uint16_t>();
    a.grad = c.in[2].as<const uint16_t>();
    a.result = c.out[0].as<uint16_t>();
    a.mask = c.attrs_as<PoolAttrs>().relu;
    return over_images(
        c, a, [&](int64_t begin, int64_t end) { table().max_pool_grad_bf16(a, begin, end); });
  }
  PoolArgs a = pool_args(c.attrs_as<PoolAttrs>(), c.in[0].shape(), c.in[1].shape());
  a.x = c.in[0].as<const float>();
  a.y = c.in[1].as<const float>();
  a.grad = c.in[2].as<const float>();
  a.result = c.out[0].as<float>();
  a.mask = c.attrs_as<PoolAttrs>().relu;
  run_pool(c, a, table().max_pool_grad, [&]<class T>(type_tag<T>, int64_t begin, int64_t end) {
    const int64_t image = c.out[0].size() / std::max<int64_t>(1, a.batch);
    // The result may take x's place.
    const T* first = c.in[0].as<const T>() + begin * image;
    const std::vector<T> copy(first, first + (end - begin) * image);
    const T* x = copy.data() - begin * image;
    T* dx = c.out[0].as<T>();
    reference::ref_max_pool_grad(a, x, c.in[1].as<const T>(), c.in[2].as<const T>(), dx, begin,
                                 end);
    for (int64_t i = begin * image; a.mask && i < end * image; ++i) {
      if (!(x[i] > T(0))) dx[i] = T(0);
    }
  });
}

void max_pool_pick_kernel(const KernelContext& c) {
  const PoolArgs a = pool_args(c.attrs_as<PoolAttrs>(), c.in[0].shape(), c.in[1].shape());
  run_pool(c, a, nullptr, [&]<class T>(type_tag<T>, int64_t begin, int64_t end) {
    reference::ref_max_pool_pick(a, c.in[0].as<const T>(), c.in[1].as<const T>(),
                                 c.in[2].as<const T>(), c.out[0].as<T>(), begin, end);
  });
}

void average_pool_kernel(const KernelContext& c) {
  PoolArgs a = pool_args(c.attrs_as<PoolAttrs>(), c.in[0].shape(), c.out[0].shape());
  a.x = c.in[0].as<const float>();
  a.result = c.out[0].as<float>();
  run_pool(c, a, table().average_pool, [&]<class T>(type_tag<T>, int64_t begin, int64_t end) {
    reference::ref_average_pool(a, c.in[0].as<const T>(), c.out[0].as<T>(), begin, end);
  });
}

void average_pool_grad_kernel(const KernelContext& c) {
  PoolArgs a = pool_args(c.attrs_as<PoolAttrs>(), c.out[0].shape(), c.in[0].shape());
  a.grad = c.in[0].as<const float>();
  a.result = c.out[0].as<float>();
  run_pool(c, a, table().average_pool_grad, [&]<class T>(type_tag<T>, int64_t begin, int64_t end) {
    reference::ref_average_pool_grad(a, c.in[0].as<const T>(), c.out[0].as<T>(), begin, end);
  });
}

Tensor call(const char* name, std::initializer_list<Tensor> inputs, const PoolAttrs& attrs) {
  return apply_one(find_op(name), inputs, make_ref<PoolAttrs>(attrs));
}

void add_primitive(OpRegistry& registry, const char* name, const char* params, const char* doc,
                   Shape (*shape)(const InferContext&), KernelFn kernel, BackwardFn backward,
                   std::vector<int> in_place = {}, ServedHalves served = {}) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = doc;
  def.make_attrs = make_attrs_of<PoolAttrs>;
  def.promote = Promote::kCommonFloat;
  def.infer = [shape](const InferContext& c) {
    return std::vector<TensorSpec>{{c.dtype(0), shape(c)}};
  };
  def.kernel = std::move(kernel);
  serve_halves(def, std::move(served));
  def.backward = std::move(backward);
  def.in_place = std::move(in_place);
  def.internal = true;
  registry.add(std::move(def));
}

void add_primitives(OpRegistry& registry) {
  constexpr const char* max_params = "x, y, grad, pool_size, strides, padding, input_size, relu";
  add_primitive(
      registry, "max_pool_forward", "x, pool_size, strides, padding, input_size, relu",
      "Maximum of each window of channels-last data.",
      [](const InferContext& c) { return pooled_shape(c.attrs_as<PoolAttrs>(), c.shape(0)); },
      max_pool_kernel,
      [](const BackwardContext& c) {
        return Tensors{call("max_pool_grad", {c.inputs[0], c.outputs[0], c.grads[0]},
                            c.attrs_as<PoolAttrs>())};
      },
      {}, pools_bf16);
  add_primitive(
      registry, "max_pool_grad", max_params, "Gradient of max_pool_forward.",
      [](const InferContext& c) { return c.shape(0); }, max_pool_grad_kernel,
      [](const BackwardContext& c) {
        const bool relu = c.attrs_as<PoolAttrs>().relu;
        const Tensor g = relu ? ops::relu_grad(c.grads[0], c.inputs[0]) : c.grads[0];
        return Tensors{
            Tensor(), Tensor(),
            call("max_pool_pick", {c.inputs[0], c.inputs[1], g}, c.attrs_as<PoolAttrs>())};
      },
      {0}, pools_bf16);
  add_primitive(
      registry, "max_pool_pick", max_params, "`grad` where x has its window's maximum.",
      [](const InferContext& c) { return c.shape(1); }, max_pool_pick_kernel,
      [](const BackwardContext& c) {
        return Tensors{
            Tensor(), Tensor(),
            call("max_pool_grad", {c.inputs[0], c.inputs[1], c.grads[0]}, c.attrs_as<PoolAttrs>())};
      });
  add_primitive(
      registry, "average_pool_forward", "x, pool_size, strides, padding, input_size, relu",
      "Average of each window of channels-last data, over the elements inside.",
      [](const InferContext& c) { return pooled_shape(c.attrs_as<PoolAttrs>(), c.shape(0)); },
      average_pool_kernel,
      [](const BackwardContext& c) {
        PoolAttrs attrs = c.attrs_as<PoolAttrs>();
        const Shape& x = c.inputs[0].shape();
        attrs.input_size.assign(x.begin() + 1, x.end() - 1);
        return Tensors{call("average_pool_grad", {c.grads[0]}, attrs)};
      });
  add_primitive(
      registry, "average_pool_grad", "grad, pool_size, strides, padding, input_size, relu",
      "Gradient of average_pool_forward.",
      [](const InferContext& c) { return unpooled_shape(c.attrs_as<PoolAttrs>(), c.shape(0)); },
      average_pool_grad_kernel,
      [](const BackwardContext& c) {
        return Tensors{call("average_pool_forward", {c.grads[0]}, c.attrs_as<PoolAttrs>())};
      });
}

int checked_axes(const char* op, const Tensor& inputs) {
  const int n = inputs.rank() - 2;
  if (n < 1 || n > 3) {
    value_error(op, ": expected inputs of rank 3, 4 or 5, received rank ", inputs.rank(),
                " (inputs: ", inputs.shape(), ")");
  }
  return n;
}

Tensor pool(const char* op, const char* primitive, const Tensor& inputs, const Attrs* raw) {
  const auto& a = static_cast<const PublicPoolAttrs&>(*raw);
  const bool channels_first = is_channels_first(a.data_format, op);
  const int n = checked_axes(op, inputs);
  check_padding(a.padding, op);
  PoolAttrs attrs;
  attrs.pool_size = spatial_list(a.pool_size, n, op, "pool_size");
  attrs.strides = a.strides ? spatial_list(*a.strides, n, op, "strides") : attrs.pool_size;
  attrs.padding = a.padding;
  const Tensor x = channels_first ? to_channels_last(inputs) : inputs;
  for (int i = 0; i < n && a.padding == "valid"; ++i) {
    const int64_t size = x.shape()[i + 1];
    if (size != kUnknownDim && size < attrs.pool_size[i]) {
      value_error(op, ": expected inputs of at least ", attrs.pool_size[i], " along spatial axis ",
                  i, " with padding='valid', received ", size, " (inputs: ", inputs.shape(),
                  ", pool_size=", to_string(AttrValue(a.pool_size)), ", data_format='",
                  channels_first ? "channels_first" : "channels_last", "')");
    }
  }
  const Tensor y = call(primitive, {x}, attrs);
  return channels_first ? to_channels_first(y) : y;
}

Tensor adaptive_pool(const char* op, const char* primitive, const Tensor& inputs,
                     const Attrs* raw) {
  const auto& a = static_cast<const AdaptivePoolAttrs&>(*raw);
  const bool channels_first = is_channels_first(a.data_format, op);
  const int n = checked_axes(op, inputs);
  PoolAttrs attrs;
  attrs.pool_size = spatial_list(a.output_size, n, op, "output_size");
  attrs.strides = IntList(static_cast<size_t>(n), 0);
  const Tensor x = channels_first ? to_channels_last(inputs) : inputs;
  for (int i = 0; i < n; ++i) {
    if (x.shape()[i + 1] == 0) {
      value_error(op, ": expected inputs of at least 1 along spatial axis ", i,
                  ", received 0 (inputs: ", inputs.shape(), ")");
    }
  }
  const Tensor y = call(primitive, {x}, attrs);
  return channels_first ? to_channels_first(y) : y;
}

void add_adaptive(OpRegistry& registry, const char* name, const char* primitive, const char* what) {
  OpDef def;
  def.name = name;
  def.params = "inputs, output_size!, data_format";
  def.doc = str_cat(
      what,
      " of windows that divide the spatial axes into `output_size` parts.\n\nWindow i of n along "
      "an "
      "axis of length L reaches from floor(i L / n) to ceil((i + 1) L / n).\n\nArgs:\n"
      "    inputs: Tensor of shape (batch, ..., channels), or (batch, channels, ...).\n"
      "    output_size: Number of windows: an int or one for each spatial axis.\n"
      "    data_format: 'channels_last' or 'channels_first'; None is keras.config's default.\n\n"
      "Returns:\n    A tensor in the layout of `inputs`, with spatial axes of `output_size`.");
  def.make_attrs = make_attrs_of<AdaptivePoolAttrs>;
  def.promote = Promote::kCommonFloat;
  def.composite = [name, primitive](std::span<const Tensor> in, const Attrs* attrs) {
    return Tensors{adaptive_pool(name, primitive, in[0], attrs)};
  };
  registry.add(std::move(def));
}

Tensor call_adaptive(const char* name, const Tensor& inputs, const IntList& output_size,
                     const ops::DataFormat& data_format) {
  auto attrs = make_ref<AdaptivePoolAttrs>();
  attrs->output_size = output_size;
  attrs->data_format = data_format;
  return apply_one(find_op(name), {inputs}, attrs);
}

void add_public(OpRegistry& registry, const char* name, const char* primitive, const char* what) {
  OpDef def;
  def.name = name;
  def.params = "inputs, pool_size!, strides, padding, data_format";
  def.doc = str_cat(
      what,
      " of each window over the spatial axes.\n\nArgs:\n"
      "    inputs: Tensor of shape (batch, ..., channels), or (batch, channels, ...).\n"
      "    pool_size: Size of the window: an int or one for each spatial axis.\n"
      "    strides: Step of the window; None is `pool_size`.\n"
      "    padding: 'valid' (none) or 'same' (the output has ceil(size / stride) positions).\n"
      "    data_format: 'channels_last' or 'channels_first'; None is keras.config's default.\n\n"
      "Returns:\n    A tensor in the layout of `inputs`.");
  def.make_attrs = make_attrs_of<PublicPoolAttrs>;
  def.promote = Promote::kCommonFloat;
  def.composite = [name, primitive](std::span<const Tensor> in, const Attrs* attrs) {
    return Tensors{pool(name, primitive, in[0], attrs)};
  };
  registry.add(std::move(def));
}

Tensor call_public(const char* name, const Tensor& inputs, const IntList& pool_size,
                   const std::optional<IntList>& strides, const std::string& padding,
                   const ops::DataFormat& data_format) {
  auto attrs = make_ref<PublicPoolAttrs>();
  attrs->pool_size = pool_size;
  attrs->strides = strides;
  attrs->padding = padding;
  attrs->data_format = data_format;
  return apply_one(find_op(name), {inputs}, attrs);
}

}  // namespace

void register_pool_ops(OpRegistry& registry) {
  add_primitives(registry);
  register_image_blocks(registry);
  add_public(registry, "max_pool", "max_pool_forward", "The maximum");
  add_public(registry, "average_pool", "average_pool_forward", "The average");
  add_adaptive(registry, "adaptive_max_pool", "max_pool_forward", "The maximum");
  add_adaptive(registry, "adaptive_average_pool", "average_pool_forward", "The average");
}

namespace ops {

Tensor max_pool(const Tensor& inputs, const IntList& pool_size,
                const std::optional<IntList>& strides, const std::string& padding,
                const DataFormat& data_format) {
  return call_public("max_pool", inputs, pool_size, strides, padding, data_format);
}

Tensor average_pool(const Tensor& inputs, const IntList& pool_size,
                    const std::optional<IntList>& strides, const std::string& padding,
                    const DataFormat& data_format) {
  return call_public("average_pool", inputs, pool_size, strides, padding, data_format);
}

Tensor adaptive_max_pool(const Tensor& inputs, const IntList& output_size,
                         const DataFormat& data_format) {
  return call_adaptive("adaptive_max_pool", inputs, output_size, data_format);
}

Tensor adaptive_average_pool(const Tensor& inputs, const IntList& output_size,
                             const DataFormat& data_format) {
  return call_adaptive("adaptive_average_pool", inputs, output_size, data_format);
}

}  // namespace ops
}  // namespace nacre
