// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/store/postgres/connection_pool.hpp"
#include "core/store/store.hpp"
#include "core/store/store_settings.hpp"

namespace waybill::core::postgres {

/// Everything in a schema of a PostgreSQL database: the one that the connection's search_path names first. Opening it applies
/// the migrations. The right to write is an advisory lock of the writer's connection: a second node on the same store is
/// refused, not fought.
class postgres_store final : public store {
public:
  /// `url` as libpq takes it (postgresql://…, several hosts for a primary and its standbys). validation_error for one that
  /// cannot be read or a password file that is not there, store_unavailable with the server's reason.
  [[nodiscard]] static result<std::unique_ptr<store>> open(std::string_view url, const server_settings& settings);

  result<std::unique_ptr<write_session>> open_writer() override;
  result<std::unique_ptr<read_session>> open_reader() override;
  result<bool> compact(std::uint64_t most_bytes) override;
  [[nodiscard]] std::string_view name() const override { return "postgresql"; }
  /// The fixed part of a transaction is some 400 us of the server's CPU and the write of its log. A server that has not
  /// answered after so long is in trouble, or gone.
  [[nodiscard]] writer_pace pace() const override {
    constexpr std::size_t enough = 96, busy = 20;
    return {std::chrono::microseconds{500}, enough, busy, milliseconds{1'500}};
  }

private:
  explicit postgres_store(connection_settings settings)
      : settings_(std::move(settings)), pool_(std::make_shared<connection_pool>(settings_)) {}

  connection_settings settings_;
  std::shared_ptr<connection_pool> pool_;
};

}  // namespace waybill::core::postgres
