// Philox 4x32-10 in vectors of blocks; base/philox.h defines the stream and its layout.
#include "kernels/cpu/isa.h"
#include "simd/math.h"

namespace nacre::kernels::NACRE_ISA_NAMESPACE {
namespace {

constexpr int kGroup = 64, kBlocks = 16;  // elements and blocks of a group

// The 64-bit products of unsigned lanes with a constant, as low and high halves.
NACRE_INLINE void multiply_wide(VecI a, uint32_t b, VecI& low, VecI& high) {
  low = a * VecI(static_cast<int32_t>(b));
#if defined(NACRE_SIMD_AVX512)
  const __m512i factor = _mm512_set1_epi32(static_cast<int>(b)), va = (__m512i)a.v;
  const __m512i even = _mm512_mul_epu32(va, factor);
  const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(va, 32), factor);
  high = (IntVector)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
#elif defined(NACRE_SIMD_AVX2)
  const __m256i factor = _mm256_set1_epi32(static_cast<int>(b)), va = (__m256i)a.v;
  const __m256i even = _mm256_mul_epu32(va, factor);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(va, 32), factor);
  high = (IntVector)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
#elif defined(NACRE_SIMD_SSE)
  const __m128i factor = _mm_set1_epi32(static_cast<int>(b)), va = (__m128i)a.v;
  const __m128i even = _mm_srli_epi64(_mm_mul_epu32(va, factor), 32);
  const __m128i odd = _mm_mul_epu32(_mm_srli_epi64(va, 32), factor);
  const __m128i odd_lanes = _mm_set_epi32(-1, 0, -1, 0);
  high = (IntVector)_mm_or_si128(even, _mm_and_si128(odd, odd_lanes));
#else
  for (int i = 0; i < kLanes; ++i) {
    high.v[i] = static_cast<int32_t>((uint64_t{static_cast<uint32_t>(a.v[i])} * b) >> 32);
  }
#endif
}

NACRE_INLINE VecI lane_numbers() {
#if defined(NACRE_SIMD_AVX512)
  return IntVector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif defined(NACRE_SIMD_AVX2)
  return IntVector{0, 1, 2, 3, 4, 5, 6, 7};
#else
  return IntVector{0, 1, 2, 3};
#endif
}

// The kGroup elements of one group.
NACRE_INLINE void philox_group(uint64_t key, uint64_t counter, uint64_t group, int32_t* words) {
  const uint64_t block = group * kBlocks;
  for (int b = 0; b < kBlocks; b += kLanes) {
    // A multiple of 16 plus a lane number below 16: no carry into the high half.
    VecI c0 = VecI(static_cast<int32_t>(static_cast<uint32_t>(block))) + VecI(b) + lane_numbers();
    VecI c1 = static_cast<int32_t>(static_cast<uint32_t>(block >> 32));
    VecI c2 = static_cast<int32_t>(static_cast<uint32_t>(counter));
    VecI c3 = static_cast<int32_t>(static_cast<uint32_t>(counter >> 32));
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
      VecI low0, high0, low1, high1;
      multiply_wide(c0, 0xD2511F53u, low0, high0);
      multiply_wide(c2, 0xCD9E8D57u, low1, high1);
      c0 = high1 ^ c1 ^ VecI(static_cast<int32_t>(k0));
      c1 = low1;
      c2 = high0 ^ c3 ^ VecI(static_cast<int32_t>(k1));
      c3 = low0;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    store(words + b, c0);
    store(words + kBlocks + b, c1);
    store(words + 2 * kBlocks + b, c2);
    store(words + 3 * kBlocks + b, c3);
  }
}

// For each group that meets [begin, end), transform(words, values) turns its words into its values;
// those outside the range are dropped.
template <class T, class Transform>
NACRE_INLINE void generate(uint64_t key, uint64_t counter, T* y, int64_t begin, int64_t end,
                           const Transform& transform) {
  int32_t words[kGroup];
  T values[kGroup];
  for (int64_t at = begin; at < end;) {
    const int64_t group = at / kGroup, start = group * kGroup;
    philox_group(key, counter, static_cast<uint64_t>(group), words);
    if (at == start && end - start >= kGroup) {
      transform(words, y + start);
    } else {
      transform(words, values);
      for (int64_t i = at; i < end && i < start + kGroup; ++i) y[i] = values[i - start];
    }
    at = start + kGroup;
  }
}

void random_bits(uint64_t key, uint64_t counter, uint32_t* y, int64_t begin, int64_t end) {
  generate(
      key, counter, y, begin, end,
      [](const int32_t* words, uint32_t* out)
          __attribute__((always_inline)) { __builtin_memcpy(out, words, kGroup * sizeof *words); });
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

void dropout(uint64_t key, uint64_t counter, const float* x, float* y, uint8_t* mask, int64_t begin,
             int64_t end, float rate, float scale) {
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
      store(y + at, select(keep, load(x + at) * factor, 0.0f));
      store_bytes(mask + at, keep);
    }
    for (; at < stop; ++at) {
      const bool keep = static_cast<float>(static_cast<uint32_t>(words[at - start]) >> 8) >= bound;
      y[at] = keep ? x[at] * scale : 0.0f;
      mask[at] = keep ? 1 : 0;
    }
  }
}

}  // namespace

void fill_random(KernelTable& table) {
  table.random_bits = random_bits;
  table.random_uniform = random_uniform;
  table.random_normal = random_normal;
  table.dropout = dropout;
}

}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
