// A guest's memory as an ELF core file, as QEMU writes it: physical memory in pieces, and notes. Pure; every
// read is checked, because what stands in there is the guest's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kverdict {

struct MemoryPiece {
  std::uint64_t address = 0;  // physical
  std::string_view bytes;
};

class CoreFile {
 public:
  // The bytes outlive the result. A text: why they are no such file.
  static std::variant<CoreFile, std::string> parse(std::string_view bytes);

  const std::vector<MemoryPiece>& pieces() const { return pieces_; }
  // The note of that name; empty = none.
  std::string_view note(std::string_view name) const;
  // Exactly so many bytes of physical memory; none where they are not all in one piece.
  std::optional<std::string_view> read(std::uint64_t address, std::uint64_t size) const;

 private:
  std::vector<MemoryPiece> pieces_;
  std::vector<std::string_view> notes_;  // sections
};

}  // namespace kverdict
