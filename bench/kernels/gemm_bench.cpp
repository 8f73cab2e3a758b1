// GEMM in GFLOP/s and as a share of this machine's FMA peak, measured in the same run; then
// products of bfloat16, and how many times as fast they are as those of float32; then a layer's
// backward pass (gradients of input, weights and bias) with the bias's beside that of the weights.
//   gemm_bench [threads] [isa]
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/kernels/measure.h"
#include "kernels/abi.h"
#include "nacre/base/cpu.h"
#include "nacre/base/parallel.h"

namespace {

struct Shape {
  int64_t m, n, k;
  const char* trans;
  int64_t batch = 1;
};

const Shape kShapes[] = {
    {64, 64, 64, "NN"},
    {128, 128, 128, "NN"},
    {256, 256, 256, "NN"},
    {512, 512, 512, "NN"},
    {1024, 1024, 1024, "NN"},
    {2048, 2048, 2048, "NN"},
    {1000, 1000, 1000, "NN"},
    {512, 512, 512, "TN"},
    {512, 512, 512, "NT"},
    {512, 512, 512, "TT"},
    {1024, 1024, 1024, "NT"},
    {1024, 1024, 1024, "TN"},
    {64, 64, 64, "NT"},
    {64, 64, 64, "TN"},
    {128, 128, 128, "NT"},
    {32, 128, 784, "NN"},
    {784, 128, 32, "TN"},
    {32, 784, 128, "NT"},
    {32, 784, 128, "NN"},
    {32, 64, 128, "NN"},
    {32, 10, 64, "NN"},
    {64, 10, 32, "TN"},
    {32, 64, 10, "NT"},
    {128, 1024, 1024, "NN"},
    {1024, 1024, 128, "TN"},
    {128, 1024, 1024, "NT"},
    {128, 1024, 784, "NN"},
    {784, 1024, 128, "TN"},
    {16, 1024, 1024, "NN"},
    {8, 1024, 1024, "NN"},
    {4, 1024, 1024, "NN"},
    {2, 1024, 1024, "NN"},
    {1, 1024, 1024, "NN"},
    {1, 1024, 1024, "NT"},
    {1, 128, 784, "NN"},
    {1, 4096, 8192, "NN"},
    {1, 4096, 8192, "NT"},
    {32, 512, 128, "NN"},
    {32, 128, 512, "NT"},
    {64, 64, 32, "NT", 48},
    {64, 32, 64, "NN", 48},
    {768, 512, 128, "NN"},
    {768, 128, 512, "NN"},
    {64, 64, 65536, "TN"},
    {256, 10, 1024, "NN"},
    // An LSTM of 128 units over 32 x 80 steps: inputs, their gradient, the weights' gradient.
    {2560, 512, 128, "NN"},
    {2560, 128, 512, "NT"},
    {128, 512, 2560, "TN"},
};

const Shape kBf16Shapes[] = {
    {64, 64, 64, "NN"},       {256, 256, 256, "NN"},    {512, 512, 512, "NN"},
    {1024, 1024, 1024, "NN"}, {1024, 1024, 1024, "NT"}, {1024, 1024, 1024, "TN"},
    {32, 784, 128, "NN"},     {128, 1024, 1024, "NN"},  {784, 1024, 128, "TN"},
};

// What the two argument structs share.
template <class Args>
Args args_of(const Shape& shape) {
  Args args{};
  args.m = shape.m;
  args.n = shape.n;
  args.k = shape.k;
  args.trans_a = shape.trans[0] == 'T';
  args.trans_b = shape.trans[1] == 'T';
  args.lda = args.trans_a ? args.m : args.k;
  args.ldb = args.trans_b ? args.k : args.n;
  args.ldc = args.n;
  args.batch = shape.batch;
  args.stride_a = args.m * args.k;
  args.stride_b = args.k * args.n;
  args.stride_c = args.m * args.n;
  return args;
}

double flop_of(const Shape& s) {
  return 2.0 * static_cast<double>(s.m * s.n * s.k * s.batch);
}

// Seconds of a product of float32.
double seconds_of(const Shape& shape, nacre::kernels::GemmFn gemm) {
  auto args = args_of<nacre::kernels::GemmArgs>(shape);
  args.alpha = 1;
  const auto a = nacre::bench::buffer(args.batch * args.stride_a);
  const auto b = nacre::bench::buffer(args.batch * args.stride_b);
  const auto c = nacre::bench::buffer(args.batch * args.stride_c);
  args.a = a.get();
  args.b = b.get();
  args.c = c.get();
  return nacre::bench::best_seconds([&] { gemm(args); });
}

// And of bfloat16.
double seconds_of(const Shape& shape, nacre::kernels::GemmBf16Fn gemm) {
  auto args = args_of<nacre::kernels::GemmBf16Args>(shape);
  const auto ones = [](int64_t n) {
    return std::vector<uint16_t>(static_cast<size_t>(n), uint16_t{0x3f80});
  };
  const auto a = ones(args.batch * args.stride_a), b = ones(args.batch * args.stride_b);
  auto c = ones(args.batch * args.stride_c);
  args.a = a.data();
  args.b = b.data();
  args.c = c.data();
  return nacre::bench::best_seconds([&] { gemm(args); });
}

// Features, units and rows of a layer.
const int64_t kLayers[][3] = {{784, 128, 32},  {784, 1024, 128}, {128, 128, 768},
                              {512, 128, 768}, {128, 512, 768},  {128, 512, 2560}};

// The three gradients, the gradient of the result being as fresh as its producer leaves it: apart
// and together in turn, the first decile of each.
void print_layer(const nacre::kernels::KernelTable& table, const int64_t (&layer)[3]) {
  const auto [features, units, rows] = layer;
  const Shape weights{features, units, rows, "TN"}, input{rows, features, units, "NT"};
  auto dw = args_of<nacre::kernels::GemmArgs>(weights);
  auto dx = args_of<nacre::kernels::GemmArgs>(input);
  const auto x = nacre::bench::buffer(rows * features), g = nacre::bench::buffer(rows * units);
  const auto made = nacre::bench::buffer(rows * units), w = nacre::bench::buffer(features * units);
  const auto x_grad = nacre::bench::buffer(rows * features);
  const auto w_grad = nacre::bench::buffer(features * units), sums = nacre::bench::buffer(units);
  dw.alpha = dx.alpha = 1;
  dw.a = x.get();
  dw.b = dx.a = g.get();
  dw.c = w_grad.get();
  dx.b = w.get();
  dx.c = x_grad.get();
  const auto sum = table.reduce[static_cast<int>(nacre::kernels::Reduce::kSum)];
  std::vector<double> times[2];
  const int inner = static_cast<int>(std::max<int64_t>(1, 20000000 / (features * units * rows)));
  for (int turn = 0; turn < 800; ++turn) {
    const bool together = turn % 4 == 1 || turn % 4 == 2;
    dw.sums = together ? sums.get() : nullptr;
    double seconds = 0;
    for (int i = 0; i < inner; ++i) {
      std::copy(made.get(), made.get() + rows * units, g.get());
      const double start = nacre::bench::cpu_seconds();
      if (!together) sum(g.get(), sums.get(), 0, 1, rows, units);
      table.gemm(dx);
      table.gemm(dw);
      seconds += nacre::bench::cpu_seconds() - start;
    }
    times[together].push_back(seconds / inner);
  }
  const auto decile = [&](bool together) {
    auto& t = times[together];
    std::sort(t.begin(), t.end());
    return t[t.size() / 10] * 1e6;
  };
  const double apart = decile(false), together = decile(true);
  std::printf(
      "%5ld features, %5ld units, %5ld rows  %9.2f us apart, %9.2f together, %5.2f %% less\n",
      static_cast<long>(features), static_cast<long>(units), static_cast<long>(rows), apart,
      together, 100 * (1 - together / apart));
}

}  // namespace

int main(int argc, char** argv) {
  nacre::set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  const nacre::Isa isa = argc > 2 ? nacre::parse_isa(argv[2]) : nacre::detected_isa();
  const auto& table = nacre::kernels::table(isa);
  const double peak = nacre::bench::peak_gflops(isa);
  std::printf("%s, %d threads, FMA peak of one %.0f GFLOP/s\n", nacre::name_of(isa).data(),
              nacre::num_threads(), peak);
  for (const Shape& shape : kShapes) {
    const double flop = flop_of(shape), seconds = seconds_of(shape, table.gemm);
    const double bytes =
        4.0 * static_cast<double>(shape.batch *
                                  (shape.m * shape.k + shape.k * shape.n + shape.m * shape.n));
    std::printf("%5ld x %5ld x %5ld %s batch %2ld  %9.2f us  %7.1f GFLOP/s  %5.1f %%  %6.1f GB/s\n",
                static_cast<long>(shape.m), static_cast<long>(shape.n), static_cast<long>(shape.k),
                shape.trans, static_cast<long>(shape.batch), seconds * 1e6, flop / seconds * 1e-9,
                flop / seconds * 1e-7 / peak / nacre::num_threads(), bytes / seconds * 1e-9);
  }
  if (table.gemm_bf16) std::printf("bfloat16\n");
  for (const Shape& shape : kBf16Shapes) {
    if (!table.gemm_bf16) break;
    const double single = seconds_of(shape, table.gemm), half = seconds_of(shape, table.gemm_bf16);
    std::printf("%5ld x %5ld x %5ld %s  %9.2f us  %7.1f GFLOP/s  %5.2f x float32\n",
                static_cast<long>(shape.m), static_cast<long>(shape.n), static_cast<long>(shape.k),
                shape.trans, half * 1e6, flop_of(shape) / half * 1e-9, single / half);
  }
  std::printf("gradients of a layer\n");
  for (const auto& layer : kLayers) print_layer(table, layer);
}
