// SPDX-License-Identifier: Apache-2.0
#include "packets.hpp"

namespace waybill::sftp {
namespace {

constexpr std::uint32_t has_size = 0x01;  // SSH_FILEXFER_ATTR_*, section 5
constexpr std::uint32_t has_owner = 0x02;
constexpr std::uint32_t has_permissions = 0x04;
constexpr std::uint32_t has_times = 0x08;

void put(std::string& out, std::uint64_t number, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift & 0xff));
}

/// Reads from the front; after the first thing that is not there everything is nothing.
class reader {
public:
  explicit reader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] std::uint64_t number(std::size_t bytes) {
    if (!take(bytes)) return 0;
    std::uint64_t out = 0;
    for (const char c : taken_) out = out << 8 | static_cast<unsigned char>(c);
    return out;
  }
  [[nodiscard]] std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  [[nodiscard]] std::string_view text() {
    const auto size = u32();
    return take(size) ? taken_ : std::string_view{};
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

private:
  bool take(std::size_t bytes) {
    good_ = good_ && bytes <= rest_.size();
    if (!good_) return false;
    taken_ = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return true;
  }

  std::string_view rest_;
  std::string_view taken_;
  bool good_ = true;
};

void read_attributes(reader& from, reply& into) {
  const auto flags = from.u32();
  if ((flags & has_size) != 0) into.size = from.number(8);
  if ((flags & has_owner) != 0) static_cast<void>(from.number(8));
  if ((flags & has_permissions) != 0) into.mode = from.u32();
  if ((flags & has_times) != 0) static_cast<void>(from.number(8));
  // Extended attributes may follow; nothing of them is used.
}

}  // namespace

packet_writer::packet_writer(std::string& out, packet kind, std::uint32_t id) : out_(out), start_(out.size()) {
  put(out_, 0, 4);
  put(out_, static_cast<std::uint8_t>(kind), 1);
  put(out_, id, 4);
}

packet_writer& packet_writer::u32(std::uint32_t number) {
  put(out_, number, 4);
  return *this;
}

packet_writer& packet_writer::u64(std::uint64_t number) {
  put(out_, number, 8);
  return *this;
}

packet_writer& packet_writer::text(std::string_view bytes) {
  put(out_, bytes.size(), 4);
  out_.append(bytes);
  return *this;
}

packet_writer& packet_writer::permissions(const std::optional<std::uint32_t>& mode) {
  u32(mode ? has_permissions : 0);
  return mode ? u32(*mode) : *this;
}

void packet_writer::finish() {
  std::string length;
  put(length, out_.size() - start_ - 4, 4);
  out_.replace(start_, 4, length);
}

std::optional<std::string_view> next_packet(std::string_view bytes, bool& broken) {
  reader from{bytes};
  const auto size = from.u32();
  if (!from.good()) return std::nullopt;
  broken = size == 0 || size > longest_packet;
  if (broken || from.rest().size() < size) return std::nullopt;
  return from.rest().substr(0, size);
}

std::optional<reply> read_reply(std::string_view content) {
  reader from{content};
  reply out;
  out.kind = static_cast<packet>(from.number(1));
  out.id = from.u32();
  switch (out.kind) {
    case packet::status:
      out.status = from.u32();
      // Old servers leave the words out.
      if (!from.empty()) out.text = std::string{from.text()};
      break;
    case packet::handle:
    case packet::data:
      out.text = std::string{from.text()};
      break;
    case packet::name:
      if (from.u32() == 0) return std::nullopt;
      out.text = std::string{from.text()};
      break;
    case packet::attributes:
      read_attributes(from, out);
      break;
    case packet::extended_reply:
      out.text = std::string{from.rest()};
      break;
    default:
      return std::nullopt;
  }
  if (!from.good()) return std::nullopt;
  return out;
}

std::optional<server_version> read_version(std::string_view content) {
  reader from{content};
  if (from.number(1) != static_cast<std::uint64_t>(packet::version)) return std::nullopt;
  server_version out;
  out.version = from.u32();
  while (from.good() && !from.empty()) {
    std::string name{from.text()};
    std::string data{from.text()};
    if (from.good()) out.extensions.emplace_back(std::move(name), std::move(data));
  }
  if (!from.good()) return std::nullopt;
  return out;
}

std::optional<std::uint64_t> read_write_limit(std::string_view extended) {
  reader from{extended};
  static_cast<void>(from.number(8));  // max-packet-length
  static_cast<void>(from.number(8));  // max-read-length
  const auto limit = from.number(8);
  if (!from.good() || limit == 0) return std::nullopt;
  return limit;
}

std::optional<std::string> read_sha256(std::string_view extended) {
  reader from{extended};
  const auto algorithm = from.text();
  if (!from.good() || algorithm != "sha256" || from.rest().size() != 32) return std::nullopt;
  return std::string{from.rest()};
}

}  // namespace waybill::sftp
