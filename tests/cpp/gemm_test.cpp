// GEMM of every instruction set against a double-precision oracle.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/abi.h"
#include "nacre/base/cpu.h"
#include "nacre/base/parallel.h"

namespace {

using nacre::kernels::GemmArgs;

constexpr float kUntouched = 12345.0f;

std::vector<float> random_values(size_t n, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> values(n);
  for (float& value : values) value = uniform(engine);
  return values;
}

struct Case {
  int64_t m, n, k;
  bool trans_a = false, trans_b = false;
  float alpha = 1, beta = 0;
  bool bias = false, relu = false;
  int64_t batch = 1;
  bool repeat_a = false, repeat_b = false;
  int64_t gap = 0;  // of the leading dimensions
};

struct Operands {
  std::vector<float> a, b, c, bias;
  GemmArgs args;

  explicit Operands(const Case& t) {
    const int64_t a_rows = t.trans_a ? t.k : t.m, a_cols = t.trans_a ? t.m : t.k;
    const int64_t b_rows = t.trans_b ? t.n : t.k, b_cols = t.trans_b ? t.k : t.n;
    args = {};
    args.m = t.m;
    args.n = t.n;
    args.k = t.k;
    args.lda = a_cols + t.gap;
    args.ldb = b_cols + t.gap;
    args.ldc = t.n + t.gap;
    args.trans_a = t.trans_a;
    args.trans_b = t.trans_b;
    args.alpha = t.alpha;
    args.beta = t.beta;
    args.batch = t.batch;
    args.stride_a = t.repeat_a ? 0 : a_rows * args.lda;
    args.stride_b = t.repeat_b ? 0 : b_rows * args.ldb;
    args.stride_c = t.m * args.ldc;
    args.relu = t.relu;
    // Exact sizes, so that a sanitizer sees reads past the last row.
    const auto size = [&](int64_t rows, int64_t cols, int64_t ld, int64_t stride) {
      return rows * cols == 0
                 ? size_t{0}
                 : static_cast<size_t>((t.batch - 1) * stride + (rows - 1) * ld + cols);
    };
    a = random_values(size(a_rows, a_cols, args.lda, args.stride_a), 1);
    b = random_values(size(b_rows, b_cols, args.ldb, args.stride_b), 2);
    c = t.beta == 0 ? std::vector<float>(size(t.m, t.n, args.ldc, args.stride_c), kUntouched)
                    : random_values(size(t.m, t.n, args.ldc, args.stride_c), 3);
    bias = random_values(static_cast<size_t>(t.n), 4);
    args.a = a.data();
    args.b = b.data();
    args.c = c.data();
    args.bias = t.bias ? bias.data() : nullptr;
  }
};

// Writes what C must hold, and for each element the sum of |a b| that bounds the rounding error.
void ref_gemm(const GemmArgs& g, std::vector<float>& c, std::vector<double>& magnitude) {
  for (int64_t s = 0; s < g.batch; ++s) {
    for (int64_t i = 0; i < g.m; ++i) {
      for (int64_t j = 0; j < g.n; ++j) {
        double sum = 0, size = 0;
        for (int64_t p = 0; p < g.k; ++p) {
          const double a = g.a[s * g.stride_a + (g.trans_a ? p * g.lda + i : i * g.lda + p)];
          const double b = g.b[s * g.stride_b + (g.trans_b ? j * g.ldb + p : p * g.ldb + j)];
          sum += a * b;
          size += std::abs(a * b);
        }
        const size_t at = static_cast<size_t>(s * g.stride_c + i * g.ldc + j);
        sum *= g.alpha;
        if (g.beta != 0) sum += c[at];
        if (g.bias) sum += g.bias[j];
        if (g.relu && sum < 0) sum = 0;
        c[at] = static_cast<float>(sum);
        magnitude[at] = size * std::abs(g.alpha) + 1;
      }
    }
  }
}

std::string describe(const Case& t) {
  return std::to_string(t.m) + "x" + std::to_string(t.n) + "x" + std::to_string(t.k) + " " +
         (t.trans_a ? "T" : "N") + (t.trans_b ? "T" : "N") + " alpha " + std::to_string(t.alpha) +
         " beta " + std::to_string(t.beta) + " bias " + std::to_string(t.bias) + " relu " +
         std::to_string(t.relu) + " batch " + std::to_string(t.batch) + " gap " +
         std::to_string(t.gap);
}

// With op(B) packed before, where the kernel packs it: the same bits, and B is not read.
void check_packed(const Operands& operands, const std::vector<float>& before, nacre::Isa isa,
                  const Case& t) {
  const auto& table = nacre::kernels::table(isa);
  const auto layout = table.gemm_packing(operands.args);
  if (layout.floats == 0) return;
  std::vector<float> packed(static_cast<size_t>(layout.floats)), result = before;
  table.gemm_pack(operands.args, packed.data());
  GemmArgs args = operands.args;
  args.b = nullptr;
  args.packed = packed.data();
  args.c = result.data();
  table.gemm(args);
  CHECK_MESSAGE(std::memcmp(result.data(), operands.c.data(), result.size() * 4) == 0,
                nacre::name_of(isa), " packed: ", describe(t));
}

// With the sums of op(B)'s columns: the same bits of C, each sum within 17 roundings of the
// absolute values' (a block of 64 rows, eight at a time, then double), nothing beside them.
void check_sums(const Operands& operands, const std::vector<float>& before, nacre::Isa isa,
                const Case& t) {
  std::vector<float> result = before, sums(static_cast<size_t>(t.batch * t.n) + 1, kUntouched);
  GemmArgs g = operands.args;
  g.c = result.data();
  g.sums = sums.data();
  nacre::kernels::table(isa).gemm(g);
  CHECK_MESSAGE(
      (result.empty() || std::memcmp(result.data(), operands.c.data(), result.size() * 4) == 0),
      nacre::name_of(isa), " beside sums: ", describe(t));
  size_t wrong = sums.back() != kUntouched;
  for (int64_t s = 0; s < t.batch; ++s) {
    for (int64_t j = 0; j < t.n; ++j) {
      double sum = 0, size = 0;
      for (int64_t p = 0; p < t.k; ++p) {
        const double b = g.b[s * g.stride_b + (t.trans_b ? j * g.ldb + p : p * g.ldb + j)];
        sum += b;
        size += std::abs(b);
      }
      const double error = std::abs(sums[static_cast<size_t>(s * t.n + j)] - sum);
      if (!(error <= 17 * 0x1p-24 * size)) ++wrong;
    }
  }
  CHECK_MESSAGE(wrong == 0, nacre::name_of(isa), ": ", wrong, " wrong sums: ", describe(t));
}

void check(const Case& t) {
  Operands operands(t);
  const std::vector<float> before = operands.c;
  std::vector<float> expected = before;
  std::vector<double> magnitude(expected.size(), 0);
  ref_gemm(operands.args, expected, magnitude);
  for (nacre::Isa isa : nacre::available_isas()) {
    operands.c = before;
    operands.args.c = operands.c.data();
    nacre::kernels::table(isa).gemm(operands.args);
    size_t wrong = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      // A first-order bound on float32 sums in any order, with sqrt(k) growth in practice.
      const double bound = 1.2e-7 * magnitude[i] * (2 + std::sqrt(static_cast<double>(t.k)));
      if (!(std::abs(static_cast<double>(operands.c[i]) - expected[i]) <= bound)) ++wrong;
    }
    CHECK_MESSAGE(wrong == 0, nacre::name_of(isa), ": ", wrong, " wrong of ", expected.size(), ": ",
                  describe(t));
    check_packed(operands, before, isa, t);
    check_sums(operands, before, isa, t);
  }
}

}  // namespace

TEST_CASE("gemm: sizes around tiles and vectors, all transpositions") {
  const int64_t sizes[] = {1, 2, 3, 5, 7, 8, 13, 14, 15, 16, 17, 31, 32, 33, 43, 49, 65};
  for (int64_t m : sizes) {
    for (int64_t n : sizes) {
      for (int64_t k : {0, 1, 5, 16, 19, 40}) {
        const int mix = static_cast<int>(m + n + k);
        for (int trans = 0; trans < 4; ++trans) {
          Case t{m, n, k, (trans & 1) != 0, (trans & 2) != 0};
          if (mix % 2) t.beta = 1;
          if (mix % 3 == 0) t.bias = true;
          if (mix % 5 == 0) t.relu = true;
          if (mix % 7 == 0) t.alpha = -0.5f;
          if (mix % 4 == 1) t.gap = 3;
          check(t);
        }
      }
    }
  }
}

TEST_CASE("gemm: blocks, parts of k, deep and skinny shapes") {
  const int64_t shapes[][3] = {{260, 530, 300}, {32, 784, 128},  {784, 128, 32},  {128, 32, 784},
                               {32, 128, 784},  {64, 10, 4100},  {10, 20, 9000},  {300, 300, 520},
                               {1, 3000, 700},  {3000, 1, 700},  {1, 700, 3000},  {700, 1, 3000},
                               {5, 1000, 1030}, {1000, 5, 1030}, {256, 256, 256}, {256, 1024, 256}};
  for (const auto& shape : shapes) {
    for (int trans = 0; trans < 4; ++trans) {
      Case t{shape[0], shape[1], shape[2], (trans & 1) != 0, (trans & 2) != 0};
      check(t);
      t.bias = t.relu = true;
      t.beta = 1;
      t.alpha = 0.25f;
      t.gap = 1;
      check(t);
    }
  }
}

TEST_CASE("gemm: parts of a long k, panels that tasks share") {
  const int64_t shapes[][3] = {{64, 64, 4500},  {128, 70, 2100}, {60, 200, 2100}, {900, 40, 300},
                               {900, 130, 530}, {40, 900, 300},  {40, 600, 1100}, {520, 300, 140}};
  for (const auto& shape : shapes) {
    for (int trans = 0; trans < 4; ++trans) {
      Case t{shape[0], shape[1], shape[2], (trans & 1) != 0, (trans & 2) != 0};
      check(t);
      t.bias = t.relu = true;
      t.beta = 1;
      t.gap = 1;
      check(t);
    }
  }
}

TEST_CASE("gemm: batches, repeated operands") {
  const int64_t shapes[][3] = {{9, 17, 33}, {64, 64, 32}, {1, 20, 30}, {20, 1, 30}, {100, 140, 60}};
  for (const auto& shape : shapes) {
    for (int64_t batch : {2, 5, 37}) {
      for (int mode = 0; mode < 12; ++mode) {
        Case t{shape[0], shape[1], shape[2], (mode & 1) != 0, (mode & 2) != 0};
        t.batch = batch;
        t.repeat_a = mode / 4 == 1;
        t.repeat_b = mode / 4 == 2;
        t.bias = mode % 3 == 0;
        check(t);
      }
    }
  }
}

TEST_CASE("gemm: empty dimensions") {
  for (const Case& t : {Case{0, 5, 3}, Case{5, 0, 3}, Case{0, 0, 0}, Case{1, 1, 0}, Case{5, 70, 0}})
    check(t);
  for (nacre::Isa isa : nacre::available_isas()) {
    Operands operands(Case{5, 7, 0});
    operands.args.a = operands.args.b = nullptr;
    operands.args.bias = operands.bias.data();
    nacre::kernels::table(isa).gemm(operands.args);
    CHECK(operands.c[8] == operands.bias[1]);
    operands.args.batch = 0;
    operands.c[8] = kUntouched;
    nacre::kernels::table(isa).gemm(operands.args);
    CHECK(operands.c[8] == kUntouched);
  }
}

TEST_CASE("gemm: leaves the gap between rows alone") {
  for (nacre::Isa isa : nacre::available_isas()) {
    for (int trans = 0; trans < 4; ++trans) {
      Case t{37, 45, 20, (trans & 1) != 0, (trans & 2) != 0};
      t.gap = 5;
      Operands operands(t);
      nacre::kernels::table(isa).gemm(operands.args);
      for (size_t i = 45; i < operands.c.size(); i += 50)
        for (size_t j = i; j < i + 5; ++j) REQUIRE(operands.c[j] == kUntouched);
    }
  }
}

TEST_CASE("gemm: NaN and infinity reach the elements they should, and no others") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (nacre::Isa isa : nacre::available_isas()) {
    for (int64_t n : {1, 10, 33, 70}) {
      for (int64_t m : {1, 20, 60}) {
        Case t{m, n, 12};
        t.relu = true;
        Operands operands(t);
        for (float& value : operands.a) value = 0;
        operands.b[static_cast<size_t>(3 * n)] = infinity;  // 0 * inf is NaN in column 0
        operands.a.back() = nan;                            // and the last row
        nacre::kernels::table(isa).gemm(operands.args);
        for (int64_t i = 0; i < m; ++i)
          for (int64_t j = 0; j < n; ++j)
            REQUIRE(std::isnan(operands.c[static_cast<size_t>(i * n + j)]) ==
                    (j == 0 || i == m - 1));
      }
    }
  }
}

// The gradients of weights and bias together have the bits of the two apart.
TEST_CASE("gemm: sums of columns are those of a reduction") {
  const int64_t shapes[][3] = {{784, 128, 32},  {128, 65, 768}, {128, 512, 2560}, {64, 64, 4500},
                               {900, 130, 531}, {20, 40, 2100}, {48, 33, 200},    {1, 300, 300},
                               {40, 1030, 100}, {300, 2, 1000}, {128, 70, 3001},  {7, 7, 0}};
  for (nacre::Isa isa : nacre::available_isas()) {
    const auto& table = nacre::kernels::table(isa);
    for (const auto& [m, n, k] : shapes) {
      Operands operands(Case{m, n, k, true});
      std::vector<float> sums(static_cast<size_t>(n)), expected(sums);
      operands.args.sums = sums.data();
      table.gemm(operands.args);
      const auto sum = table.reduce[static_cast<int>(nacre::kernels::Reduce::kSum)];
      sum(operands.b.data(), expected.data(), 0, 1, k, n);
      CHECK_MESSAGE(std::memcmp(sums.data(), expected.data(), sums.size() * 4) == 0,
                    nacre::name_of(isa), ": ", m, "x", n, "x", k);
    }
  }
}

TEST_CASE("gemm: the same bits for any number of threads") {
  const int before = nacre::num_threads();
  const int64_t shapes[][3] = {{300, 500, 200}, {64, 10, 4100},  {32, 784, 128},
                               {1, 4000, 500},  {900, 130, 530}, {128, 70, 2100}};
  for (nacre::Isa isa : nacre::available_isas()) {
    for (const auto& shape : shapes) {
      for (int trans = 0; trans < 4; ++trans) {
        const Case t{shape[0], shape[1], shape[2], (trans & 1) != 0, (trans & 2) != 0};
        std::vector<float> first;
        for (int threads : {1, 2, 3, 7}) {
          nacre::set_num_threads(threads);
          Operands operands(t);
          std::vector<float> sums(static_cast<size_t>(t.n));
          operands.args.sums = sums.data();
          nacre::kernels::table(isa).gemm(operands.args);
          operands.c.insert(operands.c.end(), sums.begin(), sums.end());
          if (threads == 1) first = operands.c;
          CHECK(std::memcmp(first.data(), operands.c.data(), first.size() * sizeof(float)) == 0);
        }
      }
    }
  }
  nacre::set_num_threads(before);
}
