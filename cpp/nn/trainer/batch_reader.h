// BatchReader: the batches of a feeder in order. Shuffled rows are gathered in blocks of several
// batches, the next block in the background while the batches of the last are worked on.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "nacre/nn/trainer.h"

namespace nacre {

// Rows of a tensor, sharing its data.
Tensor leading_rows(const Tensor& array, int64_t begin, int64_t end);

class BatchReader {
 public:
  // Batches [begin, end) of the feeder, which must outlive the reader and keep its order.
  BatchReader(const ArrayFeeder& feeder, int64_t begin, int64_t end);
  ~BatchReader();
  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;

  Batch next();  // call it end - begin times

 private:
  struct Block {
    Batch rows;
    int64_t begin, end;  // batches
  };
  Block gather(int64_t first_batch) const;
  void produce(int64_t first_batch);
  void take_block();

  const ArrayFeeder& feeder_;
  int64_t at_, end_;
  int64_t batches_per_block_;
  Block block_;
  bool background_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Block> ready_;
  std::exception_ptr error_;
  bool stop_ = false;
  std::thread producer_;
};

}  // namespace nacre
