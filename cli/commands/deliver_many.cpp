// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <optional>

#include "cli/bulk_sender.hpp"
#include "cli/commands/deliver_options.hpp"
#include "cli/json_edit.hpp"
#include "cli/progress_bar.hpp"

namespace waybill::cli {
namespace {

struct content_part {
  std::string name;      ///< what messages call it
  std::string filename;  ///< for the node
  outcome<std::string> content;
};

/// The files one after the other, or the lines of the one file. Holds no more than one of them.
class content_source {
public:
  explicit content_source(const deliver_options& options) : options_(options) {}

  /// An error only if the file of lines cannot be opened.
  outcome<void> open() {
    if (!options_.lines || options_.files.front() == "-") return {};
    file_.open(options_.files.front(), std::ios::binary);
    if (!file_) return fail(exit_code::failed, "cannot read '" + options_.files.front() + "'");
    return {};
  }

  std::optional<content_part> next() { return options_.lines ? next_line() : next_file(); }
  std::size_t total() const { return options_.lines ? 0 : options_.files.size(); }

private:
  std::optional<content_part> next_file() {
    if (index_ == options_.files.size()) return std::nullopt;
    const auto& path = options_.files[index_++];
    return content_part{path, filename_of(path), read_file(path)};
  }

  /// Empty lines are passed over; they count for the numbers.
  std::optional<content_part> next_line() {
    auto& in = options_.files.front() == "-" ? std::cin : static_cast<std::istream&>(file_);
    for (std::string line; std::getline(in, line);) {
      ++index_;
      if (line.find_first_not_of(" \t\r") != std::string::npos) return content_part{"line " + std::to_string(index_), "", line};
    }
    return std::nullopt;
  }

  const deliver_options& options_;
  std::ifstream file_;
  std::size_t index_ = 0;
};

/// Runs one call with many deliveries and counts what became of them.
class many_deliveries {
public:
  many_deliveries(context& where, const deliver_options& options, const delivery_body& body, content_source& source)
      : where_(where), options_(options), body_(body), source_(source), bar_(where.screen, source.total()) {
    const bool few = source.total() != 0 && source.total() <= 20;
    shows_each_ = few || !where.screen.out_is_terminal();
  }

  outcome<exit_code> run() {
    bulk_sender sender(where_.rest, options_.connections, options_.max_tries);
    sender.run([this] { return next(); },
               [this](const bulk_item& item, outcome<rest_answer> answer) { add(item, std::move(answer)); });
    bar_.clear();
    if (!where_.options.json)
      std::cerr << fmt::format("{} accepted, {} of them sent before, {} not accepted\n", accepted_, replayed_, failed_);
    return worst_;
  }

private:
  /// What cannot be sent (unreadable, not JSON) is told and passed over.
  std::optional<bulk_item> next() {
    while (auto part = source_.next()) {
      auto body = part->content.and_then(
          [&](std::string content) { return body_.around(std::move(content), part->name, part->filename); });
      if (body) return bulk_item{part->name, request_of(*part, std::move(*body)), 0};
      fault(part->name, body.error());
    }
    return std::nullopt;
  }

  http_request request_of(const content_part& part, std::string body) const {
    std::string key;
    if (!options_.idempotency_key.empty()) {
      key = options_.idempotency_key + ':' +
            url_encoded(part.filename.empty() ? part.name.substr(part.name.find(' ') + 1) : part.filename);
    } else {
      key = key_of_content(part.filename.empty() ? part.name : part.filename, options_.again ? body + run_id_ : body);
    }
    return where_.rest.make_request("POST", "/v1/deliveries", {}, std::move(body), {"Idempotency-Key: " + key});
  }

  void add(const bulk_item& item, outcome<rest_answer> answer) {
    if (!answer) return fault(item.name, answer.error());
    ++accepted_;
    const bool replayed = answer->headers.count("idempotency-replayed") > 0;
    replayed_ += replayed ? 1 : 0;
    if (where_.options.json) {
      auto line = json::object({{"source", item.name}, {"replayed", replayed}});
      line.update(answer->value);
      print_json(line);
    } else if (shows_each_) {
      bar_.clear();
      std::cout << printable(item.name) << "  " << printable(text_of(answer->value, "deliveryId")) << '\n';
    }
    bar_.advance(accepted_ + failed_, failed_);
  }

  /// The exit code is that of the worst: unreachable over refused over a fault of the file.
  void fault(const std::string& name, const failure& why) {
    ++failed_;
    worst_ = std::max(worst_, why.code);
    bar_.clear();
    const bool named = why.text.compare(0, name.size(), name) == 0;
    if (where_.options.json && !why.problem.empty()) {
      std::cerr << why.problem << '\n';
    } else {
      std::cerr << "waybill: " << (named ? "" : printable(name) + ": ") << why.text << '\n';
    }
    bar_.advance(accepted_ + failed_, failed_);
  }

  context& where_;
  const deliver_options& options_;
  const delivery_body& body_;
  content_source& source_;
  progress_bar bar_;
  std::string run_id_ = std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
  bool shows_each_ = true;  ///< a terminal full of ids helps nobody: from 21 on there is only the bar
  std::size_t accepted_ = 0;
  std::size_t replayed_ = 0;
  std::size_t failed_ = 0;
  exit_code worst_ = exit_code::ok;
};

}  // namespace

outcome<exit_code> deliver_many(context& where, const deliver_options& options, const delivery_body& body) {
  content_source source(options);
  if (auto opened = source.open(); !opened) return tl::unexpected<failure>(opened.error());
  return many_deliveries(where, options, body, source).run();
}

}  // namespace waybill::cli
