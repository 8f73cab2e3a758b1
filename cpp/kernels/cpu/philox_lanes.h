// Philox 4x32-10 in vectors of blocks; base/philox.h defines the stream and its layout.
#pragma once

#include "simd/vec.h"

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

// The 32 random bits of elements [begin, end).
NACRE_INLINE void philox_words(uint64_t key, uint64_t counter, int64_t begin, int64_t end,
                               int32_t* y) {
  // generate() indexes by the element's number.
  generate(
      key, counter, y - begin, begin, end,
      [](const int32_t* words, int32_t* out)
          __attribute__((always_inline)) { __builtin_memcpy(out, words, kGroup * sizeof *words); });
}

}  // namespace
}  // namespace nacre::kernels::NACRE_ISA_NAMESPACE
