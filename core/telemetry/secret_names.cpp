// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>

#include "core/telemetry/log.hpp"

namespace waybill::core {
namespace {

// Compared in lower case without punctuation, so "X-Api-Key", "api_key" and "apiKey" are one.
constexpr std::array<std::string_view, 24> anywhere{
    "authorization", "password",     "passwd",          "passphrase",       "passcode",   "secret",
    "token",         "apikey",       "cookie",          "signature",        "credential", "privatekey",
    "sharedkey",     "accountkey",   "signingkey",      "encryptionkey",    "masterkey",  "operatorkey",
    "authkey",       "functionskey", "subscriptionkey", "connectionstring", "bearer",     "clientassertion"};
// Too short to look for inside of other words.
constexpr std::array<std::string_view, 9> whole{"auth", "sig", "sas", "pass", "pwd", "pin", "otp", "jwt", "hmac"};

std::string normalized(std::string_view field) {
  std::string name;
  name.reserve(field.size());
  for (const char c : field) {
    if (c >= 'A' && c <= 'Z') name += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) name += c;
  }
  return name;
}

}  // namespace

bool names_a_secret(std::string_view field) {
  const std::string name = normalized(field);
  return std::find(whole.begin(), whole.end(), name) != whole.end() ||
         std::any_of(anywhere.begin(), anywhere.end(),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

}  // namespace waybill::core
