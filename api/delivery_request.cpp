// SPDX-License-Identifier: Apache-2.0
#include "api/delivery_request.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "api/json_reader.hpp"
#include "api/malformed.hpp"
#include "api/media_type.hpp"

namespace waybill::api {

namespace {

constexpr std::size_t max_destinations = 1'000;
constexpr std::size_t max_tags = 50;
constexpr std::size_t max_tag_bytes = 128;
constexpr std::size_t max_text_bytes = 255;
constexpr std::int64_t max_deliver_within_ms = 365LL * 24 * 60 * 60 * 1'000;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool has_control(std::string_view text) { return std::any_of(text.begin(), text.end(), is_control); }

/// Walks the members of the request and fills a delivery_request, collecting faults as it goes.
class delivery_request_reader {
public:
  delivery_request_reader(std::string_view body, std::uint32_t max_depth) : json_(body, max_depth) {}

  core::result<core::delivery_request> read() {
    if (json_.peek() != json_kind::object && !json_.failed()) {
      std::string_view raw;
      if (json_.skip(raw) && json_.finish()) fault("", "type", "the body must be an object");
    } else {
      read_root();
      json_.finish();
    }
    if (json_.failed()) return core::fail(malformed_body(json_.fault()));
    if (!faults_.empty()) return core::fail(invalid_fields(std::move(faults_)));
    return std::move(out_);
  }

private:
  void read_root() {
    bool has_payload = false;
    std::string_view name;
    for (json_.enter_object(); json_.next_member(name);) {
      if (name == "organizationId") {
        read_organization();
      } else if (name == "destinations") {
        read_destinations();
      } else if (name == "payload") {
        has_payload = true;
        read_payload();
      } else if (name == "options") {
        read_options();
      } else {
        unknown("", name);
      }
      if (json_.failed()) return;
    }
    if (!has_payload) fault("/payload", "required", "a payload is required");
  }

  void read_organization() {
    std::string text;
    if (!string_at("/organizationId", text)) return;
    out_.organization = core::organization_id::parse(text);
    if (!out_.organization) fault("/organizationId", "format", "not an organization id (org_…)");
  }

  void read_destinations() {
    if (json_.peek() == json_kind::string) {
      std::string text;
      if (json_.read_string(text) && text != "default")
        fault("/destinations", "type", "either a list of destination ids or the word \"default\"");
      return;
    }
    if (json_.peek() != json_kind::array)
      return wrong_type("/destinations", "a list of destination ids, or the word \"default\"");
    std::size_t index = 0;
    for (json_.enter_array(); json_.next_element(); ++index) read_destination(index);
    if (json_.failed()) return;
    if (index == 0) fault("/destinations", "minItems", "name at least one destination, or leave the member out");
    if (index > max_destinations) fault("/destinations", "maxItems", "at most 1000 destinations");
    refuse_repeated_destinations();
  }

  void read_destination(std::size_t index) {
    std::string text;
    const auto pointer = [index] { return "/destinations/" + std::to_string(index); };
    if (json_.peek() != json_kind::string) return wrong_type(pointer(), "a destination id");
    if (!json_.read_string(text)) return;
    if (const auto id = core::destination_id::parse(text)) {
      out_.destinations.push_back(*id);
    } else {
      fault(pointer(), "format", "not a destination id (dst_…)");
    }
  }

  void refuse_repeated_destinations() {
    auto sorted = out_.destinations;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
      fault("/destinations", "uniqueItems", "a destination is named more than once");
  }

  void read_payload() {
    if (json_.peek() != json_kind::object) return wrong_type("/payload", "an object");
    bool has_type = false;
    bool has_data = false;
    bool has_content_type = false;
    std::string_view name;
    for (json_.enter_object(); json_.next_member(name);) {
      std::string_view raw;
      if (name == "type") {
        has_type = true;
        read_payload_type();
      } else if (name == "data") {
        has_data = json_.skip(raw);
        out_.content = raw;
      } else if (name == "filename") {
        read_filename();
      } else if (name == "payloadId") {
        read_payload_id();
      } else if (name == "contentType") {
        has_content_type = true;
        read_content_type();
      } else if (name == "metadata") {
        if (json_.peek() != json_kind::object) {
          wrong_type("/payload/metadata", "an object");
        } else if (json_.skip(raw)) {
          out_.metadata = raw;
        }
      } else {
        unknown("/payload", name);
      }
      if (json_.failed()) return;
    }
    if (!has_type) fault("/payload/type", "required", "one of report, export, data, custom is required");
    if (has_data && out_.payload)
      fault("/payload/payloadId", "exclusive", "either data or the id of an uploaded payload, never both");
    if (!has_data && !saw_payload_id_)
      fault("/payload/data", "required", "the payload's data, or the payloadId of an upload, is required");
    if (saw_payload_id_ && !has_content_type) out_.content_type.clear();
  }

  void read_payload_id() {
    saw_payload_id_ = true;
    std::string text;
    if (!string_at("/payload/payloadId", text)) return;
    out_.payload = core::payload_id::parse(text);
    if (!out_.payload) fault("/payload/payloadId", "format", "not a payload id (pay_…)");
  }

  void read_payload_type() {
    if (!string_at("/payload/type", out_.payload_type)) return;
    const auto& type = out_.payload_type;
    if (type != "report" && type != "export" && type != "data" && type != "custom")
      fault("/payload/type", "enum", "one of report, export, data, custom");
  }

  /// A name, not a path: it ends up in file systems, archives and headers of others.
  void read_filename() {
    if (!text_at("/payload/filename", out_.filename)) return;
    const auto& name = out_.filename;
    if (name.find_first_of("/\\") != std::string::npos || name == "." || name == "..")
      fault("/payload/filename", "format", "a file name without '/' or '\\'");
  }

  void read_content_type() {
    if (text_at("/payload/contentType", out_.content_type) && !is_media_type(out_.content_type))
      fault("/payload/contentType", "format", "a media type such as application/json");
  }

  void read_options() {
    if (json_.peek() != json_kind::object) return wrong_type("/options", "an object");
    std::string_view name;
    for (json_.enter_object(); json_.next_member(name);) {
      if (name == "priority") {
        std::int64_t value = 0;
        if (integer_at("/options/priority", 0, 10, value)) out_.priority = static_cast<std::uint8_t>(value);
      } else if (name == "idempotencyKey") {
        if (string_at("/options/idempotencyKey", out_.idempotency_key) && !is_idempotency_key(out_.idempotency_key))
          fault("/options/idempotencyKey", "format", "1 to 255 printable ASCII characters");
      } else if (name == "correlationId") {
        text_at("/options/correlationId", out_.correlation_id);
      } else if (name == "orderingKey") {
        text_at("/options/orderingKey", out_.ordering_key);
      } else if (name == "tags") {
        read_tags();
      } else if (name == "scheduledAt") {
        read_scheduled_at();
      } else if (name == "deliverWithinMs") {
        std::int64_t value = 0;
        if (integer_at("/options/deliverWithinMs", 1, max_deliver_within_ms, value)) out_.deliver_within.emplace(value);
      } else {
        unknown("/options", name);
      }
      if (json_.failed()) return;
    }
  }

  void read_tags() {
    if (json_.peek() != json_kind::array) return wrong_type("/options/tags", "a list of texts");
    std::size_t index = 0;
    for (json_.enter_array(); json_.next_element(); ++index) {
      const auto pointer = [index] { return "/options/tags/" + std::to_string(index); };
      std::string tag;
      if (json_.peek() != json_kind::string) {
        wrong_type(pointer(), "a text");
      } else if (json_.read_string(tag)) {
        if (tag.empty() || tag.size() > max_tag_bytes || has_control(tag))
          fault(pointer(), "length", "1 to 128 bytes without control characters");
        out_.tags.push_back(std::move(tag));
      }
    }
    if (index > max_tags) fault("/options/tags", "maxItems", "at most 50 tags");
  }

  void read_scheduled_at() {
    std::string text;
    if (!string_at("/options/scheduledAt", text)) return;
    out_.scheduled_at = core::parse_rfc3339(text);
    if (!out_.scheduled_at)
      fault("/options/scheduledAt", "format", "an RFC 3339 date and time such as 2026-01-01T00:00:00.000Z");
  }

  bool string_at(const char* pointer, std::string& out) {
    if (json_.peek() == json_kind::string) return json_.read_string(out);
    wrong_type(pointer, "a text");
    return false;
  }

  /// A short text for people and headers: no control characters, 1 to 255 bytes.
  bool text_at(const char* pointer, std::string& out) {
    if (!string_at(pointer, out)) return false;
    if (!out.empty() && out.size() <= max_text_bytes && !has_control(out)) return true;
    fault(pointer, "length", "1 to 255 bytes without control characters");
    return false;
  }

  bool integer_at(const char* pointer, std::int64_t low, std::int64_t high, std::int64_t& out) {
    if (json_.peek() != json_kind::number) {
      wrong_type(pointer, "an integer");
      return false;
    }
    std::string_view raw;
    if (!json_.skip(raw)) return false;
    if (raw.find_first_of(".eE") != std::string_view::npos) {
      fault(pointer, "type", "must be an integer");
      return false;
    }
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), out);
    if (error == std::errc{} && end == raw.data() + raw.size() && out >= low && out <= high) return true;
    fault(pointer, "range", "must be an integer from " + std::to_string(low) + " to " + std::to_string(high));
    return false;
  }

  void wrong_type(std::string pointer, std::string_view expected) {
    std::string_view raw;
    if (json_.skip(raw)) fault(std::move(pointer), "type", "must be " + std::string{expected});
  }

  void unknown(std::string_view parent, std::string_view name) {
    auto pointer = std::string{parent} + '/' + pointer_token(name);
    std::string_view raw;
    if (json_.skip(raw)) fault(std::move(pointer), "unknown", "there is no such member here");
  }

  void fault(std::string pointer, std::string rule, std::string message) {
    add_fault(faults_, std::move(pointer), std::move(rule), std::move(message));
  }

  json_reader json_;
  core::delivery_request out_;
  bool saw_payload_id_ = false;
  std::vector<core::field_fault> faults_;
};

}  // namespace

bool is_idempotency_key(std::string_view key) {
  return !key.empty() && key.size() <= 255 && std::all_of(key.begin(), key.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

core::result<core::delivery_request> parse_delivery_request(std::string_view body, std::uint32_t max_depth) {
  return delivery_request_reader{body, max_depth}.read();
}

}  // namespace waybill::api
