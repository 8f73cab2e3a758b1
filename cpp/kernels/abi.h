// The interface between ops and kernels: plain structs, enums and one table of function pointers
// per instruction set. Kernels see dense row-major float32 buffers; every other dtype runs the
// portable reference templates (ops/reference). Nothing here may be an inline function with
// external linkage: kernel objects export their table and nothing else.
//
// "Range" kernels are serial: the op splits the work with parallel_for and calls them on parts.
// "Whole" kernels (gemm, conv, attention) know their blocking and call parallel_for themselves.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/elementwise_kinds.h"

namespace nacre {
enum class Isa : uint8_t;  // base/cpu.h
}

namespace nacre::kernels {

// One tile of a unary micro-op: y[i] = f(x[i]), 0 <= i < n. x may equal y.
using UnaryFn = void (*)(const float* x, float* y, int64_t n);
// One tile of a binary micro-op. A step of 0 repeats the operand's first element, 1 walks it.
// y may equal a or b where their step is 1.
using BinaryFn = void (*)(const float* a, const float* b, float* y, int64_t n, int step_a,
                          int step_b);
using CompareFn = void (*)(const float* a, const float* b, uint8_t* y, int64_t n, int step_a,
                           int step_b);

// Reductions of x viewed as (outer, reduce, inner), for outer rows [begin, end): y is (outer,
// inner). Sums accumulate in a fixed order that depends on the shape only (pairwise or blocked, at
// least as accurate as NumPy's). NaN propagates through max and min.
enum class Reduce : uint8_t { kSum, kMax, kMin, kProd, kSumSquares, kCount };
using ReduceFn = void (*)(const float* x, float* y, int64_t begin, int64_t end, int64_t reduce,
                          int64_t inner);

// Weights in the layout that a kernel brings them into at each call, for callers that keep them:
// the number of floats, 0 where the kernel reads the weights where they are, and what tells the
// layouts of the same weights apart.
struct PackedLayout {
  int64_t floats;
  uint64_t id;
};

// C (m x n) = alpha * op(A) (m x k) op(B) (k x n) + beta * C, row-major, batched. lda, ldb, ldc:
// row strides in elements of the stored (untransposed) matrices. batch strides in elements; 0
// repeats.
struct GemmArgs {
  const float* a;
  const float* b;
  float* c;
  int64_t m, n, k;
  int64_t lda, ldb, ldc;
  bool trans_a, trans_b;
  float alpha, beta;  // beta is 0 or 1; with 0, C is not read
  int64_t batch;
  int64_t stride_a, stride_b, stride_c;
  // Epilogue, in this order; what is null or false is left out.
  const float* bias;                // n values added to every row of C
  const float* residual = nullptr;  // added; laid out as C
  bool relu;                        // max(0, .)
  const float* mask = nullptr;      // laid out as C: 0 where it is not above 0 (relu's gradient)
  const float* packed = nullptr;    // op(B) from gemm_pack, or null; b is not read
  // The sums of op(B)'s columns over k, n values a matrix of the batch, or null: what a bias's
  // gradient is beside that of its weights. Not with `packed`.
  float* sums = nullptr;
};
using GemmFn = void (*)(const GemmArgs& args);

// The epilogue of GemmArgs for bfloat16 results, which are rounded after each step: the bits of
// separate ops.
struct Bf16Epilogue {
  const uint16_t* bias = nullptr;
  const uint16_t* residual = nullptr;
  const uint16_t* mask = nullptr;
  bool relu = false;
  explicit operator bool() const { return bias || residual || mask || relu; }
};

// The same for bfloat16 operands and result, summed in float32 and rounded: C = op(A) op(B).
struct GemmBf16Args {
  const uint16_t* a;
  const uint16_t* b;
  uint16_t* c;
  int64_t m, n, k;
  int64_t lda, ldb, ldc;
  bool trans_a, trans_b;
  int64_t batch;
  int64_t stride_a, stride_b, stride_c;
  Bf16Epilogue epilogue;
};
using GemmBf16Fn = void (*)(const GemmBf16Args& args);

// Convolution over NHWC (1-D and 2-D use 1 for the leading spatial dimensions; always 3 here).
// x: (batch, in[0..2], in_channels); filter: (kernel[0..2], in_channels / groups, out_channels);
// y: (batch, out[0..2], out_channels). Padding is of the low side; the high side follows from out.
struct ConvSizes {
  int64_t batch, in_channels, out_channels, groups;
  int64_t in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
  bool relu;  // of the epilogue
};
template <class T>
struct ConvArgsOf : ConvSizes {
  const T* x;       // forward, filter gradient
  const T* filter;  // forward, data gradient
  const T* y;       // the output's gradient in both backward kernels
  T* result;        // y, dx or dfilter
  // Epilogue of forward and data gradient, as of GemmArgs and Bf16Epilogue.
  const T* bias;  // forward only: out_channels values
  const T* residual;
  const T* mask;
  const float* packed;  // forward, data gradient: the filter from conv_pack, or null
};
using ConvArgs = ConvArgsOf<float>;
using ConvBf16Args = ConvArgsOf<uint16_t>;  // summed in float32 and rounded
using ConvFn = void (*)(const ConvArgs& args);
using ConvBf16Fn = void (*)(const ConvBf16Args& args);
enum class ConvPart : uint8_t { kForward, kDataGrad, kFilterGrad };

// Pooling over NHWC, 3 spatial dimensions as above; batch rows [begin, end).
struct PoolSizes {
  int64_t batch, channels;
  int64_t in[3], out[3], window[3], stride[3], pad[3];  // stride 0: adaptive windows
  bool count_padding;  // average: divide by the window's full size, not by the elements inside x
  bool mask;           // backward of max: 0 where x is not above 0 (relu's gradient)
};
template <class T>
struct PoolArgsOf : PoolSizes {
  const T* x;
  const T* y;     // backward of max: the forward's output
  const T* grad;  // backward: gradient of y
  T* result;      // y or dx
};
using PoolArgs = PoolArgsOf<float>;
using PoolBf16Args = PoolArgsOf<uint16_t>;
using PoolFn = void (*)(const PoolArgs& args, int64_t begin, int64_t end);
using PoolBf16Fn = void (*)(const PoolBf16Args& args, int64_t begin, int64_t end);

// What is done to a gradient first: times `scale` (clipping by norm), then kept in [low, high].
struct GradientEdit {
  float scale = 1, low = -__builtin_inff(), high = __builtin_inff();
};

// One optimizer step over n elements, in place (pointers may not overlap). Formulas: Keras 3.
struct AdamArgs {
  float* param;
  float* m;
  float* v;
  float* v_max;  // v_max: amsgrad, else null
  const float* grad;
  float alpha;  // learning_rate * sqrt(1 - beta2^t) / (1 - beta1^t)
  float beta1, beta2, epsilon;
  float decay;  // param *= 1 - decay first (AdamW: learning_rate * weight_decay), 0 for none
  GradientEdit edit;
};
struct SgdArgs {
  float* param;
  float* momentum_buffer;  // null without momentum
  const float* grad;
  float learning_rate, momentum;
  bool nesterov;
  float decay;
  GradientEdit edit;
};
struct RmspropArgs {
  float* param;
  float* square;           // running mean of squares
  float* momentum_buffer;  // null without momentum
  float* mean;             // running mean: centered, else null
  const float* grad;
  float learning_rate, rho, momentum, epsilon;
  float decay;
  GradientEdit edit;
};
struct AdagradArgs {
  float* param;
  float* sum;  // of squares
  const float* grad;
  float learning_rate, epsilon;
  float decay;
  GradientEdit edit;
};

// Attention of query heads over keys: weights = softmax(scale q k^T + bias) over the keys a query
// sees, y = weights v. Element (batch, row, head, i) of an operand is at
// batch * at.batch + row * at.row + head * at.head + i. Query head h reads key head
// h / (heads / kv_heads).
struct HeadStrides {
  int64_t batch, row, head;
};
// What a query that sees no key at all gives: the mean of all values, with a gradient to the values
// only (masked scores replaced by a constant); zeros; or the mean with gradients to the scores too
// (a constant subtracted from masked scores).
enum class Unseen : uint8_t { kMean, kZero, kShift };
struct AttentionArgs {
  int64_t batch, heads, kv_heads, queries, keys, key_size, value_size;
  const float *q, *k, *v;
  HeadStrides q_at, k_at, v_at, y_at;
  float scale;
  bool causal;     // query i sees keys up to i
  int64_t window;  // and those less than this far away; 0: any
  Unseen unseen;
  // Optional, over (batch, head, query, key), strides of 0 repeat: which keys are seen, and what is
  // added to the scores.
  const uint8_t* mask;
  const float* bias;
  int64_t mask_at[4], bias_at[4];
  // Dropout of the weights: element i of the stream `seed` is that of a dense (batch, head, query,
  // key) array.
  float rate;
  uint64_t seed;
  float* y;    // the result; in the gradient read
  float* lse;  // log of each row's sum of exponentials (batch, head, query); in the gradient read
  // Gradient: of y (as y), then the results (as q, k, v).
  const float* grad;
  float *dq, *dk, *dv;
};
using AttentionFn = void (*)(const AttentionArgs& args);

// A recurrence over time, and its gradient. Batch-major arrays; those "as the input" keep the order
// of the input's steps, the others are in the order in which the steps run. Gates follow each other
// in the last axis, in Keras's order.
struct RecurrentArgs {
  int64_t batch, steps, units;
  bool backwards;               // the input's last step runs first
  bool reset_after;             // GRU: reset scales the candidate's product, not the state
  const uint8_t* mask;          // (batch, steps) as the input; 0: the state stays. May be null
  const float* recurrent;       // (units, gates * units)
  const float* bias;            // gates * units, or null
  const float* recurrent_bias;  // GRU with reset_after: of the product with the state, or null
  const float* h0;              // (batch, units); LSTM: c0 too
  const float* c0;
  // As the input, (batch, steps, gates * units). Forward: the input's part of the gates, which an
  // LSTM and a GRU replace by the gates. Gradient: the gates.
  float* gates;
  float*
      inner;  // GRU with reset_after, as the input, (batch, steps, units): the candidate's product
  float* h;   // (batch, steps, units): states after each step; LSTM: c too
  float* c;
  float* h_last;  // (batch, units); forward only
  float* c_last;
  // Gradient only. dh (batch, steps, units), dh_last and dc_last (batch, units) may be null.
  const float* dh;
  const float* dh_last;
  const float* dc_last;
  float* dz;   // result, as the input: gradient of the input's part of the gates
  float* dh0;  // result; LSTM: dc0 too
  float* dc0;
  float* h_before;  // result, as the input, (batch, steps, units): the state before each step
  float*
      d_inner;  // result of a GRU with reset_after, as dz: gradient of the products with the state
  float* scaled_h;  // result of one without, as the input: reset * h_before
};
using RecurrentFn = void (*)(const RecurrentArgs& args);

struct KernelTable {
  UnaryFn unary[static_cast<int>(Unary::kCount)];
  BinaryFn binary[static_cast<int>(Binary::kCount)];
  CompareFn compare[static_cast<int>(Compare::kCount)];
  // y[i] = condition[i] ? a[i] : b[i], steps as in BinaryFn.
  void (*select)(const uint8_t* condition, const float* a, const float* b, float* y, int64_t n,
                 int step_a, int step_b);
  void (*clip)(const float* x, float* y, int64_t n, float low, float high);

  // Conversions, round to nearest even.
  void (*float_from_bf16)(const uint16_t* x, float* y, int64_t n);
  void (*bf16_from_float)(const float* x, uint16_t* y, int64_t n);
  void (*float_from_f16)(const uint16_t* x, float* y, int64_t n);
  void (*f16_from_float)(const float* x, uint16_t* y, int64_t n);
  void (*float_from_u8)(const uint8_t* x, float* y, int64_t n);

  ReduceFn reduce[static_cast<int>(Reduce::kCount)];
  // Index of the first maximum / minimum (NaN wins) of x (outer, reduce, inner), rows [begin, end).
  void (*argmax)(const float* x, int32_t* y, int64_t begin, int64_t end, int64_t reduce,
                 int64_t inner);
  void (*argmin)(const float* x, int32_t* y, int64_t begin, int64_t end, int64_t reduce,
                 int64_t inner);

  // Row kernels: matrices of `cols` columns, rows [begin, end). stable (row maximum subtracted).
  void (*softmax)(const float* x, float* y, int64_t begin, int64_t end, int64_t cols);
  void (*log_softmax)(const float* x, float* y, int64_t begin, int64_t end, int64_t cols);
  // dx = y * (g - sum(g * y)), and dx = g - exp(y) * sum(g).
  void (*softmax_grad)(const float* y, const float* g, float* dx, int64_t begin, int64_t end,
                       int64_t cols);
  void (*log_softmax_grad)(const float* y, const float* g, float* dx, int64_t begin, int64_t end,
                           int64_t cols);
  // loss[r] = logsumexp(x[r]) - x[r][label[r]]; a label outside [0, cols) gives NaN.
  void (*sparse_cross_entropy)(const float* x, const int32_t* label, float* loss, int64_t begin,
                               int64_t end, int64_t cols);
  // dx[r] = (softmax(x[r]) - onehot(label[r])) * g[r].
  void (*sparse_cross_entropy_grad)(const float* x, const int32_t* label, const float* g, float* dx,
                                    int64_t begin, int64_t end, int64_t cols);
  // y = (x - mean) * rstd * gamma + beta per row; gamma and beta may be null; mean and rstd (one
  // value a row) are written. With a null mean nothing is subtracted: RMS normalization.
  void (*layer_norm)(const float* x, const float* gamma, const float* beta, float* y, float* mean,
                     float* rstd, int64_t begin, int64_t end, int64_t cols, float epsilon);
  // dx of layer_norm; dgamma and dbeta (cols) are accumulated into when not null.
  void (*layer_norm_grad)(const float* x, const float* gamma, const float* mean, const float* rstd,
                          const float* g, float* dx, float* dgamma, float* dbeta, int64_t begin,
                          int64_t end, int64_t cols);
  // Per-column statistics of rows [begin, end): sum (cols) and sum of squared deviations from
  // `shift` (cols) are accumulated into.
  void (*column_moments)(const float* x, const float* shift, double* sum, double* sum_squares,
                         int64_t begin, int64_t end, int64_t cols);
  // y = x * scale + offset per column, plus residual (null or shaped as x), then max(0, .).
  void (*column_affine)(const float* x, const float* scale, const float* offset,
                        const float* residual, bool relu, float* y, int64_t begin, int64_t end,
                        int64_t cols);
  // Accumulates sum(g) and sum(g * (x - mean)) per column.
  void (*column_grad_sums)(const float* x, const float* g, const float* mean, double* sum_g,
                           double* sum_gx, int64_t begin, int64_t end, int64_t cols);
  // dx = (x - mean) * by_x + g * by_g + constant per column.
  void (*column_grad)(const float* x, const float* g, const float* mean, const float* by_x,
                      const float* by_g, const float* constant, float* dx, int64_t begin,
                      int64_t end, int64_t cols);

  // Optimizers: elements [begin, end).
  void (*adam)(const AdamArgs& args, int64_t begin, int64_t end);
  void (*sgd)(const SgdArgs& args, int64_t begin, int64_t end);
  void (*rmsprop)(const RmspropArgs& args, int64_t begin, int64_t end);
  void (*adagrad)(const AdagradArgs& args, int64_t begin, int64_t end);

  // Random (Philox 4x32-10, counter-based; element i of a stream depends on key, counter and i
  // only): elements [begin, end) of the stream.
  void (*random_bits)(uint64_t key, uint64_t counter, uint32_t* y, int64_t begin, int64_t end);
  void (*random_uniform)(uint64_t key, uint64_t counter, float* y, int64_t begin, int64_t end,
                         float low, float high);
  void (*random_normal)(uint64_t key, uint64_t counter, float* y, int64_t begin, int64_t end,
                        float mean, float stddev);
  // y = keep ? x * scale : 0, where keep has probability 1 - rate; mask (0 or 1 bytes) is written.
  void (*dropout)(uint64_t key, uint64_t counter, const float* x, float* y, uint8_t* mask,
                  int64_t begin, int64_t end, float rate, float scale);

  // out (cols x rows) = transpose of x (rows x cols), output rows [begin, end).
  void (*transpose)(const float* x, float* y, int64_t rows, int64_t cols, int64_t begin,
                    int64_t end);

  GemmFn gemm;
  PackedLayout (*gemm_packing)(const GemmArgs& args);  // operands' data are not read
  void (*gemm_pack)(const GemmArgs& args, float* packed);
  GemmBf16Fn gemm_bf16;  // null without instructions for it
  // The epilogue of rows [begin, end) of y (`cols` columns), in place.
  void (*bf16_epilogue)(const Bf16Epilogue& epilogue, uint16_t* y, int64_t begin, int64_t end,
                        int64_t cols);
  AttentionFn attention;
  AttentionFn attention_grad;
  ConvFn conv_forward;
  ConvFn conv_data_grad;
  ConvFn conv_filter_grad;
  // Of the forward kernel, or of the data gradient.
  PackedLayout (*conv_packing)(const ConvArgs& args, bool gradient);
  void (*conv_pack)(const ConvArgs& args, bool gradient, float* packed);
  // Null without instructions for them, and for the sizes that `conv_bf16_serves` says.
  ConvBf16Fn conv_forward_bf16;
  ConvBf16Fn conv_data_grad_bf16;
  ConvBf16Fn conv_filter_grad_bf16;
  bool (*conv_bf16_serves)(const ConvSizes& sizes, ConvPart part);
  PoolFn max_pool;
  PoolFn max_pool_grad;
  PoolFn average_pool;
  PoolFn average_pool_grad;
  PoolBf16Fn max_pool_bf16;
  PoolBf16Fn max_pool_grad_bf16;

  RecurrentFn lstm;
  RecurrentFn lstm_grad;
  RecurrentFn gru;
  RecurrentFn gru_grad;
  RecurrentFn simple_rnn;
  RecurrentFn simple_rnn_grad;
};

// The table of the active instruction set (base/cpu.h). An entry an instruction set leaves null is
// taken from the portable table when the tables are built.
const KernelTable& table();
// The table of one instruction set, which must be available (tests, benchmarks).
const KernelTable& table(Isa isa);

}  // namespace nacre::kernels
