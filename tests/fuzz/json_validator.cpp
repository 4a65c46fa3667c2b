// SPDX-License-Identifier: Apache-2.0
#include "core/payload/json_validator.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

namespace {

bool accepts(std::string_view text, std::size_t step) {
  waybill::core::json_validator v;
  for (std::size_t at = 0; at < text.size(); at += step)
    if (!v.add(text.substr(at, step))) return false;
  return v.finish();
}

bool has(std::string_view text, std::string_view what) { return text.find(what) != std::string_view::npos; }

}  // namespace

// It does not matter how the bytes are cut, and another parser comes to the same answer. Where the two may differ: it passes
// over a byte order mark, has no bound on depth, and refuses numbers beyond a double and halves of surrogate pairs, which the
// grammar allows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const bool whole = accepts(text, size + 1);
  if (accepts(text, 1) != whole || accepts(text, 3) != whole) std::abort();
  const bool other = nlohmann::json::accept(text);
  const bool deep = text.size() > waybill::core::json_validator::max_depth;
  if (other && !whole && !deep && !has(text, "\xEF\xBB\xBF")) std::abort();
  if (whole && !other && !has(text, "\\u") && !has(text, "e") && !has(text, "E") && text.size() < 300) std::abort();
  return 0;
}
