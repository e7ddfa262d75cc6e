#include "backend/pack/composed_pack.hpp"

#include "backend/pack/pack_format.hpp"

#include <array>
#include <cerrno>
#include <new>
#include <utility>

namespace gitfs {

namespace {

constexpr int fast_compression = 1; // as what arrives in packs: it is read soon

Bytef* zlib_bytes(const char* bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes)); // zlib does not write to its input
}

} // namespace

result<void> composed_pack::add(object_type type, std::string_view data) {
  uLongf size = compressBound(data.size());
  std::string deflated(size, '\0');
  if (compress2(zlib_bytes(deflated.data()), &size, zlib_bytes(data.data()), data.size(), fast_compression) != Z_OK)
    return fail(ENOMEM, "cannot deflate an object of " + std::to_string(data.size()) + " bytes");
  entries_ += entry_header{static_cast<unsigned>(type), data.size()}.text();
  entries_ += std::string_view{deflated}.substr(0, size);
  ++objects_;
  return success();
}

result<void> composed_pack::commit(pack_receiver& store, pack_use use) {
  if (objects_ == 0)
    return success();
  const std::string entries = std::exchange(entries_, {});
  const std::string header = pack_header(std::exchange(objects_, 0));
  GITFS_TRY(sink, store.new_pack(use));
  const oid checksum = sha1{}.update(header).update(entries).finish();
  for (const std::string_view part : {std::string_view{header}, std::string_view{entries}, raw_name(checksum)}) {
    GITFS_TRYV(sink->append(part));
  }
  GITFS_TRYV(sink->commit());
  return success();
}

blob_pack::blob_pack(std::unique_ptr<pack_sink> sink) : sink_(std::move(sink)) {
  if (deflateInit(&stream_, fast_compression) != Z_OK)
    throw std::bad_alloc{};
}

blob_pack::~blob_pack() {
  deflateEnd(&stream_);
}

result<std::unique_ptr<blob_pack>> blob_pack::begin(pack_receiver& store, pack_use use, std::uint64_t size) {
  GITFS_TRY(sink, store.new_pack(use));
  std::unique_ptr<blob_pack> out{new blob_pack{std::move(sink)}};
  out->contents_.update(object_preamble(object_type::blob, size));
  GITFS_TRYV(out->put(pack_header(1)));
  GITFS_TRYV(out->put(entry_header{static_cast<unsigned>(object_type::blob), size}.text()));
  return out;
}

result<void> blob_pack::put(std::string_view bytes) {
  pack_.update(bytes);
  return sink_->append(bytes);
}

result<void> blob_pack::append(std::string_view contents) {
  contents_.update(contents);
  size_ += contents.size();
  return deflate_some(contents, Z_NO_FLUSH);
}

result<void> blob_pack::deflate_some(std::string_view contents, int flush) {
  constexpr std::size_t most_at_once = std::size_t{1} << 30; // zlib counts in 32 bits
  std::array<char, 65536> out;
  do {
    const std::string_view now = contents.substr(0, most_at_once);
    contents.remove_prefix(now.size());
    stream_.next_in = zlib_bytes(now.data());
    stream_.avail_in = static_cast<uInt>(now.size());
    do {
      stream_.next_out = zlib_bytes(out.data());
      stream_.avail_out = out.size();
      deflate(&stream_, contents.empty() ? flush : Z_NO_FLUSH);
      GITFS_TRYV(put({out.data(), out.size() - stream_.avail_out}));
    } while (stream_.avail_out == 0);
  } while (!contents.empty());
  return success();
}

result<void> blob_pack::commit() {
  GITFS_TRYV(deflate_some({}, Z_FINISH));
  GITFS_TRYV(sink_->append(raw_name(pack_.finish())));
  GITFS_TRYV(sink_->commit());
  return success();
}

} // namespace gitfs
