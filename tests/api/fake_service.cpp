// SPDX-License-Identifier: Apache-2.0
#include "tests/api/fake_service.hpp"

#include <utility>

namespace waybill::tests {

namespace {

using namespace core;

template <class Id>
Id fixed(std::uint8_t last) {
  id_bytes bytes{0x01, 0x98, 0, 0, 0, 0, 0x70, 0, 0x80};
  bytes[15] = last;
  return Id{bytes};
}

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
  return q;
}

destination_type one_type() {
  return {"webhook",
          "Webhook",
          "1.0.0",
          {"test"},
          nlohmann::json::parse(R"({"type":"object","properties":{"url":{"type":"string"}}})")};
}

}  // namespace

const organization_id fake_service::organization = fixed<organization_id>(1);
const destination_id fake_service::known_destination = fixed<destination_id>(2);
const delivery_id fake_service::known_delivery = fixed<delivery_id>(3);
const attempt_id fake_service::known_attempt = fixed<attempt_id>(4);
const task_id fake_service::known_task = fixed<task_id>(5);
const secret_id fake_service::known_secret = fixed<secret_id>(6);
const key_id fake_service::known_key = fixed<key_id>(7);

fake_service::fake_service(answers how) : how_(how), thread_([this] { work(); }) {}

fake_service::~fake_service() {
  {
    std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::vector<std::string> fake_service::calls() const {
  std::lock_guard lock{mutex_};
  return calls_;
}

caller fake_service::last_caller() const {
  std::lock_guard lock{mutex_};
  return caller_;
}

void fake_service::fail_next(error e) {
  std::lock_guard lock{mutex_};
  failure_ = std::move(e);
}

void fake_service::set_answers(answers how) {
  std::lock_guard lock{mutex_};
  how_ = how;
}

void fake_service::release() {
  std::deque<std::function<void()>> ready_now;
  {
    std::lock_guard lock{mutex_};
    ready_now.swap(waiting_);
  }
  for (auto& run : ready_now) run();
}

std::size_t fake_service::waiting() const {
  std::lock_guard lock{mutex_};
  return waiting_.size();
}

void fake_service::forget() {
  std::deque<std::function<void()>> dropped;
  std::lock_guard lock{mutex_};
  dropped.swap(waiting_);
}

void fake_service::work() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    if (how_ != answers::from_a_thread || waiting_.empty()) {
      wake_.wait(lock);
      continue;
    }
    std::deque<std::function<void()>> burst;
    burst.swap(waiting_);
    lock.unlock();
    for (auto& run : burst) run();
    lock.lock();
  }
}

void fake_service::later(std::function<void()> run) {
  {
    std::lock_guard lock{mutex_};
    if (how_ != answers::at_once) {
      waiting_.push_back(std::move(run));
      wake_.notify_one();
      return;
    }
  }
  run();
}

template <class Write>
void fake_service::note(const char* name, const caller& who, Write write) {
  if (!recording_) return;
  std::lock_guard lock{mutex_};
  calls_.emplace_back(name);
  caller_ = who;
  write();
}

void fake_service::note(const char* name, const caller& who) {
  note(name, who, [] {});
}

template <class T>
void fake_service::give(core::reply<T> reply, core::result<T> value) {
  {
    std::lock_guard lock{mutex_};
    if (failure_) value = fail(*std::exchange(failure_, std::nullopt));
  }
  later([reply = std::move(reply), value = std::move(value)]() mutable { reply(std::move(value)); });
}

void fake_service::deliver(const caller& who, delivery_request said, reply<delivery_receipt> reply) {
  delivery_receipt receipt;
  receipt.id = recording_ ? known_delivery : delivery_id::make();
  receipt.queued_at = moment();
  receipt.replayed = replayed;
  const auto targets = said.destinations.empty() ? std::vector{known_destination} : said.destinations;
  for (const auto& id : targets) receipt.destinations.push_back({id, known_task, task_status::pending});
  note("deliver", who, [&] { request = std::move(said); });
  give(std::move(reply), result<delivery_receipt>{std::move(receipt)});
}

void fake_service::get_delivery(const caller& who, delivery_id id, reply<delivery_view> reply) {
  note("get_delivery", who);
  if (id != known_delivery)
    return give<delivery_view>(std::move(reply), fail(error_code::delivery_not_found, "no such delivery"));
  give(std::move(reply), result<delivery_view>{one_view()});
}

void fake_service::list_deliveries(const caller& who, delivery_filter filter, page_request page,
                                   reply<core::page<delivery_view>> reply) {
  note("list_deliveries", who, [&] { deliveries = filter, paging = page; });
  give(std::move(reply), result<core::page<delivery_view>>{core::page<delivery_view>{{one_view()}, next_cursor}});
}

void fake_service::get_payload(const caller& who, delivery_id, reply<delivery_ptr> reply) {
  note("get_payload", who);
  auto stored = one_delivery();
  stored.content = R"({"exact": 0.1000})";
  give(std::move(reply), result<delivery_ptr>{std::make_shared<const delivery>(std::move(stored))});
}

void fake_service::get_attempt(const caller& who, delivery_id, attempt_id id, reply<attempt> reply) {
  note("get_attempt", who);
  if (id != known_attempt) return give<attempt>(std::move(reply), fail(error_code::attempt_not_found, "no such attempt"));
  give(std::move(reply), result<attempt>{one_attempt()});
}

void fake_service::retry_delivery(const caller& who, delivery_id, std::vector<destination_id> some,
                                  reply<delivery_view> reply) {
  note("retry_delivery", who, [&] { only = std::move(some); });
  give(std::move(reply), result<delivery_view>{one_view()});
}

void fake_service::cancel_delivery(const caller& who, delivery_id, std::vector<destination_id> some,
                                   reply<delivery_view> reply) {
  note("cancel_delivery", who, [&] { only = std::move(some); });
  give(std::move(reply), result<delivery_view>{one_view()});
}

void fake_service::create_destination(const caller& who, destination_input said, bool first, reply<created_destination> reply) {
  note("create_destination", who, [&] { destination_said = std::move(said), test_first = first; });
  give(std::move(reply), result<created_destination>{created_destination{one_destination(1), one_secret("whsec_clear")}});
}

void fake_service::get_destination(const caller& who, destination_id id, reply<destination> reply) {
  note("get_destination", who);
  if (id != known_destination)
    return give<destination>(std::move(reply), fail(error_code::destination_not_found, "no such destination"));
  give(std::move(reply), result<destination>{one_destination(version)});
}

void fake_service::list_destinations(const caller& who, destination_filter filter, page_request page,
                                     reply<core::page<destination>> reply) {
  note("list_destinations", who, [&] { destinations = filter, paging = page; });
  give(std::move(reply), result<core::page<destination>>{core::page<destination>{{one_destination(version)}, next_cursor}});
}

void fake_service::update_destination(const caller& who, destination_id, destination_input said, update_kind kind,
                                      std::uint64_t expected, bool first, reply<destination> reply) {
  note("update_destination", who,
       [&] { destination_said = std::move(said), update = kind, expected_version = expected, test_first = first; });
  if (expected != 0 && expected != version)
    return give<destination>(std::move(reply), fail(error_code::precondition_failed, "changed in the meantime"));
  give(std::move(reply), result<destination>{one_destination(version + 1)});
}

void fake_service::delete_destination(const caller& who, destination_id, std::uint64_t expected, reply<void> reply) {
  note("delete_destination", who, [&] { expected_version = expected; });
  if (expected != 0 && expected != version)
    return give<void>(std::move(reply), fail(error_code::precondition_failed, "changed in the meantime"));
  give(std::move(reply), result<void>{});
}

void fake_service::set_destination_state(const caller& who, destination_id, destination_state wanted, std::string why,
                                         reply<destination> reply) {
  note("set_destination_state", who, [&] { state = wanted, reason = std::move(why); });
  auto d = one_destination(version + 1);
  d.state = wanted;
  give(std::move(reply), result<destination>{std::move(d)});
}

void fake_service::test_destination(const caller& who, destination_id, reply<connection_test> reply) {
  note("test_destination", who);
  give(std::move(reply), result<connection_test>{connection_test{true, failure_category::none, 200, "fine", milliseconds{5}}});
}

void fake_service::test_destination(const caller& who, destination_input said, reply<connection_test> reply) {
  note("test_new_destination", who, [&] { destination_said = std::move(said); });
  give(std::move(reply),
       result<connection_test>{connection_test{false, failure_category::network, 0, "refused", milliseconds{5}}});
}

void fake_service::get_health(const caller& who, destination_id id, reply<destination_health> reply) {
  note("get_health", who);
  destination_health h;
  h.destination = id;
  h.status = health_status::degraded;
  h.success_rate = 0.5;
  h.response_p50 = milliseconds{12};
  give(std::move(reply), result<destination_health>{h});
}

void fake_service::get_destination_queue(const caller& who, destination_id, reply<queue_report> reply) {
  note("get_destination_queue", who);
  give(std::move(reply), result<queue_report>{one_queue()});
}

void fake_service::list_secrets(const caller& who, destination_id, reply<std::vector<signing_secret>> reply) {
  note("list_secrets", who);
  give(std::move(reply), result<std::vector<signing_secret>>{std::vector{one_secret("")}});
}

void fake_service::add_secret(const caller& who, destination_id, secret_input said, reply<signing_secret> reply) {
  note("add_secret", who, [&] { secret_said = std::move(said); });
  give(std::move(reply), result<signing_secret>{one_secret("whsec_clear")});
}

void fake_service::rotate_secret(const caller& who, destination_id, secret_input said, reply<signing_secret> reply) {
  note("rotate_secret", who, [&] { secret_said = std::move(said); });
  give(std::move(reply), result<signing_secret>{one_secret("whsec_clear")});
}

void fake_service::delete_secret(const caller& who, destination_id, secret_id id, reply<void> reply) {
  note("delete_secret", who);
  if (id != known_secret) return give<void>(std::move(reply), fail(error_code::secret_not_found, "no such secret"));
  give(std::move(reply), result<void>{});
}

void fake_service::destination_types(const caller& who, reply<std::vector<destination_type>> reply) {
  note("destination_types", who);
  give(std::move(reply), result<std::vector<destination_type>>{std::vector{one_type()}});
}

void fake_service::list_dead_letters(const caller& who, dead_letter_filter filter, page_request page,
                                     reply<core::page<dead_letter>> reply) {
  note("list_dead_letters", who, [&] { letters = filter, paging = page; });
  give(std::move(reply),
       result<core::page<dead_letter>>{core::page<dead_letter>{{{one_task(), "report", "corr"}}, next_cursor}});
}

void fake_service::redrive_dead_letters(const caller& who, dead_letter_action said, reply<std::uint64_t> reply) {
  note("redrive_dead_letters", who, [&] { action = std::move(said); });
  give(std::move(reply), result<std::uint64_t>{4});
}

void fake_service::discard_dead_letters(const caller& who, dead_letter_action said, reply<std::uint64_t> reply) {
  note("discard_dead_letters", who, [&] { action = std::move(said); });
  give(std::move(reply), result<std::uint64_t>{5});
}

void fake_service::get_queue(const caller& who, reply<queue_report> reply) {
  note("get_queue", who);
  give(std::move(reply), result<queue_report>{one_queue()});
}

void fake_service::list_keys(const caller& who, page_request page, reply<core::page<api_key>> reply) {
  note("list_keys", who, [&] { paging = page; });
  give(std::move(reply), result<core::page<api_key>>{core::page<api_key>{{one_key()}, next_cursor}});
}

void fake_service::create_key(const caller& who, key_input said, reply<created_key> reply) {
  note("create_key", who, [&] { key_said = std::move(said); });
  give(std::move(reply), result<created_key>{created_key{one_key(), "wbk_new_secret"}});
}

void fake_service::revoke_key(const caller& who, key_id id, reply<void> reply) {
  note("revoke_key", who);
  if (id != known_key) return give<void>(std::move(reply), fail(error_code::key_not_found, "no such key"));
  give(std::move(reply), result<void>{});
}

void fake_service::list_organizations(const caller& who, page_request page, reply<core::page<core::organization>> reply) {
  note("list_organizations", who, [&] { paging = page; });
  give(std::move(reply),
       result<core::page<core::organization>>{core::page<core::organization>{{one_organization(version)}, next_cursor}});
}

void fake_service::create_organization(const caller& who, organization_input said, reply<core::organization> reply) {
  note("create_organization", who, [&] { organization_said = std::move(said); });
  give(std::move(reply), result<core::organization>{one_organization(1)});
}

void fake_service::get_organization(const caller& who, organization_id id, reply<core::organization> reply) {
  note("get_organization", who);
  if (id != organization)
    return give<core::organization>(std::move(reply), fail(error_code::organization_not_found, "no such organization"));
  give(std::move(reply), result<core::organization>{one_organization(version)});
}

void fake_service::update_organization(const caller& who, organization_id, organization_input said, std::uint64_t expected,
                                       reply<core::organization> reply) {
  note("update_organization", who, [&] { organization_said = std::move(said), expected_version = expected; });
  if (expected != 0 && expected != version)
    return give<core::organization>(std::move(reply), fail(error_code::precondition_failed, "changed in the meantime"));
  give(std::move(reply), result<core::organization>{one_organization(version + 1)});
}

void fake_service::check_readiness(reply<readiness> reply) {
  give(std::move(reply), result<readiness>{readiness{ready, {{"store", ready, "secret path"}}}});
}

result<caller> fake_service::authenticate(std::string_view presented, std::string_view acting_for, std::string_view) {
  caller who;
  who.organization = organization;
  who.key = known_key;
  if (presented == admin_key) {
    who.roles.add(role::admin);
  } else if (presented == viewer_key) {
    who.roles.add(role::viewer);
  } else if (presented == operator_key) {
    who.roles.add(role::engine);
  } else {
    return fail(error_code::unauthenticated, "not a key of this node");
  }
  if (!acting_for.empty() && presented != operator_key)
    return fail(error_code::forbidden, "only the operator key crosses organizations");
  if (!acting_for.empty()) who.organization = organization_id::parse(acting_for).value_or(organization_id{});
  return who;
}

}  // namespace waybill::tests
