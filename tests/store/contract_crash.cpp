// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <csignal>
#include <map>

#include <sys/wait.h>
#include <unistd.h>

#include "core/store/store_writer.hpp"
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

constexpr int requests_at_a_time = 24;
constexpr std::size_t content_size = 3'000;

/// What the child reports, only after the commit that made it true. Small enough to be written to a pipe whole.
struct report {
  id_bytes delivery;
  std::uint8_t stage;  ///< 1 accepted, 2 recorded
  std::uint8_t after;  ///< task_status, stage 2
};

[[noreturn]] void write_for_ever(const std::string& url, organization_id org, destination_id hook, int pipe) {
  auto opened = open_store(url);
  if (!opened) ::_exit(2);
  auto session = (*opened)->open_writer();
  if (!session) ::_exit(3);
  system_clock time;
  store_writer writer(std::move(*session), time, {});
  const auto tell = [pipe](const report& r) {
    if (::write(pipe, &r, sizeof r) != static_cast<ssize_t>(sizeof r)) ::_exit(4);
  };
  std::atomic<int> number{0};
  std::function<void()> next = [&] {
    const auto request = make_request(org, {{hook}, at(0), 5, 1, {}, std::string(content_size, 'x')});
    const auto kind = number++ % 3;
    const auto after = kind == 0 ? task_status::delivered : kind == 1 ? task_status::failed : task_status::retrying;
    writer.accept(request, [&, request, after](const result<accept_result>& accepted) {
      if (!accepted) ::_exit(5);
      tell({request.content->id.bytes(), 1, 0});
      auto outcome = make_outcome(request.tasks[0], after);
      outcome.due_at = at(1'000'000);
      writer.record(outcome, [&, request, after](const result<record_result>& recorded) {
        if (!recorded || *recorded != record_result::recorded) ::_exit(6);
        tell({request.content->id.bytes(), 2, static_cast<std::uint8_t>(after)});
        next();
      });
    });
  };
  for (int i = 0; i < requests_at_a_time; ++i) next();
  for (;;) ::pause();
}

/// Runs a child that writes, kills it after `reports` results and returns all it told.
std::vector<report> run_and_kill(const std::string& url, organization_id org, destination_id hook, std::size_t reports) {
  int ends[2] = {-1, -1};
  REQUIRE(::pipe(ends) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) write_for_ever(url, org, hook, ends[1]);
  ::close(ends[1]);
  std::vector<report> told;
  bool killed = false;
  for (report r{}; ::read(ends[0], &r, sizeof r) == static_cast<ssize_t>(sizeof r);) {
    told.push_back(r);
    if (told.size() == reports) killed = ::kill(child, SIGKILL) == 0;
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  INFO("status of the child: " << status);
  REQUIRE(killed);
  REQUIRE(WIFSIGNALED(status));
  return told;
}

void check_all_there(read_session& reader, organization_id org, const std::vector<report>& told) {
  std::map<id_bytes, report> last;
  for (const auto& r : told) last[r.delivery] = r;
  for (const auto& [bytes, r] : last) {
    const delivery_id id(bytes);
    const auto view = must(reader.get_delivery(org, id, true));
    REQUIRE(view.tasks.size() == 1);
    REQUIRE(must(reader.content(org, id))->content.size() == content_size);
    if (r.stage == 2) {
      REQUIRE(static_cast<std::uint8_t>(view.tasks[0].status) == r.after);
      REQUIRE(view.tasks[0].attempt_log.size() == 1);
    }
  }
}

}  // namespace

TEST_CASE("what a killed process had reported is there, whole, and the sums agree") {
  const auto& under_test = GENERATE(from_range(engines()));
  INFO("engine: " << under_test.name);
  scratch_folder folder;
  const auto url = under_test.url(folder.path());
  const auto o = make_organization("o");
  const auto d = make_destination(o.id);
  {
    const auto opened = must(open_store(url));
    const auto writer = must(opened->open_writer());
    must(writer->begin());
    must(writer->create_organization(o));
    must(writer->create_destination(d, {}));
    must(writer->commit());
  }
  std::vector<report> told;
  // Early, in the middle of the first copies of the log, and after it has started again.
  for (const std::size_t reports : {40u, 1'500u, 700u, 4'000u}) {
    const auto more = run_and_kill(url, o.id, d.id, reports);
    told.insert(told.end(), more.begin(), more.end());
    const auto opened = must(open_store(url));
    const auto reader = must(opened->open_reader());
    check_all_there(*reader, o.id, told);
    const auto sums = must(reader->reconcile());
    CHECK(sums.difference() == 0);
    CHECK(sums.accepted >= told.size() / 2);
  }
}
