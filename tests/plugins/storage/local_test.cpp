// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include <waybill/transfer/hashing.hpp>

#include "../nginx_server.hpp"
#include "plugins/storage/client_environment.hpp"
#include "plugins/storage/local_folder.hpp"
#include "plugins/storage/sweep.hpp"
#include "storage_destination.hpp"

using namespace waybill::testing;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* organization = "org_01HV4Z8M4XK2Q8R7T6S5P4N3M2";
constexpr const char* destination_id = "dst_01HV4Z8M4XK2Q8R7T6S5P4N3M2";

/// A folder that is open to Waybill.
struct opened_folder {
  temporary_folder folder;
  explicit opened_folder(const std::string& admitted = {}) { folder.write(".waybill-storage", admitted); }
  [[nodiscard]] std::string path(const std::string& name = {}) const {
    return folder.path() + (name.empty() ? "" : "/" + name);
  }
  [[nodiscard]] json config(json more = json::object()) const {
    json out{
        {"provider", "local"}, {"config", {{"root", folder.path()}}}, {"path", "out"}, {"fileName", "{deliveryId}-{filename}"}};
    if (!more.is_null()) out.merge_patch(more);
    return out;
  }
};

[[nodiscard]] std::string bytes_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

[[nodiscard]] fake_delivery named(const std::string& filename, const std::string& content = "content") {
  fake_delivery what;
  what.filename = filename;
  what.content = content;
  what.content_type = "text/plain";
  const auto digest = waybill::transfer::sha256(content);
  std::copy(digest.begin(), digest.end(), what.sha256.begin());
  return what;
}

/// Regular files below a folder, Waybill's own aside.
[[nodiscard]] std::vector<std::string> files_in(const std::string& root) {
  std::vector<std::string> out;
  for (const auto& one : fs::recursive_directory_iterator{root})
    if (one.is_regular_file() && one.path().string().find("/.waybill") == std::string::npos)
      out.push_back(fs::relative(one.path(), root).string());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("a file has the content, the name and the permissions that were asked for") {
  const opened_folder to;
  storage_destination d{
      to.config({{"config", {{"fileMode", "0604"}, {"folderMode", "0711"}}}, {"path", "{organizationId}/{year}/{month}"}})};
  auto what = named("a b.txt", std::string(1'000'000, 'x'));
  const auto seen = d.deliver(what);
  INFO(seen.detail);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  const auto path = to.path(std::string{organization} + "/2026/01/" + what.delivery_id + "-a b.txt");
  CHECK(bytes_of(path) == what.content);
  CHECK(seen.external_reference ==
        "file://" + to.path(std::string{organization} + "/2026/01/" + what.delivery_id + "-a%20b.txt"));
  CHECK(seen.bytes_sent == what.content.size());
  struct stat now {};
  REQUIRE(stat(path.c_str(), &now) == 0);
  CHECK((now.st_mode & 07777) == 0604);
  REQUIRE(stat(to.path(organization).c_str(), &now) == 0);
  CHECK((now.st_mode & 0711) == 0711);
  CHECK(fs::is_empty(to.path(".waybill/uploads")));
}

TEST_CASE("content that streams arrives whole, and nothing has a name before it is") {
  const opened_folder to;
  storage_destination d{to.config()};
  auto what = named("large", std::string(3'000'000, 'y'));
  what.streamed = true;
  CHECK(d.deliver(what).action == WB_ACTION_DELIVERED);
  CHECK(bytes_of(to.path("out/" + what.delivery_id + "-large")) == what.content);
  auto broken = named("broken", std::string(3'000'000, 'z'));
  broken.streamed = true;
  broken.fails_at = 2'000'000;
  const auto seen = d.deliver(broken);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_SYSTEM);
  CHECK_FALSE(fs::exists(to.path("out/" + broken.delivery_id + "-broken")));
  CHECK(fs::is_empty(to.path(".waybill/uploads")));
}

TEST_CASE("content that is not what was accepted gets no name") {
  const opened_folder to;
  storage_destination d{to.config()};
  auto what = named("changed");
  what.sha256[0] ^= 1;
  const auto seen = d.deliver(what);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.detail.find("SHA-256") != std::string::npos);
  CHECK(files_in(to.path()).empty());
}

TEST_CASE("a repeat replaces its own file") {
  const opened_folder to;
  storage_destination d{to.config()};
  auto what = named("f", "one");
  CHECK(d.deliver(what).action == WB_ACTION_DELIVERED);
  auto again = named("f", "two");
  again.attempt = 2;
  CHECK(d.deliver(again).action == WB_ACTION_DELIVERED);
  CHECK(files_in(to.path()).size() == 1);
  CHECK(bytes_of(to.path("out/" + what.delivery_id + "-f")) == "two");
}

TEST_CASE("a folder that nobody has opened is not written to") {
  const temporary_folder closed;
  const json config{{"provider", "local"}, {"config", {{"root", closed.path()}}}};
  storage_destination d{config};
  auto what = named("f");
  for (const auto& seen : {d.deliver(what), d.test()}) {
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_CONFIGURATION);
    CHECK(seen.detail.find(".waybill-storage") != std::string::npos);
  }
  CHECK(fs::is_empty(closed.path()));
}

TEST_CASE("a folder that is opened to some organizations refuses the others") {
  const opened_folder to{"# who may write here\n org_other \n"};
  storage_destination d{to.config()};
  auto what = named("f");
  const auto seen = d.deliver(what);
  CHECK(seen.action == WB_ACTION_REJECT);
  CHECK(seen.category == WB_CATEGORY_CONFIGURATION);
  auto theirs = named("f");
  theirs.organization_id = "org_other";
  CHECK(d.deliver(theirs).action == WB_ACTION_DELIVERED);
}

TEST_CASE("no file name, metadata or link inside leads out of the folder") {
  const opened_folder to;
  const temporary_folder outside;
  storage_destination d{to.config({{"path", "{metadata.place}"}, {"fileName", "{filename}"}})};
  for (const auto* name : {"../../escape", "/etc/escape", "..", "a/../../escape", "..\\escape"}) {
    auto what = named(name);
    what.metadata = json{{"place", name}}.dump();
    const auto seen = d.deliver(what);
    INFO(name << " " << seen.detail);
    CHECK(seen.action == WB_ACTION_DELIVERED);
  }
  CHECK(fs::is_empty(outside.path()));
  CHECK_FALSE(fs::exists(fs::path{to.path()}.parent_path() / "escape"));
  for (const auto& file : files_in(to.path())) CHECK(file.find("../") == std::string::npos);
  fs::create_directory_symlink(outside.path(), to.path("link"));
  auto through = named("f");
  through.metadata = R"({"place":"link"})";
  const auto seen = d.deliver(through);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.detail.find("symbolic links") != std::string::npos);
  CHECK(fs::is_empty(outside.path()));
  // A link in place of the file is replaced, not followed.
  fs::create_symlink(outside.path() + "/target", to.path("plain"));
  auto over = named("g");
  over.metadata = R"({"place":"."})";
  CHECK(d.deliver(over).action == WB_ACTION_DELIVERED);
  CHECK(fs::is_empty(outside.path()));
}

TEST_CASE("Waybill's own names cannot be written at any depth") {
  const opened_folder to;
  storage_destination d{to.config({{"path", "{metadata.place}"}, {"fileName", "{filename}"}})};
  for (const auto* name : {".waybill-storage", ".waybill"}) {
    auto what = named(name);
    what.metadata = R"({"place":"below"})";
    CHECK(d.deliver(what).action == WB_ACTION_REJECT);
    auto inside = named("f");
    inside.metadata = json{{"place", name}}.dump();
    CHECK(d.deliver(inside).action == WB_ACTION_REJECT);
  }
}

TEST_CASE("names that no file system takes are rejected for good") {
  const opened_folder to;
  storage_destination d{to.config({{"path", "{metadata.a}{metadata.a}"}})};
  auto what = named("f");
  what.metadata = json{{"a", std::string(200, 'n')}}.dump();
  const auto seen = d.deliver(what);
  CHECK(seen.action == WB_ACTION_REJECT);
  CHECK(seen.category == WB_CATEGORY_VALIDATION);
}

TEST_CASE("the connection test writes a file and leaves none") {
  const opened_folder to;
  storage_destination d{to.config({{"path", "reports/{year}"}})};
  const auto seen = d.test();
  INFO(seen.detail);
  CHECK(seen.action == WB_ACTION_DELIVERED);
  CHECK(files_in(to.path()).empty());
}

TEST_CASE("a batch is one file of a line for each delivery") {
  const opened_folder to;
  storage_destination d{to.config({{"path", "{organizationId}/{metadata.department}"}})};
  std::vector<fake_delivery> what(3);
  for (std::size_t i = 0; i < what.size(); ++i) what[i].delivery_id = "dlv_" + std::to_string(i);
  what[0].content = "{\n  \"a\": \"b\\nc\"\r\n}";
  what[1].content_type = "application/pdf";
  what[1].filename = "a.pdf";
  what[1].content = std::string("\x00\xff", 2);
  what[2].streamed = true;
  const auto digest = waybill::transfer::sha256(what[2].content);
  std::copy(digest.begin(), digest.end(), what[2].sha256.begin());
  const auto seen = d.deliver_batch(what);
  for (const auto& one : seen) {
    INFO(one.detail);
    CHECK(one.action == WB_ACTION_DELIVERED);
  }
  CHECK(seen[0].external_reference.find(".ndjson#line=1") != std::string::npos);
  CHECK(seen[1].external_reference.find(".ndjson#line=2") != std::string::npos);
  CHECK(seen[2].external_reference.find("#line") == std::string::npos);
  std::string path = seen[0].external_reference.substr(7, seen[0].external_reference.find('#') - 7);
  std::ifstream in{path};
  std::vector<json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["id"] == "dlv_0");
  CHECK(lines[0]["data"] == json{{"a", "b\nc"}});
  CHECK(lines[0]["metadata"]["department"] == "audit");
  CHECK(lines[1]["data"] == "AP8=");
  CHECK(lines[1]["dataEncoding"] == "base64");
  CHECK(lines[1]["filename"] == "a.pdf");
  for (auto& one : what) ++one.attempt;
  CHECK(d.deliver_batch(what)[0].external_reference == seen[0].external_reference);
  CHECK(files_in(to.path()).size() == 2);
}

TEST_CASE("a delivery that is canceled leaves no file") {
  const opened_folder to;
  storage_destination d{to.config()};
  fake_delivery what;
  what.filename = "endless";
  what.size = std::uint64_t{1} << 40;
  what.timeout_ms = 60'000;
  what.generated = [](std::uint64_t) { return 'e'; };
  const auto token = d.start(what);
  storage()->cancel(d.handler(), token);
  CHECK(d.wait(token).action == WB_ACTION_CANCELED);
  CHECK(files_in(to.path()).empty());
}

namespace {

struct sweeper {
  fake_context context;
  std::shared_ptr<waybill::storage::store_client> client;
  explicit sweeper(const std::string& root) {
    REQUIRE(waybill::sdk::adopt_host(fake_host::instance().table()));
    waybill::storage::local_settings settings;
    settings.root = root;
    client = waybill::storage::make_client(settings, {});
  }
  waybill::storage::sweep_report run(const std::string& owner, std::int64_t before_ms) const {
    waybill::storage::sweep_report out;
    std::mutex mutex;
    std::condition_variable came;
    bool done = false;
    auto by =
        std::make_shared<waybill::storage::call>(waybill::storage::call::clock::time_point::max(), std::chrono::seconds{10});
    waybill::storage::sweep::start(client, by, {""}, owner, before_ms, [&](const waybill::storage::sweep_report& r) {
      const std::lock_guard lock{mutex};
      out = r;
      done = true;
      came.notify_all();
    });
    std::unique_lock lock{mutex};
    REQUIRE(came.wait_for(lock, std::chrono::seconds{20}, [&] { return done; }));
    return out;
  }
};

[[nodiscard]] std::int64_t in_days(int days) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count() +
         std::int64_t{days} * 86'400'000;
}

}  // namespace

TEST_CASE("retention deletes what the destination has written and is old, and nothing else") {
  const opened_folder to;
  const json keeping{{"retention", {{"days", 1}, {"autoCleanup", true}}}, {"fileName", "{filename}"}};
  storage_destination own{to.config(keeping)};
  storage_destination without{to.config({{"fileName", "{filename}"}})};
  for (const auto* name : {"old", "replaced"}) {
    auto what = named(name);
    CHECK(own.deliver(what).action == WB_ACTION_DELIVERED);
  }
  auto other = named("of-another");
  other.destination_id = "dst_other";
  CHECK(own.deliver(other).action == WB_ACTION_DELIVERED);
  auto unmarked = named("before-retention");
  CHECK(without.deliver(unmarked).action == WB_ACTION_DELIVERED);
  to.folder.write("out/foreign", "somebody else's");
  fs::remove(to.path("out/replaced"));
  to.folder.write("out/replaced", "somebody else's, under the same name");
  const sweeper s{to.path()};
  CHECK(s.run(destination_id, in_days(-1)).deleted == 0);
  CHECK(files_in(to.path()).size() == 5);
  const auto report = s.run(destination_id, in_days(2));
  CHECK(report.deleted == 1);
  CHECK(report.failed == 0);
  CHECK(files_in(to.path()) ==
        std::vector<std::string>{"out/before-retention", "out/foreign", "out/of-another", "out/replaced"});
  // Struck off once nothing is left of the day.
  CHECK(s.run(destination_id, in_days(2)).deleted == 0);
  CHECK(fs::is_empty(to.path(std::string{".waybill/written/"} + destination_id)));
  CHECK_FALSE(fs::is_empty(to.path(".waybill/written/dst_other")));
}

TEST_CASE("more files than a page holds are all deleted") {
  const opened_folder to;
  storage_destination d{to.config({{"retention", {{"days", 1}, {"autoCleanup", true}}}, {"fileName", "{filename}"}})};
  std::vector<fake_delivery> what;
  std::vector<wb_token> tokens;
  for (int i = 0; i < 700; ++i) what.push_back(named("f" + std::to_string(i), "x"));
  for (auto& one : what) tokens.push_back(d.start(one));
  for (const auto token : tokens) CHECK(d.wait(token).action == WB_ACTION_DELIVERED);
  const sweeper s{to.path()};
  CHECK(s.run(destination_id, in_days(2)).deleted == 700);
  CHECK(files_in(to.path()).empty());
}

TEST_CASE("what a crash left half written is cleared away after a day, and not before") {
  const opened_folder to;
  storage_destination d{to.config()};
  auto what = named("f");
  CHECK(d.deliver(what).action == WB_ACTION_DELIVERED);
  to.folder.write(".waybill/uploads/left", "half");
  const sweeper s{to.path()};
  const auto abandon = [&](std::int64_t before_ms) {
    std::mutex mutex;
    std::condition_variable came;
    bool done = false;
    s.client->abandon_uploads(nullptr, before_ms, [&](const waybill::sdk::result&) {
      const std::lock_guard lock{mutex};
      done = true;
      came.notify_all();
    });
    std::unique_lock lock{mutex};
    REQUIRE(came.wait_for(lock, std::chrono::seconds{20}, [&] { return done; }));
  };
  abandon(in_days(-1));
  CHECK(fs::exists(to.path(".waybill/uploads/left")));
  abandon(in_days(1));
  CHECK_FALSE(fs::exists(to.path(".waybill/uploads/left")));
}
