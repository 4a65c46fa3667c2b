// SPDX-License-Identifier: Apache-2.0
// The file of a backup: whole or not at all.
#include "core/store/backup/backup_file.hpp"

#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "core/store/backup/block_stream.hpp"
#include "tests/store/backup/row_streams.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

extern "C" int waybill_fuzz_backup(const std::uint8_t* data, std::size_t size);

namespace {

const table_head things{"organizations",
                        {{"id", cell_kind::bytes}, {"name", cell_kind::text}, {"version", cell_kind::integer}}};

memory_store some_rows(int count = 3, std::size_t size = 10) {
  memory_store made;
  std::vector<named_row> rows;
  for (int i = 0; i < count; ++i)
    rows.push_back({{"id", bytes(id_of(static_cast<std::uint8_t>(i)))},
                    {"name", i % 3 == 2 ? value{} : text(std::string(size, static_cast<char>('a' + i % 26)))},
                    {"version", whole(i % 2 == 0 ? INT64_MIN + i : INT64_MAX - i)}});
  made.add(things, std::move(rows));
  made.add({"jobs", {{"id", cell_kind::bytes}}}, {});
  return made;
}

std::string read(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}
void write(const std::string& path, const std::string& bytes) { std::ofstream{path, std::ios::binary} << bytes; }

std::string made(const scratch_folder& folder, memory_store rows) {
  const auto path = (folder.path() / "a.backup").string();
  must(rows.pour_into(*must(make_backup(path))));
  return path;
}

std::string why_refused(const std::string& path) {
  auto opened = open_backup(path);
  if (!opened) return opened.error().message;
  memory_store out;
  auto done = (*opened)->pour_into(out);
  CHECK(out.is_finished == done.has_value());
  return done ? std::string{} : done.error().message;
}

}  // namespace

TEST_CASE("what is written is read back, whatever the values are") {
  const scratch_folder folder;
  for (const auto& rows : {some_rows(), some_rows(0), some_rows(200, 30'000), some_rows(2, 5'000'000)}) {
    const auto path = made(folder, rows);
    memory_store out;
    must(must(open_backup(path))->pour_into(out));
    CHECK(out.sorted() == rows.sorted());
    CHECK(out.is_finished);
    CHECK(out.head.taken_at == rows.head.taken_at);
    CHECK(out.head.program == "0.0-test");
  }
}

TEST_CASE("a backup has its name when it is whole, and only its owner can read it") {
  const scratch_folder folder;
  const auto path = (folder.path() / "a.backup").string();
  write(path + ".part", "left behind by a program that was killed");
  ::chmod((path + ".part").c_str(), 0644);
  {
    auto sink = must(make_backup(path));
    auto rows = some_rows();
    must(sink->begin(rows.head));
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK_FALSE(make_backup(path));  // another at the same time
  }
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(std::filesystem::exists(path + ".part"));
  made(folder, some_rows());
  CHECK_FALSE(std::filesystem::exists(path + ".part"));
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  CHECK_FALSE(make_backup((folder.path() / "nowhere" / "a").string()));
}

TEST_CASE("an earlier backup stays until the new one is whole") {
  const scratch_folder folder;
  const auto path = made(folder, some_rows());
  const auto before = read(path);
  {
    auto sink = must(make_backup(path));
    must(sink->begin({"sqlite", "x", 1, at(0)}));
  }
  CHECK(read(path) == before);
}

TEST_CASE("a backup that is cut off anywhere is refused before anything of it is used") {
  const scratch_folder folder;
  const auto whole = read(made(folder, some_rows()));
  const auto path = (folder.path() / "cut").string();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write(path, whole.substr(0, size));
    CHECK_FALSE(open_backup(path));
  }
}

TEST_CASE("a backup with any byte changed, or more bytes, is refused before anything of it is used") {
  const scratch_folder folder;
  const auto whole = read(made(folder, some_rows()));
  const auto path = (folder.path() / "changed").string();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    write(path, changed);
    CHECK_FALSE(open_backup(path));
  }
  write(path, whole + "x");
  CHECK_FALSE(open_backup(path));
  CHECK(why_refused((folder.path() / "none").string()).find("cannot open") != std::string::npos);
  CHECK(why_refused(folder.path().string()).find("not a file") != std::string::npos);
  write(path, "PK\x03\x04 something else");
  CHECK(why_refused(path) == "this is no backup of Waybill");
}

TEST_CASE("a stream that tells less than it holds is refused, though its digest is right") {
  using namespace backup_blocks;
  const scratch_folder folder;
  const auto path = (folder.path() / "forged").string();
  const auto forged = [&](const std::string& plain) {
    std::string file{magic};
    append_number(file, format);
    if (!plain.empty()) file += must(pack(plain));
    append_number(file, 0);
    running_digest digest;
    digest.add(file);
    const auto sum = digest.finish();
    file.append(reinterpret_cast<const char*>(sum.data()), sum.size());
    write(path, file);
    return why_refused(path);
  };
  const std::string head = std::string("H\x06sqlite\x01x\x05", 11) + std::string(1, '\0');
  CHECK(forged(head + "Z" + std::string(1, '\0')).empty());
  CHECK(forged("").find("ends in the middle") != std::string::npos);
  CHECK(forged("Z" + std::string(1, '\0')).find("does not begin with its head") != std::string::npos);
  CHECK(forged(head + "Z\x01").find("not hold as much") != std::string::npos);
  CHECK(forged(head + "Z" + std::string(1, '\0') + "x").find("after its end") != std::string::npos);
  CHECK(forged(head + "R").find("out of place") != std::string::npos);
  CHECK(forged(head + "T\x01t\x01\x01"
                      "c\x03"
                      "R\x02\x00")
            .find("kind") != std::string::npos);
  CHECK(forged(head + "T\x01t\x01\x01"
                      "c\x03"
                      "E\x05")
            .find("not hold as much") != std::string::npos);
  CHECK(forged(head + "T\x01t\x01\x01"
                      "c\x03"
                      "R\x03\xff\xff\xff\xff\x07")
            .find("ends in the middle") != std::string::npos);
  CHECK(forged(head + "T\x01t\x01\x01"
                      "c\x03"
                      "R\x03\xff\xff\xff\xff\x7f")
            .find("too long") != std::string::npos);
  CHECK(forged(head + "T\x01t\xff\x7f").find("too many columns") != std::string::npos);
  CHECK(forged(head + std::string("T\x01t\x01\x01"
                                  "c\x01",
                                  7))
            .find("no known kind") != std::string::npos);
}

TEST_CASE("the corpus of backups holds") {
  int replayed = 0;
  for (const auto& file : std::filesystem::directory_iterator{WAYBILL_FUZZ_CORPUS "/backup"}) {
    INFO(file.path());
    const auto text = read(file.path().string());
    CHECK(waybill_fuzz_backup(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()) == 0);
    ++replayed;
  }
  CHECK(replayed >= 8);
}
