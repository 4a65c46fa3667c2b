// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <waybill/delivery.hpp>
#include <waybill/transfer/body.hpp>

#include "envelope.hpp"

namespace waybill::webhook {

/// Content read from the host piece by piece, with its envelope around it if there is one (an empty frame is raw). Memory
/// stays at one piece however large the content is. Worker thread.
class content_stream final : public transfer::body_source {
public:
  /// `presence` is let go of after the delivery has been released: the worker may hold a stream for a moment longer than
  /// its attempt lasts.
  content_stream(sdk::retained_delivery what, envelope_frame frame, std::shared_ptr<void> presence = nullptr);
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  [[nodiscard]] bool rewind() override;
  [[nodiscard]] std::optional<std::size_t> read(char* buffer, std::size_t room) override;

private:
  enum class stage : std::uint8_t { prefix = 1, content, suffix };
  [[nodiscard]] std::size_t take(std::string_view from, char* buffer, std::size_t room);
  [[nodiscard]] std::optional<std::size_t> read_content(char* buffer, std::size_t room);
  [[nodiscard]] std::optional<std::size_t> read_encoded(char* buffer, std::size_t room);
  [[nodiscard]] bool encode_more();

  std::shared_ptr<void> presence_;  ///< before what_, so destroyed after it
  sdk::retained_delivery what_;
  envelope_frame frame_;
  std::uint64_t size_;
  stage stage_ = stage::prefix;
  std::size_t taken_ = 0;     ///< of prefix_, encoded_ or suffix_
  std::uint64_t offset_ = 0;  ///< into the content
  std::string encoded_;
};

/// Another source, compressed. Its size is not known before its end.
class gzip_stream final : public transfer::body_source {
public:
  explicit gzip_stream(std::shared_ptr<transfer::body_source> inner);
  ~gzip_stream() override;
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
  [[nodiscard]] bool rewind() override;
  [[nodiscard]] std::optional<std::size_t> read(char* buffer, std::size_t room) override;

private:
  struct deflater;
  std::shared_ptr<transfer::body_source> inner_;
  std::unique_ptr<deflater> deflater_;
};

/// RFC 1952; nothing if memory ran out.
[[nodiscard]] std::optional<std::string> gzip(std::string_view bytes);

}  // namespace waybill::webhook
