// What the parts of convolution share.
//
// Forward and data gradient are one thing, a correlation that gathers:
//   dst[q * dst_step + phase] = sum over taps of src[q * src_step + offset(tap)] * filter[tap],
// forward with dst_step 1, the gradient with src_step 1 and a phase for each remainder of the
// stride.
#pragma once

#include "kernels/cpu/micro_kernel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

// The taps of one spatial dimension that reach one phase, by rising offset: tap t is the kernel's
// index kernel + t * kernel_step, and reads src at offset + t * offset_step.
struct Taps {
  int64_t count, kernel, kernel_step, offset, offset_step;
  int64_t span() const { return count > 0 ? (count - 1) * offset_step + 1 : 0; }
};

// Results in bfloat16, of elements that are pairs of bfloat16 along the depth (conv_bf16.cpp).
struct Bf16Output {
  uint16_t* dst;
  Bf16Epilogue epilogue;
};

struct Correlation {
  const float* src;
  float* dst;
  const float* filter;  // (kernel, in_channels / groups, out_channels), also in the gradient
  const float* bias;
  const float* packed;    // the filter from an earlier packing, or null
  const float* residual;  // laid out as dst; so is mask
  const float* mask;
  const Bf16Output* rounded;  // null: of float32; else dst and the epilogue are there
  bool relu, gradient;
  int64_t batch, groups;
  int64_t depth, width;  // channels of one group in src and dst
  int64_t src_dims[3], dst_dims[3], kernel[3];
  int64_t src_step[3], dst_step[3], dilation[3], pad[3];

  Taps taps(int dim, int64_t phase) const;
  // How many q there are in a phase.
  int64_t count(int dim, int64_t phase) const {
    const int64_t left = dst_dims[dim] - phase;
    return left <= 0 ? 0 : (left + dst_step[dim] - 1) / dst_step[dim];
  }
  int64_t phases() const { return dst_step[0] * dst_step[1] * dst_step[2]; }
  double flop() const;
};

Correlation forward_of(const ConvArgs& args);
Correlation data_gradient_of(const ConvArgs& args);

// Sums over the taps, pixel by pixel (conv_direct.cpp). `packed` is as filter_packing says.
void correlate(const Correlation& x);
// Few output channels, and products long enough for vectors along them.
bool is_narrow(const Correlation& x);
PackedLayout filter_packing(const Correlation& x);
void pack_filters(const Correlation& x, float* packed);

// What tiles of outputs with stride 1 and neighbouring taps share (conv_slide.cpp).
struct SlideRow {
  int64_t src_step, depth;  // floats and channels of a source pixel
  const float* filter;      // rows of ldb: for each segment `depth` channels of each tap
  int64_t ldb;
  int64_t dst_step, cols;  // floats from output to output, and of each
  const float* bias;       // cols values or null
  const float* dst;        // where residual and mask, laid out as it is, begin
  const float* residual;
  const float* mask;
  bool relu;
};
bool has_slide(int64_t taps);
// A row of `pixels` outputs at c, of the segments from `a` on.
void run_slide(const SlideRow& x, int64_t taps, int vecs, const Segment* segments,
               int64_t num_segments, const float* a, float* c, int64_t pixels);

// Tiles of the filter gradient for kernel rows of few products (conv_filter_rows.cpp): dst, a row
// of dst_step floats for each product, gets the sums over rows of output pixels.
inline constexpr int kMostRuns = 5;  // kernel rows at once
struct FilterRow {
  const float* grad;            // of the row's outputs
  const float* src[kMostRuns];  // under the first of them, for each kernel row
};
struct FilterRows {
  const FilterRow* rows;
  int64_t num_rows, pixels;     // of each row
  int64_t src_step, grad_step;  // floats from pixel to pixel
  int64_t cols, dst_step;
  bool accumulate;  // onto what is in dst
};
bool has_filter_rows(int64_t length);
void run_filter_rows(const FilterRows& x, int64_t length, int runs, float* dst);

// Copies `count` pixels of one group, from index `first` (which may lie outside [0, size)) of a row
// of `size` pixels; outside there are zeros.
void copy_pixels(const float* row, int64_t size, int64_t pixel_stride, int64_t channels,
                 int64_t first, int64_t count, float* dst);

// How many tasks to cut work of `flop` into: more for more work, each worth waking a thread.
int64_t tasks_for(double flop);

// dst[i] = sum of parts[s * n + i] in order of s.
void add_parts(const float* parts, int64_t num_parts, int64_t n, float* dst);

// groups == channels, one output for each: no products between channels.
bool is_depthwise(const ConvSizes& args);
void depthwise(const Correlation& x);
void depthwise_filter_grad(const ConvArgs& args);

// 3x3 with stride 1, and channels and sizes that repay Winograd's transforms (conv_winograd.h).
bool winograd_pays(const ConvArgs& args);
void winograd(const Correlation& x);
int64_t packed_points_floats(const Correlation& x);
void pack_filter_points(const Correlation& x, float* packed);
void winograd_filter_grad(const ConvArgs& args);

// With `pairs`, x and y are bfloat16, and images go by in pairs: what is read are the pixels of two
// images, interleaved. The result is float32.
void conv_filter_grad(const ConvArgs& args, const ConvBf16Args* pairs = nullptr);

// dst[i] = (x[i], y[i]) as 32 bits, for `count` pixels of one group as in copy_pixels; y may be
// null.
void copy_pixel_pairs(const uint16_t* x, const uint16_t* y, int64_t size, int64_t pixel_stride,
                      int64_t channels, int64_t first, int64_t count, float* dst);
// The same for dense rows of `cols` elements, `ld` apart, with zeros up to `width`.
void pack_pairs(const uint16_t* x, const uint16_t* y, int64_t ld, int64_t rows, int64_t cols,
                int64_t width, float* dst);
// Stores the sums of `pixels` pixels, from element `at` of the result on: columns [first, first +
// width) of `channels`.
void store_rounded(const Bf16Output& out, const float* sums, int64_t at, int64_t pixels,
                   int64_t channels, int64_t first, int64_t width);

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
