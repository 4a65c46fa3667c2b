// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/host_table.hpp"

#include <algorithm>
#include <atomic>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include <openssl/rand.h>

#include "core/links/link_token.hpp"
#include "core/plugin_host/foreign_text.hpp"
#include "core/plugin_host/handler_instance.hpp"
#include "core/plugin_host/host_counters.hpp"

namespace waybill::core {
namespace {

constexpr std::size_t max_log_bytes = 8'192;
constexpr std::size_t max_key_bytes = 128;
constexpr std::size_t max_value_bytes = 65'536;
constexpr std::size_t max_options_bytes = 65'536;
constexpr std::size_t max_metric_name = 64;

const system_clock machine_clock;
std::atomic<const clock*> clock_in_use{&machine_clock};

/// Who watches the plugins' log lines. Never destroyed: plugins may log while the process ends.
struct log_watch {
  std::mutex lock;
  plugin_log_observer observer;
  std::atomic<bool> is_set{false};
};
log_watch& watch() {
  static auto* the_watch = new log_watch;
  return *the_watch;
}

void show_observer(log_level level, const std::string& type, const std::string& line) {
  if (!watch().is_set.load(std::memory_order_acquire)) return;
  std::lock_guard hold{watch().lock};
  if (watch().observer) watch().observer(level, type, line);
}

/// The barrier: our own exceptions (out of memory, a service's) do not cross the line either.
template <class Call>
std::uint32_t no_throw(Call&& call) noexcept {
  try {
    return call();
  } catch (...) {
    return WB_FAILED;
  }
}

handler_instance* instance_of(wb_handler_ctx* ctx) { return static_cast<handler_instance*>(ctx); }

bool is_view(wb_str text) { return text.ptr != nullptr || text.size == 0; }
std::string_view view(wb_str text) {
  return text.ptr == nullptr ? std::string_view{} : std::string_view{text.ptr, static_cast<std::size_t>(text.size)};
}

/// The convention of state_get and link_create: all of it, or what room it needs.
template <class Byte>
std::uint32_t hand_out(std::string_view value, Byte* buffer, std::uint64_t* size) {
  const auto room = std::exchange(*size, value.size());
  if (room < value.size()) return WB_TOO_LARGE;
  if (value.empty()) return WB_OK;
  if (buffer == nullptr) return WB_FAILED;
  std::memcpy(buffer, value.data(), value.size());
  return WB_OK;
}

bool is_metric_name(std::string_view name) {
  const auto is_inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= max_metric_name && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(), is_inner);
}

log_level level_of(std::uint32_t level) {
  switch (level) {
    case WB_LOG_DEBUG:
      return log_level::debug;
    case WB_LOG_INFO:
      return log_level::info;
    case WB_LOG_ERROR:
      return log_level::error;
    default:
      return log_level::warning;
  }
}

void host_complete(wb_token token, const wb_result* foreign) {
  (void)no_throw([&] {
    handler_instance::complete(token, foreign);
    return 0u;
  });
}

std::uint32_t host_read(const wb_delivery* view_of_it, std::uint64_t offset, std::uint8_t* buffer, std::uint64_t* size) {
  if (view_of_it == nullptr || size == nullptr || (buffer == nullptr && *size > 0)) return WB_FAILED;
  return no_throw([&]() -> std::uint32_t {
    const auto got = delivery_block::of(*view_of_it).read(offset, buffer, static_cast<std::size_t>(*size));
    if (got) *size = *got;
    return got ? WB_OK : WB_FAILED;
  });
}

void host_retain(const wb_delivery* which) {
  if (which != nullptr) delivery_block::of(*which).retain();
}

void host_release(const wb_delivery* which) {
  if (which == nullptr || !delivery_block::of(*which).release()) count(counters().plugin_faults);
}

void host_log(wb_handler_ctx* ctx, std::uint32_t level, wb_str text) {
  (void)no_throw([&] {
    const auto* instance = instance_of(ctx);
    const auto line = without_link_secrets(clean_text(text, max_log_bytes));
    const std::string type = instance != nullptr ? instance->who().type : std::string{};
    show_observer(level_of(level), type, line);
    if (!log_enabled(level_of(level))) return 0u;
    if (instance == nullptr) {
      log(level_of(level), "plugin", line);
    } else {
      log(level_of(level), "plugin", line, {{"type", type}, {"destination", instance->who().destination.to_string()}});
    }
    return 0u;
  });
}

std::int64_t host_now_ms() { return to_unix_ms(clock_in_use.load(std::memory_order_acquire)->now()); }
std::int64_t host_monotonic_ms() { return to_monotonic_ms(clock_in_use.load(std::memory_order_acquire)->monotonic()); }

/// Counters only grow, and NaN would poison a series for good.
void host_metric_add(wb_handler_ctx* ctx, wb_str name, double value) {
  if (ctx == nullptr || !is_metric_name(view(name)) || !std::isfinite(value) || value < 0) return;
  (void)no_throw([&] {
    instance_of(ctx)->services().metric_add(instance_of(ctx)->who().type, view(name), value);
    return 0u;
  });
}

void host_metric_observe(wb_handler_ctx* ctx, wb_str name, double value) {
  if (ctx == nullptr || !is_metric_name(view(name)) || !std::isfinite(value)) return;
  (void)no_throw([&] {
    instance_of(ctx)->services().metric_observe(instance_of(ctx)->who().type, view(name), value);
    return 0u;
  });
}

std::uint32_t host_state_get(wb_handler_ctx* ctx, wb_str key, std::uint8_t* buffer, std::uint64_t* size) {
  if (ctx == nullptr || size == nullptr || !is_view(key) || key.size == 0 || key.size > max_key_bytes) return WB_FAILED;
  return no_throw([&]() -> std::uint32_t {
    const auto value = instance_of(ctx)->services().state_get(instance_of(ctx)->who().destination, view(key));
    if (!value) return value.error().code == error_code::not_found ? WB_NOT_FOUND : WB_FAILED;
    return hand_out(*value, buffer, size);
  });
}

std::uint32_t host_state_put(wb_handler_ctx* ctx, wb_str key, const std::uint8_t* value, std::uint64_t size) {
  if (ctx == nullptr || !is_view(key) || key.size == 0 || key.size > max_key_bytes) return WB_FAILED;
  if (size > max_value_bytes) return WB_TOO_LARGE;
  if (value == nullptr && size > 0) return WB_FAILED;
  return no_throw([&]() -> std::uint32_t {
    const std::string_view bytes{reinterpret_cast<const char*>(value), static_cast<std::size_t>(size)};
    return instance_of(ctx)->services().state_put(instance_of(ctx)->who().destination, view(key), bytes) ? WB_OK : WB_FAILED;
  });
}

std::uint32_t host_link_create(wb_handler_ctx* ctx, const wb_delivery* which, wb_str options, char* buffer,
                               std::uint64_t* size) {
  if (ctx == nullptr || size == nullptr || !is_view(options) || options.size > max_options_bytes) return WB_FAILED;
  return no_throw([&]() -> std::uint32_t {
    const auto status = [](const error& e) -> std::uint32_t {
      if (e.code == error_code::not_found) return WB_NOT_FOUND;
      return e.code == error_code::validation_error ? WB_REFUSED : WB_FAILED;
    };
    if (which == nullptr) {
      *size = 0;
      const auto possible = instance_of(ctx)->services().check_link(view(options));
      return possible ? std::uint32_t{WB_OK} : status(possible.error());
    }
    const auto& block = delivery_block::of(*which);
    const auto link =
        instance_of(ctx)->services().link_create(instance_of(ctx)->who().destination, block.content(), view(options));
    if (!link) return status(link.error());
    return hand_out(*link, buffer, size);
  });
}

/// Denied unless all is well: a guard that fails open is none.
std::uint32_t host_connect_allowed(wb_handler_ctx* ctx, const std::uint8_t* address, std::uint32_t address_size,
                                   std::uint32_t port) {
  if (ctx == nullptr || address == nullptr || (address_size != 4 && address_size != 16) || port > UINT16_MAX) return WB_DENIED;
  const auto answer = no_throw([&]() -> std::uint32_t {
    const auto allowed = instance_of(ctx)->services().connect_allowed(address, address_size, static_cast<std::uint16_t>(port));
    return allowed ? WB_ALLOWED : WB_DENIED;
  });
  return answer == WB_ALLOWED ? WB_ALLOWED : WB_DENIED;
}

/// There is no answer for "no randomness", and weak bytes in a key or nonce would be worse than a stop.
void host_random(std::uint8_t* buffer, std::uint64_t size) {
  while (buffer != nullptr && size > 0) {
    const auto part = static_cast<int>(std::min<std::uint64_t>(size, INT_MAX));
    if (RAND_bytes(buffer, part) != 1) std::abort();
    buffer += part;
    size -= static_cast<std::uint64_t>(part);
  }
}

wb_host make_table() {
  wb_host table{};
  table.struct_size = sizeof table;
  table.abi_major = WB_ABI_MAJOR;
  table.abi_minor = WB_ABI_MINOR;
  table.version = view_of(WAYBILL_VERSION);
  table.complete = host_complete;
  table.read = host_read;
  table.retain = host_retain;
  table.release = host_release;
  table.log = host_log;
  table.now_ms = host_now_ms;
  table.monotonic_ms = host_monotonic_ms;
  table.metric_add = host_metric_add;
  table.metric_observe = host_metric_observe;
  table.state_get = host_state_get;
  table.state_put = host_state_put;
  table.link_create = host_link_create;
  table.connect_allowed = host_connect_allowed;
  table.random = host_random;
  return table;
}

}  // namespace

const wb_host& host_table() {
  static const wb_host table = make_table();
  return table;
}

void set_host_clock(const clock& time) { clock_in_use.store(&time, std::memory_order_release); }

void unset_host_clock(const clock& time) {
  const clock* mine = &time;
  clock_in_use.compare_exchange_strong(mine, &machine_clock, std::memory_order_acq_rel);
}

void observe_plugin_log(plugin_log_observer observer) {
  std::lock_guard hold{watch().lock};
  watch().is_set.store(static_cast<bool>(observer), std::memory_order_release);
  watch().observer = std::move(observer);
}

}  // namespace waybill::core
