// SPDX-License-Identifier: Apache-2.0
#include "plugins/database/mapping.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "plugins/database/statements.hpp"

// A pointer, an identifier, and a payload that another made, a line each: no value breaks out of its parameter, and a name
// stays one name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill;
  std::string text{reinterpret_cast<const char*>(data), size};
  const auto line = [&text] {
    const auto end = std::min(text.find('\n'), text.size());
    auto out = text.substr(0, end);
    text.erase(0, std::min(end + 1, text.size()));
    return out;
  };
  const auto pointer = line();
  const auto name = line();
  const auto quoted = database::quoted(name);
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i)
    if (quoted[i] == '"' && (quoted[++i] != '"' || i + 1 >= quoted.size())) std::abort();
  if (!database::why_unusable(pointer).empty()) return 0;
  wb_delivery raw{};
  raw.struct_size = sizeof raw;
  raw.content_type = sdk::str("application/json");
  raw.metadata = sdk::str(text);
  raw.size = text.size();
  raw.data = reinterpret_cast<const std::uint8_t*>(text.data());
  std::string why;
  const auto row = database::mapping{{{name, pointer, true}}}.row(sdk::delivery{&raw}, text, why);
  if (!row) return why.empty() ? (std::abort(), 0) : 0;
  if (row->size() != 2 || row->back().null) std::abort();
  if (!row->back().binary && row->back().bytes.find('\0') != std::string::npos) std::abort();
  return 0;
}
