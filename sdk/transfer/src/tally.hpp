// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include <curl/curl.h>

#include <waybill/connection_figures.hpp>

namespace waybill::transfer {

/// What a reactor counts of its connections, told to the host ten times a second at most, or when nothing is under way: an
/// exchange costs a few reads of libcurl's own numbers, nothing more. All handlers of a plugin are one type to the host, so
/// they are counted together and told through whichever of them was served last. Reactor thread only.
class tally {
public:
  using clock = std::chrono::steady_clock;
  enum class when : std::uint8_t { due = 1, now };

  /// Of an exchange that libcurl has ended.
  void add(CURL* easy, const std::shared_ptr<sdk::host_gate>& host);
  void tell(clock::time_point now, when which);
  /// By when tell wants to be called; max if there is nothing to tell.
  [[nodiscard]] clock::time_point due() const { return host_ ? due_ : clock::time_point::max(); }

private:
  std::shared_ptr<sdk::host_gate> host_;  ///< empty: nothing to tell, or nobody to tell it to
  sdk::connection_figures figures_;
  std::vector<double> handshakes_;  ///< seconds
  clock::time_point due_ = clock::time_point::min();
};

}  // namespace waybill::transfer
