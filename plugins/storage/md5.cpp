// SPDX-License-Identifier: Apache-2.0
#include "md5.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/evp.h>

#include <waybill/transfer/json_text.hpp>

namespace waybill::storage {
namespace {

// One turn on the worker: a few milliseconds, then others.
constexpr std::uint64_t turn_bytes = 1'048'576;

/// A hash being made, handed from turn to turn.
struct hashing : std::enable_shared_from_this<hashing> {
  call_ptr by;
  content_ptr from;
  std::uint64_t offset = 0;
  std::uint64_t left = 0;
  std::function<void(std::optional<std::string>)> then;
  md5_hasher hasher;

  void turn() {
    if (by->canceled()) return then(std::nullopt);
    if (left == 0) return then(hasher.finish());
    std::string piece(static_cast<std::size_t>(std::min(turn_bytes, left)), '\0');
    if (!from->read(offset, piece.data(), piece.size())) return then(std::nullopt);
    hasher.add(piece);
    offset += piece.size();
    left -= piece.size();
    plugin_reactor().offload([self = shared_from_this()] { self->turn(); });
  }
};

}  // namespace

struct md5_hasher::state {
  state() : context(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context, EVP_md5(), nullptr); }
  ~state() { EVP_MD_CTX_free(context); }
  EVP_MD_CTX* context;
};

md5_hasher::md5_hasher() : state_(std::make_unique<state>()) {}
md5_hasher::~md5_hasher() = default;

void md5_hasher::add(std::string_view bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

std::string md5_hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  return transfer::to_base64({reinterpret_cast<const char*>(digest.data()), size});
}

std::string md5_base64(std::string_view bytes) {
  md5_hasher hasher;
  hasher.add(bytes);
  return hasher.finish();
}

void hash_md5(call_ptr by, content_ptr from, std::uint64_t offset, std::uint64_t size,
              std::function<void(std::optional<std::string>)> then) {
  if (const auto all = from->in_memory())
    return then(md5_base64(all->substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(size))));
  auto work = std::make_shared<hashing>();
  work->by = std::move(by);
  work->from = std::move(from);
  work->offset = offset;
  work->left = size;
  work->then = std::move(then);
  plugin_reactor().offload([work] { work->turn(); });
}

}  // namespace waybill::storage
