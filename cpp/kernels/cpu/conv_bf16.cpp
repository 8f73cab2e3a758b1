// Convolution of bfloat16 on the dot products of AVX512-BF16: the loops of float32
// (conv_direct.cpp, conv_filter_grad.cpp) over elements of 32 bits that are pairs of bfloat16.
// Forward and data gradient sum over channels, which lie next to each other: source pixels are
// pairs where they are. The filter gradient sums over pixels: those of two images are interleaved.
// Sums are float32, rounded when they are complete. The instruction takes subnormal operands as
// zero.
#include "kernels/cpu/conv.h"
#include "kernels/cpu/half_lanes.h"
#include "nacre/base/parallel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

// (x[i], y[i]) of up to kLanes elements; y may be null.
NACRE_INLINE Vec pairs_at(const uint16_t* x, const uint16_t* y, int64_t count) {
  if (count <= 0) return Vec(0.0f);
  const int64_t lanes = smaller(count, kLanes);
  const VecI low = shift_right_logical<16>(bits_of(load_bf16(x, lanes)));
  return y ? float_from_bits(bits_of(load_bf16(y, lanes)) | low) : float_from_bits(low);
}

}  // namespace

void pack_pairs(const uint16_t* x, const uint16_t* y, int64_t ld, int64_t rows, int64_t cols,
                int64_t width, float* dst) {
  for (int64_t r = 0; r < rows; ++r, dst += width) {
    const int64_t row = r * ld;
    for (int64_t j = 0; j < width; j += kLanes) {
      const Vec v = pairs_at(x + row + j, y ? y + row + j : y, cols - j);
      const int64_t lanes = smaller(width - j, kLanes);
      lanes == kLanes ? store(dst + j, v) : store_partial(dst + j, v, lanes);
    }
  }
}

void copy_pixel_pairs(const uint16_t* x, const uint16_t* y, int64_t size, int64_t pixel_stride,
                      int64_t channels, int64_t first, int64_t count, float* dst) {
  const int64_t before = smaller(larger(-first, 0), count);
  const int64_t inside = larger(smaller(size - larger(first, 0), count - before), 0);
  __builtin_memset(dst, 0, static_cast<size_t>(before * channels) * sizeof(float));
  dst += before * channels;
  const int64_t start = larger(first, 0) * pixel_stride;
  const bool dense = channels == pixel_stride;
  const int64_t rows = dense ? smaller(inside, 1) : inside;
  const int64_t length = dense ? inside * channels : channels;
  pack_pairs(x + start, y ? y + start : y, pixel_stride, rows, length, length, dst);
  dst += inside * channels;
  __builtin_memset(dst, 0,
                   static_cast<size_t>((count - before - inside) * channels) * sizeof(float));
}

namespace {

// `rows` rows of `length` sums, `ld` apart; the first is element `at` of the result.
template <int kParts>
void store_rows(const Bf16Output& out, const float* sums, int64_t at, int64_t rows, int64_t length,
                int64_t ld, int64_t column) {
  for (int64_t r = 0; r < rows; ++r, sums += ld, at += ld) {
    int64_t j = 0;
    for (; j + kLanes <= length; j += kLanes)
      store_finished<kParts>(out.epilogue, load(sums + j), out.dst, at + j, column + j, kLanes);
    if (j < length)
      store_finished<kParts>(out.epilogue, load_partial(sums + j, length - j), out.dst, at + j,
                             column + j, length - j);
  }
}

}  // namespace

void store_rounded(const Bf16Output& out, const float* sums, int64_t at, int64_t pixels,
                   int64_t channels, int64_t first, int64_t width) {
  const Bf16Epilogue& e = out.epilogue;
  // Without a bias, columns do not matter.
  const bool dense = width == channels && !e.bias;
  const int64_t rows = dense ? 1 : pixels, length = dense ? pixels * channels : width;
  const int parts = (e.bias ? kBiasPart : 0) + (e.residual ? kResidualPart : 0) +
                    (e.relu ? kReluPart : 0) + (e.mask ? kMaskPart : 0);
  // The combinations that layers and their gradients give are known to the compiler.
  const auto store = parts == 0                             ? store_rows<0>
                     : parts == kBiasPart                   ? store_rows<kBiasPart>
                     : parts == (kBiasPart | kReluPart)     ? store_rows<kBiasPart | kReluPart>
                     : parts == kMaskPart                   ? store_rows<kMaskPart>
                     : parts == kResidualPart               ? store_rows<kResidualPart>
                     : parts == (kResidualPart | kMaskPart) ? store_rows<kResidualPart | kMaskPart>
                                                            : store_rows<kAnyParts>;
  store(out, sums + first, at + first, rows, length, channels, first);
}

namespace {

void bf16_epilogue(const Bf16Epilogue& epilogue, uint16_t* y, int64_t begin, int64_t end,
                   int64_t cols) {
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t j = 0; j < cols; j += kLanes) {
      const int64_t lanes = smaller(cols - j, kLanes), at = row * cols + j;
      store_finished(epilogue, load_bf16(y + at, lanes), y, at, j, lanes);
    }
  }
}

#if defined(__AVX512BF16__)

enum Slot { kPairs = 4 };  // of thread_scratch; the loops use 0 to 3

const float* as_pairs(const uint16_t* p) {
  return reinterpret_cast<const float*>(p);
}

// The sizes alone, of elements of 32 bits.
ConvArgs sizes_of(const ConvSizes& sizes) {
  ConvArgs args{};
  static_cast<ConvSizes&>(args) = sizes;
  args.relu = false;
  return args;
}

// Two channels side by side on the summed side, in each group.
bool has_pairs(const Correlation& x) {
  return x.depth % 2 == 0;
}

bool serves(const ConvSizes& sizes, ConvPart part) {
  if (is_depthwise(sizes)) return false;
  if (part == ConvPart::kFilterGrad) return true;
  const ConvArgs args = sizes_of(sizes);
  const Correlation x = part == ConvPart::kForward ? forward_of(args) : data_gradient_of(args);
  // A task's rows are those of one plane.
  return !is_narrow(x) && x.dst_step[0] == 1 && (x.groups == 1 || has_pairs(x));
}

// dst = pixels of an odd number of channels, with one of zeros behind them.
void pad_channels(const uint16_t* src, int64_t pixels, int64_t channels, uint16_t* dst) {
  if (channels == 1) {
    return pack_pairs(src, nullptr, 0, 1, pixels, pixels, reinterpret_cast<float*>(dst));
  }
  for (int64_t i = 0; i < pixels; ++i, src += channels, dst += channels + 1) {
    // An odd number of channels does not fill its last vector: the next lane holds the zero.
    for (int64_t c = 0; c < channels; c += kLanes) {
      const Vec v = load_bf16(src + c, smaller(channels - c, kLanes));
      store_exact_bf16(dst + c, v, smaller(channels + 1 - c, kLanes));
    }
  }
}

// The filter of the forward pass, (taps, depth, outer), with pairs along the depth.
void pair_rows(const uint16_t* filter, int64_t taps, int64_t depth, int64_t outer, float* dst) {
  for (int64_t tap = 0; tap < taps; ++tap, filter += depth * outer) {
    for (int64_t p = 0; p < depth; p += 2, dst += outer) {
      const uint16_t* row = filter + p * outer;
      pack_pairs(row, p + 1 < depth ? row + outer : nullptr, 0, 1, outer, outer, dst);
    }
  }
}

void run(Correlation x, const ConvBf16Args& g, const uint16_t* src) {
  const Bf16Output out{g.result, {g.bias, g.residual, g.mask, g.relu}};
  const int64_t taps = x.kernel[0] * x.kernel[1] * x.kernel[2];
  const int64_t pixels = x.batch * x.src_dims[0] * x.src_dims[1] * x.src_dims[2];
  const int64_t pairs = ceil_div(x.depth, 2);
  // In the gradient, pairs lie next to each other.
  const bool copies_source = !has_pairs(x), copies_filter = !x.gradient || copies_source;
  const int64_t filter_size =
      copies_filter ? round_up(taps * pairs * x.width * x.groups, kLanes) : 0;
  const int64_t source_size = copies_source ? pixels * pairs : 0;
  float* space = static_cast<float*>(
      thread_scratch(static_cast<size_t>(filter_size + source_size) * sizeof(float), kPairs));
  x.filter = as_pairs(g.filter);
  x.src = as_pairs(src);
  if (copies_filter) {
    x.filter = space;
    if (x.gradient) {
      pad_channels(g.filter, taps * x.width, x.depth, reinterpret_cast<uint16_t*>(space));
    } else {
      pair_rows(g.filter, taps, x.depth, x.width * x.groups, space);
    }
  }
  if (copies_source) {
    auto* copy = reinterpret_cast<uint16_t*>(space + filter_size);
    const int64_t depth = x.depth;
    parallel_for(pixels, larger((int64_t{16} << 10) / depth, 1), [=](int64_t begin, int64_t end) {
      pad_channels(src + begin * depth, end - begin, depth, copy + begin * (depth + 1));
    });
    x.src = space + filter_size;
  }
  x.depth = pairs;
  x.rounded = &out;
  correlate(x);
}

void conv_forward_bf16(const ConvBf16Args& g) {
  run(forward_of(sizes_of(g)), g, g.x);
}

void conv_data_grad_bf16(const ConvBf16Args& g) {
  run(data_gradient_of(sizes_of(g)), g, g.y);
}

void conv_filter_grad_bf16(const ConvBf16Args& g) {
  ConvArgs args = sizes_of(g);
  args.batch = ceil_div(g.batch, 2);
  const int64_t size =
      g.kernel[0] * g.kernel[1] * g.kernel[2] * (g.in_channels / g.groups) * g.out_channels;
  float* sums =
      static_cast<float*>(thread_scratch(static_cast<size_t>(size) * sizeof(float), kPairs));
  args.result = sums;
  conv_filter_grad(args, &g);
  for (int64_t i = 0; i < size; i += kLanes) {
    const int64_t lanes = smaller(size - i, kLanes);
    store_shorts(g.result + i, bf16_from_float(load_partial(sums + i, lanes)), lanes);
  }
}
#endif

}  // namespace

void fill_conv_bf16(KernelTable& table) {
  table.bf16_epilogue = bf16_epilogue;
#if defined(__AVX512BF16__)
  table.conv_forward_bf16 = conv_forward_bf16;
  table.conv_data_grad_bf16 = conv_data_grad_bf16;
  table.conv_filter_grad_bf16 = conv_filter_grad_bf16;
  table.conv_bf16_serves = serves;
#endif
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
