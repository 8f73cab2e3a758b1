// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, 2011),
// and how a stream's elements are laid out over its blocks. Scalar: the reference of the kernels.
//
// Element i of the stream (key, counter) depends on those three numbers only. Elements come in
// groups of 64: block b of group g is Philox of the 128-bit counter (16 g + b, counter), and its
// word w is element 64 g + 16 w + b, so that vectors of blocks store their words contiguously.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace nacre {

inline std::array<uint32_t, 4> philox4x32(uint64_t key, uint64_t counter_low,
                                          uint64_t counter_high) {
  uint32_t c0 = static_cast<uint32_t>(counter_low), c1 = static_cast<uint32_t>(counter_low >> 32);
  uint32_t c2 = static_cast<uint32_t>(counter_high), c3 = static_cast<uint32_t>(counter_high >> 32);
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c0, p1 = uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(p1);
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

// The 32 random bits of element i.
inline uint32_t random_bits_at(uint64_t key, uint64_t counter, uint64_t i) {
  const uint64_t group = i / 64, word = i % 64 / 16, block = i % 16;
  return philox4x32(key, group * 16 + block, counter)[word];
}

// Uniform in [0, 1) with 24 bits.
inline double random_uniform_at(uint64_t key, uint64_t counter, uint64_t i) {
  return (random_bits_at(key, counter, i) >> 8) * 0x1p-24;
}

// Standard normal by Box and Muller: words 0 and 1 of a block give the cosine and the sine value,
// and so do words 2 and 3. 31 bits of radius reach 6.6 standard deviations.
inline double random_normal_at(uint64_t key, uint64_t counter, uint64_t i) {
  const uint64_t group = i / 64, word = i % 64 / 16, block = i % 16;
  const std::array<uint32_t, 4> words = philox4x32(key, group * 16 + block, counter);
  const double u = ((words[word & ~uint64_t{1}] >> 1) + 0.5) * 0x1p-31;
  const double angle = 6.28318530717958648 * static_cast<int32_t>(words[word | 1]) * 0x1p-32;
  return std::sqrt(-2.0 * std::log(u)) * (word & 1 ? std::sin(angle) : std::cos(angle));
}

}  // namespace nacre
