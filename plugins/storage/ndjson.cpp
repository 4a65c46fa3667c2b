// SPDX-License-Identifier: Apache-2.0
#include "ndjson.hpp"

#include <waybill/transfer/header_list.hpp>
#include <waybill/transfer/json_text.hpp>

#include "times.hpp"

namespace waybill::storage {
namespace {

void append_member(std::string& out, const char* name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  transfer::append_json_string(out, value);
}

void append_on_one_line(std::string& out, std::string_view json) {
  const auto begin = out.size();
  out += json;
  for (auto i = begin; i < out.size(); ++i)
    if (out[i] == '\n' || out[i] == '\r') out[i] = ' ';
}

}  // namespace

bool is_json(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  if (transfer::equal_ignoring_case(type, "application/json") || transfer::equal_ignoring_case(type, "text/json")) return true;
  return type.size() > 5 && transfer::equal_ignoring_case(type.substr(type.size() - 5), "+json");
}

void append_line(std::string& out, const sdk::delivery& what) {
  out.append("{\"id\":");
  transfer::append_json_string(out, what.delivery_id());
  append_member(out, "taskId", what.task_id());
  append_member(out, "idempotencyKey", what.idempotency_key());
  append_member(out, "type", what.payload_type());
  append_member(out, "timestamp", iso8601(what.created_at_ms()));
  const auto content = what.content();
  if (is_json(what.content_type()) && !content.empty()) {
    out.append(",\"data\":");
    append_on_one_line(out, content);
  } else {
    out.append(",\"dataEncoding\":\"base64\"");
    append_member(out, "contentType", what.content_type());
    append_member(out, "filename", what.filename());
    out.append(",\"data\":\"");
    transfer::append_base64(out, content);
    out.append("\"");
  }
  out.append(",\"metadata\":");
  append_on_one_line(out, what.metadata().empty() ? std::string_view{"{}"} : what.metadata());
  out.append("}\n");
}

}  // namespace waybill::storage
