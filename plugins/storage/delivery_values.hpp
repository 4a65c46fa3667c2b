// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <waybill/delivery.hpp>

#include "text_template.hpp"

namespace waybill::storage {

/// The values of one delivery. Times are of its acceptance, in UTC, so every attempt has the same. Lives as long as the
/// delivery's views.
class delivery_values final : public variables {
public:
  explicit delivery_values(const sdk::delivery& what) : what_(what) {}
  [[nodiscard]] std::optional<std::string> value(std::string_view name) const override;

private:
  [[nodiscard]] std::optional<std::string> metadata(std::string_view name) const;

  const sdk::delivery& what_;
  mutable std::optional<nlohmann::json> metadata_;  ///< read when first asked for
};

/// What the deliveries of a batch have in common; times are of the first.
struct batch_values final : variables {
  std::string organization_id;
  std::string destination_id;
  std::string batch_id;
  std::int64_t created_at_ms = 0;
  std::size_t count = 0;
  [[nodiscard]] std::optional<std::string> value(std::string_view name) const override;
};

/// Only what is the same for everything that a destination writes.
struct destination_values final : variables {
  std::string organization_id;
  std::string destination_id;
  [[nodiscard]] std::optional<std::string> value(std::string_view name) const override;
};

/// Without the dot: of the file name, else by the media type, else "bin".
[[nodiscard]] std::string extension_of(std::string_view filename, std::string_view content_type);

}  // namespace waybill::storage
