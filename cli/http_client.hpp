// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <curl/curl.h>

namespace waybill::cli {

struct http_request {
  std::string method;
  std::string url;
  std::vector<std::string> headers;  ///< "Name: value"
  std::string body;
  std::string ca_file;
  /// In place of `body`: fills a buffer, 0 at the end, more than the room for "cannot". Such a request may take as long as it
  /// moves.
  std::function<std::size_t(char*, std::size_t)> read_body{};
  std::optional<std::uint64_t> body_size{};  ///< of read_body; nothing: sent in chunks
};

struct http_answer {
  long status = 0;  ///< 0: there was no answer, and `error` says why
  std::string body;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string error;
};

/// One exchange on one libcurl easy handle, kept and used again so that its connection is. Redirects are not followed: the
/// key goes to the server that was named and to no other. Not thread-safe. Owned by rest_client for single calls and by
/// bulk_sender, which runs many of them on a multi handle.
class http_exchange {
public:
  http_exchange();
  http_exchange(const http_exchange&) = delete;
  http_exchange& operator=(const http_exchange&) = delete;

  /// Sets the handle up for `request`; its strings must stay alive until `finish`.
  void prepare(const http_request& request);
  /// What came of it, by the code that libcurl gave.
  [[nodiscard]] http_answer finish(CURLcode code);
  /// prepare, perform, finish. Blocks.
  [[nodiscard]] http_answer perform(const http_request& request);
  [[nodiscard]] CURL* handle() const { return handle_.get(); }

private:
  struct easy_closer {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct list_closer {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  std::unique_ptr<CURL, easy_closer> handle_;
  std::unique_ptr<curl_slist, list_closer> headers_;
  http_answer answer_;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace waybill::cli
