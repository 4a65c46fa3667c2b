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
  result<std::optional<std::string>> find_answer(organization_id org, const once_claim& claim, utc_time now) override {
    return from_->answers.find(org, claim, now); }
  result<job> get_job(organization_id org, job_id id) override { return from_->jobs.get(org, id); }
  result<page<job>> list_jobs(organization_id org, const job_filter& f, const page_request& p) override { return from_->jobs.list(org, f, p); }
  result<std::optional<organization_id>> owner_of_job(job_id id) override { return from_->jobs.owner_of(id); }
  result<dead_letter> get_dead_letter(organization_id org, task_id id) override {
    snapshot s(db()); return from_->dead_letters.get(org, id); }
  result<dead_letter_scan> scan_dead_letters(organization_id org, const dead_letter_filter& f, task_id after,
                                             std::uint32_t limit, std::uint32_t walk) override {
    snapshot s(db()); return from_->dead_letters.scan(org, f, after, limit, walk); }
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
  result<std::vector<destination_backlog>> backlog(utc_time now) override { return from_->queue.backlog(now); }
  result<std::vector<waiting_destination>> waiting_destinations() override { return from_->queue.waiting_destinations(); }
  result<std::string> handler_state(destination_id id, std::string_view key) override { return from_->config.handler_state(id, key); }
  result<reconciliation> reconcile() override { return from_->queue.reconcile(); }
  result<std::string> key_check() override { return from_->config.key_check(); }
  result<payload> get_payload(organization_id org, payload_id id) override { return from_->payloads.get(org, id); }
  result<payload_chunk> read_chunk(organization_id org, payload_id id, std::uint32_t number) override {
    return from_->payloads.chunk(org, id, number); }
  result<std::uint64_t> payload_bytes(organization_id org) override { return from_->payloads.bytes_of(org); }
  result<std::optional<organization_id>> payload_owner(payload_id id) override { return from_->payloads.owner(id); }
  result<page<audit_row>> list_audit(organization_id chain, const audit_filter& f, const page_request& p) override {
    return from_->audit.list(chain, f, p); }
  result<std::vector<audit_row>> audit_rows(organization_id chain, std::uint64_t number, std::uint32_t limit) override {
    return from_->audit.after(chain, number, limit); }
  result<audit_chain_state> audit_chain(organization_id chain) override { return from_->audit.chain(chain); }
  result<std::vector<organization_id>> audit_chains_with_rows_before(utc_time before) override {
    return from_->audit.chains_with_rows_before(before); }
  result<legal_hold> get_hold(organization_id org, hold_id id) override { return from_->holds.get(org, id); }
  result<page<legal_hold>> list_holds(organization_id org, const page_request& p) override { return from_->holds.list(org, p); }
  result<std::vector<legal_hold>> all_holds(organization_id org) override { return from_->holds.all(org); }
  result<download_link> get_link(organization_id org, link_id id) override { return from_->links.get(org, id); }
  result<page<download_link>> list_links(organization_id org, const link_filter& f, const page_request& p) override {
    return from_->links.list(org, f, p); }
  result<page<link_access>> list_accesses(organization_id org, link_id id, const page_request& p) override {
    return from_->links.list_accesses(org, id, p); }
  result<std::optional<organization_id>> link_owner(link_id id) override { return from_->links.owner(id); }
  result<std::optional<download_link>> find_link(const sha256_digest& hash) override { return from_->links.find(hash); }
  result<bool> may_continue(const link_use& use) override { return from_->links.may_continue(use); }
  result<retention_candidates> retention_candidates_of(const retention_range& range, std::uint32_t limit) override {
    snapshot s(db()); return from_->retention.candidates(range, limit); }
  result<erasure> get_erasure(erasure_id id) override { return from_->erasures.get(id); }
  result<page<erasure>> list_erasures(organization_id org, const page_request& p) override { return from_->erasures.list(org, p); }
  result<std::vector<erasure>> unfinished_erasures() override { return from_->erasures.unfinished(); }
  result<std::vector<delivery_id>> erasure_candidates(const erasure& of, std::uint32_t limit) override {
    return from_->erasures.candidates(of, limit); }
  result<std::optional<legal_hold>> hold_against(erasure& of, std::uint32_t most) override {
    snapshot s(db()); return from_->erasures.hold_against(of, most); }
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

  result<void> begin() override;
  result<void> commit() override;
  result<void> probe() override { return run(probe_); }
  [[nodiscard]] bool takes_bulk() const override { return listener_.takes_bulk(); }
  void rollback() override;
  result<void> savepoint() override;
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
  result<void> keep_answer(organization_id org, const once_claim& claim, std::string_view sealed, utc_time expires_at,
                           utc_time now) override {
    return from().answers.keep(org, claim, sealed, expires_at, now); }
  result<void> create_job(const job& j) override { return from().jobs.create(j); }
  result<std::vector<job>> claim_jobs(std::uint64_t owner_epoch, const job_slots& slots, utc_time now) override {
    return from().jobs.claim(owner_epoch, slots, now); }
  result<job> change_job(organization_id org, job_id id, const job_change& change, utc_time now) override {
    return from().jobs.change(org, id, change, now); }
  result<job_step_result> step_job(const job_step& step, utc_time now) override {
    return from().jobs.step(step, from().dead_letters, outcome_, now); }
  result<void> fail_job(organization_id org, job_id id, std::uint64_t owner_epoch, const std::string& why, utc_time now) override {
    return from().jobs.give_up(org, id, owner_epoch, why, now); }
  result<std::uint64_t> sweep_jobs(utc_time before, std::uint32_t limit) override {
    return from().jobs.sweep(before, limit); }
  result<void> create_destination(const destination& d, const std::vector<signing_secret>& secrets) override {
    return config_.create_destination(d, secrets); }
  result<void> update_destination(const destination& d, std::uint64_t expected) override;
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
  result<void> update_organization(const organization& o, std::uint64_t expected) override;
  order_changes take_order_changes() override { return ordering_.take(); }
  result<expire_result> expire(utc_time now, std::uint32_t limit) override { return deadlines_.expire(now, limit); }
  result<void> create_key(const api_key& k) override { return config_.create_key(k); }
  result<void> revoke_key(organization_id org, key_id id, utc_time now) override { return config_.revoke_key(org, id, now); }
  result<void> touch_keys(const std::vector<std::pair<key_id, utc_time>>& used) override { return config_.touch_keys(used); }
  result<std::uint64_t> sweep_idempotency(utc_time now, std::uint32_t limit) override {
    auto swept = config_.sweep_idempotency(now, limit);
    if (!swept || *swept >= limit) return swept;
    auto answers = from().answers.sweep(now, limit - static_cast<std::uint32_t>(*swept));
    if (!answers) return answers;
    return *swept + *answers; }
  result<void> begin_payload(const payload& p, utc_time expires) override { return from().payloads.begin(p, expires); }
  result<void> append_chunk(payload_id id, const payload_chunk& next, utc_time expires) override {
    return from().payloads.append(id, next, expires); }
  result<payload> finish_payload(const payload& p, utc_time expires) override { return from().payloads.finish(p, expires); }
  result<void> abort_payload(payload_id id) override { return from().payloads.abort(id); }
  result<bool> sweep_payloads(utc_time now, std::uint32_t most) override { return from().payloads.sweep(now, most); }
  result<void> append_audit(const std::vector<audit_entry>& entries) override { return from().audit.append(entries); }
  result<std::uint64_t> trim_audit(organization_id chain, utc_time before, std::uint32_t limit) override {
    return from().audit.trim(chain, before, limit); }
  result<void> place_hold(const legal_hold& hold) override { return from().holds.place(hold); }
  result<legal_hold> release_hold(organization_id org, hold_id id) override { return from().holds.release(org, id); }
  result<download_link> create_link(const download_link& made) override { return from().links.create(made); }
  result<link_grant> use_link(const link_use& use, utc_time now) override { return from().links.use(use, now); }
  result<void> add_sent(organization_id org, link_id id, std::uint64_t access, std::uint64_t bytes) override {
    return from().links.add_sent(org, id, access, bytes); }
  result<void> note_access(organization_id org, link_id id, const link_access& line) override {
    return from().links.note(org, id, line); }
  result<bool> try_password(organization_id org, link_id id, utc_time now) override {
    return from().links.try_password(org, id, now); }
  result<void> forget_password_tries(organization_id org, link_id id) override { return from().links.forget_tries(org, id); }
  result<download_link> set_link_password(organization_id org, link_id id, const std::string& hash) override {
    return from().links.set_password(org, id, hash); }
  result<download_link> revoke_link(organization_id org, link_id id, key_id by, utc_time now) override {
    return from().links.revoke(org, id, by, now); }
  result<bool> sweep_links(utc_time now, std::uint32_t limit) override { const overwriting zeros(db()); return from().links.sweep(now, limit); }
  result<void> create_erasure(const erasure& order) override { return from().erasures.create(order); }
  result<void> update_erasure(const erasure& changed) override { return from().erasures.update(changed); }
  result<erasure_step> erase_organization_rows(erasure_id id, std::uint32_t limit) override {
    const overwriting zeros(db()); return from().erasures.erase_organization_rows(id, limit); }
  result<retention_step> apply_retention(const retention_range& range, const std::vector<delivery_id>& ids, utc_time now,
                                         milliseconds budget) override;
  result<erasure_step> erase_deliveries(erasure_id id, const std::vector<delivery_id>& ids, utc_time now,
                                        milliseconds budget) override;
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
  statement probe_{db(), "UPDATE store_facts SET value = value WHERE name = 'id_clock_skew_ms'"};
  statement savepoint_{db(), "SAVEPOINT job"};
  statement release_{db(), "RELEASE job"};
  shard_epochs epochs_{db()};
  bool epochs_changed_ = false;
  ordering_writer ordering_{db(), epochs_, from().deliveries};
  deadline_writer deadlines_{db(), ordering_};
  accept_writer accept_{db(), ordering_};
  record_writer record_{db(), epochs_, ordering_};
  claim_writer claim_{db(), epochs_, from().deliveries};
  outcome_writer outcome_{db(), from().deliveries, from().tasks, ordering_};
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
  ordering_.forget();
  forget();
}

void writer_session::rollback_savepoint() {
  if (db().in_transaction()) static_cast<void>(db().execute("ROLLBACK TO job; RELEASE job"));
  ordering_.back_to_mark();
  forget();
}

result<void> writer_session::begin() {
  ordering_.forget();
  return run(begin_);
}

result<void> writer_session::savepoint() {
  ordering_.mark();
  return run(savepoint_);
}

result<void> writer_session::update_destination(const destination& d, std::uint64_t expected) {
  const auto before = ordering_.policy_of(d.id);
  if (!before) return fail(before.error());
  if (auto done = config_.update_destination(d, expected); !done) return done;
  const auto after = ordering_.policy_of(d.id);
  if (!after) return fail(after.error());
  return *before == *after ? result<void>{} : ordering_.follow_policy(d.id);
}

result<void> writer_session::update_organization(const organization& o, std::uint64_t expected) {
  const auto before = get_organization(o.id);
  if (auto done = config_.update_organization(o, expected); !done || !before) return done;
  return before->policy.ordering.on_failure == o.policy.ordering.on_failure ? result<void>{} : ordering_.follow_policies(o.id);
}

result<retention_step> writer_session::apply_retention(const retention_range& range, const std::vector<delivery_id>& ids,
                                                       utc_time now, milliseconds budget) {
  const overwriting zeros(db());
  return from().retention.apply(range, ids, budget,
                                [&](const std::vector<dead_row>& dead) { return outcome_.discard(dead, now); });
}

result<erasure_step> writer_session::erase_deliveries(erasure_id id, const std::vector<delivery_id>& ids, utc_time now,
                                                      milliseconds budget) {
  const overwriting zeros(db());
  return from().erasures.erase_deliveries(id, ids, budget, [&](const retained_delivery& d) -> result<std::vector<task>> {
    if (const auto dead = d.dead_letters(); !dead.empty())
      if (auto done = outcome_.discard(dead, now); !done) return fail(done.error());
    if (!d.waits()) return std::vector<task>{};
    return outcome_.cancel(d.head.content.organization, d.head.content.id, {}, now);
  });
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
