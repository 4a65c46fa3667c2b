// SPDX-License-Identifier: Apache-2.0
#include "cli/content_upload.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "cli/progress_bar.hpp"

namespace waybill::cli {
namespace {

constexpr std::size_t mib = 1'048'576;

constexpr std::pair<std::string_view, std::string_view> known_types[] = {
    {".json", "application/json"},
    {".csv", "text/csv"},
    {".txt", "text/plain"},
    {".xml", "application/xml"},
    {".html", "text/html"},
    {".pdf", "application/pdf"},
    {".zip", "application/zip"},
    {".gz", "application/gzip"},
    {".zst", "application/zstd"},
    {".tar", "application/x-tar"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".ndjson", "application/x-ndjson"},
    {".parquet", "application/vnd.apache.parquet"},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
};

outcome<void> cannot_read(const std::string& path) {
  return fail(exit_code::failed, "cannot read '" + path + "': " + std::strerror(errno));
}

}  // namespace

outcome<std::unique_ptr<content_source>> content_source::open(const std::string& path) {
  auto source = std::make_unique<content_source>();
  source->file_.reset(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (!source->file_) return tl::unexpected<failure>(cannot_read(path).error());
  auto& start = source->beginning_;
  start.resize(inline_content_bytes + 1);
  start.resize(std::fread(start.data(), 1, start.size(), source->file_.get()));
  if (std::ferror(source->file_.get()) != 0) return tl::unexpected<failure>(cannot_read(path).error());
  source->whole_ = start.size() <= inline_content_bytes;
  struct stat facts {};
  if (source->whole_)
    source->size_ = start.size();
  else if (::fstat(::fileno(source->file_.get()), &facts) == 0 && S_ISREG(facts.st_mode) && path != "-")
    source->size_ = static_cast<std::uint64_t>(facts.st_size);
  return source;
}

std::size_t content_source::read(char* buffer, std::size_t room) {
  if (sent_ < beginning_.size()) {
    const auto size = beginning_.copy(buffer, room, sent_);
    sent_ += size;
    return size;
  }
  if (whole_) return 0;
  const auto size = std::fread(buffer, 1, room, file_.get());
  return size == 0 && std::ferror(file_.get()) != 0 ? room + 1 : size;
}

std::string media_type_of(const std::string& path, const std::string& said) {
  if (!said.empty()) return said;
  for (const auto& [end, type] : known_types)
    if (path.size() > end.size() && path.compare(path.size() - end.size(), end.size(), end) == 0) return std::string{type};
  return "application/octet-stream";
}

outcome<std::string> upload_content(context& where, content_source& source, const std::string& media_type) {
  const auto total = source.size().value_or(0);
  progress_bar progress(where.screen, static_cast<std::size_t>((total + mib - 1) / mib), " MiB");
  std::uint64_t sent = 0;
  const auto answer = where.rest.upload("/v1/payloads",
                                        [&](char* buffer, std::size_t room) {
                                          const auto size = source.read(buffer, room);
                                          if (size <= room) sent += size;
                                          progress.advance(static_cast<std::size_t>(sent / mib), 0);
                                          return size;
                                        },
                                        source.size(), {"Content-Type: " + media_type});
  progress.clear();
  if (!answer) return tl::unexpected<failure>(answer.error());
  return text_of(answer->value, "payloadId");
}

}  // namespace waybill::cli
