// Which kernel computes a convolution, and what the kernels share.
#include "kernels/cpu/conv.h"

#include "kernels/cpu/gemm.h"
#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr double kTaskFlop = 2e6;

// 1x1 with stride 1 and no padding: a matrix product over all pixels.
bool is_product(const ConvArgs& g) {
  for (int d = 0; d < 3; ++d)
    if (g.kernel[d] != 1 || g.stride[d] != 1 || g.pad[d] != 0 || g.in[d] != g.out[d]) return false;
  return g.groups == 1;
}

GemmArgs product_args(const ConvArgs& g) {
  GemmArgs p{};
  p.alpha = 1;
  p.batch = 1;
  p.c = g.result;
  p.m = g.batch * g.in[0] * g.in[1] * g.in[2];
  p.lda = g.in_channels;
  p.ldb = p.ldc = p.n = g.out_channels;
  p.k = g.in_channels;
  p.bias = g.bias;
  p.residual = g.residual;
  p.relu = g.relu;
  p.mask = g.mask;
  p.packed = g.packed;
  return p;
}

GemmArgs forward_product(const ConvArgs& g) {
  GemmArgs p = product_args(g);
  p.a = g.x;
  p.b = g.filter;
  return p;
}

GemmArgs data_gradient_product(const ConvArgs& g) {
  GemmArgs p = product_args(g);
  p.a = g.y;
  p.lda = p.k = g.out_channels;
  p.b = g.filter;
  p.ldb = g.out_channels;
  p.trans_b = true;
  p.ldc = p.n = g.in_channels;
  return p;
}

void run(const ConvArgs& g, const Correlation& x) {
  is_depthwise(g) ? depthwise(x) : winograd_pays(g) ? winograd(x) : correlate(x);
}

void conv_forward_f32(const ConvArgs& g) {
  is_product(g) ? gemm_f32(forward_product(g)) : run(g, forward_of(g));
}

void conv_data_grad_f32(const ConvArgs& g) {
  is_product(g) ? gemm_f32(data_gradient_product(g)) : run(g, data_gradient_of(g));
}

PackedLayout conv_packing(const ConvArgs& g, bool gradient) {
  if (is_product(g)) return gemm_packing(gradient ? data_gradient_product(g) : forward_product(g));
  if (is_depthwise(g)) return {};
  const Correlation x = gradient ? data_gradient_of(g) : forward_of(g);
  if (winograd_pays(g)) return {packed_points_floats(x), gradient ? uint64_t{1} : uint64_t{0}};
  return filter_packing(x);
}

void conv_pack(const ConvArgs& g, bool gradient, float* packed) {
  if (is_product(g)) {
    return gemm_pack(gradient ? data_gradient_product(g) : forward_product(g), packed);
  }
  const Correlation x = gradient ? data_gradient_of(g) : forward_of(g);
  winograd_pays(g) ? pack_filter_points(x, packed) : pack_filters(x, packed);
}

void conv_filter_gradient_f32(const ConvArgs& g) {
  if (is_product(g)) {
    GemmArgs p = product_args(g);
    p.a = g.x;
    p.trans_a = true;
    p.b = g.y;
    p.k = p.m;
    p.m = g.in_channels;
    return gemm_f32(p);
  }
  is_depthwise(g)    ? depthwise_filter_grad(g)
  : winograd_pays(g) ? winograd_filter_grad(g)
                     : conv_filter_grad(g);
}

int64_t common_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    const int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

Correlation base_of(const ConvArgs& g) {
  Correlation x{};
  x.filter = g.filter;
  x.dst = g.result;
  x.bias = g.bias;
  x.residual = g.residual;
  x.relu = g.relu;
  x.mask = g.mask;
  x.packed = g.packed;
  x.batch = g.batch;
  x.groups = g.groups;
  for (int d = 0; d < 3; ++d) {
    x.kernel[d] = g.kernel[d];
    x.dilation[d] = g.dilation[d];
    x.pad[d] = g.pad[d];
  }
  return x;
}

}  // namespace

Taps Correlation::taps(int dim, int64_t phase) const {
  const int64_t size = kernel[dim], dilate = dilation[dim], padding = pad[dim];
  if (!gradient) return {size, 0, 1, -padding, dilate};
  // The taps k with (phase + pad - k * dilation) divisible by the stride: every step-th from the
  // first; the last of them reads at the lowest offset.
  const int64_t stride = dst_step[dim], divisor = common_divisor(dilate, stride);
  const int64_t step = stride / divisor;
  for (int64_t k = 0; k < smaller(step, size); ++k) {
    if ((phase + padding - k * dilate) % stride != 0) continue;
    const int64_t count = (size - 1 - k) / step + 1, end = k + (count - 1) * step;
    return {count, end, -step, (phase + padding - end * dilate) / stride, dilate / divisor};
  }
  return {0, 0, 1, 0, 1};
}

double Correlation::flop() const {
  double product = 2.0 * static_cast<double>(batch * groups * depth * width);
  // Each source or destination pixel, whichever are fewer, meets every tap about once.
  for (int d = 0; d < 3; ++d)
    product *= static_cast<double>(kernel[d] * (gradient ? src_dims[d] : dst_dims[d]));
  return product;
}

Correlation forward_of(const ConvArgs& g) {
  Correlation x = base_of(g);
  x.src = g.x;
  x.depth = g.in_channels / g.groups;
  x.width = g.out_channels / g.groups;
  for (int d = 0; d < 3; ++d) {
    x.src_dims[d] = g.in[d];
    x.dst_dims[d] = g.out[d];
    x.src_step[d] = g.stride[d];
    x.dst_step[d] = 1;
  }
  return x;
}

Correlation data_gradient_of(const ConvArgs& g) {
  Correlation x = base_of(g);
  x.gradient = true;
  x.src = g.y;
  x.depth = g.out_channels / g.groups;
  x.width = g.in_channels / g.groups;
  for (int d = 0; d < 3; ++d) {
    x.src_dims[d] = g.out[d];
    x.dst_dims[d] = g.in[d];
    x.src_step[d] = 1;
    x.dst_step[d] = g.stride[d];
  }
  return x;
}

int64_t tasks_for(double flop) {
  return static_cast<int64_t>(1.5 * __builtin_sqrt(flop / kTaskFlop)) + 1;
}

NACRE_FULL_VECTORS void copy_pixels(const float* row, int64_t size, int64_t pixel_stride,
                                    int64_t channels, int64_t first, int64_t count, float* dst) {
  const int64_t before = smaller(larger(-first, 0), count);
  const int64_t inside = larger(smaller(size - larger(first, 0), count - before), 0);
  const auto fill = [&](int64_t pixels) {
    for (int64_t i = 0; i < pixels * channels; ++i) *dst++ = 0;
  };
  fill(before);
  const float* from = row + larger(first, 0) * pixel_stride;
  const bool dense = channels == pixel_stride;
  const int64_t pieces = dense ? smaller(inside, 1) : inside;
  const int64_t length = dense ? inside * channels : channels;
  for (int64_t piece = 0; piece < pieces; ++piece, from += pixel_stride) {
    int64_t i = 0;
    for (; i + kLanes <= length; i += kLanes) store(dst + i, load(from + i));
    if (i < length) store_partial(dst + i, load_partial(from + i, length - i), length - i);
    dst += length;
  }
  fill(count - before - inside);
}

void add_parts(const float* parts, int64_t num_parts, int64_t n, float* dst) {
  const int64_t grain = round_up(larger((int64_t{64} << 10) / num_parts, 1), kLanes);
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t count = smaller(end - i, kLanes);
      Vec sum = load_partial(parts + i, count);
      for (int64_t s = 1; s < num_parts; ++s) sum += load_partial(parts + s * n + i, count);
      store_partial(dst + i, sum, count);
    }
  });
}

bool is_depthwise(const ConvSizes& g) {
  return g.groups > 1 && g.groups == g.in_channels && g.groups == g.out_channels;
}

void fill_conv(KernelTable& table) {
  table.conv_forward = conv_forward_f32;
  table.conv_data_grad = conv_data_grad_f32;
  table.conv_filter_grad = conv_filter_gradient_f32;
  table.conv_packing = conv_packing;
  table.conv_pack = conv_pack;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
