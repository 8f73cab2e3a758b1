// Kernels that read and write bfloat16: an epilogue has the bits of separate ops, pooling those of
// the same in float32. (Products and convolutions have their oracles in gemm_bf16_test.cpp and
// conv_test.cpp.)
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/abi.h"
#include "nacre/base/cpu.h"
#include "nacre/base/half.h"
#include "nacre/base/parallel.h"

namespace {

using nacre::bfloat16;
using nacre::Isa;
using nacre::kernels::Bf16Epilogue;
using nacre::kernels::ConvBf16Args;
using nacre::kernels::ConvBf16Fn;
using nacre::kernels::ConvPart;
using nacre::kernels::GemmBf16Args;
using nacre::kernels::PoolArgs;
using nacre::kernels::PoolBf16Args;

using Halves = std::vector<uint16_t>;

float wide(uint16_t bits) {
  bfloat16 x;
  x.bits = bits;
  return x;
}

// Many negative values and zeros, and where it is asked for some NaN and infinities.
Halves random_values(int64_t n, unsigned seed, bool special = false) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  Halves values(static_cast<size_t>(n));
  for (size_t i = 0; i < values.size(); ++i) {
    float value = i % 5 == 0 ? 0.0f : uniform(engine);
    if (special && i % 37 == 11) value = std::numeric_limits<float>::quiet_NaN();
    if (special && i % 41 == 7) value = std::numeric_limits<float>::infinity();
    values[i] = bfloat16(value).bits;
  }
  return values;
}

// The parts of an epilogue, by the bits of `parts`, done to a result of `cols` columns.
struct Epilogue {
  Halves bias, residual, mask;
  Bf16Epilogue args;

  Epilogue(int parts, int64_t size, int64_t cols, bool special = false) {
    if (parts & 1) args.bias = (bias = random_values(cols, 21)).data();
    args.relu = (parts & 2) != 0;
    if (parts & 4) args.residual = (residual = random_values(size, 22, special)).data();
    if (parts & 8) args.mask = (mask = random_values(size, 23, special)).data();
  }

  void apply(Halves& y) const {
    for (size_t i = 0; i < y.size(); ++i) {
      bfloat16 v = wide(y[i]);
      if (args.bias) v = v + wide(bias[i % bias.size()]);
      if (args.residual) v = v + wide(residual[i]);
      if (args.relu && v < 0) v = 0;
      if (args.mask && !(wide(mask[i]) > 0)) v = 0;
      y[i] = v.bits;
    }
  }
};

bool same(const Halves& a, const Halves& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && !(std::isnan(wide(a[i])) && std::isnan(wide(b[i])))) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("bfloat16: the epilogue rounds after each step") {
  for (const Isa isa : nacre::available_isas()) {
    CAPTURE(nacre::name_of(isa));
    for (const int64_t cols : {1, 5, 16, 33, 70}) {
      for (int parts = 1; parts < 16; ++parts) {
        const Halves y = random_values(7 * cols, 1, true);
        const Epilogue epilogue(parts, 7 * cols, cols, true);
        Halves expected = y, received = y;
        epilogue.apply(expected);
        const auto fn = nacre::kernels::table(isa).bf16_epilogue;
        fn(epilogue.args, received.data(), 0, 3, cols);
        fn(epilogue.args, received.data(), 3, 7, cols);
        CHECK_MESSAGE(same(received, expected), cols, " columns, parts ", parts);
      }
    }
  }
}

TEST_CASE("bfloat16 gemm: an epilogue has the bits of separate ops") {
  constexpr int64_t kShapes[][3] = {{5, 17, 9}, {40, 70, 400}, {1, 33, 20}, {7, 40, 0}};
  for (const Isa isa : nacre::available_isas()) {
    const auto& table = nacre::kernels::table(isa);
    if (!table.gemm_bf16) continue;
    for (const auto& [m, n, k] : kShapes) {
      for (const int64_t batch : {1, 3}) {
        const Halves a = random_values(batch * m * k, 1), b = random_values(batch * k * n, 2);
        GemmBf16Args g{};
        g.a = a.data();
        g.b = b.data();
        g.m = m;
        g.n = g.ldb = g.ldc = n;
        g.k = g.lda = k;
        g.batch = batch;
        g.stride_a = m * k;
        g.stride_b = k * n;
        g.stride_c = m * n;
        Halves plain(static_cast<size_t>(batch * m * n)), received = plain;
        g.c = plain.data();
        table.gemm_bf16(g);
        for (int parts = 1; parts < 16; ++parts) {
          const Epilogue epilogue(parts, batch * m * n, n);
          Halves expected = plain;
          epilogue.apply(expected);
          g.c = received.data();
          g.epilogue = epilogue.args;
          table.gemm_bf16(g);
          CHECK_MESSAGE(same(received, expected), m, "x", n, "x", k, " parts ", parts);
        }
      }
    }
  }
}

TEST_CASE("bfloat16 convolution: epilogues, threads, NaN") {
  struct Case {
    int64_t size, in, out, kernel, stride, pad, groups;
  };
  for (const Case& t :
       {Case{9, 3, 16, 3, 1, 1, 1}, Case{8, 16, 40, 3, 2, 1, 1}, Case{7, 20, 33, 1, 1, 0, 1},
        Case{7, 16, 32, 1, 2, 0, 1}, Case{9, 8, 12, 3, 1, 0, 2}, Case{7, 33, 21, 3, 1, 1, 1}}) {
    ConvBf16Args args{};
    args.batch = 5;
    args.in_channels = t.in;
    args.out_channels = t.out;
    args.groups = t.groups;
    for (int d = 0; d < 3; ++d) {
      args.in[d] = d ? t.size : 1;
      args.kernel[d] = d ? t.kernel : 1;
      args.stride[d] = d ? t.stride : 1;
      args.dilation[d] = 1;
      args.pad[d] = d ? t.pad : 0;
      args.out[d] = (args.in[d] + 2 * args.pad[d] - args.kernel[d]) / args.stride[d] + 1;
    }
    const int64_t x_size = 5 * t.in * t.size * t.size;
    const int64_t y_size = 5 * t.out * args.out[1] * args.out[2];
    const int64_t filter_size = t.kernel * t.kernel * t.in / t.groups * t.out;
    const Halves x = random_values(x_size, 1), y = random_values(y_size, 2);
    const Halves filter = random_values(filter_size, 3);
    args.x = x.data();
    args.y = y.data();
    args.filter = filter.data();
    for (const Isa isa : nacre::available_isas()) {
      const auto& table = nacre::kernels::table(isa);
      if (!table.conv_forward_bf16) continue;
      CAPTURE(t.in);
      CAPTURE(t.out);
      const auto check = [&](ConvBf16Fn fn, ConvPart part, int64_t size, int64_t cols) {
        if (!table.conv_bf16_serves(args, part)) return;
        Halves plain(static_cast<size_t>(size)), received = plain;
        args.result = plain.data();
        fn(args);
        const int before = nacre::num_threads();
        for (const int threads : {1, 2, 7}) {
          nacre::set_num_threads(threads);
          args.result = received.data();
          fn(args);
          CHECK((received == plain));
        }
        nacre::set_num_threads(before);
        for (int parts = part == ConvPart::kForward ? 1 : 2; parts < 16; ++parts) {
          if (part == ConvPart::kFilterGrad || (part == ConvPart::kDataGrad && parts & 1)) continue;
          const Epilogue epilogue(parts, size, cols);
          Halves expected = plain;
          epilogue.apply(expected);
          ConvBf16Args fused = args;
          fused.result = received.data();
          fused.bias = epilogue.args.bias;
          fused.residual = epilogue.args.residual;
          fused.relu = epilogue.args.relu;
          fused.mask = epilogue.args.mask;
          fn(fused);
          CHECK_MESSAGE(same(received, expected), "parts ", parts);
        }
      };
      check(table.conv_forward_bf16, ConvPart::kForward, y_size, t.out);
      check(table.conv_data_grad_bf16, ConvPart::kDataGrad, x_size, t.in);
      check(table.conv_filter_grad_bf16, ConvPart::kFilterGrad, filter_size, t.out);
      // A NaN reaches the outputs of its own image only.
      Halves with_nan = x, result(static_cast<size_t>(y_size));
      with_nan[static_cast<size_t>(x_size / 5 * 2 + x_size / 10)] = 0x7fc0;
      args.x = with_nan.data();
      args.result = result.data();
      table.conv_forward_bf16(args);
      args.x = x.data();
      int64_t inside = 0, outside = 0;
      for (int64_t i = 0; i < y_size; ++i) {
        if (!std::isnan(wide(result[static_cast<size_t>(i)]))) continue;
        ++(i / (y_size / 5) == 2 ? inside : outside);
      }
      CHECK(outside == 0);
      if (t.stride == 1) CHECK(inside > 0);
    }
  }
}

TEST_CASE("bfloat16 pooling has the bits of float32's, rounded") {
  struct Case {
    int64_t size, window, stride, pad;
  };
  for (const Case& t : {Case{8, 2, 2, 0}, Case{9, 2, 2, 0}, Case{9, 3, 3, 1}, Case{9, 3, 2, 1},
                        Case{7, 3, 1, 1}, Case{9, 2, 3, 0}}) {
    for (const int64_t channels : {1, 16, 19, 40}) {
      PoolArgs args{};
      args.batch = 2;
      args.channels = channels;
      for (int d = 0; d < 3; ++d) {
        args.in[d] = d ? t.size : 1;
        args.window[d] = d ? t.window : 1;
        args.stride[d] = d ? t.stride : 1;
        args.pad[d] = d ? t.pad : 0;
        args.out[d] = (args.in[d] + 2 * args.pad[d] - args.window[d]) / args.stride[d] + 1;
      }
      const int64_t x_size = 2 * channels * t.size * t.size;
      const int64_t y_size = 2 * channels * args.out[1] * args.out[2];
      const Halves x = random_values(x_size, 1, true), grad = random_values(y_size, 2);
      const auto widened = [](const Halves& from) {
        std::vector<float> to(from.size());
        for (size_t i = 0; i < to.size(); ++i) to[i] = wide(from[i]);
        return to;
      };
      const auto rounded = [](const std::vector<float>& from) {
        Halves to(from.size());
        for (size_t i = 0; i < to.size(); ++i) to[i] = bfloat16(from[i]).bits;
        return to;
      };
      const std::vector<float> wide_x = widened(x), wide_grad = widened(grad);
      for (const Isa isa : nacre::available_isas()) {
        CAPTURE(nacre::name_of(isa));
        const auto& table = nacre::kernels::table(isa);
        PoolBf16Args half{};
        static_cast<nacre::kernels::PoolSizes&>(half) = args;
        std::vector<float> wide_y(static_cast<size_t>(y_size)), wide_dx(wide_x.size());
        Halves y(grad.size()), dx(x.size(), 0x1234);
        args.x = wide_x.data();
        args.result = wide_y.data();
        table.max_pool(args, 0, 2);
        half.x = x.data();
        half.result = y.data();
        table.max_pool_bf16(half, 0, 1);
        table.max_pool_bf16(half, 1, 2);
        CHECK(same(y, rounded(wide_y)));
        args.y = wide_y.data();
        args.grad = wide_grad.data();
        args.result = wide_dx.data();
        half.y = y.data();
        half.grad = grad.data();
        half.result = dx.data();
        for (const bool mask : {false, true}) {
          args.mask = half.mask = mask;
          table.max_pool_grad(args, 0, 2);
          half.x = x.data();
          half.result = dx.data();
          table.max_pool_grad_bf16(half, 0, 2);
          CHECK(same(dx, rounded(wide_dx)));
          Halves in_place = x;
          half.x = half.result = in_place.data();
          table.max_pool_grad_bf16(half, 0, 2);
          CHECK(same(in_place, dx));
        }
      }
    }
  }
}
