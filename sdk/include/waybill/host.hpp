// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <waybill/plugin.h>

namespace waybill::sdk {

[[nodiscard]] inline std::string_view view(wb_str text) noexcept {
  return text.ptr == nullptr ? std::string_view{} : std::string_view{text.ptr, static_cast<std::size_t>(text.size)};
}
[[nodiscard]] inline wb_str str(std::string_view text) noexcept { return wb_str{text.data(), text.size()}; }

/// The plugin's copy of the host's table, filled by the entry before any other hook runs and constant from then on.
/// Hidden, so that two plugins in one process never share it.
#if defined(__GNUC__)
__attribute__((visibility("hidden")))
#endif
inline wb_host host_table{};

/// Copies min(sizes) into a zero-filled table (plugin.h, rule 3). False if the majors differ or the host lacks a slot that
/// no plugin can do without.
[[nodiscard]] inline bool adopt_host(const wb_host* host) noexcept {
  if (host == nullptr || host->struct_size < offsetof(wb_host, version) || host->abi_major != WB_ABI_MAJOR) return false;
  wb_host copy{};
  std::memcpy(&copy, host, host->struct_size < sizeof copy ? host->struct_size : sizeof copy);
  if (copy.complete == nullptr || copy.retain == nullptr || copy.release == nullptr || copy.now_ms == nullptr ||
      copy.monotonic_ms == nullptr || copy.connect_allowed == nullptr)
    return false;
  host_table = copy;
  return true;
}

[[nodiscard]] inline std::string_view engine_version() noexcept { return view(host_table.version); }
/// Unix time, ms.
[[nodiscard]] inline std::int64_t now_ms() noexcept { return host_table.now_ms(); }
/// The clock of deadlines, ms.
[[nodiscard]] inline std::int64_t monotonic_ms() noexcept { return host_table.monotonic_ms(); }
/// Cryptographically strong bytes; false if this host has none to give.
[[nodiscard]] inline bool random_bytes(std::uint8_t* buffer, std::size_t size) noexcept {
  if (host_table.random == nullptr) return false;
  host_table.random(buffer, size);
  return true;
}

enum class log_level : std::uint32_t {
  debug = WB_LOG_DEBUG,
  info = WB_LOG_INFO,
  warning = WB_LOG_WARNING,
  error = WB_LOG_ERROR
};

/// The host's side of one handler: what the handler may ask for. A value; usable from any thread until close returned.
/// A slot this host does not have does nothing and says so.
class handler_context {
public:
  explicit handler_context(wb_handler_ctx* raw = nullptr) noexcept : raw_(raw) {}

  /// No secrets in texts.
  void log(log_level level, std::string_view text) const noexcept {
    if (host_table.log != nullptr) host_table.log(raw_, static_cast<std::uint32_t>(level), str(text));
  }
  void metric_add(std::string_view name, double value) const noexcept {
    if (host_table.metric_add != nullptr) host_table.metric_add(raw_, str(name), value);
  }
  void metric_observe(std::string_view name, double value) const noexcept {
    if (host_table.metric_observe != nullptr) host_table.metric_observe(raw_, str(name), value);
  }
  /// WB_OK and the value, WB_NOT_FOUND or WB_FAILED. Blocks for a read of the store.
  std::uint32_t state_get(std::string_view key, std::string& value) const {
    if (host_table.state_get == nullptr) return WB_NOT_FOUND;
    value.resize(4096);
    for (;;) {
      std::uint64_t size = value.size();
      const auto status = host_table.state_get(raw_, str(key), reinterpret_cast<std::uint8_t*>(value.data()), &size);
      const bool grows = status == WB_TOO_LARGE && size > value.size();
      value.resize(status == WB_OK || grows ? static_cast<std::size_t>(size) : 0);
      if (!grows) return status;
    }
  }
  /// WB_OK, WB_TOO_LARGE or WB_FAILED. Blocks for one commit: never from a reactor thread.
  std::uint32_t state_put(std::string_view key, std::string_view value) const noexcept {
    if (host_table.state_put == nullptr) return WB_FAILED;
    return host_table.state_put(raw_, str(key), reinterpret_cast<const std::uint8_t*>(value.data()), value.size());
  }
  /// A signed download link to the content; `options` is a JSON object. Blocks for one commit.
  std::uint32_t link_create(const wb_delivery* delivery, std::string_view options, std::string& link) const {
    if (host_table.link_create == nullptr) return WB_NOT_FOUND;
    link.resize(2048);
    std::uint64_t size = link.size();
    auto status = host_table.link_create(raw_, delivery, str(options), link.data(), &size);
    if (status == WB_TOO_LARGE && size > link.size()) {  // the same link again, in room enough
      link.resize(static_cast<std::size_t>(size));
      status = host_table.link_create(raw_, delivery, str(options), link.data(), &size);
    }
    link.resize(status == WB_OK ? static_cast<std::size_t>(size) : 0);
    return status;
  }
  /// Whether link_create would take these options: WB_OK, WB_REFUSED, or WB_NOT_FOUND where there is no link service.
  [[nodiscard]] std::uint32_t check_link(std::string_view options) const noexcept {
    std::uint64_t size = 0;
    char nothing = 0;
    if (host_table.link_create == nullptr) return WB_NOT_FOUND;
    return host_table.link_create(raw_, nullptr, str(options), &nothing, &size);
  }
  /// The network guard; address in network byte order, 4 or 16 bytes.
  [[nodiscard]] bool connect_allowed(const std::uint8_t* address, std::uint32_t size, std::uint32_t port) const noexcept {
    return host_table.connect_allowed(raw_, address, size, port) == WB_ALLOWED;
  }

private:
  wb_handler_ctx* raw_;
};

}  // namespace waybill::sdk
