// SPDX-License-Identifier: Apache-2.0
#include "core/model/id.hpp"

#include <chrono>
#include <cstdlib>

#include <openssl/rand.h>

namespace waybill::core {
namespace {

constexpr char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::uint8_t not_a_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> make_digit_values() {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = not_a_digit;
  for (std::uint8_t digit = 0; digit < 32; ++digit) {
    const char upper = alphabet[digit];
    values[static_cast<std::uint8_t>(upper)] = digit;
    if (upper >= 'A') values[static_cast<std::uint8_t>(upper - 'A' + 'a')] = digit;
  }
  return values;
}
constexpr auto digit_values = make_digit_values();

/// One thread's source of ids. Invariants: (1) (last_ms_, counter_) grows with every id; (2) used_ <= pool_.size().
class uuid7_source {
public:
  id_bytes next() {
    advance(now_ms());
    id_bytes id;
    for (unsigned i = 0; i < 6; ++i) id[i] = static_cast<std::uint8_t>(last_ms_ >> (40 - 8 * i));
    id[6] = static_cast<std::uint8_t>(0x70 | (counter_ >> 8));
    id[7] = static_cast<std::uint8_t>(counter_);
    std::memcpy(id.data() + 8, take(8), 8);
    id[8] = static_cast<std::uint8_t>(0x80 | (id[8] & 0x3F));
    return id;
  }

private:
  static std::uint64_t now_ms() {
    using namespace std::chrono;
    return static_cast<std::uint64_t>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
  }

  // RFC 9562 section 6.2, method 1: within a millisecond, or while the clock stands behind us, the 12 bits of rand_a count;
  // when they run over, the timestamp goes ahead of the clock. Each new millisecond starts the count at random in its lower
  // half.
  void advance(std::uint64_t now) {
    if (now <= last_ms_ && counter_ < 0xFFF) {
      ++counter_;
      return;
    }
    last_ms_ = now > last_ms_ ? now : last_ms_ + 1;
    const auto* seed = take(2);
    counter_ = static_cast<std::uint16_t>(((seed[0] << 8) | seed[1]) & 0x7FF);
  }

  // One call of RAND_bytes costs about a microsecond whatever its size: bought in bulk it is nothing.
  const std::uint8_t* take(std::size_t size) {
    if (used_ + size > pool_.size()) {
      // Ids that an adversary could guess, or that repeat, are worse than no process.
      if (RAND_bytes(pool_.data(), static_cast<int>(pool_.size())) != 1) std::abort();
      used_ = 0;
    }
    const auto* bytes = pool_.data() + used_;
    used_ += size;
    return bytes;
  }

  std::array<std::uint8_t, 2048> pool_{};
  std::size_t used_ = 2048;
  std::uint64_t last_ms_ = 0;
  std::uint16_t counter_ = 0;
};

std::uint64_t load_big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) value = (value << 8) | bytes[i];
  return value;
}

void store_big_endian(std::uint64_t value, std::uint8_t* bytes) {
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
}

}  // namespace

id_bytes new_uuid7() {
  thread_local uuid7_source source;
  return source.next();
}

// 128 bits are 26 digits of 5 bits with 2 zero bits in front: digits 25..14 are the low 60 bits, digit 13 takes 4 bits of the
// low half and 1 of the high half, digits 12..1 the next 60 bits, digit 0 the last 3.
std::string to_base32(const id_bytes& bytes) {
  std::uint64_t high = load_big_endian(bytes.data());
  std::uint64_t low = load_big_endian(bytes.data() + 8);
  std::string text(26, '0');
  for (std::size_t i = 25; i > 13; --i, low >>= 5) text[i] = alphabet[low & 31];
  text[13] = alphabet[(low | (high << 4)) & 31];
  high >>= 1;
  for (std::size_t i = 12; i > 0; --i, high >>= 5) text[i] = alphabet[high & 31];
  text[0] = alphabet[high & 7];
  return text;
}

std::optional<id_bytes> from_base32(std::string_view text) {
  if (text.size() != 26) return std::nullopt;
  std::array<std::uint8_t, 26> digits{};
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < 26; ++i) seen |= digits[i] = digit_values[static_cast<std::uint8_t>(text[i])];
  if (seen > 31 || digits[0] > 7) return std::nullopt;
  std::uint64_t high = 0;
  for (std::size_t i = 0; i < 13; ++i) high = (high << 5) | digits[i];
  high = (high << 1) | (digits[13] >> 4);
  std::uint64_t low = digits[13] & 15;
  for (std::size_t i = 14; i < 26; ++i) low = (low << 5) | digits[i];
  id_bytes bytes;
  store_big_endian(high, bytes.data());
  store_big_endian(low, bytes.data() + 8);
  return bytes;
}

}  // namespace waybill::core
