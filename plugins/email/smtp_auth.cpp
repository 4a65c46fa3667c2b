// SPDX-License-Identifier: Apache-2.0
#include "smtp_auth.hpp"

#include <array>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <waybill/transfer/json_text.hpp>

namespace waybill::email {
namespace {

constexpr int most_steps = 4;

/// RFC 2195: the user name and the keyed MD5 of the challenge.
[[nodiscard]] std::optional<std::string> cram_md5(const std::string& username, const std::string& password,
                                                  const std::string& challenge) {
  constexpr char digits[] = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (HMAC(EVP_md5(), password.data(), static_cast<int>(password.size()),
           reinterpret_cast<const unsigned char*>(challenge.data()), challenge.size(), digest.data(), &size) == nullptr)
    return std::nullopt;
  std::string out = username + " ";
  for (unsigned i = 0; i < size; ++i) out.append({digits[digest[i] >> 4], digits[digest[i] & 15]});
  return transfer::to_base64(out);
}

/// RFC 5801 section 4: a name in a GS2 header.
[[nodiscard]] std::string gs2_name(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (c == '=')
      out += "=3D";
    else if (c == ',')
      out += "=2C";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string_view name_of(smtp_mechanism mechanism) {
  switch (mechanism) {
    case smtp_mechanism::plain:
      return "PLAIN";
    case smtp_mechanism::login:
      return "LOGIN";
    case smtp_mechanism::cram_md5:
      return "CRAM-MD5";
    case smtp_mechanism::xoauth2:
      return "XOAUTH2";
    case smtp_mechanism::oauthbearer:
      return "OAUTHBEARER";
    case smtp_mechanism::automatic:
      break;
  }
  return "";
}

smtp_mechanism choose_mechanism(const smtp_auth_settings& auth, const smtp_extensions& offered, bool encrypted) {
  using m = smtp_mechanism;
  std::vector<m> wanted{auth.mechanism};
  if (auth.mechanism == m::automatic) {
    if (auth.kind == smtp_auth_kind::oauth2)
      wanted = {m::oauthbearer, m::xoauth2};
    else if (encrypted)
      wanted = {m::plain, m::login, m::cram_md5};
    else
      wanted = {m::cram_md5, m::plain, m::login};
  }
  for (const auto one : wanted)
    if (offered.offers(name_of(one))) return one;
  return m::automatic;
}

sasl_dialog::sasl_dialog(smtp_mechanism mechanism, std::string username, std::string secret, std::string host,
                         std::uint16_t port)
    : mechanism_(mechanism), username_(std::move(username)), secret_(std::move(secret)), host_(std::move(host)), port_(port) {}

std::string sasl_dialog::command() const {
  const auto first = [&](const std::string& message) {
    return "AUTH " + std::string{name_of(mechanism_)} + " " + transfer::to_base64(message);
  };
  switch (mechanism_) {
    case smtp_mechanism::plain:  // RFC 4616
      return first(std::string(1, '\0') + username_ + std::string(1, '\0') + secret_);
    case smtp_mechanism::xoauth2:
      return first("user=" + username_ + "\x01" + "auth=Bearer " + secret_ + "\x01\x01");
    case smtp_mechanism::oauthbearer:  // RFC 7628 section 3.1
      return first("n,a=" + gs2_name(username_) + ",\x01host=" + host_ + "\x01port=" + std::to_string(port_) + "\x01" +
                   "auth=Bearer " + secret_ + "\x01\x01");
    default:
      return "AUTH " + std::string{name_of(mechanism_)};
  }
}

std::optional<std::string> sasl_dialog::respond(const smtp_reply& challenge) {
  if (++step_ > most_steps) return std::nullopt;
  switch (mechanism_) {
    case smtp_mechanism::login:
      if (step_ > 2) return std::nullopt;
      return transfer::to_base64(step_ == 1 ? username_ : secret_);
    case smtp_mechanism::cram_md5: {
      const auto text = transfer::from_base64(challenge.text());
      return step_ > 1 || !text ? std::nullopt : cram_md5(username_, secret_, *text);
    }
    // A 334 says what is wrong with the token; an empty answer, or %x01, brings the final reply.
    case smtp_mechanism::xoauth2:
      return step_ > 1 ? std::nullopt : std::optional<std::string>{""};
    case smtp_mechanism::oauthbearer:
      return step_ > 1 ? std::nullopt : std::optional<std::string>{"AQ=="};
    default:
      return std::nullopt;
  }
}

}  // namespace waybill::email
