// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

namespace waybill::api {

enum class json_kind : std::uint8_t { invalid = 1, object, array, string, number, boolean, null };

/// Where and why a text is not acceptable JSON.
struct json_fault {
  std::size_t offset = 0;
  std::string pointer;  ///< RFC 6901, of the value or member at fault
  std::string rule;     ///< json | utf8 | depth | duplicate
  std::string message;
};

/// A strict pull reader over one JSON text (RFC 8259), the gatekeeper of every request body: it validates all it passes,
/// UTF-8 included, refuses a member name that comes twice in one object (RFC 7493 section 2.3) and nesting beyond a limit, and
/// hands out values as the exact bytes they stood in. A DOM library gives neither the bytes nor numbers beyond 64 bits
/// (12345678901234567890123, 0.1000), which a payload must keep; UTF-8 is checked by simdjson.
///
/// Use: construct, `peek` at the value ahead, then consume it with exactly one of skip, read_string, enter_object
/// or enter_array. After the first fault every call fails and `fault` tells why. Made per body; one thread.
class json_reader {
public:
  json_reader(std::string_view text, std::uint32_t max_depth);

  [[nodiscard]] json_kind peek();
  /// Passes the value ahead, whatever it is; `raw` views its bytes in the text, without space around it.
  bool skip(std::string_view& raw);
  bool read_string(std::string& out);

  /// for (enter_object(); next_member(name);) consume a value. `name` is unescaped, and valid until the object's end.
  bool enter_object();
  bool next_member(std::string_view& name);
  /// for (enter_array(); next_element();) consume a value.
  bool enter_array();
  bool next_element();

  /// Only white space is left.
  bool finish();

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const json_fault& fault() const { return fault_; }

private:
  /// An object or array that was entered and not yet left.
  struct nesting {
    bool is_object = false;
    bool first = true;
    std::size_t first_name = 0;  ///< objects: where its names begin in names_
    std::size_t index = 0;       ///< arrays: of the current element
  };

  bool fail(std::string rule, std::string message);
  void space();
  bool literal(std::string_view word);
  bool number();
  bool string_token(std::string_view& raw, bool& escaped);
  bool escape_sequence();
  bool hex4(std::uint32_t& value);
  bool open(char bracket, bool is_object);
  bool name_is_new(std::string_view name);
  bool names_are_unique(std::size_t first) const;
  void leave();
  [[nodiscard]] std::string location() const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t max_depth_;
  std::vector<nesting> levels_;
  std::vector<std::string_view> names_;       ///< of every open object, outermost first
  std::forward_list<std::string> unescaped_;  ///< names that held escapes; addresses stay
  bool failed_ = false;
  json_fault fault_;
};

/// Validates a whole body under the reader's rules.
[[nodiscard]] bool is_acceptable_json(std::string_view text, std::uint32_t max_depth, json_fault& fault);
/// Escapes one reference token of a JSON Pointer (RFC 6901 section 3).
[[nodiscard]] std::string pointer_token(std::string_view name);

}  // namespace waybill::api
