// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include <waybill/transfer/body.hpp>
#include <waybill/transfer/endpoint.hpp>
#include <waybill/transfer/header_list.hpp>

namespace waybill::transfer {

enum class ending : std::uint8_t {
  answered = 1,   ///< there is a status; everything else has none
  guard_refused,  ///< the network guard allowed none of the addresses
  unresolved,     ///< no address for the name
  unreachable,    ///< no connection
  tls_failed,     ///< no trust, wrong name, no common version, client certificate not usable
  timed_out,
  broken,       ///< the connection ended or spoke nonsense before the answer was complete
  body_failed,  ///< the body source failed
  canceled,
  not_possible  ///< the request cannot be made: URL, protocol, memory
};

/// What came of an exchange. Views live until `finished` returns.
struct outcome {
  ending how = ending::not_possible;
  std::int32_t status = 0;
  std::string_view headers;  ///< of the last answer, raw, with the status line
  std::string_view body;     ///< up to max_answer_bytes
  bool body_truncated = false;
  std::uint64_t bytes_sent = 0;  ///< of the request body
  std::string detail;            ///< why not answered, for the operator; no secrets, no URL

  /// The first header of this name, any case; empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// One request and what becomes of it. Derive, fill in, hand to reactor::submit; `finished` is called exactly once per
/// submission, on the reactor thread, and gets the exchange back: it ends there or is submitted again.
class exchange {
public:
  using clock = std::chrono::steady_clock;

  explicit exchange(endpoint_ptr to) : to_(std::move(to)) {}
  virtual ~exchange() = default;
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  /// Must not block or throw. `self` is this object.
  virtual void finished(std::unique_ptr<exchange> self, const outcome& what) noexcept = 0;
  /// Further options of this one exchange; undo() takes them back before the handle serves another, and is called even if
  /// prepare() was not. Reactor thread.
  virtual void prepare(CURL*) noexcept {}
  virtual void undo(CURL*) noexcept {}

  [[nodiscard]] const endpoint& to() const { return *to_; }
  [[nodiscard]] const endpoint_ptr& to_ptr() const { return to_; }

  std::uint64_t id = 0;  ///< for reactor::cancel; 0 cannot be canceled
  std::string url;       ///< empty: the endpoint's
  std::string method;    ///< empty: the endpoint's
  header_list headers;
  transfer::body body;
  clock::time_point deadline = clock::time_point::max();  ///< by when it ends, timed_out if need be

private:
  endpoint_ptr to_;
};

}  // namespace waybill::transfer
