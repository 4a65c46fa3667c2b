// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/id.hpp"
#include "core/model/legal_hold.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// running: rows go, batch by batch; compacting: the rows are gone, their bytes are still in free space of the engine's
/// files; completed: those too, and there is a certificate.
enum class erasure_state : std::uint8_t { running = 1, compacting, completed };
[[nodiscard]] std::string_view to_string(erasure_state state);

/// An order to forget. Durable, and resumed where it was after a crash. What it names lives in `selector` until it is done;
/// afterwards only the certificate remains, which holds a salted hash of it.
struct erasure {
  erasure_id id;
  organization_id organization;
  data_scope scope = data_scope::delivery;  ///< never a destination
  std::string selector;                     ///< as legal_hold::value; empty once completed
  std::string reason;
  key_id requested_by;
  utc_time requested_at{};
  erasure_state state = erasure_state::running;
  delivery_id position;                         ///< all up to here are done
  std::map<std::string, std::uint64_t> erased;  ///< rows of each table
  std::uint64_t cancelled = 0;                  ///< tasks that were still waiting
  std::uint64_t held = 0;                       ///< deliveries left alone: a legal hold came while it ran
  std::optional<utc_time> finished_at;
  std::string certificate;  ///< JSON text, once completed; before, while compacting, what sealed_selector gave
};

/// What the certificate says of the selector: SHA-256(salt || selector) and the salt, as JSON text. With it the selector
/// itself can be forgotten before the engine's files are cleaned.
[[nodiscard]] std::string sealed_selector(const erasure& of, std::string_view salt);

/// The certificate (JSON text) of an erasure whose selector is sealed: what was asked, by whom, when, how many rows of each
/// table, and the SHA-256 over all of that. Holds nothing personal.
[[nodiscard]] std::string make_certificate(const erasure& of, utc_time finished_at);
/// Whether the text is a certificate whose hash is right.
[[nodiscard]] bool is_sound_certificate(std::string_view text);

}  // namespace waybill::core
