// SPDX-License-Identifier: Apache-2.0
#include "api/idempotency.hpp"

#include "api/delivery_request.hpp"
#include "api/json_input.hpp"
#include "api/routes.hpp"
#include "core/security/digest.hpp"
#include "core/store/idempotency_store.hpp"

namespace waybill::api {

namespace {

/// Method, path and what stands for its parameters: the same key may be used for each of two destinations.
std::string route_of(const exchange& x) {
  auto route = std::string{to_string(x.request.method)} + ' ' + std::string{x.matched->path};
  for (const auto& parameter : x.parameters)
    if (!parameter.empty()) route += ' ' + parameter;
  return route;
}

/// The API key is part of it: an answer may hold a secret that was shown to whoever asked first, and to nobody else.
std::array<std::uint8_t, 32> fingerprint_of(const exchange& x) {
  const auto target = x.request.target;
  const auto question = target.find('?');
  std::string all = x.caller.key.to_string();
  all += '\n';
  if (question != std::string_view::npos) all += target.substr(question);
  all += '\n';
  all += x.request.body;
  return core::sha256(all);
}

}  // namespace

void keys_under_way::hold::release() {
  if (name_.empty()) return;
  const std::lock_guard lock(keys_->mutex_);
  keys_->names_.erase(std::exchange(name_, {}));
}

std::shared_ptr<keys_under_way::hold> keys_under_way::take(const std::shared_ptr<keys_under_way>& keys, std::string name) {
  {
    const std::lock_guard lock(keys->mutex_);
    if (!keys->names_.insert(name).second) return nullptr;
  }
  return std::make_shared<hold>(keys, std::move(name));
}

core::result<once_request> claim_once(exchange& x) {
  const auto& headers = x.request.headers;
  if (!headers.idempotency_key_sent) return once_request{};
  if (!is_idempotency_key(headers.idempotency_key))
    return core::fail(invalid_fields({{"Idempotency-Key", "format", "1 to 255 printable ASCII characters"}}));
  once_request once;
  once.call = std::make_shared<core::once_call>();
  auto& claim = once.call->claim;
  claim.route = route_of(x);
  claim.key = headers.idempotency_key;
  claim.fingerprint = fingerprint_of(x);
  once.hold = keys_under_way::take(x.context().keys, x.caller.organization.to_string() + ' ' + claim.route + ' ' + claim.key);
  if (!once.hold) return core::still_in_progress();
  return once;
}

std::shared_ptr<keys_under_way> make_keys_under_way() { return std::make_shared<keys_under_way>(); }

core::kept_answer kept_from(const http_response& response) { return {response.status, response.headers, response.body}; }

http_response replayed(core::kept_answer answer) {
  http_response response;
  response.status = answer.status;
  response.body = std::move(answer.body);
  response.headers = std::move(answer.headers);
  response.add_header("Idempotency-Replayed", "true");
  return response;
}

}  // namespace waybill::api
