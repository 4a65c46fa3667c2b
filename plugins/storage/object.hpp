// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <waybill/delivery.hpp>
#include <waybill/transfer/body.hpp>
#include <waybill/transfer/hashing.hpp>

namespace waybill::storage {

/// The bytes of one object: of a delivery, of several joined, of a connection test. Read by offset, as often as needed;
/// immutable, so `read` may run anywhere that may block for a read of the store.
class content {
public:
  virtual ~content() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  [[nodiscard]] virtual const transfer::sha256_bytes& sha256() const = 0;
  /// All of it, if it is in memory; lasts as long as this object.
  [[nodiscard]] virtual std::optional<std::string_view> in_memory() const = 0;
  /// Fills `room` bytes from `offset`, which lie inside; false if it cannot. Worker threads only, unless in_memory.
  [[nodiscard]] virtual bool read(std::uint64_t offset, char* buffer, std::size_t room) const = 0;
};
using content_ptr = std::shared_ptr<const content>;

[[nodiscard]] content_ptr make_content(std::string bytes);
/// `presence` is let go of after the delivery has been released: a worker may hold the content for a moment longer than its
/// call lasts.
[[nodiscard]] content_ptr make_content(const sdk::delivery& what, std::shared_ptr<void> presence);

/// A stretch of a content as a request body: a part of an upload, or all of it.
class content_range final : public transfer::body_source {
public:
  content_range(content_ptr from, std::uint64_t offset, std::uint64_t size)
      : from_(std::move(from)), offset_(offset), size_(size) {}
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  [[nodiscard]] bool rewind() override {
    taken_ = 0;
    return true;
  }
  [[nodiscard]] std::optional<std::size_t> read(char* buffer, std::size_t room) override;

private:
  content_ptr from_;
  std::uint64_t offset_;
  std::uint64_t size_;
  std::uint64_t taken_ = 0;
};

using name_values = std::vector<std::pair<std::string, std::string>>;

/// An object to be stored.
struct new_object {
  std::string key;           ///< whole, UTF-8, segments separated by "/"
  std::string content_type;  ///< never empty
  /// Names of [a-z0-9-]; values are UTF-8 without control characters, to be encoded as the provider wants it.
  name_values metadata;
  name_values tags;  ///< UTF-8
  content_ptr bytes;
  /// Names what is being uploaded: an interrupted upload of the same name, key and content is taken up again. Empty: none.
  std::string resume_name;
};

/// Name of the metadata that marks what a destination has written; its value is the destination's id. Retention deletes
/// nothing that does not carry it.
inline constexpr std::string_view owner_mark = "waybill-destination";

/// An object that is there.
struct stored_object {
  std::string key;
  std::uint64_t size = 0;
  std::int64_t modified_ms = 0;      ///< Unix time
  std::string version;               ///< ETag, generation or what else tells that it has been replaced; may be empty
  std::optional<std::string> owner;  ///< value of owner_mark, "" if it has none; nothing: the listing does not tell
};

}  // namespace waybill::storage
