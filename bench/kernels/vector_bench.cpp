// Bandwidth kernels on one core: GB/s of the bytes they must move, in L1 and in memory, as a share
// of what a plain copy reaches in the same run.
//   vector_bench [isa]
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "bench/kernels/measure.h"
#include "kernels/abi.h"
#include "nacre/base/cpu.h"

namespace {

using nacre::bench::best_seconds;
using nacre::bench::Buffer;
using namespace nacre::kernels;

struct Kernel {
  std::string name;
  double bytes;  // read and written per element
  std::function<void(int64_t n)> run;
};

struct Data {
  Buffer a, b, c, d, y;
  std::vector<uint8_t> bytes;
  std::vector<int32_t> label;
  std::vector<double> sums;
  explicit Data(int64_t n)
      : a(nacre::bench::buffer(n)),
        b(nacre::bench::buffer(n)),
        c(nacre::bench::buffer(n)),
        d(nacre::bench::buffer(n)),
        y(nacre::bench::buffer(n)),
        bytes(static_cast<size_t>(n), 1),
        label(static_cast<size_t>(n), 1),
        sums(8192) {
    for (int64_t i = 0; i < n; ++i) c.get()[i] = d.get()[i] = 0.01f;
  }
};

std::vector<Kernel> kernels_of(const KernelTable& t, const Data& data) {
  float *a = data.a.get(), *b = data.b.get(), *c = data.c.get(), *d = data.d.get(),
        *y = data.y.get();
  auto* bytes = const_cast<uint8_t*>(data.bytes.data());
  auto* sums = const_cast<double*>(data.sums.data());
  const int32_t* label = data.label.data();
  std::vector<Kernel> k;
  const auto unary = [&](const char* name, Unary op) {
    const UnaryFn f = t.unary[static_cast<int>(op)];
    k.push_back({name, 8, [=](int64_t n) { f(a, y, n); }});
  };
  const auto binary = [&](const char* name, Binary op) {
    const BinaryFn f = t.binary[static_cast<int>(op)];
    k.push_back({name, 12, [=](int64_t n) { f(a, b, y, n, 1, 1); }});
  };
  binary("add", Binary::kAdd);
  unary("relu", Unary::kRelu);
  binary("relu_grad", Binary::kReluGrad);
  unary("exp", Unary::kExp);
  unary("log", Unary::kLog);
  unary("tanh", Unary::kTanh);
  unary("sigmoid", Unary::kSigmoid);
  unary("gelu", Unary::kGelu);
  unary("gelu_tanh", Unary::kGeluTanh);
  binary("gelu_grad", Binary::kGeluGrad);
  unary("softplus", Unary::kSoftplus);
  unary("sin", Unary::kSin);
  unary("rsqrt", Unary::kRsqrt);
  binary("pow", Binary::kPow);
  binary("mod", Binary::kMod);
  k.push_back({"less", 9, [=, &t](int64_t n) { t.compare[2](a, b, bytes, n, 1, 1); }});
  k.push_back({"select", 13, [=, &t](int64_t n) { t.select(bytes, a, b, y, n, 1, 1); }});
  k.push_back({"bf16_from_float", 6,
               [=, &t](int64_t n) { t.bf16_from_float(a, reinterpret_cast<uint16_t*>(y), n); }});
  for (int64_t inner : {1, 16, 256}) {
    k.push_back({"sum, inner " + std::to_string(inner), 4,
                 [=, &t](int64_t n) { t.reduce[0](a, y, 0, 1, n / inner, inner); }});
  }
  k.push_back({"max", 4, [=, &t](int64_t n) { t.reduce[1](a, y, 0, 1, n, 1); }});
  k.push_back({"argmax, rows of 256", 4, [=, &t](int64_t n) {
                 t.argmax(a, reinterpret_cast<int32_t*>(y), 0, n / 256, 256, 1);
               }});
  for (int64_t cols : {16, 256}) {
    const std::string rows = ", rows of " + std::to_string(cols);
    k.push_back({"softmax" + rows, 8, [=, &t](int64_t n) { t.softmax(a, y, 0, n / cols, cols); }});
    k.push_back({"softmax_grad" + rows, 12,
                 [=, &t](int64_t n) { t.softmax_grad(a, b, y, 0, n / cols, cols); }});
    k.push_back({"sparse_cross_entropy" + rows, 4,
                 [=, &t](int64_t n) { t.sparse_cross_entropy(a, label, y, 0, n / cols, cols); }});
    k.push_back({"layer_norm" + rows, 8,
                 [=, &t](int64_t n) { t.layer_norm(a, b, b, y, c, d, 0, n / cols, cols, 1e-3f); }});
    k.push_back({"layer_norm_grad" + rows, 12, [=, &t](int64_t n) {
                   t.layer_norm_grad(a, b, c, d, b, y, c, d, 0, n / cols, cols);
                 }});
    k.push_back({"column_moments" + rows, 4, [=, &t](int64_t n) {
                   t.column_moments(a, b, sums, sums + 4096, 0, n / cols, cols);
                 }});
    k.push_back({"column_affine" + rows, 8, [=, &t](int64_t n) {
                   t.column_affine(a, b, c, nullptr, false, y, 0, n / cols, cols);
                 }});
  }
  k.push_back({"adam", 28, [=, &t](int64_t n) {
                 t.adam({y, c, d, nullptr, b, 1e-3f, 0.9f, 0.999f, 1e-7f, 0.0f}, 0, n);
               }});
  k.push_back({"sgd, momentum", 20,
               [=, &t](int64_t n) { t.sgd({y, c, b, 1e-3f, 0.9f, false, 0.0f}, 0, n); }});
  k.push_back({"random_uniform", 4, [=, &t](int64_t n) { t.random_uniform(1, 2, y, 0, n, 0, 1); }});
  k.push_back({"random_normal", 4, [=, &t](int64_t n) { t.random_normal(1, 2, y, 0, n, 0, 1); }});
  k.push_back(
      {"dropout", 9, [=, &t](int64_t n) { t.dropout(1, 2, a, y, bytes, 0, n, 0.5f, 2.0f); }});
  k.push_back({"transpose, square", 8, [=, &t](int64_t n) {
                 int64_t side = 1;
                 while (4 * side * side <= n) side *= 2;
                 t.transpose(a, y, side, side, 0, side);
               }});
  return k;
}

}  // namespace

int main(int argc, char** argv) {
  const nacre::Isa isa = argc > 1 ? nacre::parse_isa(argv[1]) : nacre::detected_isa();
  const KernelTable& t = table(isa);
  constexpr int64_t kSmall = 1024, kLarge = 1 << 24;  // floats: 4 KiB and 64 MiB an array
  const Data small(kSmall), large(kLarge);
  const auto copy = [](const Data& data, int64_t n) {
    return 8.0 * n / best_seconds([&] { std::memcpy(data.y.get(), data.a.get(), 4 * n); }) * 1e-9;
  };
  const double limit = copy(large, kLarge), limit_small = copy(small, kSmall);
  std::printf("%s; copy: %.0f GB/s in L1, %.1f GB/s in memory\n", std::string(name_of(isa)).c_str(),
              limit_small, limit);
  std::printf("%-34s %12s %8s %14s %6s\n", "kernel", "L1 elem/ns", "GB/s", "memory GB/s", "share");
  const auto in_l1 = kernels_of(t, small), in_memory = kernels_of(t, large);
  for (size_t i = 0; i < in_l1.size(); ++i) {
    const double fast = kSmall / best_seconds([&] { in_l1[i].run(kSmall); }, 0.05) * 1e-9;
    const double far = kLarge / best_seconds([&] { in_memory[i].run(kLarge); }, 0.1) * 1e-9;
    std::printf("%-34s %12.2f %8.0f %14.1f %5.0f%%\n", in_l1[i].name.c_str(), fast,
                fast * in_l1[i].bytes, far * in_memory[i].bytes,
                100 * far * in_memory[i].bytes / limit);
  }
}
