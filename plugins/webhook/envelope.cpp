// SPDX-License-Identifier: Apache-2.0
#include "envelope.hpp"

#include <waybill/transfer/header_list.hpp>
#include <waybill/transfer/json_text.hpp>

#include "timestamps.hpp"

namespace waybill::webhook {
namespace {

void append_prefix(std::string& out, const sdk::delivery& what, bool base64) {
  out.append("{\"id\":");
  transfer::append_json_string(out, what.delivery_id());
  out.append(",\"type\":");
  transfer::append_json_string(out, what.payload_type());
  out.append(",\"timestamp\":\"").append(iso8601{what.created_at_ms()}.text()).append("\",\"data\":");
  if (base64)
    out.push_back('"');
  else if (what.size() == 0)
    out.append("null");
}

void append_suffix(std::string& out, const sdk::delivery& what, bool base64) {
  if (base64) {
    out.append("\",\"dataEncoding\":\"base64\",\"contentType\":");
    transfer::append_json_string(out, what.content_type());
    if (!what.filename().empty()) {
      out.append(",\"filename\":");
      transfer::append_json_string(out, what.filename());
    }
  }
  const auto metadata = what.metadata();
  out.append(",\"metadata\":").append(metadata.empty() ? std::string_view{"{}"} : metadata).push_back('}');
}

}  // namespace

bool is_json(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (!content_type.empty() && (content_type.back() == ' ' || content_type.back() == '\t')) content_type.remove_suffix(1);
  constexpr std::string_view suffix = "+json";
  return transfer::equal_ignoring_case(content_type, "application/json") ||
         transfer::equal_ignoring_case(content_type, "text/json") ||
         (content_type.size() > suffix.size() &&
          transfer::equal_ignoring_case(content_type.substr(content_type.size() - suffix.size()), suffix));
}

envelope_frame frame_of(const sdk::delivery& what) {
  envelope_frame frame;
  frame.base64 = !is_json(what.content_type());
  append_prefix(frame.prefix, what, frame.base64);
  append_suffix(frame.suffix, what, frame.base64);
  return frame;
}

std::string make_envelope(const sdk::delivery& what) {
  const bool base64 = !is_json(what.content_type());
  const auto content = what.content();
  std::string out;
  out.reserve((base64 ? content.size() / 3 * 4 + 4 : content.size()) + what.metadata().size() + 320);
  append_prefix(out, what, base64);
  if (base64)
    transfer::append_base64(out, content);
  else
    out.append(content);
  append_suffix(out, what, base64);
  return out;
}

}  // namespace waybill::webhook
