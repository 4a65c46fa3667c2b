// SPDX-License-Identifier: Apache-2.0
// The body of POST /v1/deliveries: nothing in it may break the reader, and what the reader accepts is what nlohmann's parser
// accepts, but for the rules that are stricter on purpose (duplicate members, depth).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/delivery_request.hpp"
#include "api/json_reader.hpp"

#include <nlohmann/json.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill;
  const std::string_view text{reinterpret_cast<const char*>(data), size};

  api::json_fault fault;
  const bool accepted = api::is_acceptable_json(text, 64, fault);
  const bool theirs = nlohmann::json::accept(text);
  // nlohmann skips a byte order mark, ends at a NUL, and takes a number beyond a double's range for no number.
  const bool alike = text.substr(0, 3) != "\xef\xbb\xbf" && text.find('\0') == std::string_view::npos;
  if (!accepted && theirs && alike && fault.rule != "duplicate" && fault.rule != "depth") std::abort();
  if (accepted && !theirs && text.find_first_of("eE") == std::string_view::npos && size < 300) std::abort();

  const auto request = api::parse_delivery_request(text, 64);
  if (!request) {
    if (request.error().message.empty()) std::abort();
    return 0;
  }
  if (!accepted) std::abort();
  // The payload is a value of the text, byte for byte.
  if (text.find(request->content) == std::string_view::npos) std::abort();
  if (!api::is_acceptable_json(request->content, 64, fault) || !api::is_acceptable_json(request->metadata, 64, fault))
    std::abort();
  return 0;
}
