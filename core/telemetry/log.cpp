// SPDX-License-Identifier: Apache-2.0
#include "core/telemetry/log.hpp"

#include <atomic>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "core/telemetry/log_line.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace waybill::core {
namespace {

std::atomic<log_level> threshold{log_level::info};
std::atomic<log_format> chosen_format{log_format::text};

/// Where lines go. While the process runs they pass through a bounded queue to one thread, so that a slow reader of standard
/// error blocks no actor (the oldest line gives way to the newest); once stopped they are written by the caller.
/// Never destroyed: threads of plugins may still log while static objects are taken down.
class log_output {
public:
  static log_output& get() {
    static log_output* const only = [] {
      auto* made = new log_output;
      std::atexit(stop_logging);
      return made;
    }();
    return *only;
  }

  void write(spdlog::level::level_enum level, const std::string& line) {
    auto& logger = stopped_.load(std::memory_order_acquire) ? *direct_ : *queued_;
    logger.log(level, line);
  }

  void stop() {
    stopped_.store(true, std::memory_order_release);
    const std::lock_guard lock{mutex_};
    pool_.reset();  // writes out what waits and ends the thread
  }

private:
  log_output() {
    sink_ = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    pool_ = std::make_shared<spdlog::details::thread_pool>(queue_length, 1);
    queued_ = std::make_shared<spdlog::async_logger>("waybill", sink_, pool_, spdlog::async_overflow_policy::overrun_oldest);
    direct_ = std::make_shared<spdlog::logger>("waybill", sink_);
    for (auto* logger : {queued_.get(), direct_.get()}) {
      logger->set_pattern("%v");
      logger->set_level(spdlog::level::trace);
      // Ignored on purpose: where standard error cannot be written there is nowhere left to say so.
      logger->set_error_handler([](const std::string&) {});
    }
  }

  static constexpr std::size_t queue_length = 8'192;
  std::shared_ptr<spdlog::sinks::sink> sink_;
  std::mutex mutex_;  ///< of pool_
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::logger> queued_;
  std::shared_ptr<spdlog::logger> direct_;
  std::atomic<bool> stopped_{false};
};

spdlog::level::level_enum spdlog_level(log_level level) {
  switch (level) {
    case log_level::debug:
      return spdlog::level::debug;
    case log_level::info:
      return spdlog::level::info;
    case log_level::warning:
      return spdlog::level::warn;
    case log_level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::optional<log_level> level_from(std::string_view text) {
  if (text == "debug") return log_level::debug;
  if (text == "info") return log_level::info;
  if (text == "warning") return log_level::warning;
  if (text == "error") return log_level::error;
  return std::nullopt;
}

}  // namespace

bool log_enabled(log_level level) { return level >= threshold.load(std::memory_order_relaxed); }

void log(log_level level, std::string_view event, std::string_view text, std::initializer_list<log_field> fields) {
  if (!log_enabled(level)) return;
  try {
    const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
    log_output::get().write(spdlog_level(level),
                            log_line(chosen_format.load(std::memory_order_relaxed), now, level, event, text, fields));
  } catch (const std::exception&) {
    // Ignored on purpose: out of memory or of threads. A line of the log is never worth the caller's work.
  }
}

void stop_logging() {
  try {
    log_output::get().stop();
  } catch (const std::exception&) {
    // Ignored on purpose: as in log().
  }
}

result<void> set_up_logging(std::string_view level, std::string_view format) {
  const auto wanted = level_from(level);
  if (!wanted) return fail(error_code::validation_error, "The log level must be debug, info, warning or error.");
  if (format != "text" && format != "json") return fail(error_code::validation_error, "The log format must be text or json.");
  threshold.store(*wanted, std::memory_order_relaxed);
  chosen_format.store(format == "json" ? log_format::json : log_format::text, std::memory_order_relaxed);
  return {};
}

}  // namespace waybill::core
