// SPDX-License-Identifier: Apache-2.0
#include "api/media_type.hpp"

#include <algorithm>

namespace waybill::api {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_token(std::string_view part) {
  return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
    return c > ' ' && c < 0x7F && std::string_view{"()<>@,;:\\\"/[]?={}"}.find(c) == std::string_view::npos;
  });
}

}  // namespace

bool is_media_type(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || std::any_of(text.begin(), text.end(), is_control)) return false;
  const auto rest = text.substr(slash + 1);
  return is_token(text.substr(0, slash)) && is_token(rest.substr(0, rest.find_first_of("; ")));
}

}  // namespace waybill::api
