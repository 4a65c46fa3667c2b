// SPDX-License-Identifier: Apache-2.0
#include "tally.hpp"

#include <algorithm>

namespace waybill::transfer {
namespace {

constexpr std::chrono::milliseconds interval{100};
// Of a burst of new connections; how long the others took would tell no more.
constexpr std::size_t most_handshakes = 256;

[[nodiscard]] curl_off_t number(CURL* easy, CURLINFO what) {
  curl_off_t out = 0;
  curl_easy_getinfo(easy, what, &out);
  return out;
}

[[nodiscard]] std::uint64_t small_number(CURL* easy, CURLINFO what) {
  long out = 0;
  curl_easy_getinfo(easy, what, &out);
  return out > 0 ? static_cast<std::uint64_t>(out) : 0;
}

[[nodiscard]] double handshake_seconds(CURL* easy) {
  const auto ready_us = std::max(number(easy, CURLINFO_APPCONNECT_TIME_T), number(easy, CURLINFO_CONNECT_TIME_T));
  return static_cast<double>(std::max<curl_off_t>(ready_us - number(easy, CURLINFO_NAMELOOKUP_TIME_T), 0)) / 1e6;
}

}  // namespace

void tally::add(CURL* easy, const std::shared_ptr<sdk::host_gate>& host) {
  // Zero if no connection came to the point of being used.
  if (!host || number(easy, CURLINFO_PRETRANSFER_TIME_T) == 0) return;
  if (host_ != host) host_ = host;
  if (const auto opened = small_number(easy, CURLINFO_NUM_CONNECTS); opened > 0) {
    figures_.opened += opened;
    if (handshakes_.size() < most_handshakes) handshakes_.push_back(handshake_seconds(easy));
  } else {
    ++figures_.reused;
  }
  // Without headers: libcurl's size of a request holds that part of its body that left together with them.
  figures_.bytes_sent += static_cast<std::uint64_t>(number(easy, CURLINFO_SIZE_UPLOAD_T));
  figures_.bytes_received += static_cast<std::uint64_t>(number(easy, CURLINFO_SIZE_DOWNLOAD_T));
}

void tally::tell(clock::time_point now, when which) {
  if (!host_ || (which == when::due && now < due_)) return;
  // Closed meanwhile: kept for the next handler that is served.
  if (figures_.tell(*host_)) {
    for (const auto seconds : handshakes_) sdk::tell_handshake(*host_, seconds);
    handshakes_.clear();
  }
  host_ = nullptr;
  due_ = now + interval;
}

}  // namespace waybill::transfer
