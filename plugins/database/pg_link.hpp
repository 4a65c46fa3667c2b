// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <waybill/transfer/stop_signal.hpp>

#include "config.hpp"
#include "failure.hpp"
#include "mapping.hpp"

namespace waybill::database {

using clock = std::chrono::steady_clock;

/// Until when, and what ends it sooner.
struct limits {
  clock::time_point deadline;
  const transfer::stop_signal& stop;
};

struct result_free {
  void operator()(PGresult* r) const { PQclear(r); }
};
using query_result = std::unique_ptr<PGresult, result_free>;

struct cancel_free {
  void operator()(PGcancel* c) const { PQfreeCancel(c); }
};
using cancel_handle = std::unique_ptr<PGcancel, cancel_free>;

/// A connection to PostgreSQL: libpq without blocking, over TLS as configured, to a numeric address that the guard allowed.
/// No file of the node has a part in it, and of its environment only what README.md names. One thread at a time.
class pg_link {
public:
  /// address: numeric; the configured host is what TLS verifies.
  [[nodiscard]] static result<std::unique_ptr<pg_link>> open(const server_settings& settings, const std::string& address,
                                                             const limits& until);
  ~pg_link();
  pg_link(const pg_link&) = delete;
  pg_link& operator=(const pg_link&) = delete;

  /// One statement with its values bound. A statement that the limits end is still running: see `canceler`.
  [[nodiscard]] result<query_result> run(const std::string& sql, const std::vector<bound>& values, const limits& until);
  /// True while nothing says that the server has gone.
  [[nodiscard]] bool is_alive();
  /// By which another thread can ask the server to give up the statement.
  [[nodiscard]] cancel_handle canceler() const { return cancel_handle{PQgetCancel(connection_)}; }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] bool answered() const { return answered_; }  ///< has any statement been answered since `begin`
  void begin() { answered_ = false; }

private:
  explicit pg_link(std::string address) : address_(std::move(address)) {}
  [[nodiscard]] result<void> connect(const server_settings& settings, const limits& until);
  [[nodiscard]] result<void> wait(short events, const limits& until) const;
  [[nodiscard]] result<void> flush(const limits& until);
  [[nodiscard]] result<query_result> take_answer(const limits& until);
  [[nodiscard]] failure broken() const;

  PGconn* connection_ = nullptr;
  std::string address_;
  bool answered_ = false;
};

}  // namespace waybill::database
