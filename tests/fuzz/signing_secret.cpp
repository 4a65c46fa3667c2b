// SPDX-License-Identifier: Apache-2.0
#include "plugins/webhook/signature.hpp"

#include <waybill/transfer/json_text.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

// A secret that a customer brings: found usable it signs, and the signature is one label and one base64 text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill::webhook;
  const std::string text{reinterpret_cast<const char*>(data), size};
  for (const auto* algorithm : {"hmac-sha256", "hmac-sha512", "ed25519"}) {
    const signing_secret secret{"1", algorithm, text};
    if (!why_unusable(secret).empty()) continue;
    signer s{{secret}};
    std::string out;
    if (!s.signs() || !s.sign("id", "1", text, out)) std::abort();
    const auto comma = out.find(',');
    if (comma == std::string::npos || out.find(' ') != std::string::npos ||
        !waybill::transfer::from_base64(out.substr(comma + 1)))
      std::abort();
    auto pieces = s.begin("id", "1");
    pieces.add(text);
    if (pieces.finish() != out) std::abort();
  }
  return 0;
}
