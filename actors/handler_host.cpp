// SPDX-License-Identifier: Apache-2.0
#include "actors/handler_host.hpp"

#include <future>

namespace waybill::actors {
namespace {

/// A sealed value opens only under the destination and the key it was put with.
std::string state_context(core::destination_id id, std::string_view key) {
  return id.to_string() + "/state/" + std::string(key);
}

}  // namespace

bool handler_host::connect_allowed(const std::uint8_t* address, std::size_t size, std::uint16_t) const {
  return guard_.allows(address, size);
}

core::result<std::string> handler_host::state_get(core::destination_id id, std::string_view key) {
  auto answer = std::make_shared<std::promise<core::result<std::string>>>();
  auto waiting = answer->get_future();
  context_.readers.run([answer, id, key = std::string(key)](core::read_session* session) {
    if (session == nullptr)
      answer->set_value(core::fail(core::error_code::shutting_down, "the node is shutting down"));
    else
      answer->set_value(session->handler_state(id, key));
  });
  auto sealed = waiting.get();
  if (!sealed) return sealed;
  return context_.box.open(*sealed, state_context(id, key));
}

core::result<void> handler_host::state_put(core::destination_id id, std::string_view key, std::string_view value) {
  auto answer = std::make_shared<std::promise<core::result<void>>>();
  auto waiting = answer->get_future();
  context_.writer->run([id, key = std::string(key), sealed = context_.box.seal(value, state_context(id, key))](
                           core::write_session& session) { return session.put_handler_state(id, key, sealed); },
                       [answer](core::result<void> done) { answer->set_value(std::move(done)); });
  return waiting.get();
}

core::result<std::string> handler_host::link_create(core::destination_id id, const core::delivery& d,
                                                    std::string_view options) {
  return links_.make(id, d, options);
}

core::result<void> handler_host::check_link(std::string_view options) const { return links_.check(options); }

core::result<std::size_t> handler_host::read_payload(const core::delivery& d, std::uint64_t offset, std::uint8_t* buffer,
                                                     std::size_t room) {
  return context_.payloads.read({d.organization, d.payload, d.payload_size}, offset, buffer, room);
}

core::result<std::string> handler_host::load_payload(const core::delivery& d) {
  const auto most = context_.settings.queue.max_content_in_memory;
  if (d.payload_size > most)
    return core::fail(core::error_code::payload_too_large,
                      "the handler cannot stream, and the payload is " + std::to_string(d.payload_size) +
                          " bytes: more than queue.maxContentInMemory (" + std::to_string(most) + ")");
  std::string content(static_cast<std::size_t>(d.payload_size), '\0');
  for (std::size_t have = 0; have < content.size();) {
    auto got = read_payload(d, have, reinterpret_cast<std::uint8_t*>(content.data()) + have, content.size() - have);
    if (!got) return core::fail(got.error());
    have += *got;
  }
  return content;
}

void handler_host::metric_add(const std::string& type, std::string_view name, double value) {
  context_.figures.handler_add(type, name, value);
}

void handler_host::metric_observe(const std::string& type, std::string_view name, double value) {
  context_.figures.handler_observe(type, name, value);
}

}  // namespace waybill::actors
