#include "nacre/base/fingerprint.h"

#include <bit>
#include <cstring>
#include <utility>

namespace nacre {
namespace {

// The multipliers of FarmHash.
constexpr uint64_t kMul0 = 0xc3a5c85c97cb3127u;
constexpr uint64_t kMul1 = 0xb492b66fbe98f273u;
constexpr uint64_t kMul2 = 0x9ae16a3b2f90404fu;

// Little-endian words of the text.
uint64_t word64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
uint64_t word32(const char* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
uint64_t byte_at(const char* p) {
  return static_cast<unsigned char>(*p);
}

uint64_t fold(uint64_t v) {
  return v ^ (v >> 47);
}
uint64_t mix(uint64_t u, uint64_t v, uint64_t mul) {
  const uint64_t a = fold((u ^ v) * mul);
  return fold((v ^ a) * mul) * mul;
}

uint64_t hash_up_to_16(const char* s, uint64_t n) {
  const uint64_t mul = kMul2 + n * 2;
  if (n >= 8) {
    const uint64_t a = word64(s) + kMul2, b = word64(s + n - 8);
    return mix(std::rotr(b, 37) * mul + a, (std::rotr(a, 25) + b) * mul, mul);
  }
  if (n >= 4) return mix(n + (word32(s) << 3), word32(s + n - 4), mul);
  if (n == 0) return kMul2;
  const uint64_t low = byte_at(s) + (byte_at(s + (n >> 1)) << 8);
  const uint64_t high = n + (byte_at(s + n - 1) << 2);
  return fold(low * kMul2 ^ high * kMul0) * kMul2;
}

uint64_t hash_up_to_32(const char* s, uint64_t n) {
  const uint64_t mul = kMul2 + n * 2;
  const uint64_t a = word64(s) * kMul1, b = word64(s + 8);
  const uint64_t c = word64(s + n - 8) * mul, d = word64(s + n - 16) * kMul2;
  return mix(std::rotr(a + b, 43) + std::rotr(c, 30) + d, a + std::rotr(b + kMul2, 18) + c, mul);
}

uint64_t hash_up_to_64(const char* s, uint64_t n) {
  const uint64_t mul = kMul2 + n * 2;
  const uint64_t a = word64(s) * kMul2, b = word64(s + 8);
  const uint64_t c = word64(s + n - 8) * mul, d = word64(s + n - 16) * kMul2;
  const uint64_t y = std::rotr(a + b, 43) + std::rotr(c, 30) + d;
  const uint64_t z = mix(y, a + std::rotr(b + kMul2, 18) + c, mul);
  const uint64_t e = word64(s + 16) * mul, f = word64(s + 24);
  const uint64_t g = (y + word64(s + n - 32)) * mul, h = (z + word64(s + n - 24)) * mul;
  return mix(std::rotr(e + f, 43) + std::rotr(g, 30) + h, e + std::rotr(f + a, 18) + g, mul);
}

using Pair = std::pair<uint64_t, uint64_t>;

Pair absorb_32(const char* s, uint64_t a, uint64_t b) {
  const uint64_t w = word64(s), x = word64(s + 8), y = word64(s + 16), z = word64(s + 24);
  a += w;
  b = std::rotr(b + a + z, 21);
  const uint64_t sum = a + x + y;
  return {sum + z, b + std::rotr(sum, 44) + a};
}

// The state of a long text: 56 bytes that take in 64 a round.
struct LongState {
  uint64_t x, y, z;
  Pair v, w;

  // The last round differs from the others in what it weighs by.
  void round(const char* s, uint64_t mul, uint64_t weight) {
    x = std::rotr(x + y + v.first + word64(s + 8), 37) * mul;
    y = std::rotr(y + v.second + word64(s + 48), 42) * mul;
    x ^= w.second * weight;
    y += v.first * weight + word64(s + 40);
    z = std::rotr(z + w.first, 33) * mul;
    v = absorb_32(s, v.second * mul, x + w.first);
    w = absorb_32(s + 32, z + w.second, y + word64(s + 16));
    std::swap(z, x);
  }
};

uint64_t hash_long(const char* s, uint64_t n) {
  constexpr uint64_t seed = 81;
  LongState t{};
  t.y = seed * kMul1 + 113;
  t.z = fold(t.y * kMul2 + 113) * kMul2;
  t.x = seed * kMul2 + word64(s);
  const uint64_t rest = (n - 1) & 63;
  const char* const last = s + n - 64;
  for (uint64_t left = (n - 1) / 64; left > 0; --left, s += 64) t.round(s, kMul1, 1);
  const uint64_t mul = kMul1 + ((t.z & 0xff) << 1);
  t.w.first += rest;
  t.v.first += t.w.first;
  t.w.first += t.v.first;
  t.round(last, mul, 9);
  return mix(mix(t.v.first, t.w.first, mul) + fold(t.y) * kMul0 + t.z,
             mix(t.v.second, t.w.second, mul) + t.x, mul);
}

}  // namespace

uint64_t fingerprint64(std::string_view text) {
  const uint64_t n = text.size();
  if (n <= 16) return hash_up_to_16(text.data(), n);
  if (n <= 32) return hash_up_to_32(text.data(), n);
  if (n <= 64) return hash_up_to_64(text.data(), n);
  return hash_long(text.data(), n);
}

uint64_t sip_hash(std::string_view text, uint64_t key0, uint64_t key1) {
  uint64_t a = key0 ^ 0x736f6d6570736575u, b = key1 ^ 0x646f72616e646f6du;
  uint64_t c = key0 ^ 0x6c7967656e657261u, d = key1 ^ 0x7465646279746573u;
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      a += b;
      c += d;
      b = std::rotl(b, 13) ^ a;
      d = std::rotl(d, 16) ^ c;
      a = std::rotl(a, 32);
      c += b;
      a += d;
      b = std::rotl(b, 17) ^ c;
      d = std::rotl(d, 21) ^ a;
      c = std::rotl(c, 32);
    }
  };
  const auto absorb = [&](uint64_t word) {
    d ^= word;
    rounds(2);
    a ^= word;
  };
  const uint64_t n = text.size();
  for (uint64_t i = 0; i + 8 <= n; i += 8) absorb(word64(text.data() + i));
  uint64_t tail = n << 56;
  for (uint64_t i = n & ~uint64_t{7}; i < n; ++i) tail |= byte_at(text.data() + i) << (8 * (i & 7));
  absorb(tail);
  c ^= 0xff;
  rounds(4);
  return a ^ b ^ c ^ d;
}

}  // namespace nacre
