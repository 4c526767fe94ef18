// SHA-256 over fields, in lower-case hex: names cache entries and tells equal things from changed ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace kverdict {

class Digest {
 public:
  Digest();
  void bytes(std::string_view data);
  // Length first, so that ("ab", "c") and ("a", "bc") differ.
  void field(std::string_view data);
  void number(std::uint64_t value);
  std::string hex() &&;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string digest_of(std::string_view data);
// Of a regular file's bytes. Throws InfraError when it cannot be read.
std::string digest_of_file(const std::filesystem::path& file);

}  // namespace kverdict
