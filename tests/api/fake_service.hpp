// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/service.hpp"

namespace waybill::tests {

/// A delivery service that records what it was asked and answers what the test put into it. Everything it shows is one of
/// each kind: one destination, one delivery, one key, … with fixed ids.
class fake_service final : public core::delivery_service {
public:
  /// From where replies come: at once on the caller's thread, in bursts from a thread of its own, or not until `release`.
  enum class answers { at_once, from_a_thread, when_released };

  explicit fake_service(answers how = answers::from_a_thread);
  ~fake_service() override;
  fake_service(const fake_service&) = delete;
  fake_service& operator=(const fake_service&) = delete;

  static constexpr std::string_view admin_key = "wbk_admin_secret";
  static constexpr std::string_view viewer_key = "wbk_viewer_secret";
  static constexpr std::string_view operator_key = "wbk_engine_secret";
  static const core::organization_id organization;
  static const core::destination_id known_destination;
  static const core::delivery_id known_delivery;
  static const core::attempt_id known_attempt;
  static const core::task_id known_task;
  static const core::secret_id known_secret;
  static const core::key_id known_key;
  static const core::payload_id known_payload;
  static const core::job_id known_job;

  [[nodiscard]] std::vector<std::string> calls() const;
  [[nodiscard]] core::caller last_caller() const;
  template <class Read>
  auto look(Read read) const {
    std::lock_guard lock{mutex_};
    return read(*this);
  }
  /// The next call of any method but authenticate fails with this.
  void fail_next(core::error error);
  void release();
  /// Drops the replies that wait for `release`, uncalled.
  void forget();
  [[nodiscard]] std::size_t waiting() const;
  void set_answers(answers how);
  void record_calls(bool on) { recording_ = on; }

  // What the last call of a kind brought; read through `look`.
  core::delivery_request request;
  core::delivery_filter deliveries;
  core::destination_filter destinations;
  core::dead_letter_filter letters;
  core::job_input job_said;
  core::job_filter jobs;
  core::audit_filter audit;
  std::optional<core::organization_id> audit_chain;
  core::scope_input scope_said;
  core::job_change change;
  core::once_claim claim;
  core::link_filter links;
  core::download_request download;
  std::vector<core::access_outcome> noted;
  std::vector<std::pair<std::uint64_t, bool>> begun;  ///< bytes, and whether they are a part
  std::vector<std::uint64_t> ended;
  core::page_request paging;
  core::upload_request upload;
  std::string uploaded;             ///< what arrived, of all uploads
  std::size_t uploads_dropped = 0;  ///< given up before their end
  std::size_t uploads_finished = 0;
  core::destination_input destination_said;
  core::update_kind update = core::update_kind::replace;
  core::secret_input secret_said;
  core::key_input key_said;
  core::organization_input organization_said;
  std::vector<core::destination_id> only;
  std::uint64_t expected_version = 99;
  bool test_first = false;
  core::destination_state state = core::destination_state::enabled;
  std::string reason;

  // What is answered; set before the request.
  std::optional<core::kept_answer> earlier;
  bool replayed = false;
  bool ready = true;
  std::string next_cursor;
  std::string stored_payload;  ///< not empty: the known delivery's content is this payload
  std::optional<core::error> append_failure;
  std::string download_name = "q1 ü.json";
  std::uint64_t version = 3;

  void deliver(const core::caller&, core::delivery_request, core::reply<core::delivery_receipt>) override;
  void get_delivery(const core::caller&, core::delivery_id, core::reply<core::delivery_view>) override;
  void list_deliveries(const core::caller&, core::delivery_filter, core::page_request,
                       core::reply<core::page<core::delivery_view>>) override;
  void get_payload(const core::caller&, core::delivery_id, core::reply<core::delivery_ptr>) override;
  void read_payload(const core::caller&, const core::delivery_ptr&, std::uint64_t,
                    core::reply<std::shared_ptr<const std::string>>) override;
  void begin_upload(const core::caller&, core::upload_request, core::reply<std::shared_ptr<core::payload_upload>>) override;
  void get_attempt(const core::caller&, core::delivery_id, core::attempt_id, core::reply<core::attempt>) override;
  void retry_delivery(const core::caller&, core::delivery_id, std::vector<core::destination_id>,
                      core::reply<core::delivery_view>) override;
  void cancel_delivery(const core::caller&, core::delivery_id, std::vector<core::destination_id>,
                       core::reply<core::delivery_view>) override;
  void create_destination(const core::caller&, core::destination_input, bool, core::reply<core::created_destination>) override;
  void get_destination(const core::caller&, core::destination_id, core::reply<core::destination>) override;
  void list_destinations(const core::caller&, core::destination_filter, core::page_request,
                         core::reply<core::page<core::destination>>) override;
  void update_destination(const core::caller&, core::destination_id, core::destination_input, core::update_kind, std::uint64_t,
                          bool, core::reply<core::destination>) override;
  void delete_destination(const core::caller&, core::destination_id, std::uint64_t, core::reply<void>) override;
  void set_destination_state(const core::caller&, core::destination_id, core::destination_state, std::string,
                             core::reply<core::destination>) override;
  void test_destination(const core::caller&, core::destination_id, core::reply<core::connection_test>) override;
  void test_destination(const core::caller&, core::destination_input, core::reply<core::connection_test>) override;
  void get_health(const core::caller&, core::destination_id, core::reply<core::destination_health>) override;
  void get_destination_queue(const core::caller&, core::destination_id, core::reply<core::queue_report>) override;
  void list_secrets(const core::caller&, core::destination_id, core::reply<std::vector<core::signing_secret>>) override;
  void add_secret(const core::caller&, core::destination_id, core::secret_input, core::reply<core::signing_secret>) override;
  void rotate_secret(const core::caller&, core::destination_id, core::secret_input, core::reply<core::signing_secret>) override;
  void delete_secret(const core::caller&, core::destination_id, core::secret_id, core::reply<void>) override;
  void destination_types(const core::caller&, core::reply<std::vector<core::destination_type>>) override;
  void list_dead_letters(const core::caller&, core::dead_letter_filter, core::page_request,
                         core::reply<core::page<core::dead_letter>>) override;
  void get_dead_letter(const core::caller&, core::task_id, core::reply<core::dead_letter>) override;
  void preview_dead_letters(const core::caller&, core::dead_letter_filter, core::reply<core::dead_letter_preview>) override;
  void create_job(const core::caller&, core::job_input, core::reply<core::job>) override;
  void get_job(const core::caller&, core::job_id, core::reply<core::job>) override;
  void list_jobs(const core::caller&, core::job_filter, core::page_request, core::reply<core::page<core::job>>) override;
  void change_job(const core::caller&, core::job_id, core::job_change, core::reply<core::job>) override;
  void list_audit(const core::caller&, std::optional<core::organization_id>, core::audit_filter, core::page_request,
                  answer<core::page<core::audit_row>>) override;
  void verify_audit(const core::caller&, std::optional<core::organization_id>, std::uint64_t,
                    answer<core::audit_verification>) override;
  void place_hold(const core::caller&, core::scope_input, answer<core::legal_hold>) override;
  void get_hold(const core::caller&, core::hold_id, answer<core::legal_hold>) override;
  void list_holds(const core::caller&, core::page_request, answer<core::page<core::legal_hold>>) override;
  void release_hold(const core::caller&, core::hold_id, answer<void>) override;
  void order_erasure(const core::caller&, core::scope_input, answer<core::erasure>) override;
  void get_erasure(const core::caller&, core::erasure_id, answer<core::erasure>) override;
  void list_erasures(const core::caller&, core::page_request, answer<core::page<core::erasure>>) override;
  void list_links(const core::caller&, core::link_filter, core::page_request,
                  core::download_answer<core::page<core::shown_link>>) override;
  void get_link(const core::caller&, core::link_id, core::download_answer<core::shown_link>) override;
  void list_link_accesses(const core::caller&, core::link_id, core::page_request,
                          core::download_answer<core::page<core::link_access>>) override;
  void revoke_link(const core::caller&, core::link_id, core::download_answer<core::shown_link>) override;
  void issue_link_password(const core::caller&, core::link_id, core::download_answer<core::issued_password>) override;
  void open_download(core::download_request, core::download_answer<core::open_download_ptr>) override;
  void note_download(const core::open_download_ptr&, core::access_outcome) override;
  void begin_download(const core::open_download_ptr&, std::uint64_t, bool, core::download_answer<std::uint64_t>) override;
  void read_download(const core::open_download_ptr&, std::uint64_t,
                     core::download_answer<std::shared_ptr<const std::string>>) override;
  void end_download(const core::open_download_ptr&, std::uint64_t, std::uint64_t) override;
  void get_queue(const core::caller&, core::reply<core::queue_report>) override;
  void list_keys(const core::caller&, core::page_request, core::reply<core::page<core::api_key>>) override;
  void create_key(const core::caller&, core::key_input, core::reply<core::created_key>) override;
  void revoke_key(const core::caller&, core::key_id, core::reply<void>) override;
  void list_organizations(const core::caller&, core::page_request, core::reply<core::page<core::organization>>) override;
  void create_organization(const core::caller&, core::organization_input, core::reply<core::organization>) override;
  void get_organization(const core::caller&, core::organization_id, core::reply<core::organization>) override;
  void update_organization(const core::caller&, core::organization_id, core::organization_input, std::uint64_t,
                           core::reply<core::organization>) override;
  void find_answer(const core::caller&, const core::once_claim&, core::reply<std::optional<core::kept_answer>>) override;
  void check_readiness(core::reply<core::readiness>) override;
  [[nodiscard]] core::result<core::caller> authenticate(std::string_view presented, std::string_view acting_for,
                                                        std::string_view remote_address) override;

private:
  class fake_upload;
  /// Records the call under the lock; then `write` keeps its arguments.
  template <class Write>
  void note(const char* name, const core::caller& who, Write write);
  void note(const char* name, const core::caller& who);
  template <class T>
  void give(core::reply<T> reply, core::result<T> value);
  void later(std::function<void()> run);
  void work();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::string> calls_;
  core::caller caller_;
  std::optional<core::error> failure_;
  answers how_;
  bool recording_ = true;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace waybill::tests
