// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor.hpp>
#include <memory>
#include <string>
#include <utility>

#include "actors/audit_notes.hpp"
#include "actors/download_desk.hpp"
#include "actors/engine_context.hpp"
#include "actors/kept_answers.hpp"
#include "actors/key_ring.hpp"
#include "core/service.hpp"

namespace waybill::actors {

/// What a role set must hold one of; the engine's operator key passes everywhere.
namespace allow {
inline constexpr auto bit = [](core::role r) { return static_cast<std::uint8_t>(r); };
inline constexpr std::uint8_t read =
    bit(core::role::admin) | bit(core::role::operate) | bit(core::role::viewer) | bit(core::role::auditor);
/// A producer reads deliveries, and of these its own only.
inline constexpr std::uint8_t read_deliveries = read | bit(core::role::producer);
inline constexpr std::uint8_t deliver = bit(core::role::admin) | bit(core::role::producer);
inline constexpr std::uint8_t operate = bit(core::role::admin) | bit(core::role::operate);
inline constexpr std::uint8_t administer = bit(core::role::admin);
/// Who reads the audit trail, legal holds and erasures.
inline constexpr std::uint8_t audit = bit(core::role::admin) | bit(core::role::auditor);
inline constexpr std::uint8_t engine_only = 0;
}  // namespace allow

/// core::delivery_service over the store and the actors. Decides what the caller may do; reads run on the store's reader
/// threads, writes on its writer thread, deliveries go through intake. One file a group of resources. Thread-safe.
class engine_service final : public core::delivery_service {
public:
  engine_service(engine_context& context, key_ring& keys) : context_(context), keys_(keys) {}
  void connect(caf::actor intake, caf::actor registry, caf::actor jobs, caf::actor erasures);
  void disconnect();

  void deliver(const core::caller&, core::delivery_request, core::reply<core::delivery_receipt>) override;
  void get_delivery(const core::caller&, core::delivery_id, core::reply<core::delivery_view>) override;
  void list_deliveries(const core::caller&, core::delivery_filter, core::page_request,
                       core::reply<core::page<core::delivery_view>>) override;
  void get_payload(const core::caller&, core::delivery_id, core::reply<core::delivery_ptr>) override;
  void read_payload(const core::caller&, const core::delivery_ptr& of, std::uint64_t offset,
                    core::reply<std::shared_ptr<const std::string>>) override;
  void begin_upload(const core::caller&, core::upload_request, core::reply<std::shared_ptr<core::payload_upload>>) override;
  void get_attempt(const core::caller&, core::delivery_id, core::attempt_id, core::reply<core::attempt>) override;
  void retry_delivery(const core::caller&, core::delivery_id, std::vector<core::destination_id>,
                      core::reply<core::delivery_view>) override;
  void cancel_delivery(const core::caller&, core::delivery_id, std::vector<core::destination_id>,
                       core::reply<core::delivery_view>) override;

  void create_destination(const core::caller&, core::destination_input, bool test_first,
                          core::reply<core::created_destination>) override;
  void get_destination(const core::caller&, core::destination_id, core::reply<core::destination>) override;
  void list_destinations(const core::caller&, core::destination_filter, core::page_request,
                         core::reply<core::page<core::destination>>) override;
  void update_destination(const core::caller&, core::destination_id, core::destination_input, core::update_kind,
                          std::uint64_t expected_version, bool test_first, core::reply<core::destination>) override;
  void delete_destination(const core::caller&, core::destination_id, std::uint64_t expected_version,
                          core::reply<void>) override;
  void set_destination_state(const core::caller&, core::destination_id, core::destination_state, std::string reason,
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
  void get_queue(const core::caller&, core::reply<core::queue_report>) override;

  void list_keys(const core::caller&, core::page_request, core::reply<core::page<core::api_key>>) override;
  void create_key(const core::caller&, core::key_input, core::reply<core::created_key>) override;
  void revoke_key(const core::caller&, core::key_id, core::reply<void>) override;
  void list_organizations(const core::caller&, core::page_request, core::reply<core::page<core::organization>>) override;
  void create_organization(const core::caller&, core::organization_input, core::reply<core::organization>) override;
  void get_organization(const core::caller&, core::organization_id, core::reply<core::organization>) override;
  void update_organization(const core::caller&, core::organization_id, core::organization_input, std::uint64_t expected_version,
                           core::reply<core::organization>) override;

  void find_answer(const core::caller&, const core::once_claim&, core::reply<std::optional<core::kept_answer>>) override;
  void list_audit(const core::caller&, std::optional<core::organization_id> chain, core::audit_filter, core::page_request,
                  answer<core::page<core::audit_row>>) override;
  void verify_audit(const core::caller&, std::optional<core::organization_id> chain, std::uint64_t reached,
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
  void begin_download(const core::open_download_ptr&, std::uint64_t bytes, bool is_part,
                      core::download_answer<std::uint64_t>) override;
  void read_download(const core::open_download_ptr&, std::uint64_t offset,
                     core::download_answer<std::shared_ptr<const std::string>>) override;
  void end_download(const core::open_download_ptr&, std::uint64_t access, std::uint64_t bytes) override;

  void check_readiness(core::reply<core::readiness>) override;
  [[nodiscard]] core::result<core::caller> authenticate(std::string_view presented, std::string_view acting_for,
                                                        std::string_view remote_address) override;

private:
  /// Roles and the organization of the request; forbidden with the reason.
  [[nodiscard]] core::result<void> require(const core::caller& who, std::uint8_t roles) const;
  [[nodiscard]] static bool in_reach(const core::caller& who, core::destination_id id);
  /// The organization's destination, secrets sealed. A foreign id leaves a security event.
  [[nodiscard]] core::result<core::destination> own_destination(const core::caller& who, core::read_session& session,
                                                                core::destination_id id) const;
  [[nodiscard]] core::result<core::payload> own_payload(const core::caller& who, core::read_session& session,
                                                        const core::delivery_request& request) const;
  [[nodiscard]] core::result<core::delivery_view> own_delivery(const core::caller& who, core::read_session& session,
                                                               core::delivery_id id) const;
  void report_foreign(const core::caller& who, std::string_view what, const std::string& id) const;
  [[nodiscard]] core::destination shown(core::destination d) const;
  [[nodiscard]] core::shown_link shown(core::download_link link) const;
  /// The organization's link, if the caller reaches its destination. A foreign id leaves a security event.
  [[nodiscard]] core::result<core::download_link> own_link(const core::caller& who, core::read_session& session,
                                                           core::link_id id) const;
  void show_links(core::read_session& session, core::delivery_view& view) const;
  [[nodiscard]] std::string shown_reference(core::read_session& session, core::organization_id org, core::delivery_id of,
                                            const std::string& reference) const;

  /// Runs `work(read_session&) -> result<T>` on a reader thread if the caller has one of the roles, and replies with it.
  template <class T, class Work>
  void read(const core::caller& who, std::uint8_t roles, core::reply<T> reply, Work work);
  /// Runs `work(write_session&) -> result<T>` in the writer's transaction; `then(T&)` after the commit, then replies.
  template <class T, class Work, class Then>
  void write(core::reply<T> reply, Work work, Then then);
  /// The same for what makes something: where the caller's request must have its effect once, the answer is kept in the same
  /// transaction, and an earlier one given instead of a second effect. `work` returns T as the client will see it; `then` does
  /// not change it.
  template <class T, class Work, class Then>
  void write_once(const core::caller& who, core::reply<T> reply, Work work, Then then);

  void save_new(const core::caller& who, core::destination d, nlohmann::json clear,
                core::reply<core::created_destination> reply);
  /// `members`: the names of what was changed, for the audit trail.
  void save_changed(const core::caller& who, core::destination d, std::uint64_t expected_version, nlohmann::json members,
                    core::reply<core::destination> reply);
  void connect_and_test(const core::destination& d, nlohmann::json clear, core::reply<core::connection_test> reply);
  /// The organization's job, if the caller reaches all that it works on. A foreign id leaves a security event.
  [[nodiscard]] core::result<core::job> own_job(const core::caller& who, core::read_session& session, core::job_id id) const;
  void save_job(const core::caller& who, core::job made, core::reply<core::job> reply);
  void keep_secret(const core::caller& who, core::destination_id id, core::secret_input input, bool rotate,
                   core::reply<core::signing_secret> reply);

  [[nodiscard]] core::result<core::organization_id> chain_for(const core::caller& who,
                                                              std::optional<core::organization_id> chain) const;
  [[nodiscard]] static core::result<core::audit_verification> verify_part(core::read_session& session,
                                                                          core::organization_id chain, std::uint64_t reached);
  void create_erasure(const core::caller& who, core::erasure order, answer<core::erasure> reply);

  /// `work` with a row of the audit trail in the same transaction, once it succeeded. `describe(T&)` says what was done to
  /// what.
  template <class T, class Describe, class Work>
  auto audited(const core::caller& who, std::string action, Describe describe, Work work);

  engine_context& context_;
  key_ring& keys_;
  download_desk desk_{context_};
  caf::actor intake_;
  caf::actor registry_;
  caf::actor jobs_;
  caf::actor erasures_;
};

template <class T, class Work>
void engine_service::read(const core::caller& who, std::uint8_t roles, core::reply<T> reply, Work work) {
  if (auto allowed = require(who, roles); !allowed) return reply(core::fail(std::move(allowed.error())));
  context_.readers.run([reply = std::move(reply), work = std::move(work)](core::read_session* session) mutable {
    if (session == nullptr) return reply(core::fail(core::error_code::shutting_down, "the node is shutting down"));
    reply(work(*session));
  });
}

template <class T, class Work, class Then>
void engine_service::write(core::reply<T> reply, Work work, Then then) {
  auto made = std::make_shared<core::result<T>>();
  context_.writer->run(
      [made, work = std::move(work)](core::write_session& session) mutable -> core::result<void> {
        *made = work(session);
        if (!*made) return core::fail(made->error());
        return {};
      },
      [made, then = std::move(then), reply = std::move(reply)](core::result<void> done) mutable {
        if (!done) return reply(core::fail(std::move(done.error())));
        then(**made);
        reply(std::move(*made));
      });
}

template <class T, class Work, class Then>
void engine_service::write_once(const core::caller& who, core::reply<T> reply, Work work, Then then) {
  if (!who.once) return write<T>(std::move(reply), std::move(work), std::move(then));
  auto made = std::make_shared<std::optional<T>>();
  auto earlier = std::make_shared<std::optional<core::kept_answer>>();
  context_.writer->run(
      [this, org = who.organization, once = who.once, made, earlier,
       work = std::move(work)](core::write_session& session) mutable -> core::result<void> {
        auto found = earlier_answer(context_, session, org, once->claim);
        if (!found) return core::fail(found.error());
        *earlier = *std::move(found);
        if (*earlier) return {};
        auto done = work(session);
        if (!done) return core::fail(done.error());
        *made = *std::move(done);
        return keep_answer(context_, session, org, *once, &**made);
      },
      [once = who.once, made, earlier, then = std::move(then), reply = std::move(reply)](core::result<void> done) mutable {
        if (!done) return reply(core::fail(std::move(done.error())));
        if (*earlier) return once->replay(std::move(**earlier));
        then(**made);
        reply(std::move(**made));
      });
}

template <class T, class Describe, class Work>
auto engine_service::audited(const core::caller& who, std::string action, Describe describe, Work work) {
  return [who, action = std::move(action), describe = std::move(describe), work = std::move(work),
          &time = context_.time](core::write_session& session) mutable -> core::result<T> {
    core::result<T> made = work(session);
    if (!made) return made;
    audit_note note = describe(*made);
    if (auto noted = session.append_audit({entry_for(who, time.now(), action, std::move(note))}); !noted)
      return core::fail(noted.error());
    return made;
  };
}

}  // namespace waybill::actors
