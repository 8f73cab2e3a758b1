#include "nn/trainer/batch_reader.h"

#include <algorithm>

#include "nacre/base/parallel.h"

namespace nacre {
namespace {

constexpr int64_t kBlockBytes = 1 << 20;  // enough that handing a block over costs nothing
constexpr size_t kReadyBlocks = 2;

}  // namespace

BatchReader::BatchReader(const ArrayFeeder& feeder, int64_t begin, int64_t end)
    : feeder_(feeder), at_(begin), end_(end) {
  const int64_t batch_bytes = std::max<int64_t>(1, feeder.row_bytes() * feeder.batch_size());
  batches_per_block_ = std::max<int64_t>(1, kBlockBytes / batch_bytes);
  block_.begin = block_.end = begin;
  // Rows in order are not copied. One thread is what the user asked for where there is one.
  background_ = feeder.shuffled() && num_threads() > 1 && end - begin > batches_per_block_;
  if (background_) producer_ = std::thread([this, begin] { produce(begin); });
}

BatchReader::~BatchReader() {
  if (!background_) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  producer_.join();
}

BatchReader::Block BatchReader::gather(int64_t first_batch) const {
  const int64_t last_batch = std::min(first_batch + batches_per_block_, end_);
  return {
      feeder_.rows(first_batch * feeder_.batch_size(),
                   std::min(last_batch * feeder_.batch_size(), feeder_.num_rows()), !background_),
      first_batch, last_batch};
}

void BatchReader::produce(int64_t first_batch) {
  try {
    for (int64_t batch = first_batch; batch < end_; batch += batches_per_block_) {
      Block block = gather(batch);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || ready_.size() < kReadyBlocks; });
      if (stop_) return;
      ready_.push_back(std::move(block));
      changed_.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
    changed_.notify_all();
  }
}

void BatchReader::take_block() {
  if (!background_) {
    block_ = gather(at_);
    return;
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return error_ || !ready_.empty(); });
  if (ready_.empty()) std::rethrow_exception(error_);
  block_ = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
}

Batch BatchReader::next() {
  if (at_ >= block_.end) take_block();
  const int64_t size = feeder_.batch_size();
  const int64_t begin = (at_ - block_.begin) * size;
  const int64_t end = std::min((at_ + 1) * size, feeder_.num_rows()) - block_.begin * size;
  ++at_;
  const auto slice = [&](const Tensors& from) {
    Tensors to;
    to.reserve(from.size());
    for (const Tensor& t : from) to.push_back(t.defined() ? leading_rows(t, begin, end) : t);
    return to;
  };
  return {slice(block_.rows.x), slice(block_.rows.y), slice(block_.rows.sample_weight)};
}

}  // namespace nacre
