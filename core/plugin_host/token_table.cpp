// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/token_table.hpp"

#include <utility>

#include <openssl/rand.h>

namespace waybill::core {
namespace {

std::uint64_t random_start() {
  std::uint64_t value = 0;
  // Without randomness tokens are merely easier to guess, which costs nothing but a less certain "unknown".
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) != 1) value = 0x9E3779B97F4A7C15u;
  return value;
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): a bijection.
std::uint64_t scatter(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

token_table::token_table() : start_(random_start()) {}

token_table& token_table::of_process() {
  // Never destroyed: a plugin's thread may complete something while the process ends.
  static auto* table = new token_table;
  return *table;
}

token_table::token token_table::next() {
  token value = 0;
  while (value == 0) value = scatter(start_ + sequence_.fetch_add(1, std::memory_order_relaxed));
  return value;
}

token_table::token token_table::add(std::shared_ptr<handler_instance> owner, handler::completion done) {
  const auto value = next();
  auto& s = shard_of(value);
  std::lock_guard hold{s.lock};
  s.calls.emplace(value, call{std::move(owner), std::move(done), false, false});
  return value;
}

bool token_table::start(token which) {
  auto& s = shard_of(which);
  std::lock_guard hold{s.lock};
  const auto found = s.calls.find(which);
  if (found == s.calls.end()) return false;
  found->second.is_started = true;
  return true;
}

bool token_table::is_awaited(token which) {
  auto& s = shard_of(which);
  std::lock_guard hold{s.lock};
  const auto found = s.calls.find(which);
  return found != s.calls.end() && !found->second.is_cancelled;
}

std::optional<token_table::call> token_table::take(token which) {
  auto& s = shard_of(which);
  std::unique_lock hold{s.lock};
  auto node = s.calls.extract(which);
  hold.unlock();
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

token_table::cancelled token_table::cancel(token which, const handler_instance* owner) {
  call dropped;  // destroyed after the lock is released: a completion's captures may do anything
  auto& s = shard_of(which);
  std::lock_guard hold{s.lock};
  const auto found = s.calls.find(which);
  if (found == s.calls.end() || found->second.owner.get() != owner || found->second.is_cancelled) return cancelled::unknown;
  if (!found->second.is_started) {
    dropped = std::move(found->second);
    s.calls.erase(found);
    return cancelled::before_start;
  }
  found->second.is_cancelled = true;
  dropped.done = std::move(found->second.done);
  found->second.done = nullptr;
  return cancelled::under_way;
}

}  // namespace waybill::core
