// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tests/store/store_fixture.hpp"

/// Deliveries with an ordering key, to `s.hook`.
namespace waybill::core::test {

[[nodiscard]] inline const task& task_of(const new_delivery& request) { return request.tasks.front(); }

[[nodiscard]] inline new_delivery keyed_request(const store_fixture& s, const std::string& key, utc_time created = at(1),
                                                std::uint8_t priority = 5) {
  request_options options;
  options.to = {s.hook};
  options.created = created;
  options.priority = priority;
  options.key = key;
  return make_request(s.org, options);
}

inline new_delivery accept_keyed(store_fixture& s, const std::string& key) {
  auto request = keyed_request(s, key);
  s.accept({request});
  return request;
}

[[nodiscard]] inline attempt_record keyed_outcome(const new_delivery& of, const task& before,
                                                  task_status after = task_status::delivered) {
  auto outcome = make_outcome(before, after);
  outcome.ordering_key = of.content->ordering_key;
  return outcome;
}
[[nodiscard]] inline attempt_record keyed_outcome(const new_delivery& of) { return keyed_outcome(of, task_of(of)); }

inline void set_ordering(store_fixture& s, ordering_failure policy) {
  auto d = must(s.reader().get_destination(s.org, s.hook));
  d.policy.ordering.on_failure = policy;
  must(s.write([&](write_session& w) { return w.update_destination(d, 0); }));
}

inline std::vector<task> redrive(store_fixture& s, const new_delivery& what, std::uint64_t epoch = 1, utc_time now = at(70)) {
  return must(s.write([&](write_session& w) { return w.retry(s.org, what.content->id, {}, epoch, now); }));
}

inline std::vector<task> cancel_all(store_fixture& s, const new_delivery& what) {
  return must(s.write([&](write_session& w) { return w.cancel(s.org, what.content->id, {}, at(60)); }));
}

}  // namespace waybill::core::test
