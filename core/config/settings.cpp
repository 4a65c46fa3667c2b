// SPDX-License-Identifier: Apache-2.0
#include "core/config/setting.hpp"
#include "core/config/setting_texts.hpp"
#include "core/model/policy_bounds.hpp"

#include <type_traits>
#include <utility>

/// The table of settings: to add one, add its member to config.hpp and one line here.
namespace waybill::core {
namespace {

using bounds::day_ms;
using bounds::hour_ms;
using std::chrono::milliseconds;

template <class T>
constexpr setting_kind kind_of() {
  if constexpr (std::is_same_v<T, std::string>) return setting_kind::text;
  if constexpr (std::is_same_v<T, bool>) return setting_kind::boolean;
  if constexpr (std::is_same_v<T, double>) return setting_kind::real;
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return setting_kind::texts;
  if constexpr (std::is_same_v<T, std::vector<milliseconds>>) return setting_kind::wholes;
  return setting_kind::whole;
}

template <class T>
setting_value to_value(const T& member) {
  if constexpr (std::is_same_v<T, milliseconds>) {
    return static_cast<std::int64_t>(member.count());
  } else if constexpr (std::is_same_v<T, std::vector<milliseconds>>) {
    std::vector<std::int64_t> out;
    out.reserve(member.size());
    for (const auto entry : member) out.push_back(entry.count());
    return out;
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return static_cast<std::int64_t>(member);
  } else {
    return member;
  }
}

template <class T>
void from_value(T& member, setting_value value) {
  if constexpr (std::is_same_v<T, milliseconds>) {
    member = milliseconds{std::get<std::int64_t>(value)};
  } else if constexpr (std::is_same_v<T, std::vector<milliseconds>>) {
    member.clear();
    for (const auto entry : std::get<std::vector<std::int64_t>>(value)) member.emplace_back(entry);
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    member = static_cast<T>(std::get<std::int64_t>(value));
  } else {
    member = std::get<T>(std::move(value));
  }
}

/// `member`: from a config to the reference of one of its members, const or not.
template <class Member>
setting make(std::string_view key, std::string_view help, Member member) {
  using type = std::decay_t<decltype(member(std::declval<config&>()))>;
  setting made{};
  made.key = key;
  made.help = help;
  made.kind = kind_of<type>();
  made.get = [member](const config& c) { return to_value<type>(member(c)); };
  made.set = [member](config& c, setting_value value) { from_value<type>(member(c), std::move(value)); };
  return made;
}

template <class Member>
setting number(std::string_view key, std::string_view help, bounds::whole range, Member member) {
  auto made = make(key, help, member);
  made.least = static_cast<double>(range.least);
  made.most = static_cast<double>(range.most);
  return made;
}
template <class Member>
setting number(std::string_view key, std::string_view help, bounds::real range, Member member) {
  auto made = make(key, help, member);
  made.least = range.least;
  made.most = range.most;
  return made;
}
template <class Member>
setting text(std::string_view key, std::string_view help, std::optional<std::string> (*problem)(const std::string&),
             Member member) {
  auto made = make(key, help, member);
  made.problem = problem;
  return made;
}
setting seeds(setting made, std::vector<std::string_view> names) {
  made.seed_names = std::move(names);
  return made;
}
setting entries(setting made, std::size_t most) {
  made.most_entries = most;
  return made;
}
setting secret(setting made) {
  made.secret = true;
  return made;
}

// The body is a lambda, and a name after a dot takes no parentheses.
#define WAYBILL_MEMBER(path) /* NOLINT(bugprone-macro-parentheses) */ \
  [](auto& c) -> auto& { return c.path; }

void add_server(std::vector<setting>& out) {
  out.push_back(text("dataDir", "Folder of the store and the keys.", setting_texts::folder, WAYBILL_MEMBER(data_dir)));
  out.push_back(make("pluginsDir", "Folder of the plugins; empty: ../plugins beside the binary.", WAYBILL_MEMBER(plugins_dir)));
  out.push_back(number("disableThreshold", "Failures in a row after which a destination is disabled.",
                       bounds::disable_threshold, WAYBILL_MEMBER(disable_threshold)));
  out.push_back(
      text("server.listen", "ADDRESS:PORT of the REST surface.", setting_texts::listen, WAYBILL_MEMBER(server.listen)));
  out.push_back(text("server.publicUrl", "What links in answers are built from; empty: http://<listen>.",
                     setting_texts::public_url, WAYBILL_MEMBER(server.public_url)));
  out.push_back(number("server.threads", "Threads that serve HTTP.", bounds::whole{1, 64}, WAYBILL_MEMBER(server.threads)));
  out.push_back(number("server.maxBodyBytes", "Longest JSON body.", bounds::whole{1'024, 1'073'741'824},
                       WAYBILL_MEMBER(server.max_body_bytes)));
  out.push_back(number("server.maxConnections", "Connections open at once.", bounds::whole{1, 1'000'000},
                       WAYBILL_MEMBER(server.max_connections)));
  out.push_back(number("server.maxHeaderBytes", "All headers of a request together.", bounds::whole{1'024, 1'048'576},
                       WAYBILL_MEMBER(server.max_header_bytes)));
  out.push_back(number("server.maxUrlBytes", "Longest request target.", bounds::whole{256, 65'536},
                       WAYBILL_MEMBER(server.max_url_bytes)));
  out.push_back(number("server.maxJsonDepth", "Deepest nesting of a JSON body.", bounds::whole{8, 512},
                       WAYBILL_MEMBER(server.max_json_depth)));
  out.push_back(number("server.readTimeoutMs", "For a request to arrive whole.", bounds::whole{100, hour_ms},
                       WAYBILL_MEMBER(server.read_timeout)));
  out.push_back(number("server.idleTimeoutMs", "For the next request on a connection.", bounds::whole{100, hour_ms},
                       WAYBILL_MEMBER(server.idle_timeout)));
  out.push_back(number("server.requestTimeoutMs", "For the engine to answer a request.", bounds::whole{100, hour_ms},
                       WAYBILL_MEMBER(server.request_timeout)));
  out.push_back(number("server.maxPayloadBytes", "Largest upload to /v1/payloads.", bounds::whole{1, 1'099'511'627'776},
                       WAYBILL_MEMBER(server.max_payload_bytes)));
  out.push_back(number("server.maxUploads", "Uploads under way at once; beyond: 429 with Retry-After.",
                       bounds::whole{1, 10'000}, WAYBILL_MEMBER(server.max_uploads)));
  out.push_back(number("server.uploadIdleTimeoutMs", "For an upload to make progress; there is no limit on the whole.",
                       bounds::whole{100, hour_ms}, WAYBILL_MEMBER(server.upload_idle_timeout)));
  out.push_back(text("server.trustedProxies", "Ranges of reverse proxies whose word on the client's address is taken.",
                     setting_texts::range, WAYBILL_MEMBER(server.trusted_proxies)));
  out.push_back(text("server.forwardedHeader", "Where they say it: x-forwarded-for or forwarded (RFC 7239).",
                     setting_texts::forwarded_header, WAYBILL_MEMBER(server.forwarded_header)));
}

void add_store_and_queue(std::vector<setting>& out) {
  out.push_back(text("store.url", "sqlite://PATH or postgresql://…; empty: sqlite://<dataDir>/waybill.db.",
                     setting_texts::store_url, WAYBILL_MEMBER(store.url)));
  out.push_back(make("store.passwordFile", "File with the database password, alone on its first line; empty: from the URL.",
                     WAYBILL_MEMBER(store.password_file)));
  out.push_back(text("store.tlsMode",
                     "disable, prefer, require, verify-ca or verify-full; empty: as the URL says, else prefer.",
                     setting_texts::tls_mode, WAYBILL_MEMBER(store.tls_mode)));
  out.push_back(make("store.tlsCa", "PEM file of the authorities that sign the database server's certificate.",
                     WAYBILL_MEMBER(store.tls_ca)));
  out.push_back(make("store.tlsCertificate", "PEM file of the certificate to show to the database server.",
                     WAYBILL_MEMBER(store.tls_certificate)));
  out.push_back(make("store.tlsKey", "PEM file of that certificate's key.", WAYBILL_MEMBER(store.tls_key)));
  out.push_back(number("store.connectTimeoutMs", "For each database server of the URL to answer; whole seconds, 2 at least.",
                       bounds::whole{2'000, 600'000}, WAYBILL_MEMBER(store.connect_timeout)));
  out.push_back(number("store.statementTimeoutMs", "For one statement of a database server; what takes longer is undone.",
                       bounds::whole{1'000, hour_ms}, WAYBILL_MEMBER(store.statement_timeout)));
  out.push_back(
      number("store.readers", "Threads that read from the store.", bounds::whole{1, 64}, WAYBILL_MEMBER(store.readers)));
  out.push_back(seeds(
      number("store.maxBatch", "Most writes in one transaction.", bounds::whole{1, 100'000}, WAYBILL_MEMBER(store.max_batch)),
      {"DELIVERY_QUEUE_BATCH_SIZE"}));
  out.push_back(number("store.keepUnusedPayloadsMs", "How long an uploaded payload waits for a delivery that names it.",
                       bounds::whole{1'000, 30 * day_ms}, WAYBILL_MEMBER(store.keep_unused_payloads)));
  out.push_back(number("store.organizationPayloadBytes", "All payloads of an organization together; 0: no limit.",
                       bounds::whole{0, 1'099'511'627'776'000}, WAYBILL_MEMBER(store.organization_payload_bytes)));
  out.push_back(number("queue.window", "Tasks a destination holds in memory; the others wait in the store.",
                       bounds::whole{1, 1'000'000}, WAYBILL_MEMBER(queue.window)));
  out.push_back(number("queue.windowMemoryBytes", "Memory of all windows; beyond it a destination holds only a few tasks.",
                       bounds::whole{1'048'576, 1'099'511'627'776}, WAYBILL_MEMBER(queue.window_memory)));
  out.push_back(seeds(number("queue.maxInFlight", "Attempts under way on this node at once.", bounds::whole{1, 1'000'000},
                             WAYBILL_MEMBER(queue.max_in_flight)),
                      {"DELIVERY_QUEUE_CONCURRENCY"}));
  out.push_back(number("queue.maxWaiting", "Tasks in the queue; beyond: 503 QUEUE_FULL.", bounds::whole{1, 1'000'000'000'000},
                       WAYBILL_MEMBER(queue.max_waiting)));
  out.push_back(number("queue.maxWaitingPerOrganization",
                       "The same for one organization, unless its policy says otherwise; 0: no limit of its own.",
                       bounds::whole{0, 1'000'000'000'000}, WAYBILL_MEMBER(queue.max_waiting_per_organization)));
  out.push_back(number("queue.maxContentInMemory", "Largest payload, in bytes, that a plugin which cannot stream is given.",
                       bounds::whole{65'536, 1'073'741'824}, WAYBILL_MEMBER(queue.max_content_in_memory)));
  out.push_back(seeds(number("queue.attemptTimeoutMs", "Deadline of one attempt.", bounds::whole{100, day_ms},
                             WAYBILL_MEMBER(queue.attempt_timeout)),
                      {"DELIVERY_QUEUE_PROCESSING_TIMEOUT"}));
  out.push_back(number("queue.drainTimeoutMs", "How long attempts under way may finish when the node stops.",
                       bounds::whole{0, hour_ms}, WAYBILL_MEMBER(queue.drain_timeout)));
  out.push_back(number("queue.priorityAgeingMs", "Waiting that counts as much as one level of priority.",
                       bounds::whole{1, day_ms}, WAYBILL_MEMBER(queue.priority_ageing)));
  out.push_back(number("queue.passivateAfterMs", "After which an idle destination leaves memory.", bounds::whole{1'000, day_ms},
                       WAYBILL_MEMBER(queue.passivate_after)));
  out.push_back(number("queue.redriveRatePerSecond", "Dead letters per second of a redrive that names no pace of its own.",
                       bounds::whole{1, 100'000}, WAYBILL_MEMBER(queue.redrive_rate_per_second)));
  out.push_back(number("queue.discardRatePerSecond", "Dead letters per second of a discard that names no pace of its own.",
                       bounds::whole{1, 100'000}, WAYBILL_MEMBER(queue.discard_rate_per_second)));
}

void add_policy(std::vector<setting>& out) {
  out.push_back(seeds(number("retry.maxAttempts", "Every try counts, the first included.", bounds::max_attempts,
                             WAYBILL_MEMBER(retry.max_attempts)),
                      {"DELIVERY_RETRY_MAX_ATTEMPTS"}));
  out.push_back(seeds(
      number("retry.initialDelayMs", "Before the first retry.", bounds::initial_delay_ms, WAYBILL_MEMBER(retry.initial_delay)),
      {"DELIVERY_RETRY_BASE_DELAY", "DELIVERY_RETRY_INITIAL_DELAY"}));
  out.push_back(
      seeds(number("retry.multiplier", "From one delay to the next.", bounds::multiplier, WAYBILL_MEMBER(retry.multiplier)),
            {"DELIVERY_RETRY_BACKOFF_MULTIPLIER", "DELIVERY_RETRY_MULTIPLIER"}));
  out.push_back(seeds(number("retry.maxDelayMs", "Longest delay, and longest Retry-After that is honoured.",
                             bounds::max_delay_ms, WAYBILL_MEMBER(retry.max_delay)),
                      {"DELIVERY_RETRY_MAX_DELAY"}));
  out.push_back(seeds(number("retry.jitterFactor", "Spreads each delay by so much of it, up and down.", bounds::jitter_factor,
                             WAYBILL_MEMBER(retry.jitter_factor)),
                      {"DELIVERY_RETRY_JITTER_FACTOR"}));
  out.push_back(entries(number("retry.scheduleMs", "Delays one by one, in place of the formula; the last repeats.",
                               bounds::schedule_entry_ms, WAYBILL_MEMBER(retry.schedule)),
                        bounds::schedule_entries));
  out.push_back(seeds(number("breaker.failureThreshold", "Failures in a row that open the breaker.", bounds::failure_threshold,
                             WAYBILL_MEMBER(breaker.failure_threshold)),
                      {"DELIVERY_CIRCUIT_BREAKER_FAILURE_THRESHOLD", "DELIVERY_CIRCUIT_BREAKER_THRESHOLD"}));
  out.push_back(seeds(number("breaker.recoveryTimeoutMs", "Before an open breaker lets a call through.",
                             bounds::recovery_timeout_ms, WAYBILL_MEMBER(breaker.recovery_timeout)),
                      {"DELIVERY_CIRCUIT_BREAKER_RECOVERY_TIMEOUT", "DELIVERY_CIRCUIT_BREAKER_RESET_TIMEOUT"}));
  out.push_back(number("breaker.maxRecoveryTimeoutMs", "Up to which that doubles with every failed trial.",
                       bounds::recovery_timeout_ms, WAYBILL_MEMBER(breaker.max_recovery_timeout)));
  out.push_back(seeds(number("breaker.halfOpenMaxCalls", "Trial calls that must all succeed to close it.",
                             bounds::half_open_max_calls, WAYBILL_MEMBER(breaker.half_open_max_calls)),
                      {"DELIVERY_CIRCUIT_BREAKER_HALF_OPEN_MAX_CALLS"}));
  out.push_back(number("breaker.rampUpMs", "Slow start of a destination that comes back; 0: all that was parked goes at once.",
                       bounds::ramp_up_ms, WAYBILL_MEMBER(breaker.ramp_up)));
  out.push_back(number("limits.maxConcurrency", "Attempts at one destination at once.", bounds::max_concurrency,
                       WAYBILL_MEMBER(limits.max_concurrency)));
  out.push_back(number("limits.ratePerSecond", "Attempts per second at one destination; 0: no limit.", bounds::rate_per_second,
                       WAYBILL_MEMBER(limits.rate_per_second)));
  out.push_back(number("limits.burst", "Attempts at once after a pause; 0: one second's worth.", bounds::burst,
                       WAYBILL_MEMBER(limits.burst)));
  out.push_back(number("batch.maxCount", "Tasks in one call to a handler that takes batches; 1: each by itself.",
                       bounds::batch_count, WAYBILL_MEMBER(batch.max_count)));
  out.push_back(number("batch.maxBytes", "Content of one batch.", bounds::batch_bytes, WAYBILL_MEMBER(batch.max_bytes)));
  out.push_back(number("batch.maxWaitMs", "How long a batch that is not full waits for more; 0: it takes what is due.",
                       bounds::batch_wait_ms, WAYBILL_MEMBER(batch.max_wait)));
}

void add_rest(std::vector<setting>& out) {
  out.push_back(number("rate.keyRequestsPerSecond", "Requests of one API key; 0: no limit.", bounds::rate_per_second,
                       WAYBILL_MEMBER(rate.key_requests_per_second)));
  out.push_back(number("rate.keyBurst", "0: one second's worth.", bounds::burst, WAYBILL_MEMBER(rate.key_burst)));
  out.push_back(number("rate.organizationRequestsPerSecond", "Requests of one organization; 0: no limit.",
                       bounds::rate_per_second, WAYBILL_MEMBER(rate.organization_requests_per_second)));
  out.push_back(
      number("rate.organizationBurst", "0: one second's worth.", bounds::burst, WAYBILL_MEMBER(rate.organization_burst)));
  out.push_back(text("network.allow", "Ranges that handlers may reach although they are not public.", setting_texts::range,
                     WAYBILL_MEMBER(network.allow)));
  out.push_back(secret(text("security.masterKey", "32 bytes as base64 or hex; empty: <dataDir>/master.key.",
                            setting_texts::master_key, WAYBILL_MEMBER(security.master_key))));
  out.push_back(number("security.secretOverlapMs", "How long a rotated signing secret still signs.",
                       bounds::whole{0, 30 * day_ms}, WAYBILL_MEMBER(security.secret_overlap)));
  out.push_back(seeds(
      number("security.secretRotationDays", "Age in days at which a signing secret is shown as due for rotation; 0: never.",
             bounds::whole{0, 3'650}, WAYBILL_MEMBER(security.secret_rotation_days)),
      {"DELIVERY_WEBHOOK_SECRET_ROTATION_DAYS"}));
  out.push_back(number("security.idempotencyWindowMs", "How long an idempotency key is remembered.",
                       bounds::whole{1'000, 30 * day_ms}, WAYBILL_MEMBER(security.idempotency_window)));
  out.push_back(number("telemetry.organizationSeries",
                       "Organizations with series of their own in /metrics, deepest queues first.", bounds::whole{0, 10'000},
                       WAYBILL_MEMBER(telemetry.organization_series)));
  out.push_back(seeds(make("telemetry.metrics", "Serve /metrics.", WAYBILL_MEMBER(telemetry.metrics)),
                      {"DELIVERY_OBSERVABILITY_METRICS_ENABLED"}));
  out.push_back(text("log.level", "debug, info, warning or error.", setting_texts::log_level, WAYBILL_MEMBER(log.level)));
  out.push_back(text("log.format", "text or json.", setting_texts::log_format, WAYBILL_MEMBER(log.format)));
}

void add_retention(std::vector<setting>& out) {
  const auto days = [&](std::string_view key, std::string_view help, auto member) {
    out.push_back(number(key, help, bounds::retention_days, member));
  };
  days("retention.deliveryDays", "A delivery with its logs, after it was finished; 0 here and below: for ever.",
       WAYBILL_MEMBER(retention.delivery_days));
  days("retention.attemptDays", "Attempts before a task's last.", WAYBILL_MEMBER(retention.attempt_days));
  days("retention.attemptRecordDays", "Request and response of attempts.", WAYBILL_MEMBER(retention.attempt_record_days));
  days("retention.payloadDays", "Content of finished deliveries.", WAYBILL_MEMBER(retention.payload_days));
  days("retention.deadLetterDays", "After which a dead letter counts as discarded; until then its delivery stays whole.",
       WAYBILL_MEMBER(retention.dead_letter_days));
  days("retention.auditDays", "Rows of the audit trail.", WAYBILL_MEMBER(retention.audit_days));
  out.push_back(number("retention.sweepIntervalMs", "From the end of one pass of retention to the next.",
                       bounds::whole{100, 7 * day_ms}, WAYBILL_MEMBER(erasing.sweep_interval)));
  out.push_back(number("retention.compactMaxBytes",
                       "Largest SQLite file that is rewritten while the node runs, to end an erasure.",
                       bounds::whole{0, 1'000'000'000'000}, WAYBILL_MEMBER(erasing.compact_max_bytes)));
  out.push_back(number("retention.compactAtStartMaxBytes", "Largest SQLite file that is rewritten for that at a start.",
                       bounds::whole{0, 1'000'000'000'000}, WAYBILL_MEMBER(erasing.compact_at_start_max_bytes)));
}

void add_downloads(std::vector<setting>& out) {
  out.push_back(number("downloads.maxExpiryHours", "Longest life of a download link.", bounds::whole{1, 87'600},
                       WAYBILL_MEMBER(downloads.max_expiry_hours)));
  out.push_back(number("downloads.keepDays", "How long a link's access log is kept after the link has expired.",
                       bounds::whole{0, 36'500}, WAYBILL_MEMBER(downloads.keep_days)));
  out.push_back(number("downloads.continuationMs",
                       "After a request, within which a Range request of the same client is no access of its own.",
                       bounds::whole{0, day_ms}, WAYBILL_MEMBER(downloads.continuation)));
}

#undef WAYBILL_MEMBER

}  // namespace

const std::vector<setting>& all_settings() {
  static const std::vector<setting> all = [] {
    std::vector<setting> out;
    add_server(out);
    add_store_and_queue(out);
    add_policy(out);
    add_rest(out);
    add_retention(out);
    add_downloads(out);
    return out;
  }();
  return all;
}

}  // namespace waybill::core
