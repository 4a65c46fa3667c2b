// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/sessions.hpp"

#include <chrono>

namespace waybill::core::sqlite {
namespace {

utc_time machine_now() { return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()); }

/// The read half of both sessions: each call goes to the part that knows, inside one snapshot.
template <class Session>
class reads : public Session {
public:
  explicit reads(database connection, std::shared_ptr<void> claim = {})
      : claim_(std::move(claim)), from_(std::make_unique<reading>(std::move(connection))) {}

  // clang-format off
  result<delivery_view> get_delivery(organization_id org, delivery_id id, bool with_attempts) override {
    snapshot s(db()); return from_->deliveries.get(org, id, with_attempts); }
  result<delivery_ptr> content(organization_id org, delivery_id id) override { return from_->deliveries.content(org, id); }
  result<page<delivery_view>> list_deliveries(organization_id org, const delivery_filter& f, const page_request& p) override {
    snapshot s(db()); return from_->lists.list(org, f, p); }
  result<attempt> get_attempt(organization_id org, delivery_id delivery, attempt_id id) override {
    snapshot s(db()); return from_->deliveries.get_attempt(org, delivery, id); }
  result<destination> get_destination(organization_id org, destination_id id) override { return from_->config.get_destination(org, id); }
  result<page<destination>> list_destinations(organization_id org, const destination_filter& f, const page_request& p) override {
    return from_->config.list_destinations(org, f, p); }
  result<std::vector<signing_secret>> signing_secrets(destination_id id) override {
    return from_->config.signing_secrets(id, machine_now()); }
  result<destination_health> get_health(destination_id id) override { return from_->config.get_health(id); }
  result<page<dead_letter>> list_dead_letters(organization_id org, const dead_letter_filter& f, const page_request& p) override {
    snapshot s(db()); return from_->dead_letters.list(org, f, p); }
  result<std::uint64_t> count_dead_letters(organization_id org, const dead_letter_filter& f) override {
    return from_->dead_letters.count(org, f); }
  result<queue_stats> queue(organization_id org, utc_time now) override { return from_->queue.of_organization(org, now); }
  result<queue_stats> destination_queue(destination_id id, utc_time now) override { return from_->queue.of_destination(id, now); }
  result<page<api_key>> list_keys(organization_id org, const page_request& p) override { return from_->config.list_keys(org, p); }
  result<organization> get_organization(organization_id org) override { return from_->config.get_organization(org); }
  result<std::optional<organization_id>> owner_of(destination_id id) override { return from_->config.owner_of(id); }
  result<std::optional<organization_id>> owner_of(delivery_id id) override { return from_->deliveries.owner_of(id); }
  result<destination> load_destination(destination_id id) override { return from_->config.load_destination(id); }
  result<page<destination>> all_destinations(const page_request& p) override { return from_->config.all_destinations(p); }
  result<page<organization>> list_organizations(const page_request& p) override { return from_->config.list_organizations(p); }
  result<std::vector<api_key>> all_keys() override { return from_->config.all_keys(); }
  result<queue_stats> whole_queue(utc_time now) override { return from_->queue.whole(now); }
  result<std::vector<waiting_destination>> waiting_destinations() override { return from_->queue.waiting_destinations(); }
  result<std::string> handler_state(destination_id id, std::string_view key) override { return from_->config.handler_state(id, key); }
  result<reconciliation> reconcile() override { return from_->queue.reconcile(); }
  result<std::string> key_check() override { return from_->config.key_check(); }
  // clang-format on

protected:
  database& db() { return from_->db; }
  reading& from() { return *from_; }

private:
  std::shared_ptr<void> claim_;  ///< outlives the connection
  std::unique_ptr<reading> from_;
};

class reader_session final : public reads<read_session> {
public:
  using reads::reads;
};

class writer_session final : public reads<write_session> {
public:
  writer_session(database connection, commit_listener& listener, std::shared_ptr<void> claim)
      : reads(std::move(connection), std::move(claim)), listener_(listener) {
    listener_.attach(db());
  }
  result<void> load() { return epochs_.load(); }

  result<void> begin() override { return run(begin_); }
  result<void> commit() override;
  void rollback() override;
  result<void> savepoint() override { return run(savepoint_); }
  result<void> release_savepoint() override { return run(release_); }
  void rollback_savepoint() override;

  // clang-format off
  result<std::vector<accept_result>> accept(const std::vector<new_delivery>& batch, utc_time now) override { return accept_.accept(batch, now); }
  result<std::vector<record_result>> record(const std::vector<attempt_record>& batch, utc_time now) override { return record_.record(batch, now); }
  result<claim_result> claim(destination_id id, std::uint64_t owner_epoch, utc_time now, milliseconds lookahead,
                             std::uint32_t limit, const std::unordered_set<task_id>& held) override {
    return claim_.claim(id, owner_epoch, now, lookahead, limit, held); }
  result<std::uint64_t> take_over_shards(std::string_view node, utc_time now) override {
    epochs_changed_ = true; return epochs_.take_over(node, now); }
  result<std::vector<task>> cancel(organization_id org, delivery_id id, const std::vector<destination_id>& only, utc_time now) override {
    return outcome_.cancel(org, id, only, now); }
  result<std::vector<task>> retry(organization_id org, delivery_id id, const std::vector<destination_id>& only,
                                  std::uint64_t owner_epoch, utc_time now) override {
    return outcome_.retry(org, id, only, owner_epoch, now); }
  result<std::vector<task>> redrive(organization_id org, const dead_letter_filter& f, std::uint32_t limit,
                                    std::uint64_t owner_epoch, utc_time now) override {
    return outcome_.redrive(org, f, limit, owner_epoch, now); }
  result<std::uint64_t> discard(organization_id org, const dead_letter_filter& f, std::uint32_t limit, utc_time now) override {
    return outcome_.discard(org, f, limit, now); }
  result<void> create_destination(const destination& d, const std::vector<signing_secret>& secrets) override {
    return config_.create_destination(d, secrets); }
  result<void> update_destination(const destination& d, std::uint64_t expected) override { return config_.update_destination(d, expected); }
  result<destination> set_destination_state(organization_id org, destination_id id, destination_state state,
                                            const std::string& reason, utc_time now) override {
    return config_.set_destination_state(org, id, state, reason, now); }
  result<void> add_signing_secret(const signing_secret& s) override { return config_.add_signing_secret(s); }
  result<void> expire_signing_secret(destination_id id, secret_id secret, utc_time at) override {
    return config_.expire_signing_secret(id, secret, at); }
  result<void> put_key_check(std::string_view sealed) override { return config_.put_key_check(sealed); }
  result<void> put_handler_state(destination_id id, std::string_view key, std::string_view value) override {
    return config_.put_handler_state(id, key, value); }
  result<void> create_organization(const organization& o) override { return config_.create_organization(o); }
  result<void> update_organization(const organization& o, std::uint64_t expected) override { return config_.update_organization(o, expected); }
  result<void> create_key(const api_key& k) override { return config_.create_key(k); }
  result<void> revoke_key(organization_id org, key_id id, utc_time now) override { return config_.revoke_key(org, id, now); }
  result<void> touch_keys(const std::vector<std::pair<key_id, utc_time>>& used) override { return config_.touch_keys(used); }
  result<std::uint64_t> sweep_idempotency(utc_time now, std::uint32_t limit) override { return config_.sweep_idempotency(now, limit); }
  // clang-format on
  result<std::vector<task>> delete_destination(organization_id org, destination_id id, std::uint64_t expected_version,
                                               utc_time now) override;

private:
  static result<void> run(statement& what);
  /// What the parts remember of the file may just have been undone.
  void forget();

  commit_listener& listener_;
  statement begin_{db(), "BEGIN IMMEDIATE"};
  statement commit_{db(), "COMMIT"};
  statement savepoint_{db(), "SAVEPOINT job"};
  statement release_{db(), "RELEASE job"};
  shard_epochs epochs_{db()};
  bool epochs_changed_ = false;
  accept_writer accept_{db()};
  record_writer record_{db(), epochs_};
  claim_writer claim_{db(), epochs_, from().deliveries};
  outcome_writer outcome_{db(), from().deliveries, from().dead_letters, from().tasks};
  config_writer config_{db(), from().config};
};

result<void> writer_session::run(statement& what) {
  if (auto done = what.run(); !done) return fail(done.error());
  return {};
}

result<void> writer_session::commit() {
  // A full disk inside a statement may have undone the whole transaction already.
  if (!db().in_transaction()) return fail(error_code::store_unavailable, "sqlite: the transaction was undone by a failure");
  if (auto done = run(commit_); !done) return fail(error_code::store_unavailable, done.error().message);
  epochs_changed_ = false;
  listener_.on_commit(db());
  return {};
}

void writer_session::rollback() {
  if (db().in_transaction()) static_cast<void>(db().execute("ROLLBACK"));
  forget();
}

void writer_session::rollback_savepoint() {
  if (db().in_transaction()) static_cast<void>(db().execute("ROLLBACK TO job; RELEASE job"));
  forget();
}

void writer_session::forget() {
  accept_.forget();
  // When even this fails the old, higher epochs stay: they fence too much rather than too little.
  if (epochs_changed_) static_cast<void>(epochs_.load());
}

result<std::vector<task>> writer_session::delete_destination(organization_id org, destination_id id,
                                                             std::uint64_t expected_version, utc_time now) {
  if (auto allowed = config_.check_version(org, id, expected_version); !allowed) return fail(allowed.error());
  auto cancelled = outcome_.cancel_all(id, now);
  if (!cancelled) return cancelled;
  if (auto deleted = config_.delete_destination(id); !deleted) return fail(deleted.error());
  return cancelled;
}

}  // namespace

std::unique_ptr<read_session> make_reader(database connection) {
  return std::make_unique<reader_session>(std::move(connection));
}

result<std::unique_ptr<write_session>> make_writer(database connection, commit_listener& listener,
                                                   std::shared_ptr<void> claim) {
  auto session = std::make_unique<writer_session>(std::move(connection), listener, std::move(claim));
  if (auto loaded = session->load(); !loaded) return fail(loaded.error());
  return std::unique_ptr<write_session>(std::move(session));
}

}  // namespace waybill::core::sqlite
