// ArrayFeeder: gathers the rows of a batch.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "nacre/base/parallel.h"
#include "nacre/nn/trainer.h"
#include "nn/trainer/batch_reader.h"

namespace nacre {
namespace {

constexpr int64_t kGatherGrain = 1 << 16;  // bytes a chunk

size_t bytes_per_row(const Tensor& array) {
  return static_cast<size_t>(array.shape().size(1, array.rank())) * size_of(array.dtype());
}

}  // namespace

Tensor leading_rows(const Tensor& array, int64_t begin, int64_t end) {
  TensorSpec spec = array.spec();
  spec.shape[0] = end - begin;
  return Tensor(spec, array.storage(),
                array.byte_offset() + static_cast<size_t>(begin) * bytes_per_row(array));
}

ArrayFeeder::ArrayFeeder(Tensors x, Tensors y, Tensors sample_weight, int64_t batch_size)
    : x_(std::move(x)),
      y_(std::move(y)),
      sample_weight_(std::move(sample_weight)),
      batch_size_(batch_size) {
  if (batch_size_ <= 0) value_error("expected batch_size > 0, received ", batch_size_);
  bool first = true;
  for (const Tensors* group : {&x_, &y_, &sample_weight_}) {
    for (const Tensor& t : *group) {
      if (!t.defined()) continue;
      if (t.rank() == 0)
        value_error("expected arrays with at least one dimension, received a scalar");
      if (first) rows_ = t.shape()[0];
      if (t.shape()[0] != rows_) {
        value_error("expected arrays with the same number of rows, received ", rows_, " and ",
                    t.shape()[0]);
      }
      first = false;
    }
  }
}

void ArrayFeeder::shuffle(uint64_t seed) {
  order_.resize(static_cast<size_t>(rows_));
  std::iota(order_.begin(), order_.end(), 0);
  // Fisher and Yates; 64 random bits modulo i are even to within 2^-32 for any array that fits.
  uint64_t state = seed;
  for (int64_t i = rows_ - 1; i > 0; --i) {
    const uint64_t z = split_mix(state);
    std::swap(order_[static_cast<size_t>(i)],
              order_[static_cast<size_t>(z % static_cast<uint64_t>(i + 1))]);
  }
}

void ArrayFeeder::keep_order() {
  order_.clear();
}

int64_t ArrayFeeder::row_bytes() const {
  size_t bytes = 0;
  for (const Tensors* group : {&x_, &y_, &sample_weight_}) {
    for (const Tensor& t : *group) bytes += t.defined() ? bytes_per_row(t) : 0;
  }
  return static_cast<int64_t>(bytes);
}

Tensor ArrayFeeder::rows_of(const Tensor& array, int64_t begin, int64_t end, bool parallel) const {
  // Consecutive rows are part of the array: nothing to copy.
  if (order_.empty()) return leading_rows(array, begin, end);
  const size_t row_bytes = bytes_per_row(array);
  TensorSpec spec = array.spec();
  spec.shape[0] = end - begin;
  Tensor out(spec);
  char* dst = out.mutable_data<char>();
  const char* src = static_cast<const char*>(array.data());
  const int64_t grain =
      std::max<int64_t>(1, kGatherGrain / std::max<int64_t>(1, static_cast<int64_t>(row_bytes)));
  const auto gather = [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      const auto row = static_cast<size_t>(order_[static_cast<size_t>(begin + i)]);
      std::memcpy(dst + static_cast<size_t>(i) * row_bytes, src + row * row_bytes, row_bytes);
    }
  };
  if (parallel) {
    parallel_for(end - begin, grain, gather);
  } else {
    gather(0, end - begin);
  }
  return out;
}

Batch ArrayFeeder::batch(int64_t index) const {
  return rows(index * batch_size_, std::min((index + 1) * batch_size_, rows_), true);
}

Batch ArrayFeeder::rows(int64_t begin, int64_t end, bool parallel) const {
  Batch out;
  const auto gather = [&](const Tensors& from, Tensors& to) {
    for (const Tensor& t : from) {
      to.push_back(t.defined() ? rows_of(t, begin, end, parallel) : Tensor());
    }
  };
  gather(x_, out.x);
  gather(y_, out.y);
  gather(sample_weight_, out.sample_weight);
  return out;
}

}  // namespace nacre
