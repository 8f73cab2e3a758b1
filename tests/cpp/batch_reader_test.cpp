#include "nn/trainer/batch_reader.h"

#include <doctest/doctest.h>

#include <cstring>

#include "nacre/base/parallel.h"

using namespace nacre;

namespace {

Tensor numbered(int64_t rows, int64_t cols) {
  Tensor t(TensorSpec{DType::kFloat32, Shape{rows, cols}});
  for (int64_t i = 0; i < rows * cols; ++i) t.mutable_data<float>()[i] = static_cast<float>(i);
  return t;
}

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

void check_equal_to_feeder(const ArrayFeeder& feeder, int64_t begin, int64_t end) {
  BatchReader reader(feeder, begin, end);
  for (int64_t i = begin; i < end; ++i) {
    const Batch expected = feeder.batch(i);
    const Batch got = reader.next();
    REQUIRE(got.x.size() == expected.x.size());
    REQUIRE(got.y.size() == 1);
    CHECK(got.sample_weight.empty());
    CHECK(same(got.x[0], expected.x[0]));
    CHECK(same(got.y[0], expected.y[0]));
  }
}

}  // namespace

TEST_CASE("a reader gives the feeder's batches, shuffled or not, with any number of threads") {
  const int before = num_threads();
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    ArrayFeeder feeder({numbered(1801, 500)}, {numbered(1801, 1)}, {}, 16);  // several blocks
    check_equal_to_feeder(feeder, 0, feeder.num_batches());
    feeder.shuffle(3);
    check_equal_to_feeder(feeder, 0, feeder.num_batches());
    check_equal_to_feeder(feeder, 5, feeder.num_batches());
    check_equal_to_feeder(feeder, 7, 8);
  }
  set_num_threads(before);
}

TEST_CASE("a batch larger than a block is one block") {
  ArrayFeeder feeder({numbered(600, 3000)}, {numbered(600, 1)}, {}, 250);
  feeder.shuffle(1);
  check_equal_to_feeder(feeder, 0, feeder.num_batches());
}

TEST_CASE("a reader may be left before its end") {
  ArrayFeeder feeder({numbered(4000, 500)}, {numbered(4000, 1)}, {}, 8);
  feeder.shuffle(1);
  for (int taken = 0; taken < 3; ++taken) {
    BatchReader reader(feeder, 0, feeder.num_batches());
    for (int i = 0; i < taken; ++i) reader.next();
  }
}
