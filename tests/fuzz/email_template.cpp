// SPDX-License-Identifier: Apache-2.0
#include "plugins/email/template_text.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

// A template of a configuration: it is refused, or it renders within its bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill::email;
  static const template_values values{nlohmann::json::parse(
      R"({"a":"x","b":{"c":["1","2",{"d":null}]},"metadata":{"list":[1,2,3,4,5,6,7,8]},"link":"","n":1.5,"t":true})")};
  const std::string text{reinterpret_cast<const char*>(data), size};
  for (const auto how : {escaping::none, escaping::html, escaping::json, escaping::form}) {
    const template_text one{text, how};
    if (!one.fault().empty()) continue;
    const auto out = one.render(values, 4'096);
    if (out && out->size() > 4'096) std::abort();
  }
  return 0;
}
