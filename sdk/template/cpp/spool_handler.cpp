// SPDX-License-Identifier: Apache-2.0
#include "spool_handler.hpp"

#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "schema.hpp"
#include "spool_file.hpp"

namespace sdk = waybill::sdk;

namespace {

constexpr std::size_t part_bytes = 256 * 1024;

/// What an error of the file system means to the engine. A full disk may have room later; a folder that is not there or not
/// ours will not mend itself.
sdk::result failed(const char* what, int error) {
  const auto detail = std::string{what} + ": " + std::generic_category().message(error);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
    case ENAMETOOLONG:
      return sdk::result::reject(sdk::category::configuration, detail, error);
    default:
      return sdk::result::retry(sdk::category::system, detail, error);
  }
}

}  // namespace

sdk::plugin_info spool_handler::info() {
  sdk::plugin_info info;
  info.type = "spool";
  info.title = "Spool folder";
  info.version = plugin_version;
  info.config_schema = schema_text;
  info.features = WB_FEATURE_BLOCKING | WB_FEATURE_STREAMING;
  return info;
}

void spool_handler::validate(std::string_view text, sdk::fault_sink& faults) { (void)read_config(text, faults); }

std::unique_ptr<spool_handler> spool_handler::open(std::string_view text, sdk::handler_context context,
                                                   sdk::fault_sink& faults) {
  auto settings = read_config(text, faults);
  if (!settings) return nullptr;
  return std::make_unique<spool_handler>(std::move(*settings), context);
}

void spool_handler::test_connection(std::int64_t, sdk::completion&& done) {
  // Proves the right to write, and leaves nothing: the file is removed because it is never committed.
  spool_file probe{settings_.folder, "waybill-test" + settings_.suffix};
  const int error = probe.open();
  done(error == 0 ? sdk::result::delivered() : failed("a file cannot be made in the folder", error));
}

void spool_handler::deliver(const sdk::delivery& what, sdk::completion&& done) { done(write(what, done.token())); }

sdk::result spool_handler::write(const sdk::delivery& what, wb_token token) {
  const auto name = std::string{what.idempotency_key()} + settings_.suffix;
  spool_file file{settings_.folder, name};
  if (const int error = file.open()) return failed("the file cannot be made", error);
  std::vector<std::uint8_t> part(part_bytes);
  std::uint64_t written = 0;
  for (;;) {
    if (cancelled_ == token) return sdk::result::canceled();
    if (sdk::monotonic_ms() >= what.deadline_ms())
      return sdk::result::retry(sdk::category::timeout, "the deadline passed while the file was written");
    std::uint64_t size = part.size();
    if (what.read(written, part.data(), size) != WB_OK)
      return sdk::result::retry(sdk::category::system, "the content cannot be read");
    if (size == 0) break;
    if (const int error = file.write(part.data(), static_cast<std::size_t>(size)))
      return failed("the file cannot be written", error);
    written += size;
  }
  if (const int error = file.commit(settings_.sync)) return failed("the file cannot be finished", error);
  context_.metric_add("spooled_bytes", static_cast<double>(written));
  auto outcome = sdk::result::delivered();
  outcome.bytes_sent = written;
  outcome.external_reference = name;
  return outcome;
}
