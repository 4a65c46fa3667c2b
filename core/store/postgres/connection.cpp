// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/connection.hpp"

#include <algorithm>
#include <utility>

#include <libpq-fe.h>
#include <poll.h>

namespace waybill::core::postgres {
namespace {

using steady = std::chrono::steady_clock;
constexpr int binary = 1;

// Plans are made once and for good: with an index for whatever has one. The tables are empty when a new store's first plans
// are made, and grow by a thousand rows a second from there.
constexpr const char* writer_settings =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = "
    "off; "
    "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off; ";
// What readers list comes in the order of an index and ends after a page; a bitmap would be made of all there is first. Pages
// of what is listed are in memory, or on a disk that does not seek.
constexpr const char* reader_settings =
    "SET default_transaction_read_only = on; SET default_transaction_isolation = 'read committed'; "
    "SET enable_bitmapscan = off; SET random_page_cost = 1.1; ";
// A server whose default is off would answer a COMMIT that a power cut takes back. The stronger and weaker kinds of waiting
// for standbys are the operator's to choose: all of them wait for this server's own disk but "off".
// The keepalives are the server's: it finds out within seconds that a client's host is gone, and gives its lock to another.
constexpr const char* common_settings =
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET tcp_user_timeout = "
    "20000; "
    "SET jit = off; SET client_min_messages = error; SET bytea_output = 'hex'; SET row_security = off; "
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'; ";

std::string one_line(const char* text) {
  std::string line = text ? text : "";
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

std::string_view state_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state ? state : "";
}

/// The server says goodbye, or is no longer one that may be written to: only another connection can help.
bool ends_connection(std::string_view state) {
  return state.substr(0, 2) == "08" || state == "57P01" || state == "57P02" || state == "57P03" || state == "57P05" ||
         state == "25006";
}

error_code code_of(std::string_view state) {
  const auto kind = state.substr(0, 2);
  if (kind == "23") return error_code::conflict;
  if (state == "22021" || state == "22P05") return error_code::validation_error;
  if (state == "54000") return error_code::payload_too_large;
  const bool ours = kind == "22" || kind == "42" || kind == "0A" || kind == "26" || kind == "34" || kind == "P0";
  return ours ? error_code::internal_error : error_code::store_unavailable;
}

bool failed(const PGresult* result) {
  const auto status = PQresultStatus(result);
  return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC;
}

}  // namespace

void result_deleter::operator()(pg_result* raw) const { PQclear(raw); }

error error_of(const pg_result* failed_result) {
  const auto state = state_of(failed_result);
  auto text = one_line(PQresultErrorField(failed_result, PG_DIAG_MESSAGE_PRIMARY));
  if (text.empty()) text = one_line(PQresultErrorMessage(failed_result));
  return {code_of(state), "postgresql: " + text + (state.empty() ? "" : " (" + std::string(state) + ")"), {}, {}};
}

connection::connection(connection_settings settings, connection_kind kind) : settings_(std::move(settings)), kind_(kind) {}

connection::~connection() { close(); }

void connection::close() {
  if (handle_) PQfinish(handle_);
  handle_ = nullptr;
  leads_.clear();
  awaited_.clear();
  send_failed_ = false;
}

int connection::server_process() const { return handle_ ? PQbackendPID(handle_) : 0; }

result<void> connection::open() {
  if (is_open() && (in_transaction_ || !awaited_.empty() || is_alive())) return {};
  if (in_transaction_) return fail(error_code::store_unavailable, "postgresql: the connection was lost in the transaction");
  close();
  if (!pause_.may_try(steady::now())) return fail(error_code::store_unavailable, last_failure_);
  auto made = connect();
  if (made) {
    pause_.succeeded();
    opened_at_ = steady::now();
    ++generation_;
    ++era_;
    return made;
  }
  close();
  pause_.failed(steady::now());
  last_failure_ = made.error().message;
  return made;
}

result<void> connection::connect() {
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : settings_.parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  constexpr int expand_url = 1;
  handle_ = PQconnectdbParams(keywords.data(), values.data(), expand_url);
  if (!handle_) return fail(error_code::store_unavailable, "postgresql: out of memory");
  if (PQstatus(handle_) != CONNECTION_OK)
    return fail(error_code::store_unavailable, "postgresql: " + one_line(PQerrorMessage(handle_)));
  PQsetNoticeProcessor(
      handle_, [](void*, const char*) {}, nullptr);
  PQsetnonblocking(handle_, 1);
  const auto* own = kind_ == connection_kind::writer ? writer_settings : reader_settings;
  // A transaction that this process forgot (it was stopped, or its host went away) must not keep others waiting.
  const auto timeouts =
      "SET statement_timeout = " + std::to_string(settings_.statement_timeout.count()) +
      "; SET idle_in_transaction_session_timeout = " + std::to_string(2 * settings_.statement_timeout.count());
  return execute_script(std::string(common_settings) + own + timeouts);
}

/// A server that went away while nobody looked has left the end of the stream, or a farewell, to be read.
bool connection::is_alive() {
  for (int looks = 0; looks < 4; ++looks) {
    pollfd socket{PQsocket(handle_), POLLIN, 0};
    if (::poll(&socket, 1, 0) <= 0) return PQstatus(handle_) == CONNECTION_OK;
    if (PQconsumeInput(handle_) == 0 || PQstatus(handle_) != CONNECTION_OK) return false;
  }
  return true;
}

error connection::lost(const char* what) {
  auto text = "postgresql: connection lost " + std::string(what);
  if (handle_) {
    const auto reason = one_line(PQerrorMessage(handle_));
    if (!reason.empty()) text += ": " + reason;
  }
  close();
  return {error_code::store_unavailable, std::move(text), {}, {}};
}

result<void> connection::begin(std::string_view sql) {
  if (in_transaction_) return fail(error_code::internal_error, "postgresql: a transaction is open already");
  if (auto opened = open(); !opened) return opened;
  leads_.emplace_back(sql);
  in_transaction_ = true;
  return {};
}

void connection::lead_with(std::string sql) { leads_.push_back(std::move(sql)); }

bool connection::take_back(std::string_view sql) {
  if (leads_.empty() || leads_.back() != sql) return false;
  leads_.pop_back();
  return true;
}

result<void> connection::execute(std::string_view sql) {
  if (!in_transaction_)
    if (auto opened = open(); !opened) return opened;
  leads_.emplace_back(sql);
  auto done = collect();
  if (!done) return fail(done.error());
  return {};
}

result<void> connection::end_transaction(std::string_view sql) {
  auto done = execute(sql);
  in_transaction_ = false;
  return done;
}

void connection::rollback() {
  leads_.clear();
  in_transaction_ = false;
  if (!is_open()) return;
  if (!awaited_.empty() || PQtransactionStatus(handle_) != PQTRANS_IDLE) {
    awaited_.empty() ? void() : static_cast<void>(collect());
    if (is_open() && !execute("ROLLBACK")) close();
  }
}

void connection::send_plain(const std::string& sql) {
  if (PQsendQueryParams(handle_, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, binary) == 0) send_failed_ = true;
  awaited_.push_back(sql == "COMMIT" ? answer_kind::commit : answer_kind::lead);
}

void connection::send_leads() {
  for (const auto& sql : leads_) send_plain(sql);
  leads_.clear();
}

void connection::make_ready() {
  if (!in_transaction_ && awaited_.empty()) static_cast<void>(open());
}

void connection::send(std::string_view name, const std::string& sql, bool must_prepare, const std::vector<parameter>& given,
                      answer_use use) {
  send_failed_ = send_failed_ || !is_open();
  if (send_failed_) return;
  send_leads();
  types_.clear();
  values_.clear();
  sizes_.clear();
  for (const auto& one : given) {
    types_.push_back(one.type);
    values_.push_back(one.data);
    sizes_.push_back(one.size);
  }
  formats_.assign(given.size(), binary);
  const auto count = static_cast<int>(given.size());
  const std::string name_text(name);
  if (must_prepare) {
    if (PQsendPrepare(handle_, name_text.c_str(), sql.c_str(), count, types_.data()) == 0) send_failed_ = true;
    awaited_.push_back(answer_kind::prepare);
  }
  const int sent = name.empty() ? PQsendQueryParams(handle_, sql.c_str(), count, types_.data(), values_.data(), sizes_.data(),
                                                    formats_.data(), binary)
                                : PQsendQueryPrepared(handle_, name_text.c_str(), count, values_.data(), sizes_.data(),
                                                      formats_.data(), binary);
  if (sent == 0) send_failed_ = true;
  awaited_.push_back(use == answer_use::wanted ? answer_kind::rows : answer_kind::lead);
}

/// Sends what is buffered and reads until a result can be taken without waiting.
bool connection::wait_for_result(steady::time_point deadline) {
  int unsent = PQflush(handle_);
  while (unsent >= 0 && (unsent == 1 || PQisBusy(handle_) != 0)) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady::now()).count();
    if (left <= 0) return false;
    pollfd socket{PQsocket(handle_), static_cast<short>(unsent == 1 ? POLLIN | POLLOUT : POLLIN), 0};
    const int ready = ::poll(&socket, 1, static_cast<int>(std::min<std::int64_t>(left, 1'000)));
    if (ready > 0 && (socket.revents & (POLLIN | POLLERR | POLLHUP)) != 0 && PQconsumeInput(handle_) == 0)
      // What came before the end is still to be read: a server that shuts down says so first.
      return PQisBusy(handle_) == 0;
    if (unsent == 1) unsent = PQflush(handle_);
  }
  return unsent >= 0;
}

result<std::vector<result_ptr>> connection::collect() {
  if (!is_open()) {
    send_failed_ = false;
    const auto& why =
        last_failure_.empty() || in_transaction_ ? std::string("postgresql: the connection was lost") : last_failure_;
    return fail(error_code::store_unavailable, why);
  }
  send_leads();
  if (send_failed_ || PQpipelineSync(handle_) == 0) return fail(lost("while sending"));
  std::vector<result_ptr> answers;
  std::optional<error> failure;
  bool ends = false;
  for (const auto kind : awaited_) {
    const auto deadline = steady::now() + settings_.statement_timeout + settings_.answer_grace;
    bool first = true;
    for (;;) {
      if (!wait_for_result(deadline)) return fail(lost("while waiting for an answer"));
      result_ptr one(PQgetResult(handle_));
      if (!one) break;
      if (failed(one.get()) && !failure && PQresultStatus(one.get()) != PGRES_PIPELINE_ABORTED) {
        failure = error_of(one.get());
        ends = ends_connection(state_of(one.get())) || PQstatus(handle_) != CONNECTION_OK;
        if (ends) break;
      }
      // The server answers a COMMIT of what had failed before with a ROLLBACK, as if that were right.
      if (kind == answer_kind::commit && std::string_view(PQcmdStatus(one.get())) != "COMMIT" && !failure)
        failure = error{error_code::store_unavailable, "postgresql: the transaction was undone by a failure", {}, {}};
      if (first && kind == answer_kind::rows) answers.push_back(std::move(one));
      first = false;
    }
    if (ends) break;
  }
  if (ends) {
    auto told = *failure;
    close();
    told.code = error_code::store_unavailable;
    return fail(std::move(told));
  }
  if (failure && std::count(awaited_.begin(), awaited_.end(), answer_kind::prepare) > 0) ++era_;
  awaited_.clear();
  if (!wait_for_result(steady::now() + settings_.answer_grace)) return fail(lost("at the end of an answer"));
  result_ptr sync(PQgetResult(handle_));
  if (!sync || PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) return fail(lost("in the middle of an answer"));
  if (failure) return fail(std::move(*failure));
  return answers;
}

result<void> connection::execute_script(const std::string& sql, steady::duration patience) {
  if (!is_open()) return fail(error_code::store_unavailable, "postgresql: the connection was lost");
  if (PQpipelineStatus(handle_) != PQ_PIPELINE_OFF && PQexitPipelineMode(handle_) == 0) return fail(lost("between statements"));
  if (PQsendQuery(handle_, sql.c_str()) == 0) return fail(lost("while sending"));
  std::optional<error> failure;
  for (;;) {
    if (!wait_for_result(steady::now() + patience)) return fail(lost("while waiting for an answer"));
    result_ptr one(PQgetResult(handle_));
    if (!one) break;
    if (failed(one.get()) && !failure) failure = error_of(one.get());
    if (failure && PQstatus(handle_) != CONNECTION_OK) return fail(lost("in a script"));
  }
  if (PQenterPipelineMode(handle_) == 0) return fail(lost("between statements"));
  if (failure) return fail(std::move(*failure));
  return {};
}

snapshot::snapshot(connection& db) : db_(db) {
  if (!db.in_transaction()) own_ = db.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").has_value();
}

snapshot::~snapshot() {
  if (!own_) return;
  // It may not even have begun: then there is nothing to end.
  if (!db_.take_back("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") && db_.is_open() && db_.end_transaction("COMMIT"))
    return;
  db_.rollback();
}

}  // namespace waybill::core::postgres
