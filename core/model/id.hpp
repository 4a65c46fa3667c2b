// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace waybill::core {

using id_bytes = std::array<std::uint8_t, 16>;

/// A new UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then a per-thread counter and randomness, so ids made
/// by one thread sort in the order they were made. Thread-safe, does not block.
[[nodiscard]] id_bytes new_uuid7();

/// Crockford base32, 26 characters, upper case (architecture section 7). Sorts as the bytes do.
[[nodiscard]] std::string to_base32(const id_bytes& bytes);
/// Accepts lower case too; nothing for any other text.
[[nodiscard]] std::optional<id_bytes> from_base32(std::string_view text);

/// An identifier with a kind: a UUIDv7 shown as `<prefix>_<base32>`. The nil value stands for "none" and is never stored.
/// `Kind` supplies `static constexpr std::string_view prefix`.
template <class Kind>
class typed_id {
public:
  static constexpr std::string_view prefix = Kind::prefix;

  constexpr typed_id() = default;
  explicit constexpr typed_id(const id_bytes& bytes) : bytes_(bytes) {}
  [[nodiscard]] static typed_id make() { return typed_id{new_uuid7()}; }

  /// Nothing unless the text has this kind's prefix and 26 base32 characters.
  [[nodiscard]] static std::optional<typed_id> parse(std::string_view text) {
    if (text.size() != prefix.size() + 27 || text.substr(0, prefix.size()) != prefix || text[prefix.size()] != '_')
      return std::nullopt;
    auto bytes = from_base32(text.substr(prefix.size() + 1));
    if (!bytes) return std::nullopt;
    return typed_id{*bytes};
  }
  [[nodiscard]] static std::optional<typed_id> from_blob(const void* data, std::size_t size) {
    if (size != 16) return std::nullopt;
    typed_id id;
    std::memcpy(id.bytes_.data(), data, 16);
    return id;
  }

  [[nodiscard]] std::string to_string() const {
    std::string text{prefix};
    text += '_';
    text += to_base32(bytes_);
    return text;
  }
  [[nodiscard]] const id_bytes& bytes() const { return bytes_; }
  [[nodiscard]] bool is_nil() const { return bytes_ == id_bytes{}; }

  friend bool operator==(const typed_id& a, const typed_id& b) { return a.bytes_ == b.bytes_; }
  friend bool operator!=(const typed_id& a, const typed_id& b) { return a.bytes_ != b.bytes_; }
  friend bool operator<(const typed_id& a, const typed_id& b) { return a.bytes_ < b.bytes_; }

private:
  id_bytes bytes_{};
};

// clang-format off
struct organization_kind { static constexpr std::string_view prefix = "org"; };
struct destination_kind  { static constexpr std::string_view prefix = "dst"; };
struct delivery_kind     { static constexpr std::string_view prefix = "dlv"; };
struct task_kind         { static constexpr std::string_view prefix = "tsk"; };
struct attempt_kind      { static constexpr std::string_view prefix = "att"; };
struct key_kind          { static constexpr std::string_view prefix = "key"; };
struct secret_kind       { static constexpr std::string_view prefix = "sec"; };
struct job_kind          { static constexpr std::string_view prefix = "job"; };
struct audit_kind        { static constexpr std::string_view prefix = "aud"; };
struct hold_kind         { static constexpr std::string_view prefix = "hld"; };
struct erasure_kind_id   { static constexpr std::string_view prefix = "ers"; };
struct payload_kind      { static constexpr std::string_view prefix = "pay"; };
struct link_kind         { static constexpr std::string_view prefix = "lnk"; };
// clang-format on

using organization_id = typed_id<organization_kind>;
using destination_id = typed_id<destination_kind>;
using delivery_id = typed_id<delivery_kind>;
using task_id = typed_id<task_kind>;
using attempt_id = typed_id<attempt_kind>;
using key_id = typed_id<key_kind>;
using secret_id = typed_id<secret_kind>;
using job_id = typed_id<job_kind>;
using audit_id = typed_id<audit_kind>;
using hold_id = typed_id<hold_kind>;
using erasure_id = typed_id<erasure_kind_id>;
using payload_id = typed_id<payload_kind>;
using link_id = typed_id<link_kind>;

/// `hash(destination id) mod 1024`: the unit of ownership in a cluster (architecture section 1). Stable for ever.
inline constexpr std::uint16_t shard_count = 1024;
[[nodiscard]] inline std::uint16_t shard_of(const destination_id& id) {
  // FNV-1a over the sixteen bytes: any process of any version must come to the same number.
  std::uint32_t hash = 2166136261u;
  for (auto byte : id.bytes()) hash = (hash ^ byte) * 16777619u;
  return static_cast<std::uint16_t>(hash % shard_count);
}

}  // namespace waybill::core

template <class Kind>
struct std::hash<waybill::core::typed_id<Kind>> {
  std::size_t operator()(const waybill::core::typed_id<Kind>& id) const noexcept {
    // The last eight bytes of a UUIDv7 are random (62 bits), so they are a hash already.
    std::uint64_t tail = 0;
    std::memcpy(&tail, id.bytes().data() + 8, sizeof tail);
    return static_cast<std::size_t>(tail);
  }
};
