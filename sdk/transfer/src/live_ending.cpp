// SPDX-License-Identifier: Apache-2.0
// live_exchange: what libcurl's verdict means to a handler.
#include "live_exchange.hpp"

namespace waybill::transfer {

outcome live_exchange::end(CURLcode verdict) {
  outcome what;
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  what.how = ending_of(verdict);
  // A peer that refuses early may answer and cut the connection while the body is still leaving.
  if (what.how == ending::broken && status >= 400) what.how = ending::answered;
  if (what.how == ending::answered) {
    what.status = static_cast<std::int32_t>(status);
    what.headers = headers_;
    what.body = answer_;
    what.body_truncated = dropped_ > 0;
  } else {
    what.detail = why(verdict, what.how);
  }
  curl_off_t sent = 0;
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &sent);
  what.bytes_sent = static_cast<std::uint64_t>(sent);
  return what;
}

ending live_exchange::ending_of(CURLcode verdict) const {
  switch (verdict) {
    case CURLE_OK:
      return ending::answered;
    case CURLE_WRITE_ERROR:
      return enough_ ? ending::answered : ending::not_possible;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return ending::unresolved;
    case CURLE_COULDNT_CONNECT:
      return refused_.empty() ? ending::unreachable : ending::guard_refused;
    case CURLE_PROXY:
      return ending::unreachable;
    case CURLE_OPERATION_TIMEDOUT:
      return ending::timed_out;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
      return ending::tls_failed;
    case CURLE_ABORTED_BY_CALLBACK:
      return refused_.empty() ? ending::body_failed : ending::guard_refused;
    case CURLE_READ_ERROR:
    case CURLE_SEND_FAIL_REWIND:
      return ending::body_failed;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_NOT_BUILT_IN:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
      return ending::not_possible;
    default:
      return ending::broken;
  }
}

std::string live_exchange::why(CURLcode verdict, ending how) const {
  if (how == ending::guard_refused)
    return "the network guard does not allow a connection to " + refused_ +
           "; a range is opened by network.allow in the node's configuration";
  const std::string_view text = error_[0] != '\0' ? std::string_view{error_.data()} : curl_easy_strerror(verdict);
  return std::string{text};
}

}  // namespace waybill::transfer
