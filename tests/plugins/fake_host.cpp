// SPDX-License-Identifier: Apache-2.0
#include "fake_host.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace waybill::testing {
namespace {

[[nodiscard]] fake_context& context_of(wb_handler_ctx* raw) { return *reinterpret_cast<fake_context*>(raw); }

}  // namespace

std::string_view to_view(wb_str text) { return text.size == 0 ? std::string_view{} : std::string_view{text.ptr, text.size}; }

void collect_fault(void* faults, wb_str pointer, wb_str rule, wb_str message) {
  static_cast<std::vector<seen_fault>*>(faults)->push_back(
      {std::string{to_view(pointer)}, std::string{to_view(rule)}, std::string{to_view(message)}});
}

const wb_delivery* fake_delivery::fill() {
  auto& raw = block.raw;
  block = {{}, this};
  raw.struct_size = sizeof raw;
  raw.attempt = attempt;
  raw.task_id = to_str(task_id);
  raw.delivery_id = to_str(delivery_id);
  raw.organization_id = to_str(organization_id);
  raw.destination_id = to_str(destination_id);
  raw.idempotency_key = to_str(idempotency_key);
  raw.correlation_id = to_str(correlation_id);
  raw.traceparent = to_str(traceparent);
  raw.payload_type = to_str(payload_type);
  raw.content_type = to_str(content_type);
  raw.filename = to_str(filename);
  raw.metadata = to_str(metadata);
  raw.size = generated ? size : content.size();
  std::copy(sha256.begin(), sha256.end(), raw.sha256);
  raw.created_at_ms = created_at_ms;
  raw.deadline_ms = fake_host::monotonic_ms() + timeout_ms;
  raw.data = streamed || generated ? nullptr : reinterpret_cast<const std::uint8_t*>(content.data());
  return &raw;
}

fake_delivery& fake_host::owner(const wb_delivery* raw) {
  // The record is the first member of the block.
  return *reinterpret_cast<const decltype(fake_delivery::block)*>(raw)->self;
}

fake_host& fake_host::instance() {
  // Never destroyed: a plugin's threads live as long as the process.
  static auto* const host = new fake_host;
  return *host;
}

std::int64_t fake_host::monotonic_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

wb_token fake_host::new_token() {
  const std::lock_guard lock{mutex_};
  return ++last_;
}

std::optional<seen_result> fake_host::wait(wb_token token, std::chrono::milliseconds limit) {
  std::unique_lock lock{mutex_};
  if (!came_.wait_for(lock, limit, [&] { return !results_[token].empty(); })) return std::nullopt;
  return results_[token].front();
}

std::size_t fake_host::completions(wb_token token) {
  const std::lock_guard lock{mutex_};
  return results_[token].size();
}

std::map<std::string, std::string> fake_host::state_of(fake_context& context) {
  const std::lock_guard lock{mutex_};
  return context.state;
}

bool fake_host::counts(fake_context& context, const std::string& name, double least) {
  std::unique_lock lock{mutex_};
  return came_.wait_for(lock, std::chrono::seconds{10}, [&] { return context.counted[name] >= least; });
}

double fake_host::counted(fake_context& context, const std::string& name) {
  const std::lock_guard lock{mutex_};
  return context.counted[name];
}

std::vector<double> fake_host::observed(fake_context& context, const std::string& name) {
  const std::lock_guard lock{mutex_};
  return context.observed[name];
}

int fake_host::retained(const fake_delivery& what) {
  const std::lock_guard lock{mutex_};
  return what.retained;
}

fake_host::fake_host() {
  table_.struct_size = sizeof table_;
  table_.abi_major = WB_ABI_MAJOR;
  table_.abi_minor = WB_ABI_MINOR;
  table_.version = to_str("0.0-test");
  table_.complete = [](wb_token token, const wb_result* r) {
    auto& self = instance();
    if (self.on_complete) return self.on_complete(token, r);
    const auto text = [](wb_str s) { return std::string{to_view(s)}; };
    seen_result seen{r->action,
                     r->category,
                     r->code,
                     r->retry_after_ms,
                     r->bytes_sent,
                     r->disable_destination != 0,
                     text(r->external_reference),
                     text(r->detail),
                     text(r->message),
                     text(r->request),
                     text(r->response)};
    const std::lock_guard lock{self.mutex_};
    self.results_[token].push_back(std::move(seen));
    self.came_.notify_all();
  };
  table_.read = [](const wb_delivery* raw, std::uint64_t offset, std::uint8_t* buffer, std::uint64_t* size) -> std::uint32_t {
    const auto& what = owner(raw);
    if (what.fails_at && offset + *size > *what.fails_at) return WB_FAILED;
    const auto total = what.generated ? what.size : what.content.size();
    *size = std::min(*size, total - std::min(offset, total));
    for (std::uint64_t i = 0; i < *size; ++i)
      buffer[i] = static_cast<std::uint8_t>(what.generated ? what.generated(offset + i) : what.content[offset + i]);
    return WB_OK;
  };
  table_.retain = [](const wb_delivery* raw) {
    const std::lock_guard lock{instance().mutex_};
    ++owner(raw).retained;
  };
  table_.release = [](const wb_delivery* raw) {
    const std::lock_guard lock{instance().mutex_};
    --owner(raw).retained;
  };
  table_.log = [](wb_handler_ctx* ctx, std::uint32_t, wb_str text) {
    const std::lock_guard lock{instance().mutex_};
    context_of(ctx).logs.emplace_back(to_view(text));
  };
  table_.now_ms = [] {
    return static_cast<std::int64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  };
  table_.monotonic_ms = &fake_host::monotonic_ms;
  table_.metric_add = [](wb_handler_ctx* ctx, wb_str name, double value) {
    auto& host = instance();
    const std::lock_guard lock{host.mutex_};
    reinterpret_cast<fake_context*>(ctx)->counted[std::string{to_view(name)}] += value;
    host.came_.notify_all();
  };
  table_.metric_observe = [](wb_handler_ctx* ctx, wb_str name, double value) {
    const std::lock_guard lock{instance().mutex_};
    reinterpret_cast<fake_context*>(ctx)->observed[std::string{to_view(name)}].push_back(value);
  };
  table_.state_get = [](wb_handler_ctx* ctx, wb_str key, std::uint8_t* buffer, std::uint64_t* size) -> std::uint32_t {
    const std::lock_guard lock{instance().mutex_};
    const auto found = context_of(ctx).state.find(std::string{to_view(key)});
    if (found == context_of(ctx).state.end()) return WB_NOT_FOUND;
    const bool fits = found->second.size() <= *size;
    *size = found->second.size();
    if (!fits) return WB_TOO_LARGE;
    std::copy(found->second.begin(), found->second.end(), buffer);
    return WB_OK;
  };
  table_.link_create = [](wb_handler_ctx* ctx, const wb_delivery* what, wb_str options, char* buffer,
                          std::uint64_t* size) -> std::uint32_t {
    std::string link;
    const auto status = context_of(ctx).link_create(what, to_view(options), link);
    const bool fits = link.size() <= *size;
    *size = link.size();
    if (status != WB_OK) return status;
    if (!fits) return WB_TOO_LARGE;
    std::copy(link.begin(), link.end(), buffer);
    return WB_OK;
  };
  table_.state_put = [](wb_handler_ctx* ctx, wb_str key, const std::uint8_t* value, std::uint64_t size) -> std::uint32_t {
    const std::lock_guard lock{instance().mutex_};
    context_of(ctx).state[std::string{to_view(key)}] = std::string{reinterpret_cast<const char*>(value), size};
    return WB_OK;
  };
  table_.connect_allowed = [](wb_handler_ctx* ctx, const std::uint8_t* address, std::uint32_t size, std::uint32_t port) {
    return static_cast<std::uint32_t>(context_of(ctx).guard(address, size, port) ? WB_ALLOWED : WB_DENIED);
  };
  table_.random = [](std::uint8_t* buffer, std::uint64_t size) {
    static thread_local std::random_device source;
    std::generate_n(buffer, size, [] { return static_cast<std::uint8_t>(source()); });
  };
}

loaded_plugin::loaded_plugin(const char* path) {
  void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    std::abort();
  }
  const auto entry = reinterpret_cast<wb_plugin_entry_fn>(dlsym(library, WB_ENTRY_SYMBOL));
  table_.struct_size = sizeof table_;
  if (entry == nullptr || entry(fake_host::instance().table(), &table_) != 0) {
    std::fprintf(stderr, "%s: refused\n", path);
    std::abort();
  }
}

}  // namespace waybill::testing
