// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/store/store.hpp"

#include <catch2/catch.hpp>

namespace waybill::core::test {

/// A store engine under test.
struct engine {
  std::string name;
  std::function<std::string(const std::filesystem::path& folder)> url;  ///< of a store that lives in this folder
};
[[nodiscard]] const std::vector<engine>& engines();

/// A folder that goes away with it.
class scratch_folder {
public:
  scratch_folder();
  ~scratch_folder();
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// The value, or a failed test with the error's text.
template <class T>
T must(result<T> value) {
  if (!value) FAIL("unexpected error: " << to_string(value.error().code) << ": " << value.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*value);
}

template <class T>
error_code code_of(const result<T>& value) {
  if (value) FAIL("an error was expected");
  return value.error().code;
}

/// 2026-01-01T00:00:00Z plus some milliseconds.
[[nodiscard]] utc_time at(std::int64_t ms);

/// What a test changes of a request before it goes in.
struct request_options {
  std::vector<destination_id> to;
  utc_time created = at(0);
  std::uint8_t priority = 5;
  std::uint64_t epoch = 1;
  std::optional<utc_time> due = std::nullopt;
  std::string content = "{\"a\":1}";
  std::string key = {};
  std::optional<milliseconds> within = std::nullopt;
  milliseconds ageing{60'000};
  std::optional<payload> uploaded = std::nullopt;  ///< in place of content
};
[[nodiscard]] new_delivery make_request(organization_id org, const request_options& options);
/// A delivered first attempt; the test changes the rest.
[[nodiscard]] attempt_record make_outcome(const task& before, task_status after = task_status::delivered);
[[nodiscard]] destination make_destination(organization_id org, const std::string& label = "a");
[[nodiscard]] organization make_organization(const std::string& name);

/// An open store of one engine with an organization and a destination in it.
class store_fixture {
public:
  explicit store_fixture(const engine& which);

  write_session& writer() { return *writer_; }
  read_session& reader() { return *reader_; }
  void reopen();  ///< closes everything and opens it again, as a restart does
  void close();
  [[nodiscard]] const std::string& url() const { return url_; }

  /// In a transaction of its own, committed when it succeeds.
  template <class Work>
  auto write(Work work) -> decltype(work(std::declval<write_session&>())) {
    must(writer_->begin());
    auto answer = work(*writer_);
    if (answer)
      must(writer_->commit());
    else
      writer_->rollback();
    return answer;
  }

  /// For accepts and records: the same as the store writer does it, by what is foreseen, and once more when that was wrong.
  template <class Work>
  auto write_foreseen(Work work) -> decltype(work(std::declval<write_session&>())) {
    must(writer_->begin_foreseen());
    auto answer = work(*writer_);
    auto done = answer ? writer_->commit() : fail(answer.error());
    if (done) return answer;
    writer_->rollback();
    if (done.error().code == error_code::store_unavailable) return fail(done.error());
    return write(work);
  }

  organization_id add_organization(const std::string& name);
  destination_id add_destination(organization_id org, const std::string& label = "a");
  std::vector<accept_result> accept(const std::vector<new_delivery>& batch, utc_time now = at(0));
  /// Accepts one request and gives it back.
  new_delivery accept(const request_options& options);
  record_result record(const attempt_record& one, utc_time now = at(1));
  claim_result claim(destination_id id, std::uint64_t epoch, utc_time now, std::uint32_t limit = 100,
                     const std::unordered_set<task_id>& held = {}, milliseconds lookahead = milliseconds{0});
  /// Accepted, and failed for good.
  new_delivery dead_letter(const request_options& options, utc_time failed_at = at(1),
                           failure_category category = failure_category::remote);
  delivery_view view(const new_delivery& of, bool with_attempts = false);

  organization_id org;
  destination_id hook;

private:
  scratch_folder folder_;
  std::string url_;
  std::unique_ptr<store> store_;
  std::unique_ptr<write_session> writer_;
  std::unique_ptr<read_session> reader_;
};

}  // namespace waybill::core::test

/// Opens a case that runs on every engine, with the fixture `s`.
#define ON_EVERY_ENGINE(s)                                                         \
  const auto& under_test = GENERATE(from_range(::waybill::core::test::engines())); \
  INFO("engine: " << under_test.name);                                             \
  ::waybill::core::test::store_fixture s(under_test)
