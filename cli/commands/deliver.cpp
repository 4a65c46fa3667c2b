// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <memory>

#include "cli/commands/deliver_options.hpp"
#include "cli/commands/delivery_view.hpp"
#include "cli/content_upload.hpp"
#include "cli/json_edit.hpp"
#include "core/model/payload.hpp"

#include <CLI/CLI.hpp>

namespace waybill::cli {
namespace {

/// Nothing here is retried: whoever calls with one file sees the answer, and decides.
outcome<exit_code> wait_and_show(context& where, const std::string& id, double timeout_seconds) {
  const auto last = wait_for_delivery(where, id, timeout_seconds, [](const json&) {});
  if (!last) return tl::unexpected<failure>(last.error());
  const auto status = text_of(*last, "status");
  if (where.options.json) {
    print_json(*last);
  } else {
    print_delivery(std::cout, where.screen, *last);
  }
  if (status == "completed") return exit_code::ok;
  if (is_final_status(status)) return exit_code::failed;
  return fail(exit_code::failed,
              id + " is still " + status + " after the --timeout; it stays queued, see: waybill status " + id);
}

/// A header's value: no way to smuggle in another header.
bool is_idempotency_key(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

outcome<exit_code> run(context& where, deliver_options options) {
  if (options.files.size() > 1 && options.lines) return fail(exit_code::usage, "--lines takes one file");
  options.delivery.kind = options.as_text ? content_kind::quoted_text : content_kind::verbatim_json;
  const auto body = delivery_body::make(options.delivery);
  if (!body) return tl::unexpected<failure>(body.error());
  const bool many = options.lines || options.files.size() > 1;
  if (!is_idempotency_key(options.idempotency_key)) return fail(exit_code::usage, "--idempotency-key: printable ASCII only");
  if (many && options.wait) return fail(exit_code::usage, "--wait takes one file");
  return many ? deliver_many(where, options, *body) : deliver_one(where, options, *body);
}

void add_delivery_options(CLI::App& command, delivery_options& d) {
  command
      .add_option("--to", d.destinations, "destination id (dst_…), once or several times; without: the organization's default")
      ->allow_extra_args(false);
  command.add_option("--type", d.payload_type, "what it is")
      ->check(CLI::IsMember({"report", "export", "data", "custom"}))
      ->capture_default_str();
  command.add_option("--content-type", d.content_type, "media type the destination is told; default application/json");
  command.add_option("--metadata", d.metadata, "name=value, once or several times")->allow_extra_args(false);
  command.add_option("--priority", d.priority, "0 to 10, higher goes first")->check(CLI::Range(0, 10));
  command.add_option("--correlation-id", d.correlation_id);
  command.add_option("--tag", d.tags, "once or several times")->allow_extra_args(false);
  command.add_option("--at", d.scheduled_at, "not before this time, as 2026-01-31T09:15:00Z");
}

/// What does not fit into the body of a delivery, and what is no JSON and does not claim to be. Standard input has no name to
/// tell, so it is JSON unless --content-type says otherwise.
bool must_upload(const deliver_options& options, const content_source& source) {
  if (options.upload) return true;
  if (options.as_text || !source.is_whole()) return !source.is_whole();
  const auto& path = options.files.front();
  const auto& said = options.delivery.content_type;
  const bool claims_json = (path == "-" && said.empty()) || core::is_json_media_type(media_type_of(path, said));
  return !claims_json && !json::accept(source.beginning());
}

}  // namespace

std::string filename_of(const std::string& path) { return path == "-" ? "" : path.substr(path.find_last_of('/') + 1); }

outcome<exit_code> deliver_one(context& where, const deliver_options& options, const delivery_body& around) {
  const auto& path = options.files.front();
  const auto name = path == "-" ? "standard input" : path;
  auto source = content_source::open(path);
  if (!source) return tl::unexpected<failure>(source.error());
  outcome<std::string> body;
  if (must_upload(options, **source)) {
    const auto id = upload_content(where, **source, media_type_of(path, options.delivery.content_type));
    if (!id) return tl::unexpected<failure>(id.error());
    body = around.around_payload(*id, name, filename_of(path));
  } else {
    body = around.around((*source)->take_beginning(), name, filename_of(path));
  }
  if (!body) return tl::unexpected<failure>(body.error());
  std::vector<std::string> headers;
  if (!options.idempotency_key.empty()) headers.push_back("Idempotency-Key: " + options.idempotency_key);
  const auto answer = where.rest.send("POST", "/v1/deliveries", std::move(*body), std::move(headers));
  if (!answer) return tl::unexpected<failure>(answer.error());
  const auto id = text_of(answer->value, "deliveryId");
  const bool replayed = answer->headers.count("idempotency-replayed") > 0;
  if (options.wait) return wait_and_show(where, id, options.timeout_seconds);
  if (where.options.json) {
    print_json(answer->value);
  } else {
    std::cout << printable(id) << "  " << where.screen.paint_status(printable(text_of(answer->value, "status")))
              << (replayed ? "  (sent before; not sent again)" : "") << '\n';
  }
  return exit_code::ok;
}

void add_deliver(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("deliver", "send files to destinations");
  auto options = std::make_shared<deliver_options>();
  command->add_option("FILE", options->files, "files; - is standard input. Several files, and lines, are JSON each")
      ->required();
  add_delivery_options(*command, options->delivery);
  command->add_option("--idempotency-key", options->idempotency_key,
                      "the same key and content within a day is one delivery; with many files each adds its name");
  command->add_flag("--as-text", options->as_text, "the file is text: send it as one JSON string");
  command->add_flag("--upload", options->upload,
                    "the file goes as the bytes it has; large files and those that are no JSON do so anyway");
  command->add_flag("--lines", options->lines, "each line of FILE is a delivery of its own (JSON lines)");
  command->add_flag("--again", options->again, "with many: send also what was sent before");
  command->add_flag("--wait", options->wait, "until it is completed, failed or cancelled; exit code 1 unless completed");
  command->add_option("--timeout", options->timeout_seconds, "seconds that --wait waits; 0: no limit")->capture_default_str();
  command->add_option("--connections", options->connections, "with many: how many at a time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--tries", options->max_tries, "with many: how often one is tried when the node is busy or gone")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->callback([options, &chosen] { chosen = [options](context& where) { return run(where, *options); }; });
}

}  // namespace waybill::cli
