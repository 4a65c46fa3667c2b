// SPDX-License-Identifier: Apache-2.0
#include "envelope.hpp"

#include <waybill/transfer/header_list.hpp>
#include <waybill/transfer/json_text.hpp>

#include "timestamps.hpp"

namespace waybill::webhook {
namespace {

enum class place : std::uint8_t { own_request = 1, batch };

void append_prefix(std::string& out, const sdk::delivery& what, bool base64, place where = place::own_request) {
  out.append("{\"id\":");
  transfer::append_json_string(out, what.delivery_id());
  if (where == place::batch) {
    out.append(",\"idempotencyKey\":");
    transfer::append_json_string(out, what.idempotency_key());
    out.append(",\"attempt\":").append(std::to_string(what.attempt()));
    if (!what.traceparent().empty()) {
      out.append(",\"traceparent\":");
      transfer::append_json_string(out, what.traceparent());
    }
  }
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

envelope_frame make_frame(const sdk::delivery& what, place where) {
  envelope_frame frame;
  frame.base64 = !is_json(what.content_type());
  append_prefix(frame.prefix, what, frame.base64, where);
  append_suffix(frame.suffix, what, frame.base64);
  return frame;
}

void append_whole(std::string& out, const sdk::delivery& what, place where) {
  const bool base64 = !is_json(what.content_type());
  append_prefix(out, what, base64, where);
  if (base64)
    transfer::append_base64(out, what.content());
  else
    out.append(what.content());
  append_suffix(out, what, base64);
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

envelope_frame frame_of(const sdk::delivery& what) { return make_frame(what, place::own_request); }
envelope_frame batch_frame_of(const sdk::delivery& what) { return make_frame(what, place::batch); }

std::string make_envelope(const sdk::delivery& what) {
  const auto content = what.content();
  std::string out;
  out.reserve((is_json(what.content_type()) ? content.size() : content.size() / 3 * 4 + 4) + what.metadata().size() + 320);
  append_whole(out, what, place::own_request);
  return out;
}

void append_batch_element(std::string& out, const sdk::delivery& what) { append_whole(out, what, place::batch); }

}  // namespace waybill::webhook
