// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/failure.hpp"
#include "cli/http_client.hpp"
#include "cli/settings.hpp"

#include <nlohmann/json.hpp>

namespace waybill::cli {

/// Keeps members in the order in which the node sent them.
using json = nlohmann::ordered_json;
using query = std::vector<std::pair<std::string, std::string>>;

/// An answer that was not an error: as text for --json, parsed for a person.
struct rest_answer {
  long status = 0;
  std::string text;
  json value;
  std::map<std::string, std::string> headers;
};

/// The node's REST surface: adds key and organization to every call, and turns what is not a success into a failure with
/// every fault that the node named. Blocks; one call at a time.
class rest_client {
public:
  explicit rest_client(const settings& s) : settings_(s) {}

  [[nodiscard]] outcome<rest_answer> get(const std::string& path, const query& parameters = {});
  /// `body` as JSON text; `headers` beyond the usual ones, as "Name: value".
  [[nodiscard]] outcome<rest_answer> send(const std::string& method, const std::string& path, std::string body = {},
                                          std::vector<std::string> headers = {});
  /// A body that `read` gives piece by piece (see http_request::read_body), so that it is never held as a whole.
  [[nodiscard]] outcome<rest_answer> upload(const std::string& path, std::function<std::size_t(char*, std::size_t)> read,
                                            std::optional<std::uint64_t> size, std::vector<std::string> headers);
  /// Every item of a list, page by page, until there are no more, `limit` were seen (0: no limit) or `each` says false.
  [[nodiscard]] outcome<void> each(const std::string& path, query parameters, std::size_t limit,
                                   const std::function<bool(const json&)>& each);

  [[nodiscard]] http_request make_request(const std::string& method, const std::string& path, const query& parameters,
                                          std::string body, std::vector<std::string> headers) const;
  [[nodiscard]] outcome<rest_answer> interpret(http_answer answer) const;

private:
  const settings& settings_;
  http_exchange exchange_;
};

/// Percent-encodes all but RFC 3986's unreserved characters.
[[nodiscard]] std::string url_encoded(const std::string& text);

/// `object[name]` as text: a string's content, another value's JSON; empty if it is missing or null.
[[nodiscard]] std::string text_of(const json& object, const std::string& name);

}  // namespace waybill::cli
