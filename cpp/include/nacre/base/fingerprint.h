// Hashes of strings that stay the same everywhere: buckets of categories are part of a model.
#pragma once

#include <cstdint>
#include <string_view>

namespace nacre {

// FarmHash's 64-bit fingerprint (Pike and Alakuijala 2014).
uint64_t fingerprint64(std::string_view text);
// SipHash-2-4 (Aumasson and Bernstein 2012) with a key of two words.
uint64_t sip_hash(std::string_view text, uint64_t key0, uint64_t key1);

}  // namespace nacre
