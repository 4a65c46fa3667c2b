// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "core/security/digest.hpp"
#include "tests/api/fake_samples.hpp"
#include "tests/api/fake_service.hpp"
#include "tests/api/fake_service_reply.hpp"

namespace waybill::tests {

using namespace core;

namespace {

shown_link one_link() {
  shown_link shown;
  shown.link.organization = fake_service::organization;
  shown.link.delivery = fake_service::known_delivery;
  shown.link.destination = fake_service::known_destination;
  shown.link.allowed_ranges = {"10.0.0.0/8"};
  shown.link.max_access = 3;
  shown.link.created_at = moment();
  shown.link.expires_at = moment() + std::chrono::hours{72};
  shown.link.revoked_at = moment();
  shown.link.revoked_by = fake_service::known_key;
  shown.url = "https://files.example/d/secret";
  return shown;
}

link_access one_access() {
  link_access line;
  line.number = 1;
  line.at = line.last_at = moment();
  line.address = "192.0.2.7";
  line.agent = "curl/8";
  return line;
}

}  // namespace

void fake_service::list_links(const caller& who, link_filter said, page_request page,
                              download_answer<core::page<shown_link>> reply) {
  note("list_links", who, [&] { links = said, paging = page; });
  give(std::move(reply), result<core::page<shown_link>>{core::page<shown_link>{{one_link()}, next_cursor}});
}

void fake_service::get_link(const caller& who, link_id, download_answer<shown_link> reply) {
  note("get_link", who);
  give(std::move(reply), result<shown_link>{one_link()});
}

void fake_service::list_link_accesses(const caller& who, link_id, page_request page,
                                      download_answer<core::page<link_access>> reply) {
  note("list_link_accesses", who, [&] { paging = page; });
  give(std::move(reply), result<core::page<link_access>>{core::page<link_access>{{one_access()}, next_cursor}});
}

void fake_service::revoke_link(const caller& who, link_id, download_answer<shown_link> reply) {
  note("revoke_link", who);
  give(std::move(reply), result<shown_link>{one_link()});
}

void fake_service::issue_link_password(const caller& who, link_id, download_answer<issued_password> reply) {
  note("issue_link_password", who);
  give(std::move(reply), result<issued_password>{{one_link(), "7K2QX-M9D4T"}});
}

void fake_service::open_download(download_request said, download_answer<open_download_ptr> reply) {
  note("open_download", {}, [&] { download = said; });
  auto content = one_delivery();
  content.filename = download_name;
  if (stored_payload.empty()) {
    content.content = R"({"exact": 0.1000})";
  } else {
    content.payload = known_payload;
    content.payload_size = stored_payload.size();
  }
  content.sha256 = sha256(stored_payload.empty() ? content.content : stored_payload);
  auto opened = std::make_shared<core::open_download>();
  opened->link = one_link().link;
  opened->content = std::make_shared<const delivery>(std::move(content));
  give(std::move(reply), result<open_download_ptr>{std::move(opened)});
}

void fake_service::note_download(const open_download_ptr&, access_outcome outcome) {
  note("note_download", {}, [&] { noted.push_back(outcome); });
}

void fake_service::begin_download(const open_download_ptr&, std::uint64_t bytes, bool is_part,
                                  download_answer<std::uint64_t> reply) {
  note("begin_download", {}, [&] { begun.emplace_back(bytes, is_part); });
  give(std::move(reply), result<std::uint64_t>{4});
}

void fake_service::read_download(const open_download_ptr&, std::uint64_t offset,
                                 download_answer<std::shared_ptr<const std::string>> reply) {
  const auto from = static_cast<std::size_t>(offset / payload_chunk_bytes * payload_chunk_bytes);
  auto piece = std::make_shared<const std::string>(stored_payload.substr(from, payload_chunk_bytes));
  give(std::move(reply), result<std::shared_ptr<const std::string>>{std::move(piece)});
}

void fake_service::end_download(const open_download_ptr&, std::uint64_t, std::uint64_t bytes) {
  note("end_download", {}, [&] { ended.push_back(bytes); });
}

}  // namespace waybill::tests
