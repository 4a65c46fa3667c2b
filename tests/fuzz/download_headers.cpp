// SPDX-License-Identifier: Apache-2.0
// What whoever has a download link can send: the token, Range, entity tags, the addresses in X-Forwarded-For and Forwarded; and
// the file name that a producer chose. The first byte says how large the content is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/byte_ranges.hpp"
#include "api/client_address.hpp"
#include "api/content_disposition.hpp"
#include "core/links/link_options.hpp"
#include "core/links/link_token.hpp"

namespace {

using namespace waybill;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_ranges(std::string_view field, std::uint64_t size) {
  const auto wanted = api::parse_ranges(field, size);
  require((wanted.verdict == api::range_verdict::parts) == !wanted.parts.empty());
  require(wanted.parts.size() <= api::most_ranges);
  std::uint64_t sum = 0;
  for (const auto& part : wanted.parts) {
    require(part.first <= part.last && part.last < size);
    sum += part.size();
  }
  require(sum <= size);
}

void check_addresses(std::string_view field) {
  if (const auto address = api::forwarded_address(field)) require(api::forwarded_address(*address) == address);
  for (const auto where : {api::forwarded_header::x_forwarded_for, api::forwarded_header::forwarded}) {
    const auto clients = api::client_addresses::from({"10.0.0.0/8", "::1/128"}, where);
    require(clients.has_value());
    // Never more than the outermost trusted proxy said, and never nothing.
    require(clients->client_of("192.0.2.1", {field}) == "192.0.2.1");
    const auto client = clients->client_of("10.0.0.1", {field, field});
    require(client == "10.0.0.1" || api::forwarded_address(client) == client);
  }
}

void check_name(std::string_view name) {
  const auto value = api::attachment_named(name);
  require(value.rfind("attachment", 0) == 0);
  std::size_t quotes = 0;
  for (const char c : value) {
    require(static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F);
    quotes += c == '"' ? 1u : 0u;
  }
  require(quotes == 0 || quotes == 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  check_ranges(text, data[0]);
  check_ranges(text, UINT64_MAX);
  check_addresses(text);
  check_name(text);
  static_cast<void>(api::lists_etag(text, "\"a\"", api::etag_match::weak));
  const auto hidden = core::without_link_secrets(std::string{text});
  require(!core::link_in(hidden) || core::link_in(hidden) == core::link_in(text));
  require(core::without_link_secrets(hidden) == hidden);
  static_cast<void>(core::read_link_options(text, 100));
  return 0;
}
