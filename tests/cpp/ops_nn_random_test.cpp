#include <set>

#include "gradient_check.h"
#include "nacre/base/parallel.h"
#include "nacre/base/philox.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/random.h"

using namespace nacre;
using nacre::test::check_gradients;
using nacre::test::max_difference;
using nacre::test::random_tensor;

namespace {

struct Statistics {
  double mean, variance, low, high;
};

Statistics statistics(const Tensor& t) {
  const Tensor x = ops::cast(t, DType::kFloat64);
  const double* p = x.data<double>();
  Statistics s{0, 0, p[0], p[0]};
  for (int64_t i = 0; i < x.size(); ++i) {
    s.mean += p[i] / static_cast<double>(x.size());
    s.low = std::min(s.low, p[i]);
    s.high = std::max(s.high, p[i]);
  }
  for (int64_t i = 0; i < x.size(); ++i) {
    s.variance += (p[i] - s.mean) * (p[i] - s.mean) / static_cast<double>(x.size());
  }
  return s;
}

}  // namespace

TEST_CASE("philox: the published vector") {
  const auto words = philox4x32(0xffffffffffffffffu, 0xffffffffffffffffu, 0xffffffffffffffffu);
  CHECK(words[0] == 0x408f276du);
  CHECK(words[1] == 0x41c83b0eu);
  CHECK(words[2] == 0xa20bc7c6u);
  CHECK(words[3] == 0x6d5451fdu);
}

TEST_CASE("distributions have their moments in every floating dtype") {
  const Tensor seed = make_seed(7);
  const Shape shape{200, 500};
  for (const DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    Statistics s = statistics(random::normal(shape, seed, 1, 2, dtype));
    CHECK(s.mean == doctest::Approx(1).epsilon(0.03));
    CHECK(s.variance == doctest::Approx(4).epsilon(0.03));
    s = statistics(random::uniform(shape, seed, -1, 3, dtype));
    CHECK(s.mean == doctest::Approx(1).epsilon(0.03));
    CHECK(s.variance == doctest::Approx(16.0 / 12).epsilon(0.03));
    CHECK(s.low >= -1);
    CHECK(s.high < 3);
    s = statistics(random::truncated_normal(shape, seed, 0, 0.5, dtype));
    CHECK(std::abs(s.mean) < 0.01);
    CHECK(s.variance == doctest::Approx(0.25 * 0.7737).epsilon(0.03));
    CHECK(s.high <= 1);
    CHECK(s.low >= -1);
  }
  Statistics s = statistics(random::randint(shape, -3, 4, seed));
  CHECK(s.low == -3);
  CHECK(s.high == 3);
  CHECK(std::abs(s.mean) < 0.03);
  s = statistics(random::gamma(shape, ops::scalar(2.5), seed));
  CHECK(s.mean == doctest::Approx(2.5).epsilon(0.03));
  CHECK(s.variance == doctest::Approx(2.5).epsilon(0.05));
  s = statistics(random::gamma(shape, ops::scalar(0.3), seed));
  CHECK(s.mean == doctest::Approx(0.3).epsilon(0.05));
  s = statistics(random::beta(shape, ops::scalar(2), ops::scalar(3), seed));
  CHECK(s.mean == doctest::Approx(0.4).epsilon(0.03));
  CHECK(s.variance == doctest::Approx(0.04).epsilon(0.03));
  s = statistics(random::binomial(shape, ops::scalar(100), ops::scalar(0.3), seed));
  CHECK(s.mean == doctest::Approx(30).epsilon(0.01));
  CHECK(s.variance == doctest::Approx(21).epsilon(0.03));
  const Tensor logits = Tensor::from<float>({0, std::log(3.0f), -1e9f, std::log(2.0f)}, {1, 4});
  const Tensor ids = random::categorical(logits, 60000, seed);
  int64_t counts[4] = {};
  for (int64_t i = 0; i < ids.size(); ++i) ++counts[ids.data<int32_t>()[i]];
  CHECK(counts[2] == 0);
  CHECK(static_cast<double>(counts[1]) == doctest::Approx(30000).epsilon(0.03));
  CHECK(static_cast<double>(counts[3]) == doctest::Approx(20000).epsilon(0.03));
}

TEST_CASE("the same numbers for any number of threads, others for another seed") {
  const Shape shape{100003};
  const int threads = num_threads();
  const Tensor a = random::normal(shape, make_seed(1));
  set_num_threads(1);
  CHECK(max_difference(a, random::normal(shape, make_seed(1))) == 0);
  set_num_threads(threads);
  CHECK(max_difference(a, random::normal(shape, make_seed(2))) > 0);
}

TEST_CASE("shuffle permutes slices, and its gradient puts them back") {
  const Tensor x = random_tensor({7, 3, 4}, 1);
  for (const int axis : {0, 1, -1}) {
    const Tensor y = random::shuffle(x, make_seed(3), axis);
    CHECK(ops::sum(y).item() == doctest::Approx(ops::sum(x).item()));
    check_gradients([axis](const Tensors& t) { return random::shuffle(t[0], make_seed(3), axis); },
                    {x});
  }
  std::set<int64_t> seen;
  for (uint64_t s = 0; s < 200; ++s) {
    const Tensor y = random::shuffle(Tensor::from<int32_t>({0, 1, 2}, {3}), make_seed(s));
    seen.insert(y.data<int32_t>()[0] * 100 + y.data<int32_t>()[1] * 10 + y.data<int32_t>()[2]);
  }
  CHECK(seen.size() == 6);
}

TEST_CASE("dropout: rate, scale, gradient, noise shape, edges") {
  for (const DType dtype : {DType::kFloat32, DType::kFloat64, DType::kBFloat16}) {
    const Tensor y = random::dropout(ops::ones({100000}, dtype), 0.25, make_seed(5));
    CHECK(statistics(y).mean == doctest::Approx(1).epsilon(0.02));
    CHECK(statistics(y).high == doctest::Approx(4.0 / 3).epsilon(0.01));
  }
  check_gradients([](const Tensors& t) { return random::dropout(t[0], 0.4, make_seed(6)); },
                  {random_tensor({5, 6}, 1)});
  const Tensor rows = random::dropout(ops::ones({50, 8}), 0.5, make_seed(7), IntList{-1, 1});
  for (int64_t r = 0; r < 50; ++r) {
    for (int64_t i = 1; i < 8; ++i) {
      CHECK(rows.data<float>()[r * 8 + i] == rows.data<float>()[r * 8]);
    }
  }
  const Tensor x = random_tensor({3}, 1);
  CHECK(max_difference(random::dropout(x, 0, make_seed(1)), x) == 0);
  CHECK(max_difference(random::dropout(x, 1, make_seed(1)), ops::zeros_like(x)) == 0);
  CHECK_THROWS_AS(random::dropout(x, 1.5, make_seed(1)), Error);
}

TEST_CASE("random ops refuse what cannot be") {
  const Tensor seed = make_seed(1);
  CHECK_THROWS_WITH_AS(random::randint({2}, 3, 3, seed), doctest::Contains("maxval > minval"),
                       Error);
  CHECK_THROWS_WITH_AS(random::randint({2}, 0, 300, seed, DType::kUInt8),
                       doctest::Contains("fit in uint8"), Error);
  CHECK_THROWS_AS(random::normal({2}, ops::ones({2})), Error);
  CHECK_THROWS_AS(random::normal({-2}, seed), Error);
  CHECK_THROWS_AS(random::normal({2}, seed, 0, 1, DType::kInt32), Error);
  CHECK_THROWS_AS(random::categorical(ops::ones({3}), 2, seed), Error);
}
