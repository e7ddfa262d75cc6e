#include "backend/pack/inflate.hpp"

#include "backend/pack/pack_format.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <libdeflate.h>
#include <new>
#include <zlib.h>

namespace gitfs {

namespace {

struct free_decompressor {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

struct free_compressor {
  void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
};

/// A zlib stream that each thread uses again, because making one takes longer than inflating a small object.
struct reused_stream {
  z_stream stream{};
  reused_stream() {
    if (inflateInit(&stream) != Z_OK)
      throw std::bad_alloc{};
  }
  ~reused_stream() { inflateEnd(&stream); }
  reused_stream(const reused_stream&) = delete;
  reused_stream& operator=(const reused_stream&) = delete;
};

} // namespace

std::unique_ptr<char[]> bytes_for(std::uint64_t size) {
  return std::make_unique_for_overwrite<char[]>(size);
}

object as_object(object_type type, std::unique_ptr<char[]> bytes, std::uint64_t size, std::size_t from) {
  const std::string_view data{bytes.get() + from, size};
  return {type, std::shared_ptr<const char[]>{std::move(bytes)}, data};
}

std::uint64_t longest_deflated(std::uint64_t size) {
  return size + (size + 7) / 8 + (size + 63) / 64 + 64;
}

result<std::size_t> inflate_whole(std::string_view in, char* out, std::size_t size) {
  thread_local const std::unique_ptr<libdeflate_decompressor, free_decompressor> decompressor{
      libdeflate_alloc_decompressor()};
  std::size_t consumed = 0, made = 0;
  char nothing = 0; // libdeflate needs a pointer even for an empty object
  if (libdeflate_zlib_decompress_ex(decompressor.get(), in.data(), in.size(), size == 0 ? &nothing : out, size,
                                    &consumed, &made)
          != LIBDEFLATE_SUCCESS
      || made != size)
    return fail(EIO, "an object in a pack is damaged or cut off");
  return consumed;
}

std::size_t inflate_start(std::string_view in, char* out, std::size_t size) {
  thread_local reused_stream reused;
  z_stream& stream = reused.stream;
  inflateReset(&stream);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data())); // zlib does not write to its input
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(in.size(), 1U << 30));
  stream.next_out = reinterpret_cast<Bytef*>(out);
  stream.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1U << 30));
  ::inflate(&stream, Z_SYNC_FLUSH);
  return size - stream.avail_out;
}

std::string deflated(std::string_view first, std::string_view rest) {
  thread_local const std::unique_ptr<libdeflate_compressor, free_compressor> compressor{
      libdeflate_alloc_compressor(fast_compression)};
  if (compressor == nullptr)
    throw std::bad_alloc{};
  std::string in;
  in.reserve(first.size() + rest.size());
  in.append(first).append(rest);
  std::string out(libdeflate_zlib_compress_bound(compressor.get(), in.size()), '\0');
  out.resize(libdeflate_zlib_compress(compressor.get(), in.data(), in.size(), out.data(), out.size()));
  return out;
}

} // namespace gitfs
