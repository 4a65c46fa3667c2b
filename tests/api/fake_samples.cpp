// SPDX-License-Identifier: Apache-2.0
#include "tests/api/fake_samples.hpp"

#include <utility>

#include "tests/api/fake_service.hpp"

namespace waybill::tests {

using namespace core;

namespace {

template <class Id>
Id fixed(std::uint8_t last) {
  id_bytes bytes{0x01, 0x98, 0, 0, 0, 0, 0x70, 0, 0x80};
  bytes[15] = last;
  return Id{bytes};
}

}  // namespace

const organization_id fake_service::organization = fixed<organization_id>(1);
const destination_id fake_service::known_destination = fixed<destination_id>(2);
const delivery_id fake_service::known_delivery = fixed<delivery_id>(3);
const attempt_id fake_service::known_attempt = fixed<attempt_id>(4);
const task_id fake_service::known_task = fixed<task_id>(5);
const secret_id fake_service::known_secret = fixed<secret_id>(6);
const key_id fake_service::known_key = fixed<key_id>(7);
const payload_id fake_service::known_payload = fixed<payload_id>(9);
const job_id fake_service::known_job = fixed<job_id>(8);

utc_time moment() { return from_unix_ms(1'767'225'600'123); }  // 2026-01-01T00:00:00.123Z

attempt one_attempt() {
  attempt made;
  made.id = fake_service::known_attempt;
  made.task = fake_service::known_task;
  made.number = 1;
  made.started_at = moment();
  made.duration = milliseconds{120};
  made.result.action = attempt_action::retry;
  made.result.category = failure_category::remote;
  made.result.code = 500;
  made.result.bytes_sent = 321;
  made.result.retry_after = milliseconds{5'000};
  made.result.detail = "for operators: \xff not UTF-8";
  made.result.message = "for customers";
  made.result.request = R"({"method":"POST"})";
  made.result.response = R"({"status":500})";
  return made;
}

task_view one_task() {
  task_view task;
  task.id = fake_service::known_task;
  task.delivery = fake_service::known_delivery;
  task.destination = fake_service::known_destination;
  task.destination_type = "webhook";
  task.destination_label = "Portal \"P\"";
  task.status = task_status::retrying;
  task.attempts = 1;
  task.created_at = moment();
  task.next_attempt_at = moment();
  task.category = failure_category::remote;
  task.code = 500;
  task.failure_reason = "for customers";
  task.attempt_log.push_back(one_attempt());
  return task;
}

delivery one_delivery() {
  delivery d;
  d.id = fake_service::known_delivery;
  d.organization = fake_service::organization;
  d.created_at = moment();
  d.payload_type = "report";
  d.content_type = "application/json";
  d.filename = "q1 ü.json";
  d.metadata = R"({"big":12345678901234567890123,"n":0.1000})";
  d.tags = {"q1"};
  d.correlation_id = "corr";
  d.deliver_within = milliseconds{1'000};
  return d;
}

delivery_view one_view() {
  delivery_view view;
  view.head = one_delivery();
  view.size = 17;
  view.status = delivery_status::processing;
  view.tasks.push_back(one_task());
  return view;
}

destination one_destination(std::uint64_t version) {
  destination d;
  d.id = fake_service::known_destination;
  d.organization = fake_service::organization;
  d.type = "webhook";
  d.label = "Portal";
  d.config = {{"url", "https://example.org/"}, {"token", "••••"}};
  d.policy.retry.max_attempts = 3;
  d.tags = {"portal"};
  d.created_at = d.updated_at = moment();
  d.version = version;
  return d;
}

signing_secret one_secret(std::string clear) {
  signing_secret s;
  s.id = fake_service::known_secret;
  s.destination = fake_service::known_destination;
  s.secret = std::move(clear);
  s.created_at = moment();
  return s;
}

api_key one_key() {
  api_key k;
  k.id = fake_service::known_key;
  k.organization = fake_service::organization;
  k.name = "producer";
  k.roles.add(role::producer).add(role::viewer);
  k.only_destinations = {fake_service::known_destination};
  k.allowed_ip_ranges = {"10.0.0.0/8"};
  k.allowed_hours = std::pair<std::uint16_t, std::uint16_t>{480, 1'080};
  k.created_at = moment();
  return k;
}

core::organization one_organization(std::uint64_t version) {
  core::organization o;
  o.id = fake_service::organization;
  o.name = "default";
  o.created_at = o.updated_at = moment();
  o.version = version;
  return o;
}

queue_report one_queue() {
  queue_report q;
  q.stored.pending = 3;
  q.stored.retrying = 2;
  q.stored.parked = 1;
  q.stored.due = 4;
  q.stored.oldest_created_at = moment();
  q.in_flight = 7;
  q.active_destinations = 2;
  q.max_waiting = 1'000;
  q.lag = {5, milliseconds{1}, milliseconds{20}, milliseconds{30}};
  q.pace = live_pace{4, 12.5, true, false};
  q.node.emplace();
  q.node->waiting = {30, 20, 10};
  q.node->max_waiting = 10'000'000;
  q.node->in_flight = 7;
  q.node->max_in_flight = 2'000;
  q.node->oldest_created_at = moment();
  q.node->organizations.push_back({{fake_service::organization, {3, 2, 1}, 1'000}, 7, moment()});
  return q;
}

destination_type one_type() {
  return {"webhook",
          "Webhook",
          "1.0.0",
          {"test"},
          nlohmann::json::parse(R"({"type":"object","properties":{"url":{"type":"string"}}})")};
}

}  // namespace waybill::tests
