#include "orchestrator/images/digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <fstream>

#include "runners/error.hpp"

namespace kverdict {

void Digest::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Digest::Digest() : context_(EVP_MD_CTX_new()) {
  KV_CHECK(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Digest::bytes(std::string_view data) {
  KV_CHECK(EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1);
}

void Digest::field(std::string_view data) {
  number(data.size());
  bytes(data);
}

void Digest::number(std::uint64_t value) {
  std::array<char, 8> raw{};
  for (unsigned i = 0; i < raw.size(); ++i) raw[i] = static_cast<char>(value >> (8 * i));
  bytes({raw.data(), raw.size()});
}

std::string Digest::hex() && {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned size = 0;
  KV_CHECK(EVP_DigestFinal_ex(context_.get(), raw.data(), &size) == 1);
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += "0123456789abcdef"[raw[i] >> 4];
    text += "0123456789abcdef"[raw[i] & 15];
  }
  return text;
}

std::string digest_of(std::string_view data) {
  Digest digest;
  digest.bytes(data);
  return std::move(digest).hex();
}

std::string digest_of_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw InfraError("cannot read " + file.string());
  Digest digest;
  std::string block(1 << 20, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
    digest.bytes({block.data(), static_cast<std::size_t>(in.gcount())});
  if (in.bad()) throw InfraError("cannot read " + file.string());
  return std::move(digest).hex();
}

}  // namespace kverdict
