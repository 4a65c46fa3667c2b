// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "cli/commands/commands.hpp"

namespace waybill::cli {

/// What is left of the node's limit for a body once the rest of a delivery has its room.
inline constexpr std::size_t inline_content_bytes = 1'000'000;

/// A file or standard input whose beginning has been read, so that it can be decided which way it goes; what follows is read
/// when it is sent.
class content_source {
public:
  /// `path`: "-" is standard input.
  [[nodiscard]] static outcome<std::unique_ptr<content_source>> open(const std::string& path);

  [[nodiscard]] const std::string& beginning() const { return beginning_; }
  /// The beginning is all there is.
  [[nodiscard]] bool is_whole() const { return whole_; }
  [[nodiscard]] std::string take_beginning() { return std::move(beginning_); }
  /// Of all of it; nothing for what comes through a pipe.
  [[nodiscard]] std::optional<std::uint64_t> size() const { return size_; }
  /// The next bytes, from the start on; 0 at the end, more than `room` if they cannot be read.
  [[nodiscard]] std::size_t read(char* buffer, std::size_t room);

private:
  struct closer {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };

  std::unique_ptr<std::FILE, closer> file_;
  std::string beginning_;
  std::size_t sent_ = 0;  ///< of the beginning
  bool whole_ = false;
  std::optional<std::uint64_t> size_;
};

/// The media type of an upload: `said`, or by the end of the file's name, or application/octet-stream.
[[nodiscard]] std::string media_type_of(const std::string& path, const std::string& said);

/// POST /v1/payloads with a progress bar. The payload's id.
[[nodiscard]] outcome<std::string> upload_content(context& where, content_source& source, const std::string& media_type);

}  // namespace waybill::cli
