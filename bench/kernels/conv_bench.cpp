// Convolution in GFLOP/s and as a share of this machine's FMA peak, measured in the same run; and
// how many times as fast it is in bfloat16, where there are kernels for it.
//   conv_bench [threads] [isa]
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/kernels/measure.h"
#include "kernels/abi.h"
#include "nacre/base/cpu.h"
#include "nacre/base/half.h"
#include "nacre/base/parallel.h"

namespace {

struct Shape {
  const char* name;
  int64_t batch, size, in_channels, out_channels, kernel, stride, pad, groups;
};

const Shape kShapes[] = {
    {"mnist 1", 128, 28, 1, 32, 3, 1, 0, 1},
    {"mnist 2", 128, 26, 32, 64, 3, 1, 0, 1},
    {"mnist 2 pooled", 128, 13, 32, 64, 3, 1, 0, 1},
    {"mnist 1 batch 1", 1, 28, 1, 32, 3, 1, 0, 1},
    {"mnist 2 batch 1", 1, 26, 32, 64, 3, 1, 0, 1},
    {"resnet-20 first", 64, 32, 3, 16, 3, 1, 1, 1},
    {"resnet-20 16", 64, 32, 16, 16, 3, 1, 1, 1},
    {"resnet-20 16-32", 64, 32, 16, 32, 3, 2, 1, 1},
    {"resnet-20 32", 64, 16, 32, 32, 3, 1, 1, 1},
    {"resnet-20 32-64", 64, 16, 32, 64, 3, 2, 1, 1},
    {"resnet-20 64", 64, 8, 64, 64, 3, 1, 1, 1},
    {"3x3 64", 8, 56, 64, 64, 3, 1, 1, 1},
    {"3x3 64 at 28", 16, 28, 64, 64, 3, 1, 1, 1},
    {"3x3 256 at 14", 8, 14, 256, 256, 3, 1, 1, 1},
    {"3x3 512 at 7", 8, 7, 512, 512, 3, 1, 1, 1},
    {"3x3 512 batch 1", 1, 7, 512, 512, 3, 1, 1, 1},
    {"7x7 stride 2", 4, 112, 3, 64, 7, 2, 3, 1},
    {"1x1 64-256", 8, 56, 64, 256, 1, 1, 0, 1},
    {"1x1 256-64", 8, 56, 256, 64, 1, 1, 0, 1},
    {"1x1 stride 2", 8, 56, 64, 128, 1, 2, 0, 1},
    {"depthwise", 8, 56, 64, 64, 3, 1, 1, 64},
    {"groups 4", 8, 28, 64, 64, 3, 1, 1, 4},
};

std::vector<uint16_t> narrowed(const float* x, int64_t n) {
  std::vector<uint16_t> y(static_cast<size_t>(n));
  for (size_t i = 0; i < y.size(); ++i) y[i] = nacre::bfloat16(x[i]).bits;
  return y;
}

}  // namespace

int main(int argc, char** argv) {
  nacre::set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  const nacre::Isa isa = argc > 2 ? nacre::parse_isa(argv[2]) : nacre::detected_isa();
  const nacre::kernels::KernelTable& table = nacre::kernels::table(isa);
  const double peak = nacre::bench::peak_gflops(isa);
  std::printf("%s, %d threads, FMA peak of one %.0f GFLOP/s\n", nacre::name_of(isa).data(),
              nacre::num_threads(), peak);
  std::printf("%-18s %30s %30s %30s\n", "", "forward", "data gradient", "filter gradient");
  for (const Shape& s : kShapes) {
    nacre::kernels::ConvArgs args{};
    args.batch = s.batch;
    args.in_channels = s.in_channels;
    args.out_channels = s.out_channels;
    args.groups = s.groups;
    for (int d = 0; d < 3; ++d) {
      args.in[d] = d == 0 ? 1 : s.size;
      args.kernel[d] = d == 0 ? 1 : s.kernel;
      args.stride[d] = d == 0 ? 1 : s.stride;
      args.dilation[d] = 1;
      args.pad[d] = d == 0 ? 0 : s.pad;
      args.out[d] = (args.in[d] + 2 * args.pad[d] - args.kernel[d]) / args.stride[d] + 1;
    }
    const int64_t taps = s.kernel * s.kernel, pixels = args.out[1] * args.out[2];
    const int64_t filter_size = taps * s.in_channels / s.groups * s.out_channels;
    const int64_t x_size = s.batch * s.size * s.size * s.in_channels;
    const int64_t y_size = s.batch * pixels * s.out_channels;
    const auto x = nacre::bench::buffer(x_size), y = nacre::bench::buffer(y_size);
    const auto filter = nacre::bench::buffer(filter_size);
    const double flop = 2.0 * static_cast<double>(s.batch * pixels * filter_size);
    args.filter = filter.get();
    std::printf("%-18s", s.name);
    auto half_x = narrowed(x.get(), x_size), half_y = narrowed(y.get(), y_size);
    auto half_filter = narrowed(filter.get(), filter_size);
    const auto time = [&](nacre::kernels::ConvFn fn, float* result,
                          nacre::kernels::ConvBf16Fn half_fn, uint16_t* half_result,
                          nacre::kernels::ConvPart part) {
      nacre::kernels::ConvArgs call = args;
      call.x = x.get();
      call.y = y.get();
      call.result = result;
      const double seconds = nacre::bench::best_seconds([&] { fn(call); }, 0.3);
      std::printf("  %8.0f us %6.1f GF/s %4.0f %%", seconds * 1e6, flop / seconds * 1e-9,
                  flop / seconds * 1e-7 / peak / nacre::num_threads());
      if (!half_fn || !table.conv_bf16_serves(args, part)) return;
      nacre::kernels::ConvBf16Args half{};
      static_cast<nacre::kernels::ConvSizes&>(half) = args;
      half.x = half_x.data();
      half.y = half_y.data();
      half.filter = half_filter.data();
      half.result = half_result;
      std::printf(" x %4.2f", seconds / nacre::bench::best_seconds([&] { half_fn(half); }, 0.3));
    };
    using nacre::kernels::ConvPart;
    time(table.conv_forward, y.get(), table.conv_forward_bf16, half_y.data(), ConvPart::kForward);
    time(table.conv_data_grad, x.get(), table.conv_data_grad_bf16, half_x.data(),
         ConvPart::kDataGrad);
    time(table.conv_filter_grad, filter.get(), table.conv_filter_grad_bf16, half_filter.data(),
         ConvPart::kFilterGrad);
    std::printf("\n");
  }
}
