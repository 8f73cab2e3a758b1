// bfloat16 GEMM of every instruction set that has one, against a double-precision oracle.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "kernels/abi.h"
#include "nacre/base/cpu.h"
#include "nacre/base/half.h"
#include "nacre/base/parallel.h"

namespace {

using nacre::bfloat16;
using nacre::kernels::GemmBf16Args;

constexpr float kUntouched = 12345.0f;

std::vector<bfloat16> random_values(int64_t n, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<bfloat16> values(static_cast<size_t>(n));
  for (bfloat16& value : values) value = static_cast<bfloat16>(uniform(engine));
  return values;
}

struct Case {
  int64_t m, n, k;
  bool trans_a = false, trans_b = false;
  int64_t batch = 1;
  int64_t gap = 0;  // of the leading dimensions
};

const uint16_t* bits(const std::vector<bfloat16>& v) {
  return reinterpret_cast<const uint16_t*>(v.data());
}

std::vector<bfloat16> run(const Case& t, const nacre::kernels::KernelTable& table, bool compare) {
  GemmBf16Args g{};
  g.m = t.m;
  g.n = t.n;
  g.k = t.k;
  g.lda = (t.trans_a ? t.m : t.k) + t.gap;
  g.ldb = (t.trans_b ? t.k : t.n) + t.gap;
  g.ldc = t.n + t.gap;
  g.trans_a = t.trans_a;
  g.trans_b = t.trans_b;
  g.batch = t.batch;
  g.stride_a = (t.trans_a ? t.k : t.m) * g.lda;
  g.stride_b = (t.trans_b ? t.n : t.k) * g.ldb;
  g.stride_c = t.m * g.ldc;
  const auto a = random_values(t.batch * g.stride_a, 1);
  const auto b = random_values(t.batch * g.stride_b, 2);
  std::vector<bfloat16> c(static_cast<size_t>(t.batch * g.stride_c),
                          static_cast<bfloat16>(kUntouched));
  g.a = bits(a);
  g.b = bits(b);
  g.c = reinterpret_cast<uint16_t*>(c.data());
  table.gemm_bf16(g);
  if (!compare) return c;
  const auto at = [](const std::vector<bfloat16>& v, int64_t i) {
    return static_cast<double>(static_cast<float>(v[static_cast<size_t>(i)]));
  };
  int64_t wrong = 0;
  for (int64_t s = 0; s < t.batch; ++s) {
    for (int64_t i = 0; i < t.m; ++i) {
      for (int64_t j = 0; j < g.ldc; ++j) {
        const double got = at(c, s * g.stride_c + i * g.ldc + j);
        if (j >= t.n) {
          wrong += got != static_cast<float>(static_cast<bfloat16>(kUntouched));
          continue;
        }
        double sum = 0, magnitude = 0;
        for (int64_t p = 0; p < t.k; ++p) {
          const double x = at(a, s * g.stride_a + (t.trans_a ? p * g.lda + i : i * g.lda + p));
          const double y = at(b, s * g.stride_b + (t.trans_b ? j * g.ldb + p : p * g.ldb + j));
          sum += x * y;
          magnitude += std::fabs(x * y);
        }
        // Half a unit of bfloat16 for the rounding, and float32's for the sums.
        if (std::fabs(got - sum) > std::fabs(sum) * 0x1p-8 + magnitude * 0x1p-20) ++wrong;
      }
    }
  }
  CHECK(wrong == 0);
  return c;
}

}  // namespace

TEST_CASE("bfloat16 gemm agrees with the oracle, edges and transpositions included") {
  for (const nacre::Isa isa : nacre::available_isas()) {
    const auto& table = nacre::kernels::table(isa);
    if (!table.gemm_bf16) continue;
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        for (const Case& t : {Case{1, 1, 1}, Case{3, 5, 2}, Case{15, 33, 7}, Case{14, 32, 64},
                              Case{16, 31, 385}, Case{225, 17, 33}, Case{32, 513, 40},
                              Case{7, 40, 800}, Case{250, 130, 100}, Case{13, 20, 31, 0, 0, 3},
                              Case{5, 9, 11, 0, 0, 2, 3}, Case{4, 6, 0}, Case{0, 4, 3}}) {
          Case with = t;
          with.trans_a = ta;
          with.trans_b = tb;
          CAPTURE(std::string(nacre::name_of(isa)));
          CAPTURE(with.m);
          CAPTURE(with.n);
          CAPTURE(with.k);
          CAPTURE(ta);
          CAPTURE(tb);
          run(with, table, true);
        }
      }
    }
  }
}

TEST_CASE("bfloat16 gemm: the same bits for any number of threads") {
  const auto& table = nacre::kernels::table();
  if (!table.gemm_bf16) return;
  const int before = nacre::num_threads();
  nacre::set_num_threads(1);
  const auto expected = run({300, 700, 500}, table, false);
  for (const int threads : {2, 3, 7}) {
    nacre::set_num_threads(threads);
    const auto got = run({300, 700, 500}, table, false);
    int64_t different = 0;
    for (size_t i = 0; i < got.size(); ++i) different += bits(got)[i] != bits(expected)[i];
    CHECK(different == 0);
  }
  nacre::set_num_threads(before);
}
