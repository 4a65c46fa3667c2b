// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <waybill/transfer/path_template.hpp>

// A template that a customer brings and a delivery that another made, a line each: whatever comes of them stays in its folder.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill;
  const std::string text{reinterpret_cast<const char*>(data), size};
  const auto end = std::min(text.find('\n'), text.size());
  const auto shape = text.substr(0, end);
  const auto value = text.substr(std::min(end + 1, text.size()));
  wb_delivery raw{};
  raw.struct_size = sizeof raw;
  for (auto* one : {&raw.delivery_id, &raw.organization_id, &raw.filename, &raw.idempotency_key}) *one = sdk::str(value);
  raw.metadata = sdk::str(value);
  const transfer::path_template made{shape};
  std::string why;
  const auto path = made.expand(sdk::delivery{&raw}, why);
  if (!path) return why.empty() ? (std::abort(), 0) : 0;
  if (!transfer::path_template::why_unusable(shape).empty()) std::abort();
  const auto whole = "/" + *path + "/";
  if (whole.find("/../") != std::string::npos || whole.find("/./") != std::string::npos) std::abort();
  for (const char c : *path)
    if (static_cast<unsigned char>(c) < 0x20 || c == '\\') std::abort();
  if (path->rfind(made.fixed_folder(), 0) != 0) std::abort();
  return 0;
}
