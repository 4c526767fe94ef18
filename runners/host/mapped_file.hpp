// A file to look into without reading it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace kverdict {

class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);  // InfraError when it cannot be read
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // Nobody may cut the file meanwhile.
  std::string_view bytes() const { return {static_cast<const char*>(begin_), size_}; }

 private:
  void* begin_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace kverdict
