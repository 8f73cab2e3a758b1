// Optimizer steps, random numbers and transposition on every instruction set.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "kernels_reference.h"
#include "nacre/base/philox.h"

namespace nacre {
namespace {

using kernels::AdamArgs;
using kernels::KernelTable;
using kernels::SgdArgs;
using testing::normal_values;

TEST_CASE("kernels: Adam, AdamW and AMSGrad steps") {
  for (int64_t n : {1, 3, 16, 17, 40, 1000}) {
    const size_t size = static_cast<size_t>(n);
    for (bool amsgrad : {false, true}) {
      for (float decay : {0.0f, 0.01f}) {
        const std::vector<float> p = normal_values(size, 1), m = normal_values(size, 2, 0.1f);
        const std::vector<float> g = normal_values(size, 3);
        std::vector<float> v = normal_values(size, 4), high = normal_values(size, 5);
        for (float& u : v) u *= u;
        for (float& u : high) u *= u;
        for (Isa isa : available_isas()) {
          CAPTURE(name_of(isa));
          std::vector<float> results[2];
          for (bool split : {false, true}) {
            std::vector<float> p1 = p, m1 = m, v1 = v, high1 = high;
            const AdamArgs args{p1.data(), m1.data(), v1.data(), amsgrad ? high1.data() : nullptr,
                                g.data(),  0.002f,    0.9f,      0.999f,
                                1e-7f,     decay};
            if (split) {
              for (int64_t i = 0; i < n; ++i) kernels::table(isa).adam(args, i, i + 1);
            } else {
              kernels::table(isa).adam(args, 0, n);
            }
            double worst = 0;
            for (size_t i = 0; i < size; ++i) {
              const double em = m[i] + (g[i] - m[i]) * (1 - double{0.9f});
              const double ev = v[i] + (double{g[i]} * g[i] - v[i]) * (1 - double{0.999f});
              const double eh = std::max(double{high[i]}, ev);
              const double ep = p[i] * (1 - double{decay}) -
                                em * double{0.002f} / (std::sqrt(amsgrad ? eh : ev) + 1e-7);
              worst = std::max({worst, std::abs(p1[i] - ep), std::abs(m1[i] - em),
                                std::abs(v1[i] - ev) / (1 + ev)});
              if (amsgrad) worst = std::max(worst, std::abs(high1[i] - eh) / (1 + eh));
            }
            CHECK(worst < 1e-6);
            results[split] = p1;
          }
          CHECK(results[0] == results[1]);
        }
      }
    }
  }
}

TEST_CASE("kernels: SGD steps") {
  for (int64_t n : {1, 3, 16, 17, 40}) {
    const size_t size = static_cast<size_t>(n);
    const std::vector<float> p = normal_values(size, 1), b = normal_values(size, 2);
    const std::vector<float> g = normal_values(size, 3);
    for (int kind = 0; kind < 3; ++kind) {  // plain, momentum, Nesterov
      for (Isa isa : available_isas()) {
        CAPTURE(name_of(isa));
        CAPTURE(kind);
        std::vector<float> p1 = p, b1 = b;
        const SgdArgs args{p1.data(), kind ? b1.data() : nullptr, g.data(), 0.1f, 0.9f, kind == 2,
                           0.05f};
        kernels::table(isa).sgd(args, 0, n);
        for (size_t i = 0; i < size; ++i) {
          const double velocity = 0.9 * b[i] - 0.1 * g[i];
          const double step = kind == 0   ? -0.1 * g[i]
                              : kind == 1 ? velocity
                                          : 0.9 * velocity - 0.1 * g[i];
          CHECK(p1[i] == doctest::Approx(p[i] * 0.95 + step).epsilon(1e-5));
          if (kind != 0) CHECK(b1[i] == doctest::Approx(velocity).epsilon(1e-5));
        }
      }
    }
  }
}

TEST_CASE("kernels: RMSprop and Adagrad steps, gradients edited first") {
  for (int64_t n : {1, 3, 16, 17, 40}) {
    const size_t size = static_cast<size_t>(n);
    const std::vector<float> p = normal_values(size, 1), b = normal_values(size, 2);
    const std::vector<float> g = normal_values(size, 3), mean = normal_values(size, 4, 0.01f);
    std::vector<float> square = normal_values(size, 5);
    for (float& v : square) v = v * v + 0.1f;
    kernels::GradientEdit edit;
    edit.scale = 0.5f;
    edit.low = -0.3f;
    edit.high = 0.4f;
    const auto edited = [&](size_t i) {
      return std::clamp(0.5 * g[i], -double{0.3f}, double{0.4f});
    };
    for (Isa isa : available_isas()) {
      CAPTURE(name_of(isa));
      const KernelTable& t = kernels::table(isa);
      for (int kind = 0; kind < 4; ++kind) {  // momentum, centered
        CAPTURE(kind);
        const bool moving = (kind & 1) != 0, centered = (kind & 2) != 0;
        std::vector<float> p1 = p, s1 = square, b1 = b, m1 = mean;
        const kernels::RmspropArgs args{p1.data(),
                                        s1.data(),
                                        moving ? b1.data() : nullptr,
                                        centered ? m1.data() : nullptr,
                                        g.data(),
                                        0.1f,
                                        0.9f,
                                        0.8f,
                                        1e-3f,
                                        0.05f,
                                        edit};
        t.rmsprop(args, 0, n);
        for (size_t i = 0; i < size; ++i) {
          const double e = edited(i), s = 0.9 * square[i] + 0.1 * e * e;
          const double average = 0.9 * mean[i] + 0.1 * e;
          const double variance = centered ? s - average * average : s;
          double change = 0.1 * e / std::sqrt(variance + 1e-3);
          if (moving) change += 0.8 * b[i];
          CHECK(p1[i] == doctest::Approx(p[i] * 0.95 - change).epsilon(1e-4));
          CHECK(s1[i] == doctest::Approx(s).epsilon(1e-5));
          if (moving) CHECK(b1[i] == doctest::Approx(change).epsilon(1e-4));
          if (centered) CHECK(m1[i] == doctest::Approx(average).epsilon(1e-4));
        }
      }
      std::vector<float> p1 = p, s1 = square;
      t.adagrad({p1.data(), s1.data(), g.data(), 0.1f, 1e-3f, 0.05f, edit}, 0, n);
      for (size_t i = 0; i < size; ++i) {
        const double e = edited(i), sum = square[i] + e * e;
        CHECK(p1[i] ==
              doctest::Approx(p[i] * 0.95 - 0.1 * e / std::sqrt(sum + 1e-3)).epsilon(1e-4));
        CHECK(s1[i] == doctest::Approx(sum).epsilon(1e-5));
      }
    }
  }
}

// Known answers of Philox 4x32-10, from the authors' Random123 distribution.
TEST_CASE("philox: known answers") {
  CHECK(philox4x32(0, 0, 0) ==
        std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const uint64_t ones = ~uint64_t{0};
  CHECK(philox4x32(ones, ones, ones) ==
        std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e) ==
        std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("kernels: random streams are those of base/philox.h however they are cut") {
  const uint64_t key = 0x123456789abcdef0, counter = 0xfedcba9876543210;
  // Far out, block numbers need more than 32 bits.
  for (int64_t base : {int64_t{0}, int64_t{1} << 36}) {
    constexpr int64_t kCount = 300;
    for (Isa isa : available_isas()) {
      CAPTURE(name_of(isa));
      const KernelTable& t = kernels::table(isa);
      std::vector<uint32_t> bits(kCount, 0);
      std::vector<float> uniform(kCount), normal(kCount);
      for (int64_t cut :
           {int64_t{0}, int64_t{1}, int64_t{63}, int64_t{64}, int64_t{65}, int64_t{200}, kCount}) {
        for (auto [begin, end] : {std::pair{int64_t{0}, cut}, std::pair{cut, kCount}}) {
          t.random_bits(key, counter, bits.data() - base, base + begin, base + end);
          t.random_uniform(key, counter, uniform.data() - base, base + begin, base + end, -1.0f,
                           3.0f);
          t.random_normal(key, counter, normal.data() - base, base + begin, base + end, 1.0f, 2.0f);
        }
        bool same = true;
        for (int64_t i = 0; i < kCount; ++i) {
          const uint64_t at = static_cast<uint64_t>(base + i);
          same &= bits[i] == random_bits_at(key, counter, at);
          same &= std::abs(uniform[i] - (4 * random_uniform_at(key, counter, at) - 1)) < 1e-6;
          same &= std::abs(normal[i] - (2 * random_normal_at(key, counter, at) + 1)) < 1e-5;
        }
        CHECK(same);
      }
    }
  }
}

TEST_CASE("kernels: moments and ranges of random numbers, dropout") {
  constexpr int64_t kCount = 1 << 20;
  std::vector<float> x(kCount), y(kCount, 3.0f);
  std::vector<uint8_t> mask(kCount);
  for (Isa isa : available_isas()) {
    CAPTURE(name_of(isa));
    const KernelTable& t = kernels::table(isa);
    t.random_uniform(5, 6, x.data(), 0, kCount, 0.0f, 1.0f);
    double sum = 0, squares = 0, lowest = 1, highest = 0;
    for (float v : x) {
      sum += v;
      squares += double{v} * v;
      lowest = std::min<double>(lowest, v);
      highest = std::max<double>(highest, v);
    }
    CHECK(sum / kCount == doctest::Approx(0.5).epsilon(0.003));
    CHECK(squares / kCount == doctest::Approx(1.0 / 3).epsilon(0.005));
    CHECK(lowest >= 0.0);
    CHECK(highest < 1.0);
    t.random_uniform(5, 6, x.data(), 0, kCount, 100.0f, 100.00001f);  // two float32 values wide
    CHECK(*std::max_element(x.begin(), x.end()) < 100.00001f);
    t.random_normal(7, 8, x.data(), 0, kCount, 0.0f, 1.0f);
    double s1 = 0, s2 = 0, s3 = 0, s4 = 0;
    for (double v : x) {
      s1 += v / kCount;
      s2 += v * v / kCount;
      s3 += v * v * v / kCount;
      s4 += v * v * v * v / kCount;
    }
    CHECK(std::abs(s1) < 0.004);
    CHECK(std::abs(s2 - 1) < 0.006);
    CHECK(std::abs(s3) < 0.015);
    CHECK(std::abs(s4 - 3) < 0.05);
    for (float rate : {0.0f, 0.25f, 0.9f, 1.0f}) {
      std::vector<float> out(kCount, -1.0f);
      const int64_t cut = 12345;
      t.dropout(9, 10, y.data(), out.data(), mask.data(), 0, cut, rate, 2.0f);
      t.dropout(9, 10, y.data(), out.data(), mask.data(), cut, kCount, rate, 2.0f);
      int64_t kept = 0, wrong = 0;
      for (int64_t i = 0; i < kCount; ++i) {
        kept += mask[i];
        wrong += out[i] != (mask[i] ? 6.0f : 0.0f);
        if (i < 1000 || (i > cut - 100 && i < cut + 100)) {
          wrong += mask[i] != (random_uniform_at(9, 10, static_cast<uint64_t>(i)) >= rate);
        }
      }
      CHECK(wrong == 0);
      CHECK(std::abs(static_cast<double>(kept) / kCount - (1 - rate)) < 0.003);
    }
  }
}

TEST_CASE("kernels: transposition") {
  for (int64_t rows : {1, 2, 3, 7, 8, 15, 16, 17, 33, 70}) {
    for (int64_t cols : {1, 2, 5, 8, 16, 17, 31, 64, 65, 100}) {
      const std::vector<float> x = normal_values(static_cast<size_t>(rows * cols), 61);
      for (Isa isa : available_isas()) {
        CAPTURE(name_of(isa));
        CAPTURE(rows);
        CAPTURE(cols);
        for (int64_t cut : {int64_t{0}, cols / 3, cols}) {
          std::vector<float> y(x.size() + 1, -7.0f);
          kernels::table(isa).transpose(x.data(), y.data(), rows, cols, 0, cut);
          kernels::table(isa).transpose(x.data(), y.data(), rows, cols, cut, cols);
          bool same = y.back() == -7.0f;
          for (int64_t r = 0; r < rows; ++r) {
            for (int64_t c = 0; c < cols; ++c) same &= y[c * rows + r] == x[r * cols + c];
          }
          CHECK(same);
        }
      }
    }
  }
}

}  // namespace
}  // namespace nacre
