#include "orchestrator/images/unpack.hpp"

#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "orchestrator/images/elf.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_first_guess = 256 << 10;
constexpr std::uint64_t k_lzma_memory = std::uint64_t{1} << 30;

[[noreturn]] void damaged(const std::string& name) {
  throw UsageError(name + ": damaged compressed file");
}

// Grows the output, or refuses.
void grow(std::string& out, std::size_t limit, const std::string& name) {
  if (out.size() >= limit)
    throw UsageError(name + ": unpacks to more than " + std::to_string(limit) + " bytes");
  out.resize(std::min(limit, std::max(k_first_guess, out.size() * 2)));
}

std::string unpack_gzip(std::string_view packed, std::size_t limit, const std::string& name) {
  z_stream raw{};
  if (inflateInit2(&raw, 16 + MAX_WBITS) != Z_OK) throw InfraError("cannot start zlib");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> stream(&raw, inflateEnd);
  if (packed.size() > std::size_t{1} << 31) damaged(name);
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream->avail_in = static_cast<uInt>(packed.size());
  std::string out;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    const auto done = stream->total_out;
    grow(out, limit, name);
    stream->next_out = reinterpret_cast<Bytef*>(out.data() + done);
    stream->avail_out = static_cast<uInt>(std::min<std::size_t>(out.size() - done, 1U << 30));
    state = inflate(stream.get(), Z_NO_FLUSH);
    const bool stuck = state == Z_BUF_ERROR || (stream->avail_in == 0 && stream->avail_out != 0);
    if (state != Z_STREAM_END && (stuck || state != Z_OK)) damaged(name);
  }
  out.resize(stream->total_out);
  return out;
}

// xz files, and the older lzma files.
std::string unpack_xz(std::string_view packed, std::size_t limit, const std::string& name) {
  lzma_stream raw = LZMA_STREAM_INIT;
  if (lzma_auto_decoder(&raw, k_lzma_memory, LZMA_CONCATENATED) != LZMA_OK)
    throw InfraError("cannot start liblzma");
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> stream(&raw, lzma_end);
  stream->next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
  stream->avail_in = packed.size();
  std::string out;
  for (lzma_ret state = LZMA_OK; state != LZMA_STREAM_END;) {
    const auto done = static_cast<std::size_t>(stream->total_out);
    if (done == out.size()) grow(out, limit, name);
    stream->next_out = reinterpret_cast<std::uint8_t*>(out.data() + done);
    stream->avail_out = out.size() - done;
    state = lzma_code(stream.get(), LZMA_FINISH);
    const bool starved = state == LZMA_BUF_ERROR && stream->avail_out != 0;
    if (starved || (state != LZMA_OK && state != LZMA_STREAM_END && state != LZMA_BUF_ERROR)) damaged(name);
  }
  out.resize(static_cast<std::size_t>(stream->total_out));
  return out;
}

std::string unpack_zstd(std::string_view packed, std::size_t limit, const std::string& name) {
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                             ZSTD_freeDStream);
  KV_CHECK(stream);
  ZSTD_inBuffer in = {packed.data(), packed.size(), 0};
  std::string out;
  std::size_t done = 0;
  for (std::size_t state = 1; state != 0;) {
    if (done == out.size()) grow(out, limit, name);
    ZSTD_outBuffer to = {out.data(), out.size(), done};
    state = ZSTD_decompressStream(stream.get(), &to, &in);
    const bool starved = state != 0 && in.pos == in.size && to.pos < to.size;
    if (ZSTD_isError(state) || starved) damaged(name);
    done = to.pos;
  }
  out.resize(done);
  return out;
}

std::string unpack_bzip2(std::string_view packed, std::size_t limit, const std::string& name) {
  bz_stream raw{};
  if (BZ2_bzDecompressInit(&raw, 0, 0) != BZ_OK) throw InfraError("cannot start libbz2");
  const std::unique_ptr<bz_stream, int (*)(bz_stream*)> stream(&raw, BZ2_bzDecompressEnd);
  if (packed.size() > std::size_t{1} << 31) damaged(name);
  stream->next_in = const_cast<char*>(packed.data());
  stream->avail_in = static_cast<unsigned>(packed.size());
  std::string out;
  std::size_t done = 0;
  for (int state = BZ_OK; state != BZ_STREAM_END;) {
    if (done == out.size()) grow(out, limit, name);
    stream->next_out = out.data() + done;
    const auto room = static_cast<unsigned>(std::min<std::size_t>(out.size() - done, 1U << 30));
    stream->avail_out = room;
    state = BZ2_bzDecompress(stream.get());
    done += room - stream->avail_out;
    const bool starved = state == BZ_OK && stream->avail_in == 0 && stream->avail_out != 0;
    if (starved || (state != BZ_OK && state != BZ_STREAM_END)) damaged(name);
  }
  out.resize(done);
  return out;
}

// The frame that `lz4 -l` writes: blocks of up to 8 MiB, each after its packed size.
std::string unpack_lz4(std::string_view packed, std::size_t limit, const std::string& name) {
  constexpr std::size_t k_lz4_block = 8 << 20;
  std::string out;
  std::size_t done = 0;
  for (packed.remove_prefix(4); !packed.empty();) {
    const auto size = read_le(packed, 0, 4);
    if (packed.size() < 4 || size == 0 || size > packed.size() - 4) damaged(name);
    if (done >= limit) throw UsageError(name + ": unpacks to more than " + std::to_string(limit) + " bytes");
    out.resize(done + std::min(k_lz4_block, limit - done));
    const int got = LZ4_decompress_safe(packed.data() + 4, out.data() + done, static_cast<int>(size),
                                        static_cast<int>(out.size() - done));
    if (got < 0) damaged(name);
    done += static_cast<std::size_t>(got);
    packed.remove_prefix(4 + size);
  }
  out.resize(done);
  return out;
}

}  // namespace

std::string unpack(std::string_view packed, std::size_t limit, const std::string& name) {
  using namespace std::string_view_literals;
  if (packed.starts_with("\x1f\x8b"sv)) return unpack_gzip(packed, limit, name);
  if (packed.starts_with("\xfd"
                         "7zXZ\0"sv))
    return unpack_xz(packed, limit, name);
  if (packed.starts_with("\x5d\0\0"sv)) return unpack_xz(packed, limit, name);
  if (packed.starts_with("\x28\xb5\x2f\xfd"sv)) return unpack_zstd(packed, limit, name);
  if (packed.starts_with("BZh"sv)) return unpack_bzip2(packed, limit, name);
  if (packed.starts_with("\x02\x21\x4c\x18"sv)) return unpack_lz4(packed, limit, name);
  return std::string(packed);
}

}  // namespace kverdict
