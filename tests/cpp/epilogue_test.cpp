// What kernels do to their results before they store them, against the same done afterwards: the
// bits must be those of separate ops.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "kernels/abi.h"
#include "nacre/base/cpu.h"

namespace {

using nacre::Isa;
using nacre::kernels::ConvArgs;
using nacre::kernels::ConvFn;
using nacre::kernels::GemmArgs;
using nacre::kernels::PoolArgs;

using Floats = std::vector<float>;

Floats random_values(int64_t n, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  Floats values(static_cast<size_t>(n));
  for (float& value : values) value = uniform(engine);
  return values;
}

// The parts of an epilogue, by the bits of `parts`, done to a result of `cols` columns.
struct Epilogue {
  Floats bias, residual, mask;
  bool relu;

  Epilogue(int parts, int64_t size, int64_t cols) : relu((parts & 2) != 0) {
    if (parts & 1) bias = random_values(cols, 21);
    if (parts & 4) residual = random_values(size, 22);
    if (parts & 8) {
      mask = random_values(size, 23);
      for (size_t i = 0; i < mask.size(); i += 5) mask[i] = 0;
    }
  }

  static const float* data(const Floats& values) {
    return values.empty() ? nullptr : values.data();
  }

  void apply(Floats& y) const {
    for (size_t i = 0; i < y.size(); ++i) {
      if (!bias.empty()) y[i] += bias[i % bias.size()];
      if (!residual.empty()) y[i] += residual[i];
      if (relu && y[i] < 0) y[i] = 0;
      if (!mask.empty() && !(mask[i] > 0)) y[i] = 0;
    }
  }
};

GemmArgs product(int64_t m, int64_t n, int64_t k, bool trans_a, bool trans_b, int64_t batch) {
  GemmArgs g{};
  g.m = m;
  g.n = g.ldc = n;
  g.k = k;
  g.lda = trans_a ? m : k;
  g.ldb = trans_b ? k : n;
  g.trans_a = trans_a;
  g.trans_b = trans_b;
  g.alpha = 1;
  g.batch = batch;
  g.stride_a = m * k;
  g.stride_b = k * n;
  g.stride_c = m * n;
  return g;
}

constexpr int64_t kShapes[][3] = {{32, 130, 70},  {33, 17, 300}, {5, 200, 1100},
                                  {64, 10, 4100}, {1, 300, 70},  {300, 1, 70},
                                  {240, 70, 33},  {7, 40, 0},    {300, 300, 520}};

}  // namespace

TEST_CASE("gemm: an epilogue has the bits of separate ops") {
  for (const auto& s : kShapes) {
    for (int trans = 0; trans < 4; ++trans) {
      for (int64_t batch : {1, 3}) {
        GemmArgs g = product(s[0], s[1], s[2], (trans & 1) != 0, (trans & 2) != 0, batch);
        const Floats a = random_values(batch * g.stride_a, 1),
                     b = random_values(batch * g.stride_b, 2);
        g.a = a.data();
        g.b = b.data();
        for (int parts : {4, 8, 15}) {
          const Epilogue epilogue(parts, batch * g.stride_c, g.n);
          for (Isa isa : nacre::available_isas()) {
            CAPTURE(nacre::name_of(isa));
            Floats expected(static_cast<size_t>(batch * g.stride_c)), received = expected;
            GemmArgs plain = g, fused = g;
            plain.c = expected.data();
            nacre::kernels::table(isa).gemm(plain);
            epilogue.apply(expected);
            fused.c = received.data();
            fused.bias = Epilogue::data(epilogue.bias);
            fused.residual = Epilogue::data(epilogue.residual);
            fused.relu = epilogue.relu;
            fused.mask = Epilogue::data(epilogue.mask);
            nacre::kernels::table(isa).gemm(fused);
            CHECK_MESSAGE(received == expected, s[0], "x", s[1], "x", s[2], " trans ", trans,
                          " batch ", batch, " parts ", parts);
          }
        }
      }
    }
  }
}

TEST_CASE("conv: an epilogue has the bits of separate ops") {
  struct Case {
    int64_t size, in, out, kernel, stride, pad, groups;
  };
  for (const Case& t :
       {Case{9, 3, 16, 3, 1, 1, 1}, Case{8, 16, 40, 3, 2, 1, 1}, Case{7, 20, 33, 1, 1, 0, 1},
        Case{7, 16, 32, 1, 2, 0, 1}, Case{9, 18, 18, 3, 1, 1, 18}, Case{9, 8, 2, 5, 1, 2, 1},
        Case{9, 8, 12, 3, 1, 0, 4}, Case{8, 16, 48, 3, 1, 1, 1}, Case{7, 33, 21, 3, 1, 1, 1},
        Case{13, 2, 32, 5, 1, 2, 1}, Case{13, 3, 20, 3, 1, 1, 1}, Case{9, 18, 18, 5, 2, 2, 18},
        Case{9, 18, 18, 7, 1, 3, 18}}) {
    ConvArgs args{};
    args.batch = 3;
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
    const int64_t x_size = 3 * t.in * t.size * t.size;
    const int64_t y_size = 3 * t.out * args.out[1] * args.out[2];
    const Floats x = random_values(x_size, 1), y = random_values(y_size, 2);
    const Floats filter = random_values(t.kernel * t.kernel * t.in / t.groups * t.out, 3);
    args.x = x.data();
    args.y = y.data();
    args.filter = filter.data();
    for (Isa isa : nacre::available_isas()) {
      CAPTURE(nacre::name_of(isa));
      const auto compare = [&](ConvFn fn, int64_t size, int64_t cols, int parts) {
        const Epilogue epilogue(parts, size, cols);
        Floats expected(static_cast<size_t>(size)), received = expected;
        ConvArgs plain = args, fused = args;
        plain.result = expected.data();
        fn(plain);
        epilogue.apply(expected);
        fused.result = received.data();
        fused.bias = Epilogue::data(epilogue.bias);
        fused.residual = Epilogue::data(epilogue.residual);
        fused.relu = epilogue.relu;
        fused.mask = Epilogue::data(epilogue.mask);
        fn(fused);
        CHECK_MESSAGE(received == expected, t.in, "-", t.out, " kernel ", t.kernel, " stride ",
                      t.stride, " groups ", t.groups, " parts ", parts);
      };
      for (int parts : {3, 4, 15}) {
        compare(nacre::kernels::table(isa).conv_forward, y_size, t.out, parts);
      }
      for (int parts : {4, 8, 14}) {
        compare(nacre::kernels::table(isa).conv_data_grad, x_size, t.in, parts);
      }
    }
  }
}

TEST_CASE("max_pool_grad: ReLU's mask, and a result in the place of x") {
  struct Case {
    int64_t size, window, stride, pad;
  };
  for (const Case& t : {Case{8, 2, 2, 0}, Case{9, 2, 2, 0}, Case{9, 3, 2, 1}, Case{9, 2, 3, 0}}) {
    PoolArgs args{};
    args.batch = 2;
    args.channels = 19;
    for (int d = 0; d < 3; ++d) {
      args.in[d] = d ? t.size : 1;
      args.window[d] = d ? t.window : 1;
      args.stride[d] = d ? t.stride : 1;
      args.pad[d] = d ? t.pad : 0;
      args.out[d] = (args.in[d] + 2 * args.pad[d] - args.window[d]) / args.stride[d] + 1;
    }
    const int64_t x_size = 2 * 19 * t.size * t.size, y_size = 2 * 19 * args.out[1] * args.out[2];
    Floats x = random_values(x_size, 1);
    const Floats grad = random_values(y_size, 2);
    for (float& value : x) value = value < 0 ? 0 : value;  // many zeros, as after a ReLU
    for (Isa isa : nacre::available_isas()) {
      CAPTURE(nacre::name_of(isa));
      const auto& table = nacre::kernels::table(isa);
      Floats y(static_cast<size_t>(y_size)), expected(static_cast<size_t>(x_size));
      PoolArgs plain = args;
      plain.x = x.data();
      plain.result = y.data();
      table.max_pool(plain, 0, 2);
      plain.y = y.data();
      plain.grad = grad.data();
      plain.result = expected.data();
      table.max_pool_grad(plain, 0, 2);
      Floats in_place = x;
      PoolArgs over = plain;
      over.x = over.result = in_place.data();
      table.max_pool_grad(over, 0, 2);
      CHECK(in_place == expected);
      for (size_t i = 0; i < expected.size(); ++i) {
        if (!(x[i] > 0)) expected[i] = 0;
      }
      Floats masked(static_cast<size_t>(x_size), 7.0f);
      plain.mask = true;
      plain.result = masked.data();
      table.max_pool_grad(plain, 0, 2);
      CHECK(masked == expected);
    }
  }
}
