// SPDX-License-Identifier: Apache-2.0
#include "plugins/storage/text_template.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/storage/local_folder.hpp"

namespace {

/// Every variable has the same value: the input's second line.
struct one_value final : waybill::storage::variables {
  std::string text;
  [[nodiscard]] std::optional<std::string> value(std::string_view) const override { return text; }
};

[[nodiscard]] std::size_t count(std::string_view text, char wanted) {
  std::size_t out = 0;
  for (const char c : text) out += c == wanted ? 1U : 0U;
  return out;
}

}  // namespace

// First line: a template; the rest: the value of each of its variables. No value adds a folder, and what a file system is
// given leads nowhere else.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto line = input.substr(0, input.find('\n'));
  one_value values;
  values.text = input.substr(std::min(line.size() + 1, input.size()));
  std::string why;
  const auto parsed = waybill::storage::text_template::parse(line, waybill::storage::template_scope::object, why);
  if (!parsed) {
    if (why.empty()) std::abort();
    return 0;
  }
  const auto path = parsed->render_path(values);
  if (count(path, '/') > count(line, '/')) std::abort();
  if (path.find('\n') != std::string::npos || path.find('\0') != std::string::npos) std::abort();
  const auto segments = waybill::storage::segments_of(path, why);
  if (!segments) return 0;
  for (const auto& segment : *segments)
    if (segment.empty() || segment == "." || segment == ".." || segment.find('/') != std::string::npos) std::abort();
  return 0;
}
