// SPDX-License-Identifier: Apache-2.0
// live_exchange: what of an endpoint and an exchange becomes an option of libcurl.
#include <chrono>

#include "live_exchange.hpp"

namespace waybill::transfer {
namespace {

// Answers are short, and every exchange under way holds this much: thousands may hang at once.
constexpr long receive_bytes = 4'096;

/// Sets options until one is refused.
class setter {
public:
  explicit setter(CURL* easy) : easy_(easy) {}
  template <class Value>
  setter& operator()(CURLoption option, Value value) {
    if (good_) good_ = curl_easy_setopt(easy_, option, value) == CURLE_OK;
    return *this;
  }
  setter& text(CURLoption option, const std::string& value) { return value.empty() ? *this : (*this)(option, value.c_str()); }
  /// libcurl keeps a copy: a pooled handle outlives the endpoint.
  setter& blob(CURLoption option, const std::string& value) {
    if (value.empty()) return *this;
    curl_blob blob{const_cast<char*>(value.data()), value.size(), CURL_BLOB_COPY};
    return (*this)(option, &blob);
  }
  [[nodiscard]] bool good() const { return good_; }

private:
  CURL* easy_;
  bool good_ = true;
};

[[nodiscard]] long remaining_ms(exchange::clock::time_point deadline) {
  if (deadline == exchange::clock::time_point::max()) return 0;  // libcurl's "no limit"
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - exchange::clock::now()).count();
  return left < 1 ? 1L : static_cast<long>(left);
}

}  // namespace

bool live_exchange::start(std::unique_ptr<exchange> what, std::shared_ptr<body_feed> feed) {
  const bool good = set_exchange(std::move(what), std::move(feed));
  if (!good) endpoint_id_ = 0;  // half set up: for none
  return good;
}

bool live_exchange::set_exchange(std::unique_ptr<exchange> what, std::shared_ptr<body_feed> feed) {
  current_ = std::move(what);
  feed_ = std::move(feed);
  body_sent_ = 0;
  headers_.clear();
  answer_.clear();
  dropped_ = 0;
  enough_ = false;
  opened_ = false;
  refused_.clear();
  error_[0] = '\0';
  const auto& to = current_->to();
  if (endpoint_id_ != to.id() && !set_up(to)) return false;
  setter set{easy_};
  const auto& url = current_->url.empty() ? to.options().url : current_->url;
  if (url != url_ && !set_url(url)) return false;
  if (!set_method(current_->method.empty() ? to.options().method : current_->method) || !set_body()) return false;
  set(CURLOPT_HTTPHEADER, current_->headers.chain(to.fixed_headers()));
  set(CURLOPT_TIMEOUT_MS, remaining_ms(current_->deadline));
  current_->prepare(easy_);
  return set.good();
}

bool live_exchange::set_up(const endpoint& to) {
  const auto& options = to.options();
  endpoint_id_ = 0;
  url_.clear();
  method_.clear();
  curl_easy_reset(easy_);
  setter set{easy_};
  set(CURLOPT_PRIVATE, this)(CURLOPT_NOSIGNAL, 1L)(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_PROTOCOLS_STR, options.protocols.c_str())(CURLOPT_FOLLOWLOCATION, 0L)(CURLOPT_MAXREDIRS, 0L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()))(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_HTTP_VERSION, options.http == http_versions::one_only ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS);
  set(CURLOPT_BUFFERSIZE, receive_bytes);
  set(CURLOPT_HEADERFUNCTION, &on_header)(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &on_answer)(CURLOPT_WRITEDATA, this);
  set(CURLOPT_READFUNCTION, &on_body)(CURLOPT_READDATA, this);
  set(CURLOPT_SEEKFUNCTION, &on_seek)(CURLOPT_SEEKDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &on_open)(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_PREREQFUNCTION, &on_request)(CURLOPT_PREREQDATA, this);
  // A connection outlives the handle that opened it.
  set(CURLOPT_CLOSESOCKETFUNCTION, &on_close)(CURLOPT_CLOSESOCKETDATA, &sockets_);
  if (!set.good() || !set_tls(options) || !set_proxy(options)) return false;
  if (options.configure) options.configure(easy_);
  endpoint_id_ = to.id();
  return true;
}

// Parsed once, not by each transfer: a tenth of libcurl's own work. As it stands: a path that was signed must not change.
bool live_exchange::set_url(const std::string& url) {
  url_.clear();
  if (curl_url_set(parsed_, CURLUPART_URL, url.c_str(), CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) return false;
  if (curl_easy_setopt(easy_, CURLOPT_CURLU, parsed_) != CURLE_OK) return false;
  url_ = url;
  return true;
}

bool live_exchange::set_tls(const endpoint_options& options) {
  setter set{easy_};
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2))(CURLOPT_SSL_VERIFYPEER, 1L)(CURLOPT_SSL_VERIFYHOST, 2L);
  // Without a folder of authorities libcurl parses the bundle once for all connections, not for each; and own authorities
  // would else only add to the folder's.
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  set.blob(CURLOPT_CAINFO_BLOB, options.tls.ca_pem);
  if (!options.tls.client_certificate_pem.empty()) {
    set(CURLOPT_SSLCERTTYPE, "PEM")(CURLOPT_SSLKEYTYPE, "PEM");
    set.blob(CURLOPT_SSLCERT_BLOB, options.tls.client_certificate_pem).blob(CURLOPT_SSLKEY_BLOB, options.tls.client_key_pem);
    set.text(CURLOPT_KEYPASSWD, options.tls.client_key_password);
  }
  return set.good();
}

bool live_exchange::set_proxy(const endpoint_options& options) {
  setter set{easy_};
  // "" and not NULL: NULL would ask the environment.
  set(CURLOPT_PROXY, options.proxy.url.c_str());
  set.text(CURLOPT_PROXYUSERNAME, options.proxy.username).text(CURLOPT_PROXYPASSWORD, options.proxy.password);
  set.blob(CURLOPT_PROXY_CAINFO_BLOB, options.tls.ca_pem);
  return set.good();
}

bool live_exchange::set_method(const std::string& method) {
  if (current_->to().options().body == body_style::upload || method == method_) return true;
  const bool first = method_.empty();
  method_ = method;
  setter set{easy_};
  // Each of these also takes back what an earlier one set.
  if (!first) set(CURLOPT_CUSTOMREQUEST, static_cast<const char*>(nullptr))(CURLOPT_NOBODY, 0L)(CURLOPT_HTTPGET, 1L);
  if (method == "GET") {
    set(CURLOPT_HTTPGET, 1L);
  } else if (method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (method == "POST") {
    set(CURLOPT_POST, 1L);
  } else if (method == "PUT" || method == "PATCH") {
    set(CURLOPT_POST, 1L)(CURLOPT_CUSTOMREQUEST, method.c_str());
  } else {
    set(CURLOPT_HTTPGET, 1L)(CURLOPT_CUSTOMREQUEST, method.c_str());
  }
  return set.good();
}

bool live_exchange::set_body() {
  setter set{easy_};
  const auto& body = current_->body;
  const auto size = feed_ ? feed_->size() : std::optional<std::uint64_t>{body.bytes().size()};
  const auto length = size ? static_cast<curl_off_t>(*size) : curl_off_t{-1};
  if (current_->to().options().body == body_style::upload)
    return set(CURLOPT_UPLOAD, 1L)(CURLOPT_INFILESIZE_LARGE, length).good();
  if (method_ != "POST" && method_ != "PUT" && method_ != "PATCH") return true;
  set(CURLOPT_POSTFIELDSIZE_LARGE, length);
  // Bytes in memory leave with the headers in one write; "" keeps libcurl from asking the read function.
  const char* bytes = feed_ ? nullptr : length == 0 ? "" : body.bytes().data();
  return set(CURLOPT_POSTFIELDS, bytes).good();
}

}  // namespace waybill::transfer
