// Random bits, uniform and normal numbers, dropout.
#include "kernels/cpu/isa.h"
#include "kernels/cpu/philox_lanes.h"
#include "simd/math.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

void random_bits(uint64_t key, uint64_t counter, uint32_t* y, int64_t begin, int64_t end) {
  philox_words(key, counter, begin, end, reinterpret_cast<int32_t*>(y) + begin);
}

void random_uniform(uint64_t key, uint64_t counter, float* y, int64_t begin, int64_t end, float low,
                    float high) {
  // Rounding low + u (high - low) may reach high, which is not in the range.
  const Vec offset = low, scale = high - low, last = __builtin_nextafterf(high, low);
  generate(
      key, counter, y, begin,
      end, [=](const int32_t* words, float* out) __attribute__((always_inline)) {
        for (int i = 0; i < kGroup; i += kLanes) {
          const Vec u = to_float(shift_right_logical<8>(load(words + i))) * Vec(0x1p-24f);
          store(out + i, min(last, fma(u, scale, offset)));
        }
      });
}

void random_normal(uint64_t key, uint64_t counter, float* y, int64_t begin, int64_t end, float mean,
                   float stddev) {
  const Vec offset = mean, scale = stddev;
  generate(
      key, counter, y, begin,
      end, [=](const int32_t* words, float* out) __attribute__((always_inline)) {
        for (int half = 0; half < kGroup; half += 2 * kBlocks) {
          for (int i = half; i < half + kBlocks; i += kLanes) {
            const Vec u = to_float(shift_right_logical<1>(load(words + i))) + Vec(0.5f);
            const Vec radius = sqrt(log(u * Vec(0x1p-31f)) * Vec(-2.0f));
            Vec sine, cosine;
            sincos_turns(to_float(load(words + kBlocks + i)) * Vec(0x1p-32f), sine, cosine);
            store(out + i, fma(radius * cosine, scale, offset));
            store(out + kBlocks + i, fma(radius * sine, scale, offset));
          }
        }
      });
}

template <bool kApply>
void keep_some(uint64_t key, uint64_t counter, const float* x, float* y, uint8_t* mask,
               int64_t begin, int64_t end, float rate, float scale) {
  // An element is kept when its 24-bit uniform number is at least rate.
  const float bound = __builtin_ceilf(rate * 0x1p24f);
  const VecI threshold = static_cast<int32_t>(bound) - 1;
  const Vec factor = scale;
  int32_t words[kGroup];
  for (int64_t at = begin; at < end;) {
    const int64_t group = at / kGroup, start = group * kGroup;
    const int64_t stop = end - start < kGroup ? end : start + kGroup;
    philox_group(key, counter, static_cast<uint64_t>(group), words);
    for (; at + kLanes <= stop; at += kLanes) {
      const Mask keep = shift_right_logical<8>(load(words + (at - start))) > threshold;
      if constexpr (kApply) store(y + at, select(keep, load(x + at) * factor, 0.0f));
      store_bytes(mask + at, keep);
    }
    for (; at < stop; ++at) {
      const bool keep = static_cast<float>(static_cast<uint32_t>(words[at - start]) >> 8) >= bound;
      if constexpr (kApply) y[at] = keep ? x[at] * scale : 0.0f;
      mask[at] = keep ? 1 : 0;
    }
  }
}

// Without y only the mask is written.
void dropout(uint64_t key, uint64_t counter, const float* x, float* y, uint8_t* mask, int64_t begin,
             int64_t end, float rate, float scale) {
  const auto run = y == nullptr ? keep_some<false> : keep_some<true>;
  run(key, counter, x, y, mask, begin, end, rate, scale);
}

}  // namespace

void fill_random(KernelTable& table) {
  table.random_bits = random_bits;
  table.random_uniform = random_uniform;
  table.random_normal = random_normal;
  table.dropout = dropout;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
