// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/model/error.hpp"
#include "core/model/time.hpp"
#include "core/store/backlog_store.hpp"
#include "core/store/compliance_store.hpp"
#include "core/store/idempotency_store.hpp"
#include "core/store/job_store.hpp"
#include "core/store/link_store.hpp"
#include "core/store/order_store.hpp"
#include "core/store/payload_store.hpp"
#include "core/store/records.hpp"
#include "core/store/store_settings.hpp"

namespace waybill::core {

/// What both sessions can read. Every call is one consistent snapshot and blocks for disk. Secret fields come back sealed.
/// Errors: store_unavailable, *_not_found, validation_error for a cursor that no answer gave.
class read_session : public payload_reads,
                     public job_reads,
                     public idempotency_reads,
                     public compliance_reads,
                     public link_reads,
                     public backlog_reads {
public:
  ~read_session() override = default;

  /// Tenant reads: a foreign id is `*_not_found`, exactly as an unknown one.
  virtual result<delivery_view> get_delivery(organization_id org, delivery_id id, bool with_attempts) = 0;
  virtual result<delivery_ptr> content(organization_id org, delivery_id id) = 0;
  virtual result<page<delivery_view>> list_deliveries(organization_id org, const delivery_filter&, const page_request&) = 0;
  virtual result<attempt> get_attempt(organization_id org, delivery_id delivery, attempt_id id) = 0;
  virtual result<destination> get_destination(organization_id org, destination_id id) = 0;
  virtual result<page<destination>> list_destinations(organization_id org, const destination_filter&, const page_request&) = 0;
  virtual result<std::vector<signing_secret>> signing_secrets(destination_id id) = 0;  ///< newest first, live only
  virtual result<destination_health> get_health(destination_id id) = 0;                ///< zeros for one never tried
  virtual result<page<dead_letter>> list_dead_letters(organization_id org, const dead_letter_filter&, const page_request&) = 0;
  virtual result<std::uint64_t> count_dead_letters(organization_id org, const dead_letter_filter&) = 0;
  virtual result<queue_stats> queue(organization_id org, utc_time now) = 0;
  virtual result<queue_stats> destination_queue(destination_id id, utc_time now) = 0;
  virtual result<page<api_key>> list_keys(organization_id org, const page_request&) = 0;
  virtual result<organization> get_organization(organization_id org) = 0;

  /// Engine reads, across organizations.
  /// Whose id this is, whoever asks; nothing if nobody's. Tells an attempted crossing of tenants from a typing error.
  virtual result<std::optional<organization_id>> owner_of(destination_id id) = 0;
  virtual result<std::optional<organization_id>> owner_of(delivery_id id) = 0;
  virtual result<destination> load_destination(destination_id id) = 0;
  virtual result<page<destination>> all_destinations(const page_request&) = 0;
  virtual result<page<organization>> list_organizations(const page_request&) = 0;
  virtual result<std::vector<api_key>> all_keys() = 0;
  virtual result<queue_stats> whole_queue(utc_time now) = 0;
  virtual result<std::vector<waiting_destination>> waiting_destinations() = 0;
  virtual result<std::string> handler_state(destination_id id, std::string_view key) = 0;  ///< not_found if unset
  virtual result<reconciliation> reconcile() = 0;
  /// What `put_key_check` left; empty in a new store.
  virtual result<std::string> key_check() = 0;
};

/// The one writer. Used by one thread (store_writer), between begin and commit; all of it is on stable storage when commit
/// has returned, none of it after a rollback or a crash. Batch calls answer per element, in order.
class write_session : public read_session,
                      public order_writes,
                      public payload_writes,
                      public job_writes,
                      public idempotency_writes,
                      public compliance_writes,
                      public link_writes {
public:
  virtual result<void> begin() = 0;
  /// As begin(), but accept and record may answer what nearly always comes true before the store has been asked, so that the
  /// whole transaction costs one wait. Their answers hold once settle() or commit() has succeeded. One that did not come true
  /// makes those fail with another code than store_unavailable: then nothing happened, and all of it is to be run again from
  /// begin(). Between begin_foreseen() and settle() nothing but accept and record may be called.
  virtual result<void> begin_foreseen() { return begin(); }
  virtual result<void> settle() { return {}; }
  virtual result<void> commit() = 0;
  /// After a commit that failed: whether it was carried out all the same, because only its answer was lost. Nothing is known
  /// while the call fails with store_unavailable; then it is asked again before anything else is.
  virtual result<bool> was_committed() { return false; }
  /// Writes something small for good, outside a transaction: does the store work (again)?
  virtual result<void> probe() = 0;
  /// Whether the store keeps up, so that work which may wait need not. Asked outside a transaction; cheap.
  [[nodiscard]] virtual bool takes_bulk() const { return true; }
  virtual void rollback() = 0;
  /// A mark inside the transaction, so that one failed job does not take its neighbours along.
  virtual result<void> savepoint() = 0;
  virtual result<void> release_savepoint() = 0;
  virtual void rollback_savepoint() = 0;

  /// The way of a delivery. `now` decides whether an idempotency row still counts.
  virtual result<std::vector<accept_result>> accept(const std::vector<new_delivery>& batch, utc_time now) = 0;
  /// Writes the attempt, and moves or finishes the task; also the health of the destination and the durable counters.
  virtual result<std::vector<record_result>> record(const std::vector<attempt_record>& batch, utc_time now) = 0;
  /// Up to `limit` tasks due before `now + lookahead` that are not in `held`; takes them over for `owner_epoch`.
  virtual result<claim_result> claim(destination_id id, std::uint64_t owner_epoch, utc_time now, milliseconds lookahead,
                                     std::uint32_t limit, const std::unordered_set<task_id>& held) = 0;
  /// Raises the epoch of every shard and returns it: from here on writes with an older epoch change nothing.
  virtual result<std::uint64_t> take_over_shards(std::string_view node, utc_time now) = 0;
  /// Waiting tasks of a delivery become `cancelled`. Returns them; empty `only` means all.
  virtual result<std::vector<task>> cancel(organization_id org, delivery_id id, const std::vector<destination_id>& only,
                                           utc_time now) = 0;
  /// Failed tasks of a delivery go back to the queue, due now, attempts at zero. Returns them.
  virtual result<std::vector<task>> retry(organization_id org, delivery_id id, const std::vector<destination_id>& only,
                                          std::uint64_t owner_epoch, utc_time now) = 0;

  /// Configuration. `expected_version` 0: any; otherwise a mismatch is precondition_failed. Updates raise `version`.
  virtual result<void> create_destination(const destination& d, const std::vector<signing_secret>& secrets) = 0;
  virtual result<void> update_destination(const destination& d, std::uint64_t expected_version) = 0;
  /// Its waiting tasks are cancelled in the same transaction and returned.
  virtual result<std::vector<task>> delete_destination(organization_id org, destination_id id, std::uint64_t expected_version,
                                                       utc_time now) = 0;
  /// Enabling resets the failure counter and closes the breaker (requirement 7.5).
  virtual result<destination> set_destination_state(organization_id org, destination_id id, destination_state state,
                                                    const std::string& reason, utc_time now) = 0;
  virtual result<void> add_signing_secret(const signing_secret& s) = 0;
  /// Sets the expiry of one secret of a destination; secret_not_found if it is not there.
  virtual result<void> expire_signing_secret(destination_id id, secret_id secret, utc_time at) = 0;
  /// A sealed text by which a later start proves that it has the key this store's secrets were sealed with.
  virtual result<void> put_key_check(std::string_view sealed) = 0;
  virtual result<void> put_handler_state(destination_id id, std::string_view key, std::string_view value) = 0;
  virtual result<void> create_organization(const organization& o) = 0;
  virtual result<void> update_organization(const organization& o, std::uint64_t expected_version) = 0;
  virtual result<void> create_key(const api_key& k) = 0;
  virtual result<void> revoke_key(organization_id org, key_id id, utc_time now) = 0;
  virtual result<void> touch_keys(const std::vector<std::pair<key_id, utc_time>>& used) = 0;
  /// Removes idempotency rows past their window, at most `limit`. Returns how many.
  virtual result<std::uint64_t> sweep_idempotency(utc_time now, std::uint32_t limit) = 0;
};

/// What store_writer::options of the same names should be for an engine.
struct writer_pace {
  std::chrono::microseconds min_commit_interval{0};
  std::size_t enough = 32;
  std::size_t busy = 0;
  milliseconds refuse_after{0};
};

/// A place where everything is kept. Opening it applies the migrations; a schema newer than the binary is refused.
/// Thread-safe; the sessions are not: one thread each.
class store {
public:
  virtual ~store() = default;
  virtual result<std::unique_ptr<write_session>> open_writer() = 0;  ///< at most one at a time
  virtual result<std::unique_ptr<read_session>> open_reader() = 0;
  /// Takes what was deleted out of the engine's own files, as far as the engine can (docs/retention.md). Blocks, SQLite's
  /// writer too; false, and nothing done, when that would rewrite more than `most_bytes`.
  virtual result<bool> compact(std::uint64_t most_bytes) = 0;
  [[nodiscard]] virtual std::string_view name() const = 0;  ///< "sqlite", for tests and logs
  [[nodiscard]] virtual writer_pace pace() const { return {}; }
};

/// Opens `sqlite://PATH` or `postgresql://…` (`postgres://…`), to which alone the settings belong. Errors: validation_error for
/// a URL it does not know, store_unavailable with the reason.
[[nodiscard]] result<std::unique_ptr<store>> open_store(std::string_view url, const server_settings& settings = {});

}  // namespace waybill::core
