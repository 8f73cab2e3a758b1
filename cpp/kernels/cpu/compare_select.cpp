// Comparisons to bytes, and selection by bytes.
#include "kernels/cpu/isa.h"
#include "kernels/cpu/loops.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

#define NACRE_COMPARE_OP(name, op)                 \
  struct Compare##name {                           \
    NACRE_INLINE static Mask apply(Vec a, Vec b) { \
      return a op b;                               \
    }                                              \
  };
NACRE_COMPARE_OP(Equal, ==)
NACRE_COMPARE_OP(NotEqual, !=)
NACRE_COMPARE_OP(Less, <)
NACRE_COMPARE_OP(LessEqual, <=)
NACRE_COMPARE_OP(Greater, >)
NACRE_COMPARE_OP(GreaterEqual, >=)
#undef NACRE_COMPARE_OP

template <class Op, bool kWalkA, bool kWalkB>
void compare_walking(const float* a, const float* b, uint8_t* y, int64_t n) {
  const Operand<kWalkA> left(a);
  const Operand<kWalkB> right(b);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store_bytes(y + i, Op::apply(left.at(i), right.at(i)));
  if (i < n) store_bytes_partial(y + i, Op::apply(left.at(i, n - i), right.at(i, n - i)), n - i);
}

template <class Op>
void compare(const float* a, const float* b, uint8_t* y, int64_t n, int step_a, int step_b) {
  if (n <= 0) return;
  if (step_a != 0 && step_b != 0) return compare_walking<Op, true, true>(a, b, y, n);
  if (step_a != 0) return compare_walking<Op, true, false>(a, b, y, n);
  if (step_b != 0) return compare_walking<Op, false, true>(a, b, y, n);
  compare_walking<Op, true, true>(a, b, y, 1);
  for (int64_t i = 1; i < n; ++i) y[i] = y[0];
}

NACRE_INLINE Vec pick(VecI condition, Vec a, Vec b) {
  return select(condition == VecI(0), b, a);
}

template <bool kWalkA, bool kWalkB>
void select_walking(const uint8_t* condition, const float* a, const float* b, float* y, int64_t n) {
  const Operand<kWalkA> left(a);
  const Operand<kWalkB> right(b);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    store(y + i, pick(load_bytes(condition + i), left.at(i), right.at(i)));
  }
  if (i < n) {
    const VecI c = load_bytes_partial(condition + i, n - i);
    store_partial(y + i, pick(c, left.at(i, n - i), right.at(i, n - i)), n - i);
  }
}

void select_bytes(const uint8_t* condition, const float* a, const float* b, float* y, int64_t n,
                  int step_a, int step_b) {
  if (n <= 0) return;
  if (step_a != 0 && step_b != 0) return select_walking<true, true>(condition, a, b, y, n);
  if (step_a != 0) return select_walking<true, false>(condition, a, b, y, n);
  if (step_b != 0) return select_walking<false, true>(condition, a, b, y, n);
  select_walking<false, false>(condition, a, b, y, n);
}

}  // namespace

void fill_compare_select(KernelTable& table) {
#define NACRE_FILL(name) table.compare[static_cast<int>(Compare::k##name)] = compare<Compare##name>;
  NACRE_COMPARE(NACRE_FILL)
#undef NACRE_FILL
  table.select = select_bytes;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
