// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <waybill/plugin.h>

namespace waybill::testing {

/// A wb_result, copied.
struct seen_result {
  std::uint32_t action = 0;
  std::uint32_t category = 0;
  std::int32_t code = 0;
  std::uint64_t retry_after_ms = 0;
  std::uint64_t bytes_sent = 0;
  bool disable_destination = false;
  std::string external_reference, detail, message, request, response;
};

/// The host's side of one handler in a test.
struct fake_context {
  std::function<bool(const std::uint8_t*, std::uint32_t, std::uint32_t)> guard = [](auto...) { return true; };
  /// Answers link_create: a WB_… status, and the link. The delivery is null where only the options are asked about.
  std::function<std::uint32_t(const wb_delivery*, std::string_view options, std::string& link)> link_create = [](auto...) {
    return static_cast<std::uint32_t>(WB_NOT_FOUND);
  };
  std::map<std::string, std::string> state;             ///< guarded by the host's mutex
  std::vector<std::string> logs;                        ///< guarded by the host's mutex
  std::map<std::string, double> counted;                ///< metric_add; guarded by the host's mutex
  std::map<std::string, std::vector<double>> observed;  ///< metric_observe; guarded by the host's mutex
  [[nodiscard]] wb_handler_ctx* raw() { return reinterpret_cast<wb_handler_ctx*>(this); }
};

/// A delivery that lives in the test: in memory, or read through the host piece by piece.
struct fake_delivery {
  std::string task_id = "tsk_01HV4Z8M4XK2Q8R7T6S5P4N3M2";
  std::string delivery_id = "dlv_01HV4Z8M4XK2Q8R7T6S5P4N3M2";
  std::string organization_id = "org_01HV4Z8M4XK2Q8R7T6S5P4N3M2";
  std::string destination_id = "dst_01HV4Z8M4XK2Q8R7T6S5P4N3M2";
  std::string idempotency_key = "idem-1";
  std::string correlation_id = "corr-1";
  std::string traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  std::string payload_type = "report";
  std::string content_type = "application/json";
  std::string filename;
  std::string metadata = R"({"department":"audit"})";
  std::string content = R"({"hello":"world"})";
  std::array<std::uint8_t, 32> sha256{};  ///< of the content; zeroes where nobody asks
  std::uint32_t attempt = 1;
  std::int64_t created_at_ms = 1'769'850'900'123;
  std::int64_t timeout_ms = 10'000;
  bool streamed = false;
  std::function<char(std::uint64_t)> generated;  ///< with `size`: content that is never in memory
  std::uint64_t size = 0;
  std::optional<std::uint64_t> fails_at;  ///< reading fails from this offset on

  struct {
    wb_delivery raw;
    fake_delivery* self;
  } block{};         ///< made by fill
  int retained = 0;  ///< guarded by the host's mutex
  const wb_delivery* fill();
};

/// A host table that remembers. One for the process, as the real one is; thread-safe.
class fake_host {
public:
  static fake_host& instance();
  [[nodiscard]] const wb_host* table() const { return &table_; }

  [[nodiscard]] wb_token new_token();
  /// Waits for the result of a token; nothing if none came in time.
  [[nodiscard]] std::optional<seen_result> wait(wb_token token, std::chrono::milliseconds limit = std::chrono::seconds{20});
  [[nodiscard]] std::size_t completions(wb_token token);
  [[nodiscard]] std::map<std::string, std::string> state_of(fake_context& context);
  /// Waits until a metric has come to at least this; false if it has not in time.
  [[nodiscard]] bool counts(fake_context& context, const std::string& name, double least);
  [[nodiscard]] double counted(fake_context& context, const std::string& name);
  [[nodiscard]] std::vector<double> observed(fake_context& context, const std::string& name);
  [[nodiscard]] int retained(const fake_delivery& what);
  [[nodiscard]] static std::int64_t monotonic_ms();
  /// Instead of remembering: for benchmarks. Set before the first call.
  std::function<void(wb_token, const wb_result*)> on_complete;

private:
  fake_host();
  static fake_delivery& owner(const wb_delivery* raw);

  wb_host table_{};
  std::mutex mutex_;
  std::condition_variable came_;
  wb_token last_ = 0;
  std::map<wb_token, std::vector<seen_result>> results_;
};

/// A plugin, loaded as the engine does, and its table.
class loaded_plugin {
public:
  explicit loaded_plugin(const char* path);
  [[nodiscard]] const wb_plugin& table() const { return table_; }
  [[nodiscard]] const wb_plugin* operator->() const { return &table_; }

private:
  wb_plugin table_{};
};

struct seen_fault {
  std::string pointer, rule, message;
};
/// Takes faults: pass `&collect_fault` and a vector.
void collect_fault(void* faults, wb_str pointer, wb_str rule, wb_str message);
[[nodiscard]] inline wb_str to_str(std::string_view text) { return {text.data(), text.size()}; }
[[nodiscard]] std::string_view to_view(wb_str text);

}  // namespace waybill::testing
