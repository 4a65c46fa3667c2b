// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/compliance_service.hpp"
#include "core/download_service.hpp"
#include "core/model/caller.hpp"
#include "core/model/error.hpp"
#include "core/payload/payload_upload.hpp"
#include "core/queue/queue_pressure.hpp"
#include "core/store/job_records.hpp"
#include "core/store/records.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core {

/// Called exactly once, from any thread, possibly before the call returned; or, where the caller's request must have its effect
/// once and was made before, `once_call::replay` is called instead.
template <class T>
using reply = std::function<void(result<T>)>;

struct delivery_request {
  std::optional<organization_id> organization;    ///< the body's; another one than the caller's is forbidden
  std::vector<destination_id> destinations;       ///< empty: the organization's defaults
  std::string payload_type;                       ///< report | export | data | custom
  std::string content;                            ///< the bytes of payload.data exactly as they stood in the request
  std::optional<payload_id> payload;              ///< or uploaded before; then `content` is empty
  std::string content_type = "application/json";  ///< empty with a payload: the payload's own
  std::string filename;
  std::string metadata = "{}";  ///< JSON object text
  std::uint8_t priority = 5;
  std::string idempotency_key;
  std::string correlation_id;
  std::vector<std::string> tags;
  std::string traceparent;
  std::optional<utc_time> scheduled_at;
  std::optional<milliseconds> deliver_within;
  std::string ordering_key;
  sha256_digest body_hash{};  ///< fingerprint of the whole request body
};

/// What is known of an upload before its bytes come.
struct upload_request {
  std::string content_type;
  std::optional<std::uint64_t> size;  ///< if the sender announced it
};

struct delivery_receipt {
  delivery_id id;
  utc_time queued_at{};
  bool replayed = false;
  struct target {
    destination_id destination;
    task_id task;
    task_status status = task_status::pending;
  };
  std::vector<target> destinations;
};

/// What a client says of a destination; for a patch only what is set counts.
struct destination_input {
  std::optional<std::string> type;
  std::optional<std::string> label;
  std::optional<nlohmann::json> config;  ///< a create's or PUT's whole, or a PATCH's RFC 7396 merge patch
  std::optional<nlohmann::json> policy;
  std::optional<std::vector<std::string>> tags;
  std::optional<nlohmann::json> metadata;
};

enum class update_kind : std::uint8_t { replace = 1, merge };

struct created_destination {
  destination resource;                                  ///< secrets redacted
  std::optional<core::signing_secret> generated_secret;  ///< generated: in clear, this once
};

/// The result of a connection test: what an attempt would have said.
struct connection_test {
  bool ok = false;
  failure_category category = failure_category::none;
  std::int32_t code = 0;
  std::string detail;
  milliseconds duration{0};
};

struct secret_input {
  std::optional<std::string> secret;  ///< bring your own; generated otherwise
  std::string algorithm = "hmac-sha256";
  std::optional<milliseconds> overlap;  ///< rotation: how long the old ones keep signing; default 24 h
};

struct destination_type {
  std::string type;
  std::string title;
  std::string version;
  std::vector<std::string> features;
  nlohmann::json config_schema;
};

/// What a job on dead letters would find.
struct dead_letter_preview {
  std::uint64_t count = 0;
  std::vector<dead_letter> sample;  ///< the newest few
};

struct job_input {
  job_work work = job_work::redrive;
  dead_letter_filter filter;
  std::optional<std::uint32_t> rate_per_second;  ///< the node's setting otherwise
};

struct key_input {
  std::string name;
  role_set roles;
  std::vector<destination_id> only_destinations;
  std::vector<std::string> allowed_ip_ranges;
  std::optional<std::pair<std::uint16_t, std::uint16_t>> allowed_hours;
  std::optional<utc_time> expires_at;
};

struct created_key {
  api_key resource;
  std::string secret;  ///< `wbk_<keyId>_<secret>`, this once
};

struct organization_input {
  std::optional<std::string> name;
  std::optional<nlohmann::json> policy;
};

struct queue_report {
  queue_stats stored;
  std::uint64_t max_waiting = 0;  ///< of the organization; 0: only the node's limit
  retry_lag::summary lag;
  std::optional<live_pace> pace;      ///< of a destination that is active
  std::optional<node_pressure> node;  ///< operator key only
  std::uint64_t in_flight = 0;        ///< attempts under way on this node (all organizations: operator key only)
  std::uint64_t active_destinations = 0;
};

struct readiness {
  bool ready = false;
  struct check {
    std::string name;
    bool ok = false;
    std::string detail;
  };
  std::vector<check> checks;
};

/// The floor between api and actors: all that a client can ask for. The api proves who asks and that the request is well
/// formed; the service decides what the caller may see and do. Calls never block; replies come from any thread.
/// Errors every call can give: forbidden, *_not_found (a foreign id as an unknown one), validation_error with all faults,
/// store_unavailable, shutting_down. Secret fields of configurations are redacted ("••••") in every answer.
class delivery_service : public compliance_service, public download_service {
public:
  ~delivery_service() override = default;

  /// 202 means it is on stable storage. Also: queue_full, idempotency_key_reused, destination_not_found and payload_not_found
  /// with pointers.
  virtual void deliver(const caller&, delivery_request, reply<delivery_receipt>) = 0;
  virtual void get_delivery(const caller&, delivery_id, reply<delivery_view>) = 0;  ///< with attempts
  virtual void list_deliveries(const caller&, delivery_filter, page_request, reply<page<delivery_view>>) = 0;
  /// Content that is a payload's is left out: read_payload has it.
  virtual void get_payload(const caller&, delivery_id, reply<delivery_ptr>) = 0;
  /// Of what get_payload gave: the payload_chunk_bytes (at the end fewer) that hold this offset.
  virtual void read_payload(const caller&, const delivery_ptr& of, std::uint64_t offset,
                            reply<std::shared_ptr<const std::string>>) = 0;
  /// payload_too_large; rate_limit_exceeded while as many are under way as may be.
  virtual void begin_upload(const caller&, upload_request, reply<std::shared_ptr<payload_upload>>) = 0;
  virtual void get_attempt(const caller&, delivery_id, attempt_id, reply<attempt>) = 0;
  /// Empty list: every failed (or waiting) task. conflict if there is none.
  virtual void retry_delivery(const caller&, delivery_id, std::vector<destination_id>, reply<delivery_view>) = 0;
  virtual void cancel_delivery(const caller&, delivery_id, std::vector<destination_id>, reply<delivery_view>) = 0;

  /// `test_first`: connect before saving; connection_test_failed with the reason.
  virtual void create_destination(const caller&, destination_input, bool test_first, reply<created_destination>) = 0;
  virtual void get_destination(const caller&, destination_id, reply<destination>) = 0;
  virtual void list_destinations(const caller&, destination_filter, page_request, reply<page<destination>>) = 0;
  /// A secret member sent back as "••••" keeps its value. `expected_version` 0: any.
  virtual void update_destination(const caller&, destination_id, destination_input, update_kind, std::uint64_t expected_version,
                                  bool test_first, reply<destination>) = 0;
  virtual void delete_destination(const caller&, destination_id, std::uint64_t expected_version, reply<void>) = 0;
  virtual void set_destination_state(const caller&, destination_id, destination_state, std::string reason,
                                     reply<destination>) = 0;
  virtual void test_destination(const caller&, destination_id, reply<connection_test>) = 0;
  virtual void test_destination(const caller&, destination_input, reply<connection_test>) = 0;
  virtual void get_health(const caller&, destination_id, reply<destination_health>) = 0;
  virtual void get_destination_queue(const caller&, destination_id, reply<queue_report>) = 0;
  virtual void list_secrets(const caller&, destination_id, reply<std::vector<signing_secret>>) = 0;
  virtual void add_secret(const caller&, destination_id, secret_input, reply<signing_secret>) = 0;
  /// A new primary; every older one expires after the overlap.
  virtual void rotate_secret(const caller&, destination_id, secret_input, reply<signing_secret>) = 0;
  virtual void delete_secret(const caller&, destination_id, secret_id, reply<void>) = 0;
  virtual void destination_types(const caller&, reply<std::vector<destination_type>>) = 0;

  virtual void list_dead_letters(const caller&, dead_letter_filter, page_request, reply<page<dead_letter>>) = 0;
  virtual void get_dead_letter(const caller&, task_id, reply<dead_letter>) = 0;  ///< with attempts
  virtual void preview_dead_letters(const caller&, dead_letter_filter, reply<dead_letter_preview>) = 0;
  /// Answered when the job is on stable storage; it is worked on afterwards, whatever becomes of this process.
  virtual void create_job(const caller&, job_input, reply<job>) = 0;
  virtual void get_job(const caller&, job_id, reply<job>) = 0;
  virtual void list_jobs(const caller&, job_filter, page_request, reply<page<job>>) = 0;
  /// No further portion begins once this is answered. conflict for a finished job.
  virtual void change_job(const caller&, job_id, job_change, reply<job>) = 0;

  virtual void get_queue(const caller&, reply<queue_report>) = 0;

  virtual void list_keys(const caller&, page_request, reply<page<api_key>>) = 0;
  virtual void create_key(const caller&, key_input, reply<created_key>) = 0;
  virtual void revoke_key(const caller&, key_id, reply<void>) = 0;
  virtual void list_organizations(const caller&, page_request, reply<page<organization>>) = 0;
  virtual void create_organization(const caller&, organization_input, reply<organization>) = 0;
  virtual void get_organization(const caller&, organization_id, reply<organization>) = 0;
  virtual void update_organization(const caller&, organization_id, organization_input, std::uint64_t expected_version,
                                   reply<organization>) = 0;

  /// What an earlier request with this claim was answered; nothing if there was none. idempotency_key_reused.
  virtual void find_answer(const caller&, const once_claim&, reply<std::optional<kept_answer>>) = 0;

  virtual void check_readiness(reply<readiness>) = 0;

  /// Proves a presented key (`wbk_<keyId>_<secret>`, without "Bearer "). In memory, so it may be called on the HTTP thread.
  /// `acting_for`: X-Organization-Id, allowed to the engine's operator key only. unauthenticated, forbidden.
  [[nodiscard]] virtual result<caller> authenticate(std::string_view presented, std::string_view acting_for,
                                                    std::string_view remote_address) = 0;
};

}  // namespace waybill::core
