// Convolution of every instruction set against double-precision oracles.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/abi.h"
#include "nacre/base/cpu.h"
#include "nacre/base/half.h"
#include "nacre/base/parallel.h"

namespace {

using nacre::kernels::ConvArgs;
using nacre::kernels::ConvFn;
using nacre::kernels::ConvPart;
using nacre::kernels::KernelTable;

struct Case {
  int64_t batch, in_channels, out_channels, groups;
  int64_t in[3], kernel[3], stride[3], dilation[3], pad[3];
  int64_t high_pad[3];
  bool bias, relu;
};

std::string describe(const Case& t) {
  std::string s = "batch " + std::to_string(t.batch) + " channels " +
                  std::to_string(t.in_channels) + "->" + std::to_string(t.out_channels) +
                  " groups " + std::to_string(t.groups);
  const auto add = [&](const char* name, const int64_t* v) {
    s += std::string(" ") + name + " " + std::to_string(v[0]) + "," + std::to_string(v[1]) + "," +
         std::to_string(v[2]);
  };
  add("in", t.in);
  add("kernel", t.kernel);
  add("stride", t.stride);
  add("dilation", t.dilation);
  add("pad", t.pad);
  add("high pad", t.high_pad);
  return s;
}

// Values that bfloat16 has too.
std::vector<float> random_values(int64_t n, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& value : values) value = nacre::bfloat16(uniform(engine));
  return values;
}

struct Operands {
  ConvArgs args{};
  std::vector<float> x, filter, y, bias;

  explicit Operands(const Case& t) {
    args.batch = t.batch;
    args.in_channels = t.in_channels;
    args.out_channels = t.out_channels;
    args.groups = t.groups;
    int64_t x_size = t.batch * t.in_channels, y_size = t.batch * t.out_channels;
    int64_t filter_size = t.in_channels / t.groups * t.out_channels;
    for (int d = 0; d < 3; ++d) {
      args.in[d] = t.in[d];
      args.kernel[d] = t.kernel[d];
      args.stride[d] = t.stride[d];
      args.dilation[d] = t.dilation[d];
      args.pad[d] = t.pad[d];
      const int64_t window = (t.kernel[d] - 1) * t.dilation[d] + 1;
      args.out[d] = (t.in[d] + t.pad[d] + t.high_pad[d] - window) / t.stride[d] + 1;
      x_size *= args.in[d];
      y_size *= args.out[d];
      filter_size *= args.kernel[d];
    }
    x = random_values(x_size, 1);
    filter = random_values(filter_size, 2);
    y = random_values(y_size, 3);
    bias = random_values(t.out_channels, 4);
    args.x = x.data();
    args.filter = filter.data();
    args.y = y.data();
  }
};

// Calls visit(index in x, in the filter, in y) for every product of the convolution.
template <class Visit>
void ref_products(const ConvArgs& g, Visit&& visit) {
  const int64_t depth = g.in_channels / g.groups, width = g.out_channels / g.groups;
  int64_t o[3], k[3], i[3];
  for (int64_t n = 0; n < g.batch; ++n)
    for (o[0] = 0; o[0] < g.out[0]; ++o[0])
      for (o[1] = 0; o[1] < g.out[1]; ++o[1])
        for (o[2] = 0; o[2] < g.out[2]; ++o[2])
          for (k[0] = 0; k[0] < g.kernel[0]; ++k[0])
            for (k[1] = 0; k[1] < g.kernel[1]; ++k[1])
              for (k[2] = 0; k[2] < g.kernel[2]; ++k[2]) {
                bool inside = true;
                for (int d = 0; d < 3; ++d) {
                  i[d] = o[d] * g.stride[d] + k[d] * g.dilation[d] - g.pad[d];
                  inside = inside && i[d] >= 0 && i[d] < g.in[d];
                }
                if (!inside) continue;
                const int64_t x =
                    (((n * g.in[0] + i[0]) * g.in[1] + i[1]) * g.in[2] + i[2]) * g.in_channels;
                const int64_t y =
                    (((n * g.out[0] + o[0]) * g.out[1] + o[1]) * g.out[2] + o[2]) * g.out_channels;
                const int64_t f = ((k[0] * g.kernel[1] + k[1]) * g.kernel[2] + k[2]) * depth;
                for (int64_t c = 0; c < g.out_channels; ++c)
                  for (int64_t p = 0; p < depth; ++p)
                    visit(static_cast<size_t>(x + c / width * depth + p),
                          static_cast<size_t>((f + p) * g.out_channels + c),
                          static_cast<size_t>(y + c));
              }
}

void compare(const std::vector<float>& result, const std::vector<double>& expected,
             const std::vector<double>& magnitude, nacre::Isa isa, const char* what,
             const Case& t) {
  size_t wrong = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double bound = 1e-6 * (magnitude[i] + 1);
    if (!(std::abs(result[i] - expected[i]) <= bound)) ++wrong;
  }
  CHECK_MESSAGE(wrong == 0, nacre::name_of(isa), " ", what, ": ", wrong, " wrong of ",
                expected.size(), ": ", describe(t));
}

// One of the convolutions in bfloat16, where this instruction set has one for these sizes.
void check_bf16(const Operands& o, ConvPart part, nacre::kernels::ConvBf16Fn fn,
                const std::vector<double>& expected, const std::vector<double>& magnitude,
                nacre::Isa isa, const Case& t) {
  if (!fn || !nacre::kernels::table(isa).conv_bf16_serves(o.args, part)) return;
  const auto narrow = [](const std::vector<float>& from) {
    std::vector<uint16_t> to(from.size());
    for (size_t i = 0; i < to.size(); ++i) to[i] = nacre::bfloat16(from[i]).bits;
    return to;
  };
  const auto x = narrow(o.x), filter = narrow(o.filter), y = narrow(o.y), bias = narrow(o.bias);
  std::vector<uint16_t> result(expected.size(), 0x4142);
  nacre::kernels::ConvBf16Args args{};
  static_cast<nacre::kernels::ConvSizes&>(args) = o.args;
  args.x = x.data();
  args.filter = filter.data();
  args.y = y.data();
  args.bias = o.args.bias ? bias.data() : nullptr;
  args.result = result.data();
  fn(args);
  size_t wrong = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    nacre::bfloat16 value;
    value.bits = result[i];
    // Half a unit for each rounding: of the sum, and with a bias (at most 1) once more.
    const double bound = 1e-6 * (magnitude[i] + 1) + 0x1p-8 * std::abs(expected[i]) +
                         (args.bias ? 0x1p-8 * (std::abs(expected[i]) + 1) : 0);
    if (!(std::abs(value - expected[i]) <= bound)) ++wrong;
  }
  CHECK_MESSAGE(wrong == 0, "bfloat16, part ", static_cast<int>(part), ": ", wrong, " wrong of ",
                expected.size(), ": ", describe(t));
}

void check(const Case& t) {
  Operands o(t);
  std::vector<double> y(o.y.size()), y_size(y), dx(o.x.size()), dx_size(dx);
  std::vector<double> dfilter(o.filter.size()), dfilter_size(dfilter);
  ref_products(o.args, [&](size_t x, size_t f, size_t out) {
    const double forward = static_cast<double>(o.x[x]) * o.filter[f];
    const double back = static_cast<double>(o.y[out]) * o.filter[f];
    const double filter = static_cast<double>(o.x[x]) * o.y[out];
    y[out] += forward;
    y_size[out] += std::abs(forward);
    dx[x] += back;
    dx_size[x] += std::abs(back);
    dfilter[f] += filter;
    dfilter_size[f] += std::abs(filter);
  });
  for (size_t i = 0; i < y.size(); ++i) {
    if (t.bias) y[i] += o.bias[i % o.bias.size()];
    if (t.relu && y[i] < 0) y[i] = 0;
  }
  for (nacre::Isa isa : nacre::available_isas()) {
    const KernelTable& table = nacre::kernels::table(isa);
    const auto run = [&](ConvFn fn, size_t size) {
      std::vector<float> result(size, 777.0f);
      ConvArgs args = o.args;
      args.result = result.data();
      fn(args);
      return result;
    };
    // With the filter packed before, where the kernel packs it, the same bits.
    const auto run_packed = [&](ConvFn fn, bool gradient, const std::vector<float>& expected) {
      const auto layout = table.conv_packing(o.args, gradient);
      if (layout.floats == 0) return;
      std::vector<float> packed(static_cast<size_t>(layout.floats)), result(expected.size());
      table.conv_pack(o.args, gradient, packed.data());
      ConvArgs args = o.args;
      args.result = result.data();
      args.filter = nullptr;
      args.packed = packed.data();
      fn(args);
      CHECK_MESSAGE(std::memcmp(result.data(), expected.data(), result.size() * 4) == 0,
                    nacre::name_of(isa), " packed, gradient ", gradient, ": ", describe(t));
    };
    const std::vector<float> data_grad = run(table.conv_data_grad, dx.size());
    compare(data_grad, dx, dx_size, isa, "data gradient", t);
    run_packed(table.conv_data_grad, true, data_grad);
    check_bf16(o, ConvPart::kDataGrad, table.conv_data_grad_bf16, dx, dx_size, isa, t);
    check_bf16(o, ConvPart::kFilterGrad, table.conv_filter_grad_bf16, dfilter, dfilter_size, isa,
               t);
    compare(run(table.conv_filter_grad, dfilter.size()), dfilter, dfilter_size, isa,
            "filter gradient", t);
    o.args.bias = t.bias ? o.bias.data() : nullptr;
    o.args.relu = t.relu;
    const std::vector<float> forward = run(table.conv_forward, y.size());
    compare(forward, y, y_size, isa, "forward", t);
    run_packed(table.conv_forward, false, forward);
    check_bf16(o, ConvPart::kForward, table.conv_forward_bf16, y, y_size, isa, t);
    o.args.bias = nullptr;
    o.args.relu = false;
  }
}

Case conv2d(int64_t batch, int64_t size, int64_t in_channels, int64_t out_channels, int64_t kernel,
            int64_t stride = 1, int64_t pad = 0, int64_t dilation = 1, int64_t groups = 1) {
  return {batch,
          in_channels,
          out_channels,
          groups,
          {1, size, size + 1},
          {1, kernel, kernel},
          {1, stride, stride},
          {1, dilation, dilation},
          {0, pad, pad},
          {0, pad, pad},
          false,
          false};
}

}  // namespace

TEST_CASE("conv: channels around vectors and tiles") {
  for (int64_t in : {1, 2, 3, 5, 16, 17, 33})
    for (int64_t out : {1, 3, 4, 8, 15, 16, 31, 32, 33, 48, 65})
      for (int64_t size : {3, 7, 15}) {
        Case t = conv2d(2, size, in, out, 3, 1, 1);
        t.bias = out % 2;
        t.relu = in % 2;
        check(t);
      }
}

TEST_CASE("conv: kernel, stride, dilation and padding") {
  for (int64_t kernel : {1, 2, 3, 5})
    for (int64_t stride : {1, 2, 3, 4})
      for (int64_t dilation : {1, 2, 3})
        for (int64_t pad : {0, 1, 2, 4})
          for (int64_t size : {9, 14}) {
            if (size + 2 * pad < (kernel - 1) * dilation + 1) continue;
            check(conv2d(2, size, 5, 18, kernel, stride, pad, dilation));
            Case t = conv2d(1, size, 4, 6, kernel, stride, pad, dilation, 2);
            t.high_pad[1] = pad + 1;
            t.high_pad[2] = 0;
            if (size + pad < (kernel - 1) * dilation + 1) continue;
            t.bias = t.relu = true;
            check(t);
          }
}

TEST_CASE("conv: groups and depthwise") {
  for (int64_t groups : {2, 3, 8, 20})
    for (int64_t in : {1, 2, 5})
      for (int64_t out : {1, 2, 18})
        for (int64_t stride : {1, 2}) {
          Case t = conv2d(2, 8, groups * in, groups * out, 3, stride, 1, 1, groups);
          t.bias = true;
          t.relu = stride == 2;
          check(t);
        }
  for (int64_t channels : {2, 15, 16, 40})
    for (int64_t stride : {1, 2, 3})
      for (int64_t dilation : {1, 2})
        for (int64_t pad : {0, 1, 3}) {
          Case t = conv2d(3, 11, channels, channels, 3, stride, pad, dilation, channels);
          t.bias = pad == 1;
          t.relu = stride == 2;
          check(t);
        }
}

// Rows shorter than a block of outputs, taps that are outside at both ends at once, kernel depth.
TEST_CASE("conv: depthwise at the edges") {
  for (int64_t kernel : {3, 5, 7})
    for (int64_t size : {1, 2, 3, 4, 6, 11})
      for (int64_t stride : {1, 2})
        for (int64_t pad : {1, 2, 5}) {
          if (size + 2 * pad < kernel) continue;
          Case t = conv2d(2, size, 19, 19, kernel, stride, pad, 1, 19);
          t.bias = pad == 1;
          t.relu = size % 2;
          check(t);
          if (size + pad < kernel || kernel == 7) continue;
          t = conv2d(2, size, 18, 18, kernel, stride, pad, 1, 18);
          t.in[0] = 4;
          t.kernel[0] = 2;
          t.stride[0] = 2;
          t.pad[0] = 1;
          t.high_pad[2] = 0;
          check(t);
        }
}

TEST_CASE("conv: one and three dimensions, uneven") {
  check(
      {3, 7, 20, 1, {1, 1, 50}, {1, 1, 9}, {1, 1, 2}, {1, 1, 3}, {0, 0, 4}, {0, 0, 7}, true, true});
  check({3,
         64,
         32,
         1,
         {1, 1, 200},
         {1, 1, 3},
         {1, 1, 1},
         {1, 1, 1},
         {0, 0, 2},
         {0, 0, 0},
         true,
         false});
  check(
      {2, 3, 17, 1, {5, 6, 7}, {3, 2, 3}, {2, 1, 2}, {1, 2, 1}, {1, 0, 1}, {1, 1, 0}, true, true});
  check(
      {2, 4, 8, 2, {5, 4, 7}, {2, 3, 1}, {1, 2, 3}, {2, 1, 1}, {1, 2, 0}, {0, 1, 0}, false, true});
  check(
      {2, 6, 6, 6, {4, 5, 6}, {2, 3, 2}, {1, 2, 1}, {2, 1, 2}, {1, 1, 1}, {0, 1, 2}, true, false});
  check(
      {2, 9, 33, 1, {1, 5, 12}, {1, 3, 1}, {1, 1, 3}, {1, 1, 1}, {0, 1, 0}, {0, 1, 0}, true, true});
  // 1x1, as a product and with a stride that leaves input pixels without a gradient.
  check(
      {3, 20, 33, 1, {1, 6, 7}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}, true, true});
  check(
      {3, 20, 33, 1, {1, 6, 7}, {1, 1, 1}, {1, 2, 2}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}, true, true});
  check(
      {1, 8, 64, 1, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}, true, true});
}

TEST_CASE("conv: sizes of real networks, where blocks and parts differ") {
  check(conv2d(5, 28, 1, 32, 3));
  check(conv2d(5, 26, 32, 64, 3));
  check(conv2d(3, 32, 3, 16, 3, 1, 1));
  check(conv2d(2, 16, 64, 128, 3, 2, 1));
  check(conv2d(2, 30, 3, 64, 7, 2, 3));
  check(conv2d(9, 4, 70, 80, 3, 1, 1));
  check(conv2d(1, 2, 256, 64, 3, 1, 1));
}

TEST_CASE("conv: few channels on one side, many on the other") {
  for (int64_t few : {1, 2, 3, 4, 5})
    for (int64_t many : {11, 16, 40, 67})
      for (int64_t stride : {1, 2}) {
        Case t = conv2d(2, 12, many, few, 3, stride, 1);
        t.bias = t.relu = true;
        check(t);
        check(conv2d(2, 12, few, many, 4, stride, 1, stride));
        check(conv2d(2, 9, 2 * many, 2 * few, 3, stride, 1, 1, 2));
      }
}

// 3x3 with stride 1 and 16 channels or more, which is computed by tiles of 2x2 outputs.
TEST_CASE("conv: tiles that reach beyond the edges") {
  for (int64_t in : {16, 20, 40})
    for (int64_t out : {16, 35, 64})
      for (int64_t size : {5, 6, 12})
        for (int64_t pad : {0, 1, 2, 3}) {
          Case t = conv2d(3, size, in, out, 3, 1, pad);
          t.high_pad[1] = (pad + 1) % 3;
          t.bias = pad % 2;
          t.relu = size % 2;
          check(t);
        }
  // Planes are images of their own.
  check(
      {2, 18, 30, 1, {3, 7, 6}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 0}, {0, 1, 1}, true, true});
}

// Stride 1 and kernel rows of 3 or 5 taps: rows of outputs of every length, in one vector and in
// two.
TEST_CASE("conv: rows of outputs with few channels") {
  for (int64_t kernel : {3, 5})
    for (int64_t channels : {1, 3, 4, 16})
      for (int64_t out : {6, 14, 18, 24, 32, 50})
        for (int64_t size : {4, 8, 11, 15, 22, 26, 31}) {
          Case t = conv2d(1, size, channels, out, kernel, 1, kernel / 2);
          t.in[1] = 5;
          t.bias = size % 2;
          t.relu = size % 3 == 0;
          check(t);
        }
}

// Kernel rows of few products, whose sums are held for several rows at once: 7 rows are more than
// those, stride and depth leave rows outside.
TEST_CASE("conv: kernels of few products") {
  for (int64_t width : {3, 5})
    for (int64_t channels : {1, 2, 3, 4})
      for (int64_t out : {7, 16, 24, 33, 80})
        for (int64_t stride : {1, 2}) {
          Case t = conv2d(3, 13, channels, out, width, stride, 2);
          t.kernel[1] = 7;
          check(t);
          t = conv2d(2, 6, 2 * channels, 2 * out, width, stride, 1, 1, 2);
          t.in[0] = 3;
          t.kernel[0] = 2;
          t.pad[0] = 1;
          check(t);
        }
}

TEST_CASE("conv: an image's result does not depend on its batch") {
  for (const Case& t : {conv2d(7, 9, 24, 40, 3, 1, 1), conv2d(7, 19, 3, 32, 3, 1, 1)}) {
    Operands o(t);
    const size_t image = o.y.size() / 7, source = o.x.size() / 7;
    for (nacre::Isa isa : nacre::available_isas()) {
      const KernelTable& table = nacre::kernels::table(isa);
      std::vector<float> all(o.y.size()), one(image);
      ConvArgs args = o.args;
      args.result = all.data();
      table.conv_forward(args);
      args.batch = 1;
      args.result = one.data();
      for (size_t i = 0; i < 7; ++i) {
        args.x = o.x.data() + i * source;
        table.conv_forward(args);
        CHECK(std::memcmp(one.data(), all.data() + i * image, image * sizeof(float)) == 0);
      }
    }
  }
}

TEST_CASE("conv: empty batch") {
  for (nacre::Isa isa : nacre::available_isas()) {
    const KernelTable& table = nacre::kernels::table(isa);
    for (int64_t groups : {1, 4}) {
      Operands o(conv2d(0, 6, 4, 4, 3, 1, 1, 1, groups));
      std::vector<float> dfilter(o.filter.size(), 5.0f);
      o.args.result = dfilter.data();
      table.conv_filter_grad(o.args);
      for (float value : dfilter) CHECK(value == 0);
      o.args.result = nullptr;
      table.conv_forward(o.args);
      table.conv_data_grad(o.args);
    }
  }
}

TEST_CASE("conv: the same bits for any number of threads") {
  const int before = nacre::num_threads();
  for (const Case& t :
       {conv2d(16, 26, 32, 64, 3), conv2d(8, 16, 64, 64, 3, 2, 1),
        conv2d(8, 32, 32, 32, 3, 1, 1, 1, 32), conv2d(16, 28, 1, 32, 3), conv2d(16, 20, 3, 24, 5),
        conv2d(9, 13, 40, 70, 3, 1, 1), conv2d(16, 15, 16, 16, 3, 1, 1)}) {
    for (nacre::Isa isa : nacre::available_isas()) {
      const KernelTable& table = nacre::kernels::table(isa);
      const ConvFn kernels[] = {table.conv_forward, table.conv_data_grad, table.conv_filter_grad};
      for (int which = 0; which < 3; ++which) {
        Operands o(t);
        const size_t size = which == 0 ? o.y.size() : which == 1 ? o.x.size() : o.filter.size();
        std::vector<float> first, result(size);
        for (int threads : {1, 2, 3, 7}) {
          nacre::set_num_threads(threads);
          o.args.result = result.data();
          kernels[which](o.args);
          if (threads == 1) first = result;
          CHECK(std::memcmp(first.data(), result.data(), size * sizeof(float)) == 0);
        }
      }
    }
  }
  nacre::set_num_threads(before);
}
