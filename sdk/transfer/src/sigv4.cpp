// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#include <waybill/transfer/sigv4.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <utility>
#include <vector>

namespace waybill::transfer {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

/// A URL cut where the canonical request wants it.
struct url_parts {
  std::string host;  ///< as libcurl sends it: without the scheme's own port
  std::string_view path = "/";
  std::string_view query;
};

[[nodiscard]] url_parts parts_of(std::string_view url) {
  url_parts out;
  const auto scheme = url.find("://");
  const bool tls = scheme == 5;
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('#'));
  const auto query = url.find('?');
  if (query != std::string_view::npos) out.query = url.substr(query + 1);
  url = url.substr(0, query);
  const auto path = url.find('/');
  if (path != std::string_view::npos) out.path = url.substr(path);
  auto host = url.substr(0, path);
  const std::string_view own_port = tls ? ":443" : ":80";
  if (host.size() > own_port.size() && host.substr(host.size() - own_port.size()) == own_port)
    host.remove_suffix(own_port.size());
  out.host = host;
  return out;
}

/// Parameters in order of their names, each with a "=".
[[nodiscard]] std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  while (!query.empty()) {
    const auto one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
    if (one.empty()) continue;
    const auto equals = one.find('=');
    parameters.emplace_back(one.substr(0, equals),
                            equals == std::string_view::npos ? std::string_view{} : one.substr(equals + 1));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

/// Without outer spaces, and inner runs of them as one.
[[nodiscard]] std::string trimmed(std::string_view value) {
  std::string out;
  bool space = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      space = true;
      continue;
    }
    if (space && !out.empty()) out += ' ';
    space = false;
    out += c;
  }
  return out;
}

[[nodiscard]] std::string lower(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

struct signed_headers {
  std::string canonical;  ///< name:value\n each
  std::string names;      ///< a;b;c
};

[[nodiscard]] signed_headers headers_of(const exchange& what, const std::string& host) {
  std::vector<std::pair<std::string, std::string>> all{{"host", host}};
  what.headers.each(
      [&](std::string_view name, std::string_view value, secrecy) { all.emplace_back(lower(name), trimmed(value)); });
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  signed_headers out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool again = i > 0 && all[i].first == all[i - 1].first;
    if (again) {
      out.canonical.back() = ',';
    } else {
      out.canonical.append(all[i].first).append(":");
      out.names.append(out.names.empty() ? "" : ";").append(all[i].first);
    }
    out.canonical.append(all[i].second).append("\n");
  }
  return out;
}

/// 20150830T123600Z
[[nodiscard]] std::string basic_time(std::int64_t now_ms) {
  const auto seconds = static_cast<std::time_t>(now_ms / 1'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 24> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return {text.data(), size};
}

}  // namespace

std::string uri_encode(std::string_view text, slash slashes) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                       c == '.' || c == '~' || (c == '/' && slashes == slash::keep);
    if (plain)
      out += c;
    else
      out.append({'%', digits[u >> 4], digits[u & 15]});
  }
  return out;
}

sigv4_signer::sigv4_signer(std::string region, std::string service)
    : region_(std::move(region)), service_(std::move(service)) {}

void sigv4_signer::sign(exchange& what, const aws_credentials& with, std::string_view payload_hash, std::int64_t now_ms) {
  const auto time = basic_time(now_ms);
  const auto day = time.substr(0, 8);
  what.headers.add("X-Amz-Date", time);
  what.headers.add("X-Amz-Security-Token", with.session_token, secrecy::secret);
  if (service_ == "s3") what.headers.add("X-Amz-Content-Sha256", payload_hash);
  const auto url = parts_of(what.url);
  const auto headers = headers_of(what, url.host);
  std::string canonical = what.method;
  // S3 takes the path as it was sent; all others encode it once more.
  canonical.append("\n").append(service_ == "s3" ? std::string{url.path} : uri_encode(url.path, slash::keep));
  canonical.append("\n").append(canonical_query(url.query)).append("\n").append(headers.canonical);
  canonical.append("\n").append(headers.names).append("\n").append(payload_hash);
  const auto scope = day + "/" + region_ + "/" + service_ + "/aws4_request";
  std::string to_sign{algorithm};
  to_sign.append("\n").append(time).append("\n").append(scope).append("\n").append(to_hex(sha256(canonical)));
  std::string authorization{algorithm};
  authorization.append(" Credential=").append(with.access_key_id).append("/").append(scope);
  authorization.append(", SignedHeaders=").append(headers.names);
  authorization.append(", Signature=").append(signature(with, day, to_sign));
  what.headers.add("Authorization", authorization, secrecy::secret);
}

// The key is the same all day for one secret: four HMACs saved.
std::string sigv4_signer::signature(const aws_credentials& with, std::string_view day, std::string_view to_sign) {
  sha256_bytes key{};
  {
    const std::lock_guard lock{mutex_};
    const auto wanted = std::string{day} + with.secret_access_key;
    if (key_for_ != wanted) {
      key_ = hmac_sha256("AWS4" + with.secret_access_key, day);
      for (const std::string_view part :
           {std::string_view{region_}, std::string_view{service_}, std::string_view{"aws4_request"}})
        key_ = hmac_sha256(as_text(key_), part);
      key_for_ = wanted;
    }
    key = key_;
  }
  return to_hex(hmac_sha256(as_text(key), to_sign));
}

}  // namespace waybill::transfer
