// SPDX-License-Identifier: Apache-2.0
#include "content_sources.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <openssl/evp.h>

namespace waybill::email {
namespace {

constexpr std::size_t line_input = 57;   // bytes that make a line of 76 characters
constexpr std::size_t line_output = 78;  // with CRLF
constexpr std::size_t lines_at_once = 1'024;

class text final : public transfer::body_source {
public:
  explicit text(std::string bytes) : bytes_(std::move(bytes)) {}
  std::optional<std::uint64_t> size() const override { return bytes_.size(); }
  bool rewind() override {
    at_ = 0;
    return true;
  }
  std::optional<std::size_t> read(char* buffer, std::size_t room) override {
    const auto size = std::min(room, bytes_.size() - at_);
    std::memcpy(buffer, bytes_.data() + at_, size);
    at_ += size;
    return size;
  }

private:
  std::string bytes_;
  std::size_t at_ = 0;
};

class content final : public transfer::body_source {
public:
  content(sdk::retained_delivery what, std::shared_ptr<void> presence)
      : presence_(std::move(presence)), what_(std::move(what)) {}
  std::optional<std::uint64_t> size() const override { return what_.size(); }
  bool rewind() override {
    at_ = 0;
    return true;
  }
  // Content that ends early fails: its length has been announced.
  std::optional<std::size_t> read(char* buffer, std::size_t room) override {
    std::uint64_t size = std::min<std::uint64_t>(room, what_.size() - at_);
    if (size == 0) return 0;
    if (what_.in_memory())
      std::memcpy(buffer, what_.content().data() + at_, static_cast<std::size_t>(size));
    else if (what_.read(at_, reinterpret_cast<std::uint8_t*>(buffer), size) != WB_OK || size == 0)
      return std::nullopt;
    at_ += size;
    return static_cast<std::size_t>(size);
  }

private:
  std::shared_ptr<void> presence_;  ///< before what_, so destroyed after it
  sdk::retained_delivery what_;
  std::uint64_t at_ = 0;
};

class joined final : public transfer::body_source {
public:
  explicit joined(std::vector<source_ptr> parts) : parts_(std::move(parts)) {}
  std::optional<std::uint64_t> size() const override {
    std::uint64_t total = 0;
    for (const auto& part : parts_) total += part->size().value_or(0);
    return total;
  }
  bool rewind() override {
    at_ = 0;
    return std::all_of(parts_.begin(), parts_.end(), [](const auto& part) { return part->rewind(); });
  }
  std::optional<std::size_t> read(char* buffer, std::size_t room) override {
    for (; at_ < parts_.size(); ++at_) {
      const auto got = parts_[at_]->read(buffer, room);
      if (!got || *got > 0) return got;
    }
    return 0;
  }

private:
  std::vector<source_ptr> parts_;
  std::size_t at_ = 0;
};

class base64 final : public transfer::body_source {
public:
  base64(source_ptr from, base64_form form) : from_(std::move(from)), lines_(form == base64_form::lines) {}
  std::optional<std::uint64_t> size() const override {
    const auto plain = from_->size().value_or(0);
    const auto characters = (plain + 2) / 3 * 4;
    return lines_ ? characters + (plain + line_input - 1) / line_input * 2 : characters;
  }
  bool rewind() override {
    encoded_.clear();
    taken_ = 0;
    return from_->rewind();
  }
  std::optional<std::size_t> read(char* buffer, std::size_t room) override {
    if (taken_ == encoded_.size() && !encode_more()) return std::nullopt;
    const auto size = std::min(room, encoded_.size() - taken_);
    std::memcpy(buffer, encoded_.data() + taken_, size);
    taken_ += size;
    return size;
  }

private:
  /// A whole number of lines at once, so that only the last piece is padded.
  bool encode_more() {
    plain_.resize(line_input * lines_at_once);
    std::size_t size = 0;
    while (size < plain_.size()) {
      const auto got = from_->read(plain_.data() + size, plain_.size() - size);
      if (!got) return false;
      if (*got == 0) break;
      size += *got;
    }
    encoded_.resize((size + line_input - 1) / line_input * line_output + 1);  // OpenSSL ends its text with a NUL
    taken_ = 0;
    auto* out = reinterpret_cast<unsigned char*>(encoded_.data());
    const auto* in = reinterpret_cast<const unsigned char*>(plain_.data());
    const auto step = lines_ ? line_input : std::max<std::size_t>(size, 1);
    for (std::size_t at = 0; at < size; at += step) {
      out += EVP_EncodeBlock(out, in + at, static_cast<int>(std::min(step, size - at)));
      if (lines_) *out++ = '\r', *out++ = '\n';
    }
    encoded_.resize(static_cast<std::size_t>(reinterpret_cast<char*>(out) - encoded_.data()));
    return true;
  }

  source_ptr from_;
  bool lines_;
  std::string plain_;
  std::string encoded_;
  std::size_t taken_ = 0;
};

}  // namespace

source_ptr text_source(std::string bytes) { return std::make_shared<text>(std::move(bytes)); }
source_ptr content_source(sdk::retained_delivery what, std::shared_ptr<void> presence) {
  return std::make_shared<content>(std::move(what), std::move(presence));
}
source_ptr joined_source(std::vector<source_ptr> parts) { return std::make_shared<joined>(std::move(parts)); }
source_ptr base64_source(source_ptr from, base64_form form) { return std::make_shared<base64>(std::move(from), form); }

std::optional<std::string> read_all(transfer::body_source& from) {
  std::string out(static_cast<std::size_t>(from.size().value_or(0)), '\0');
  if (!from.rewind()) return std::nullopt;
  std::size_t at = 0;
  while (at < out.size()) {
    const auto got = from.read(out.data() + at, out.size() - at);
    if (!got || *got == 0) return std::nullopt;
    at += *got;
  }
  return out;
}

}  // namespace waybill::email
