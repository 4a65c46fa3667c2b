// SPDX-License-Identifier: Apache-2.0
#include "core/payload/payload_source.hpp"

#include <algorithm>
#include <cstring>
#include <future>
#include <list>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "core/payload/chunk_packing.hpp"

namespace waybill::core {
namespace {

/// The organization is part of it: what one has read is not in the cache of another.
struct chunk_key {
  organization_id organization;
  payload_id id;
  std::uint32_t number = 0;
  friend bool operator<(const chunk_key& a, const chunk_key& b) {
    return std::tie(a.organization, a.id, a.number) < std::tie(b.organization, b.id, b.number);
  }
};

std::uint32_t chunk_count(std::uint64_t size) {
  return static_cast<std::uint32_t>((size + payload_chunk_bytes - 1) / payload_chunk_bytes);
}

}  // namespace

/// Invariants, under the lock: an entry with `content` is in `by_age`; one without is being read, and `waiting` is called when
/// that ends. Answers are called without the lock.
struct payload_source::state : std::enable_shared_from_this<state> {
  using answer = std::function<void(result<chunk>)>;
  struct entry {
    chunk content;
    std::vector<answer> waiting;
    std::list<chunk_key>::iterator age;
  };

  state(store_readers& r, std::size_t c) : readers(r), cached(std::max<std::size_t>(c, 2)) {}

  void get(const chunk_key& key, answer done);
  void load(const chunk_key& key);
  void loaded(const chunk_key& key, result<chunk> content);
  void shrink();

  store_readers& readers;
  const std::size_t cached;
  std::mutex lock;
  std::map<chunk_key, entry> entries;
  std::list<chunk_key> by_age;  ///< the one used last in front
};

/// Without `done` it only brings the chunk into the cache.
void payload_source::state::get(const chunk_key& key, answer done) {
  std::unique_lock hold{lock};
  const auto [found, is_new] = entries.try_emplace(key);
  auto& one = found->second;
  if (one.content) {
    by_age.splice(by_age.begin(), by_age, one.age);
    if (!done) return;
    auto content = one.content;
    hold.unlock();
    return done(std::move(content));
  }
  if (done) one.waiting.push_back(std::move(done));
  hold.unlock();
  if (is_new) load(key);
}

void payload_source::state::load(const chunk_key& key) {
  readers.run([self = shared_from_this(), key](read_session* session) {
    if (session == nullptr) return self->loaded(key, core::fail(error_code::shutting_down, "the node is stopping"));
    auto stored = session->read_chunk(key.organization, key.id, key.number);
    if (!stored) return self->loaded(key, core::fail(stored.error()));
    auto content = unpack(*std::move(stored));
    if (!content) return self->loaded(key, core::fail(content.error()));
    self->loaded(key, chunk{std::make_shared<const std::string>(*std::move(content))});
  });
}

void payload_source::state::loaded(const chunk_key& key, result<chunk> content) {
  std::vector<answer> waiting;
  {
    const std::lock_guard hold{lock};
    const auto found = entries.find(key);
    waiting.swap(found->second.waiting);
    if (content) {
      found->second.content = *content;
      by_age.push_front(key);
      found->second.age = by_age.begin();
      shrink();
    } else {
      entries.erase(found);
    }
  }
  for (auto& done : waiting) done(content);
}

void payload_source::state::shrink() {
  while (by_age.size() > cached) {
    entries.erase(by_age.back());
    by_age.pop_back();
  }
}

payload_source::payload_source(store_readers& readers, std::size_t cached) : state_(std::make_shared<state>(readers, cached)) {}
payload_source::~payload_source() = default;

void payload_source::get(const payload_place& what, std::uint64_t offset, std::function<void(result<chunk>)> done) {
  const auto number = static_cast<std::uint32_t>(offset / payload_chunk_bytes);
  state_->get({what.organization, what.id, number}, std::move(done));
  if (number + 1 < chunk_count(what.size)) state_->get({what.organization, what.id, number + 1}, {});
}

result<std::size_t> payload_source::read(const payload_place& what, std::uint64_t offset, std::uint8_t* buffer,
                                         std::size_t room) {
  if (offset >= what.size || room == 0) return std::size_t{0};
  auto answer = std::make_shared<std::promise<result<chunk>>>();
  auto waiting = answer->get_future();
  get(what, offset, [answer](result<chunk> got) { answer->set_value(std::move(got)); });
  const auto got = waiting.get();
  if (!got) return core::fail(got.error());
  const auto& content = **got;
  const auto from = static_cast<std::size_t>(offset % payload_chunk_bytes);
  if (from >= content.size())
    return core::fail(error_code::internal_error, "a chunk of a payload is shorter than it should be");
  const auto size = std::min(room, content.size() - from);
  std::memcpy(buffer, content.data() + from, size);
  return size;
}

}  // namespace waybill::core
