// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace waybill::cli::testing {

struct finished {
  int code = -1;  ///< exit code, or minus the signal that ended it
  std::string out;
  std::string error;
};

struct start_options {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  ///< the whole of it, but for PATH and TERM
  std::string input;
  std::string folder = "/";  ///< working directory: no key file lies in /
};

/// Runs the real `waybill` to its end, with pipes for all three streams.
[[nodiscard]] finished run(const start_options& options);
[[nodiscard]] finished run(const std::string& server, std::vector<std::string> arguments, const std::string& input = {});

/// The same on a terminal of its own (80 columns); standard output and error arrive mixed, as on a screen.
[[nodiscard]] finished run_on_terminal(const std::string& server, std::vector<std::string> arguments,
                                       const std::string& typed = {}, std::map<std::string, std::string> environment = {});

/// A folder that goes when the test ends.
class scratch_folder {
public:
  scratch_folder();
  ~scratch_folder();
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Writes a file and returns its path.
  std::string file(const std::string& name, const std::string& content) const;

private:
  std::string path_;
};

}  // namespace waybill::cli::testing
