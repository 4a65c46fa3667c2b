// SPDX-License-Identifier: Apache-2.0
#include "api/conditional.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "api/exchange.hpp"

namespace waybill::api {

namespace {

struct tag {
  bool weak = false;
  std::string_view opaque;
};

void skip_space(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size())); }

/// Takes one entity tag and the comma after it. Nothing: not a tag.
std::optional<tag> take_tag(std::string_view& text) {
  tag out;
  skip_space(text);
  if (text.substr(0, 2) == "W/") {
    out.weak = true;
    text.remove_prefix(2);
  }
  if (text.empty() || text[0] != '"') return std::nullopt;
  const auto end = text.find('"', 1);
  if (end == std::string_view::npos) return std::nullopt;
  out.opaque = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  skip_space(text);
  if (text.empty()) return out;
  if (text[0] != ',') return std::nullopt;
  text.remove_prefix(1);
  return out;
}

std::optional<std::uint64_t> version_of(std::string_view opaque) {
  std::uint64_t version = 0;
  const auto read = std::from_chars(opaque.data(), opaque.data() + opaque.size(), version);
  if (read.ec != std::errc{} || read.ptr != opaque.data() + opaque.size() || version == 0) return std::nullopt;
  return version;
}

}  // namespace

std::string entity_tag(std::uint64_t version) { return '"' + std::to_string(version) + '"'; }

core::result<if_match> if_match::parse(std::string_view header) {
  if_match out;
  if (header.empty() || header == "*") return out;
  out.any = false;
  for (auto rest = header; !rest.empty();) {
    const auto found = take_tag(rest);
    if (!found) return core::fail(core::error_code::malformed_request, "If-Match must be \"*\" or a list of entity tags");
    const auto version = found->weak ? std::nullopt : version_of(found->opaque);
    if (version) out.versions.push_back(*version);
  }
  return out;
}

bool none_match_names(std::string_view header, std::uint64_t version) {
  if (header == "*") return true;
  while (!header.empty()) {
    const auto found = take_tag(header);
    if (!found) return false;
    if (version_of(found->opaque) == version) return true;
  }
  return false;
}

void with_expected_version(exchange& x, const std::function<void(version_reply)>& current,
                           std::function<void(exchange&, std::uint64_t)> change) {
  auto wanted = if_match::parse(x.request.headers.if_match);
  if (!wanted) return x.answer(wanted.error());
  if (wanted->any) return change(x, 0);
  if (wanted->versions.size() == 1) return change(x, wanted->versions.front());
  current(x.on_reply<std::uint64_t>(
      [versions = std::move(wanted->versions), change = std::move(change)](exchange& y, core::result<std::uint64_t> present) {
        if (!present) return y.answer(present.error());
        if (std::find(versions.begin(), versions.end(), *present) == versions.end())
          return y.answer(
              core::error{core::error_code::precondition_failed, "no entity tag of If-Match is the present one", {}, {}});
        change(y, *present);
      }));
}

}  // namespace waybill::api
