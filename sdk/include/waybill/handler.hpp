// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <waybill/delivery.hpp>
#include <waybill/host.hpp>
#include <waybill/plugin.h>
#include <waybill/result.hpp>

namespace waybill::sdk {

/// Takes the faults of a configuration and counts them.
class fault_sink {
public:
  fault_sink(wb_fault_sink sink, void* sink_ctx) noexcept : sink_(sink), ctx_(sink_ctx) {}
  /// pointer: RFC 6901, "" for the whole. rule: the schema keyword or a short name. No secret in message.
  void operator()(std::string_view pointer, std::string_view rule, std::string_view message) noexcept {
    ++count_;
    if (sink_ != nullptr) sink_(ctx_, str(pointer), str(rule), str(message));
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

private:
  wb_fault_sink sink_;
  void* ctx_;
  std::size_t count_ = 0;
};

/// What a plugin says of itself. Views must live as long as the process: literals.
struct plugin_info {
  std::string_view type;  ///< [a-z][a-z0-9_]{1,31}
  std::string_view title;
  std::string_view version;
  std::string_view config_schema;  ///< JSON Schema draft 7
  std::uint64_t features = 0;      ///< WB_FEATURE_*
  std::uint32_t min_minor = 0;     ///< of the host's ABI
};

/// One delivery of a batch and the duty to end it.
struct batch_item {
  delivery what;
  completion done;
};

/// One destination's handler: the class to derive from. Hooks may throw: whatever leaves them becomes retry/system.
/// The host never runs two hooks of one handler at once, `cancel` aside. The derived class also supplies
///   static plugin_info info();
///   static void validate(std::string_view config, fault_sink& faults);           // pure, reports every fault
///   static std::unique_ptr<Derived> open(std::string_view config, handler_context context, fault_sink& faults);
/// where open answers nullptr after reporting a fault.
class handler {
public:
  virtual ~handler() = default;
  /// Connects and authenticates, leaving no trace. Never blocks unless WB_FEATURE_BLOCKING.
  virtual void test_connection(std::int64_t deadline_ms, completion&& done) = 0;
  /// Performs one delivery. `what` is valid during the call; see retained_delivery.
  virtual void deliver(const delivery& what, completion&& done) = 0;
  /// Performs several deliveries in one go, each with an outcome of its own (WB_FEATURE_BATCH). They come in the order of the
  /// queue. Unless overridden each is delivered by itself.
  virtual void deliver_batch(std::vector<batch_item> items) {
    for (auto& item : items) deliver(item.what, std::move(item.done));
  }
  /// Advisory, from any thread, also while another hook runs. Of a batch one token at a time: the others still matter.
  virtual void cancel(wb_token) {}
  /// No more calls come; finish what is under way by the deadline. May block until then.
  virtual void drain(std::int64_t /*deadline_ms*/) {}
};

/// The hooks of `Handler` as C functions, each a barrier: no exception passes.
template <class Handler>
struct hooks {
  static std::uint32_t validate(wb_str config, wb_fault_sink sink, void* sink_ctx) noexcept {
    fault_sink faults{sink, sink_ctx};
    guarded(faults, [&] { Handler::validate(view(config), faults); });
    return faults.count() == 0 ? WB_OK : WB_REFUSED;
  }
  static std::uint32_t open(wb_str config, wb_handler_ctx* ctx, wb_handler** out, wb_fault_sink sink, void* sink_ctx) noexcept {
    fault_sink faults{sink, sink_ctx};
    *out = nullptr;
    guarded(faults, [&] {
      std::unique_ptr<handler> made = Handler::open(view(config), handler_context{ctx}, faults);
      *out = reinterpret_cast<wb_handler*>(made.release());
    });
    return *out != nullptr ? WB_OK : faults.count() == 0 ? WB_FAILED : WB_REFUSED;
  }
  static std::uint32_t test_connection(wb_handler* self, wb_token token, std::int64_t deadline_ms) noexcept {
    completion done{token};
    guarded(done, [&] { of(self).test_connection(deadline_ms, std::move(done)); });
    return WB_OK;
  }
  static std::uint32_t deliver(wb_handler* self, const wb_delivery* what, wb_token token) noexcept {
    if (!is_whole(what)) return WB_REFUSED;
    completion done{token};
    guarded(done, [&] { of(self).deliver(delivery{what}, std::move(done)); });
    return WB_OK;
  }
  static std::uint32_t deliver_batch(wb_handler* self, const wb_delivery* const* deliveries, const wb_token* tokens,
                                     std::uint64_t count) noexcept {
    if (deliveries == nullptr || tokens == nullptr) return WB_REFUSED;
    for (std::uint64_t i = 0; i < count; ++i)
      if (!is_whole(deliveries[i])) return WB_REFUSED;
    std::vector<batch_item> items;
    try {
      items.reserve(static_cast<std::size_t>(count));
    } catch (...) {
      return WB_REFUSED;  // no token has been taken over yet
    }
    for (std::uint64_t i = 0; i < count; ++i) items.push_back({delivery{deliveries[i]}, completion{tokens[i]}});
    // An item that is dropped unanswered, by an exception or by mistake, answers for itself.
    quietly([&] { of(self).deliver_batch(std::move(items)); });
    return WB_OK;
  }
  static void cancel(wb_handler* self, wb_token token) noexcept {
    quietly([&] { of(self).cancel(token); });
  }
  static void drain(wb_handler* self, std::int64_t deadline_ms) noexcept {
    quietly([&] { of(self).drain(deadline_ms); });
  }
  static void close(wb_handler* self) noexcept { delete &of(self); }

private:
  static handler& of(wb_handler* self) noexcept { return *reinterpret_cast<handler*>(self); }
  static bool is_whole(const wb_delivery* what) noexcept {
    return what != nullptr && what->struct_size >= offsetof(wb_delivery, data) + sizeof what->data;
  }

  template <class Body>
  static void guarded(fault_sink& faults, Body body) noexcept {
    try {
      body();
    } catch (const std::exception& e) {
      faults("", "internal", e.what());
    } catch (...) {
      faults("", "internal", "unknown exception");
    }
  }
  // A call that had not been moved on yet is answered here; one that had answers when it is dropped.
  template <class Body>
  static void guarded(completion& done, Body body) noexcept {
    try {
      body();
    } catch (const std::exception& e) {
      done.fail(e.what());
    } catch (...) {
      done.fail("unknown exception");
    }
  }
  template <class Body>
  static void quietly(Body body) noexcept {
    try {
      body();
    } catch (...) {
      // Nobody to tell: cancel and drain are advisory, and every item of a batch answers for itself.
    }
  }
};

/// The entry's body. 0, or why the plugin cannot work with this host: 1 no room in the table, 2 major versions differ or a
/// required host slot is missing.
template <class Handler>
[[nodiscard]] std::uint32_t enter(const wb_host* host, wb_plugin* table) noexcept {
  if (table == nullptr || table->struct_size < offsetof(wb_plugin, type)) return 1;
  const std::uint32_t room = table->struct_size;
  // Filled even when refusing, so that the host can name both versions.
  table->abi_major = WB_ABI_MAJOR;
  table->abi_minor = WB_ABI_MINOR;
  if (!adopt_host(host)) return 2;
  if (room < offsetof(wb_plugin, close) + sizeof table->close) return 1;
  const plugin_info info = Handler::info();
  wb_plugin own{};
  own.struct_size = room < sizeof own ? room : static_cast<std::uint32_t>(sizeof own);
  own.abi_major = WB_ABI_MAJOR;
  own.abi_minor = WB_ABI_MINOR;
  own.min_minor = info.min_minor;
  own.type = str(info.type);
  own.title = str(info.title);
  own.version = str(info.version);
  own.config_schema = str(info.config_schema);
  own.features = info.features;
  own.validate = hooks<Handler>::validate;
  own.open = hooks<Handler>::open;
  own.test_connection = hooks<Handler>::test_connection;
  own.deliver = hooks<Handler>::deliver;
  own.cancel = hooks<Handler>::cancel;
  own.drain = hooks<Handler>::drain;
  own.close = hooks<Handler>::close;
  own.deliver_batch = (info.features & WB_FEATURE_BATCH) != 0 ? hooks<Handler>::deliver_batch : nullptr;
  std::memcpy(table, &own, own.struct_size);
  return 0;
}

}  // namespace waybill::sdk

/// Emits the one exported symbol of a plugin. Once, at namespace scope, in one source.
#define WAYBILL_PLUGIN(HandlerClass)                                                                \
  extern "C" WB_EXPORT std::uint32_t waybill_plugin_entry(const wb_host* host, wb_plugin* plugin) { \
    return waybill::sdk::enter<HandlerClass>(host, plugin);                                         \
  }                                                                                                 \
  static_assert(true, "a semicolon follows")
