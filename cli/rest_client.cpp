// SPDX-License-Identifier: Apache-2.0
#include "cli/rest_client.hpp"

#include <algorithm>

namespace waybill::cli {
namespace {

/// "HTTP 422 VALIDATION_ERROR: …", then a line per fault.
std::string describe_problem(long status, const json& problem) {
  auto text = "the node refused: " + std::to_string(status);
  if (const auto code = text_of(problem, "code"); !code.empty()) text += ' ' + code;
  auto detail = text_of(problem, "detail");
  if (detail.empty()) detail = text_of(problem, "title");
  if (!detail.empty()) text += ": " + detail;
  if (!problem.is_object() || !problem.contains("errors") || !problem["errors"].is_array()) return text;
  for (const auto& fault : problem["errors"]) {
    const auto pointer = text_of(fault, "pointer");
    text += "\n  " + (pointer.empty() ? "(the whole)" : pointer) + ": " + text_of(fault, "message");
    if (const auto rule = text_of(fault, "rule"); !rule.empty()) text += " [" + rule + ']';
  }
  return text;
}

std::string advice(long status, const std::map<std::string, std::string>& headers, bool has_key) {
  if (status == 401)
    return has_key ? "\n  check the key (--key-file, WAYBILL_KEY_FILE)"
                   : "\n  no key was given: --key-file FILE, or run where ./data/operator.key is";
  const auto retry_after = headers.find("retry-after");
  return retry_after == headers.end() ? "" : "\n  try again in " + retry_after->second + " s";
}

}  // namespace

std::string url_encoded(const std::string& text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return encoded;
}

std::string text_of(const json& object, const std::string& name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump(-1, ' ', false, json::error_handler_t::replace);
}

outcome<rest_answer> rest_client::get(const std::string& path, const query& parameters) {
  return interpret(exchange_.perform(make_request("GET", path, parameters, {}, {})));
}

outcome<rest_answer> rest_client::send(const std::string& method, const std::string& path, std::string body,
                                       std::vector<std::string> headers) {
  return interpret(exchange_.perform(make_request(method, path, {}, std::move(body), std::move(headers))));
}

outcome<rest_answer> rest_client::upload(const std::string& path, std::function<std::size_t(char*, std::size_t)> read,
                                         std::optional<std::uint64_t> size, std::vector<std::string> headers) {
  auto request = make_request("POST", path, {}, {}, std::move(headers));
  request.read_body = std::move(read);
  request.body_size = size;
  return interpret(exchange_.perform(request));
}

outcome<void> rest_client::each(const std::string& path, query parameters, std::size_t limit,
                                const std::function<bool(const json&)>& each) {
  constexpr std::size_t largest_page = 500;
  parameters.emplace_back("limit", std::to_string(limit == 0 ? largest_page : std::min(limit, largest_page)));
  const auto cursor_at = parameters.size();
  std::size_t seen = 0;
  while (true) {
    const auto answer = get(path, parameters);
    if (!answer) return tl::unexpected<failure>(answer.error());
    if (!answer->value.is_object() || !answer->value.contains("data") || !answer->value["data"].is_array())
      return fail(exit_code::failed, "the answer to GET " + path + " is not a list");
    for (const auto& item : answer->value["data"])
      if (!each(item) || (++seen == limit && limit != 0)) return {};
    const auto next = text_of(answer->value, "nextCursor");
    if (next.empty()) return {};
    parameters.resize(cursor_at);
    parameters.emplace_back("cursor", next);
  }
}

http_request rest_client::make_request(const std::string& method, const std::string& path, const query& parameters,
                                       std::string body, std::vector<std::string> headers) const {
  http_request request{method, settings_.server + path, std::move(headers), std::move(body), settings_.ca_file, {}, {}};
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    request.url += separator + url_encoded(name) + '=' + url_encoded(value);
    separator = '&';
  }
  const auto has_type = std::any_of(request.headers.begin(), request.headers.end(),
                                    [](const std::string& header) { return header.rfind("Content-Type:", 0) == 0; });
  if (!request.body.empty() && !has_type) request.headers.push_back("Content-Type: application/json");
  if (!settings_.key.empty()) request.headers.push_back("Authorization: Bearer " + settings_.key);
  if (!settings_.organization.empty()) request.headers.push_back("X-Organization-Id: " + settings_.organization);
  request.headers.push_back("Accept: application/json, application/problem+json");
  return request;
}

outcome<rest_answer> rest_client::interpret(http_answer answer) const {
  if (answer.status == 0) return fail(exit_code::unreachable, "no answer from " + settings_.server + ": " + answer.error);
  auto value = answer.body.empty() ? json{} : json::parse(answer.body, nullptr, false);
  if (answer.status >= 200 && answer.status < 300) {
    if (value.is_discarded())
      return fail(exit_code::failed, settings_.server + " answered, but not with JSON: is it a Waybill node?");
    return rest_answer{answer.status, std::move(answer.body), std::move(value), std::move(answer.headers)};
  }
  failure refused{exit_code::refused, describe_problem(answer.status, value), {}};
  refused.text += advice(answer.status, answer.headers, !settings_.key.empty());
  if (value.is_object()) refused.problem = std::move(answer.body);
  return tl::unexpected<failure>(std::move(refused));
}

}  // namespace waybill::cli
