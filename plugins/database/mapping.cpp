// SPDX-License-Identifier: Apache-2.0
#include "mapping.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include <waybill/transfer/hashing.hpp>
#include <waybill/transfer/json_text.hpp>

namespace waybill::database {
namespace {

using text_of = std::string (*)(const sdk::delivery&);

std::string accepted_at(const sdk::delivery& what) {
  const auto seconds = static_cast<std::time_t>(what.created_at_ms() / 1'000);
  std::tm at{};
  gmtime_r(&seconds, &at);
  std::array<char, 96> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday,
                at.tm_hour, at.tm_min, at.tm_sec, static_cast<int>(what.created_at_ms() % 1'000));
  return out.data();
}

struct known_member {
  std::string_view pointer;
  text_of value;
};

const std::array<known_member, 13>& members() {
  using what = const sdk::delivery&;
  static const std::array<known_member, 13> all{{
      {"/deliveryId", [](what d) { return std::string{d.delivery_id()}; }},
      {"/taskId", [](what d) { return std::string{d.task_id()}; }},
      {"/organizationId", [](what d) { return std::string{d.organization_id()}; }},
      {"/destinationId", [](what d) { return std::string{d.destination_id()}; }},
      {"/idempotencyKey", [](what d) { return std::string{d.idempotency_key()}; }},
      {"/correlationId", [](what d) { return std::string{d.correlation_id()}; }},
      {"/type", [](what d) { return std::string{d.payload_type()}; }},
      {"/contentType", [](what d) { return std::string{d.content_type()}; }},
      {"/filename", [](what d) { return std::string{d.filename()}; }},
      {"/size", [](what d) { return std::to_string(d.size()); }},
      {"/sha256",
       [](what d) {
         return transfer::to_hex(std::string_view{reinterpret_cast<const char*>(d.sha256()), 32});
       }},
      {"/createdAt", accepted_at},
      {"/attempt", [](what d) { return std::to_string(d.attempt()); }},
  }};
  return all;
}

const known_member* find(std::string_view pointer) {
  const auto& all = members();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.pointer == pointer; });
  return found == all.end() ? nullptr : &*found;
}

bool is_below(std::string_view pointer, std::string_view root) {
  return pointer.substr(0, root.size()) == root && (pointer.size() == root.size() || pointer[root.size()] == '/');
}

bool is_json(std::string_view content_type) {
  const auto plain = content_type.substr(0, content_type.find_first_of("; "));
  constexpr std::string_view suffix = "+json";
  return plain == "application/json" || plain == "text/json" ||
         (plain.size() > suffix.size() && plain.substr(plain.size() - suffix.size()) == suffix);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bound text_value(std::string_view text) { return {false, false, std::string{text}}; }

/// A value of either kind that simdjson has: a whole document, or something within.
template <class Value>
bool take(Value& from, bound& into) {
  namespace ondemand = simdjson::ondemand;
  ondemand::json_type type{};
  if (from.type().get(type) != simdjson::SUCCESS) return false;
  std::string_view text;
  switch (type) {
    case ondemand::json_type::null:
      into = {};
      return true;
    case ondemand::json_type::string:
      if (from.get_string().get(text) != simdjson::SUCCESS) return false;
      break;
    case ondemand::json_type::array: {
      ondemand::array array;
      if (from.get_array().get(array) != simdjson::SUCCESS || array.raw_json().get(text) != simdjson::SUCCESS) return false;
      break;
    }
    case ondemand::json_type::object: {
      ondemand::object object;
      if (from.get_object().get(object) != simdjson::SUCCESS || object.raw_json().get(text) != simdjson::SUCCESS) return false;
      break;
    }
    case ondemand::json_type::number:
    case ondemand::json_type::boolean:
      if (simdjson::simdjson_result<std::string_view>(from.raw_json_token()).get(text) != simdjson::SUCCESS) return false;
      text = trimmed(text);
      break;
  }
  into = text_value(text);
  return true;
}

/// A JSON text that several pointers look into.
class document {
public:
  explicit document(std::string_view text) : text_(text) {}

  /// False if it is no JSON as far as it was read; a place that is not there is NULL.
  bool at(const std::string& pointer, bound& into) {
    if (trimmed(text_).empty()) return true;
    if (parser_.iterate(text_).get(root_) != simdjson::SUCCESS) return false;
    if (pointer.empty()) return take(root_, into);
    simdjson::ondemand::value found;
    const auto status = root_.at_pointer(pointer).get(found);
    const bool missing = status == simdjson::NO_SUCH_FIELD || status == simdjson::INDEX_OUT_OF_BOUNDS ||
                         status == simdjson::INCORRECT_TYPE || status == simdjson::INVALID_JSON_POINTER;
    return missing || (status == simdjson::SUCCESS && take(found, into));
  }

private:
  simdjson::padded_string text_;
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document root_;
};

/// The payload as it is looked into; made when the first pointer asks.
class sources {
public:
  sources(const sdk::delivery& what, std::string_view content) : what_(what), content_(content) {}

  bool value(const std::string& pointer, bound& into) {
    if (const auto* member = find(pointer)) {
      auto text = member->value(what_);
      if (!text.empty()) into = text_value(text);
      return true;
    }
    if (pointer == "/content") {
      into = {false, true, std::string{content_}};
      return true;
    }
    if (is_below(pointer, "/metadata")) return metadata().at(pointer.substr(9), into);
    return data(pointer.substr(5), into);
  }

private:
  bool data(const std::string& rest, bound& into) {
    if (!is_json(what_.content_type())) {
      // A document column wants JSON: a text of base64 in quotes is both that and a value that says what it is.
      if (rest.empty()) into = text_value("\"" + transfer::to_base64(content_) + "\"");
      return true;
    }
    if (rest.empty()) {
      into = text_value(trimmed(content_));
      return true;
    }
    if (!data_) data_ = std::make_unique<document>(content_);
    return data_->at(rest, into);
  }
  document& metadata() {
    if (!metadata_) metadata_ = std::make_unique<document>(what_.metadata());
    return *metadata_;
  }

  const sdk::delivery& what_;
  std::string_view content_;
  std::unique_ptr<document> data_;
  std::unique_ptr<document> metadata_;
};

}  // namespace

std::string why_unusable(std::string_view pointer) {
  if (pointer.empty() || pointer.front() != '/') return "must be a JSON pointer: it starts with /";
  for (auto at = pointer.find('~'); at != std::string_view::npos; at = pointer.find('~', at + 1))
    if (at + 1 >= pointer.size() || (pointer[at + 1] != '0' && pointer[at + 1] != '1'))
      return "has a ~ that is neither ~0 nor ~1";
  if (pointer == "/content" || find(pointer) != nullptr || is_below(pointer, "/data") || is_below(pointer, "/metadata"))
    return {};
  std::string known = "/data, /metadata, /content";
  for (const auto& one : members()) known.append(", ").append(one.pointer);
  return "points at nothing a delivery has; known are " + known;
}

std::optional<std::vector<bound>> mapping::row(const sdk::delivery& what, std::string_view content, std::string& why) const {
  std::vector<bound> out;
  out.reserve(columns_.size() + 1);
  out.push_back(text_value(what.idempotency_key()));
  sources from{what, content};
  for (const auto& [column, pointer, required] : columns_) {
    bound value;
    if (!from.value(pointer, value)) {
      why = "the payload cannot be read as JSON at " + pointer;
      return std::nullopt;
    }
    if (value.null && required) {
      why = "the delivery has no value at " + pointer + " for the column " + column;
      return std::nullopt;
    }
    if (!value.binary && value.bytes.find('\0') != std::string::npos) {
      why = "the value at " + pointer + " has a NUL character, which no text of PostgreSQL can hold";
      return std::nullopt;
    }
    out.push_back(std::move(value));
  }
  return out;
}

}  // namespace waybill::database
