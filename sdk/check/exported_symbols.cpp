// SPDX-License-Identifier: Apache-2.0
// boost::dll::library_info reads .symtab, which a stripped library does not have, and does not tell defined from undefined.
#include "sdk/check/exported_symbols.hpp"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

namespace waybill::sdk::check {
namespace {

/// A record of type T at `at`, if the file has one there.
template <class T>
std::optional<T> record_at(const std::string& file, std::uint64_t at) {
  if (at > file.size() || file.size() - at < sizeof(T)) return std::nullopt;
  T out;
  std::memcpy(&out, file.data() + at, sizeof out);
  return out;
}

std::optional<Elf64_Shdr> section(const std::string& file, const Elf64_Ehdr& header, std::uint64_t index) {
  if (index >= header.e_shnum) return std::nullopt;
  return record_at<Elf64_Shdr>(file, header.e_shoff + index * sizeof(Elf64_Shdr));
}

std::string name_at(const std::string& file, std::uint64_t at) {
  if (at >= file.size()) return {};
  return file.substr(at, file.find('\0', at) - at);
}

void read_symbols(const std::string& file, const Elf64_Shdr& table, const Elf64_Shdr& names, std::vector<std::string>& out) {
  for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
    const auto symbol = record_at<Elf64_Sym>(file, table.sh_offset + at);
    if (!symbol) return;
    const auto binding = ELF64_ST_BIND(symbol->st_info);
    const bool is_visible = binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE;
    if (is_visible && symbol->st_shndx != SHN_UNDEF) out.push_back(name_at(file, names.sh_offset + symbol->st_name));
  }
}

}  // namespace

std::vector<std::string> exported_symbols(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  const std::string file{std::istreambuf_iterator<char>{in}, {}};
  const auto header = record_at<Elf64_Ehdr>(file, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64) return {};
  std::vector<std::string> out;
  for (std::uint64_t i = 0; i < header->e_shnum; ++i) {
    const auto table = section(file, *header, i);
    if (!table || table->sh_type != SHT_DYNSYM) continue;
    if (const auto names = section(file, *header, table->sh_link)) read_symbols(file, *table, *names, out);
  }
  return out;
}

}  // namespace waybill::sdk::check
