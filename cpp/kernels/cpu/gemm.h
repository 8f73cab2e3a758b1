// What the parts of GEMM share.
#pragma once

#include "kernels/cpu/micro_kernel.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {

void gemm_f32(const GemmArgs& args);
PackedLayout gemm_packing(const GemmArgs& args);
void gemm_pack(const GemmArgs& args, float* packed);
// The same for m == 1 or n == 1: matrix times vector, bound by memory.
void gemv_f32(const GemmArgs& args);

// GemmArgs::sums. Rows of op(B) are summed in blocks of kSumRows, so that is what parts of k are
// multiples of.
inline constexpr int64_t kSumRows = 64;
// Of a matrix with k rows and n columns: the sums of the blocks.
inline constexpr int64_t block_sums_floats(int64_t k, int64_t n) {
  return (k + kSumRows - 1) / kSumRows * n;
}
// The sums of `cols` columns of op(B) over rows that begin with a block; blocks have n columns.
void block_sums(const float* b, int64_t ldb, int64_t rows, int64_t cols, float* blocks, int64_t n);
// The same beside pack_panel, of the columns that are packed.
void pack_panel_and_sum(const float* src, int64_t ld, int64_t k, int64_t cols, int64_t width,
                        float* dst, float* blocks, int64_t n);
// The n sums over all k rows, once all blocks are there; of one block they are `blocks` itself.
void finish_sums(const float* blocks, int64_t k, int64_t n, float* sums);
// For products that do not pack B.
void sum_where_stored(const GemmArgs& args);

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
