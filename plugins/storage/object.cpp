// SPDX-License-Identifier: Apache-2.0
#include "object.hpp"

#include <algorithm>
#include <cstring>

namespace waybill::storage {
namespace {

class bytes_in_memory final : public content {
public:
  explicit bytes_in_memory(std::string bytes) : bytes_(std::move(bytes)), digest_(transfer::sha256(bytes_)) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] const transfer::sha256_bytes& sha256() const override { return digest_; }
  [[nodiscard]] std::optional<std::string_view> in_memory() const override { return bytes_; }
  [[nodiscard]] bool read(std::uint64_t offset, char* buffer, std::size_t room) const override {
    std::memcpy(buffer, bytes_.data() + offset, room);
    return true;
  }

private:
  std::string bytes_;
  transfer::sha256_bytes digest_;
};

/// The engine has hashed the content when it was accepted: its hash is taken as it is.
class delivered_content final : public content {
public:
  delivered_content(const sdk::delivery& what, std::shared_ptr<void> presence) : presence_(std::move(presence)), what_(what) {
    std::copy_n(what.sha256(), digest_.size(), digest_.begin());
  }
  [[nodiscard]] std::uint64_t size() const override { return what_.size(); }
  [[nodiscard]] const transfer::sha256_bytes& sha256() const override { return digest_; }
  [[nodiscard]] std::optional<std::string_view> in_memory() const override {
    return what_.in_memory() ? std::optional{what_.content()} : std::nullopt;
  }
  [[nodiscard]] bool read(std::uint64_t offset, char* buffer, std::size_t room) const override {
    if (what_.in_memory()) {
      std::memcpy(buffer, what_.content().data() + offset, room);
      return true;
    }
    while (room > 0) {
      std::uint64_t size = room;
      if (what_.read(offset, reinterpret_cast<std::uint8_t*>(buffer), size) != WB_OK || size == 0) return false;
      offset += size;
      buffer += size;
      room -= static_cast<std::size_t>(size);
    }
    return true;
  }

private:
  std::shared_ptr<void> presence_;  ///< before what_, so destroyed after it
  sdk::retained_delivery what_;
  transfer::sha256_bytes digest_{};
};

}  // namespace

content_ptr make_content(std::string bytes) { return std::make_shared<bytes_in_memory>(std::move(bytes)); }

content_ptr make_content(const sdk::delivery& what, std::shared_ptr<void> presence) {
  return std::make_shared<delivered_content>(what, std::move(presence));
}

std::optional<std::size_t> content_range::read(char* buffer, std::size_t room) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(room, size_ - taken_));
  if (size > 0 && !from_->read(offset_ + taken_, buffer, size)) return std::nullopt;
  taken_ += size;
  return size;
}

}  // namespace waybill::storage
