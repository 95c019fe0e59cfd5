// SPDX-License-Identifier: Apache-2.0
#include "base/compress.h"

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace kx {
namespace {

constexpr std::size_t kFirstBytes = 16 << 10;

/// The growing output of a decoder, never larger than its bound plus one byte: the byte too many is
/// how a body that does not fit shows.
class Output {
public:
    Output(std::size_t compressed_bytes, std::size_t bytes_max) : bytes_max_(bytes_max) {
        const std::size_t guess = std::max(kFirstBytes, compressed_bytes * 2);
        text_.resize(std::min(guess, bytes_max + 1));
    }

    char* next() { return text_.data() + used_; }
    std::size_t room() const { return text_.size() - used_; }
    void take(std::size_t bytes) { used_ += bytes; }
    bool too_large() const { return used_ > bytes_max_; }
    /// More room when there is none. Requires: not too large.
    void grow_if_full() {
        if (room() == 0) text_.resize(std::min(text_.size() * 2, bytes_max_ + 1));
    }
    std::string finish() {
        text_.resize(used_);
        return std::move(text_);
    }

private:
    const std::size_t bytes_max_;
    std::string text_;
    std::size_t used_ = 0;
};

tl::unexpected<Error> too_large(std::size_t bytes_max) {
    return fail(Errc::kTooLarge, "a compressed body holds more than {} bytes", bytes_max);
}

tl::unexpected<Error> malformed(std::string_view format, std::string_view why) {
    return fail(Errc::kMalformed, "a compressed body is no {} stream: {}", format, why);
}

Result<std::string> inflate_zlib(std::string_view bytes, std::size_t bytes_max) {
    if (bytes.size() > std::numeric_limits<uInt>::max()) return too_large(bytes_max);
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) return fail(Errc::kInternal, "zlib does not start");
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
    // zlib's interface is older than const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());

    Output out(bytes.size(), bytes_max);
    while (true) {
        constexpr std::size_t kStepMax = 1U << 30;
        const std::size_t room = std::min(out.room(), kStepMax);
        stream.next_out = reinterpret_cast<Bytef*>(out.next());
        stream.avail_out = static_cast<uInt>(room);
        const int status = inflate(&stream, Z_NO_FLUSH);
        const std::size_t made = room - stream.avail_out;
        out.take(made);
        if (out.too_large()) return too_large(bytes_max);
        if (status == Z_STREAM_END) return out.finish();
        if (status != Z_OK && status != Z_BUF_ERROR)
            return malformed("zlib", stream.msg != nullptr ? stream.msg : zError(status));
        if (stream.avail_in == 0 && stream.avail_out > 0) return malformed("zlib", "it is cut off");
        out.grow_if_full();
    }
}

Result<std::string> decompress_lz4(std::string_view bytes, std::size_t bytes_max) {
    LZ4F_dctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0)
        return fail(Errc::kInternal, "LZ4 does not start");
    const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> context(
        made, LZ4F_freeDecompressionContext);

    Output out(bytes.size(), bytes_max);
    while (true) {
        std::size_t room = out.room();
        std::size_t taken = bytes.size();
        const std::size_t hint =
            LZ4F_decompress(context.get(), out.next(), &room, bytes.data(), &taken, nullptr);
        if (LZ4F_isError(hint) != 0) return malformed("LZ4", LZ4F_getErrorName(hint));
        out.take(room);
        bytes.remove_prefix(taken);
        if (out.too_large()) return too_large(bytes_max);
        if (hint == 0) return out.finish();
        if (bytes.empty() && out.room() > 0) return malformed("LZ4", "it is cut off");
        out.grow_if_full();
    }
}

Result<std::string> decompress_zstd(std::string_view bytes, std::size_t bytes_max) {
    const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                          ZSTD_freeDCtx);
    if (!context) return fail(Errc::kInternal, "zstd does not start");
    Output out(bytes.size(), bytes_max);
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (true) {
        ZSTD_outBuffer step{out.next(), out.room(), 0};
        const std::size_t hint = ZSTD_decompressStream(context.get(), &step, &in);
        if (ZSTD_isError(hint) != 0) return malformed("zstd", ZSTD_getErrorName(hint));
        out.take(step.pos);
        if (out.too_large()) return too_large(bytes_max);
        if (hint == 0) return out.finish();
        if (in.pos == in.size && out.room() > 0) return malformed("zstd", "it is cut off");
        out.grow_if_full();
    }
}

Result<std::string> compress_zlib(std::string_view bytes, int level) {
    uLongf size = compressBound(bytes.size());
    std::string out(size, '\0');
    const int status = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                                 reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), level);
    if (status != Z_OK) return fail(Errc::kInternal, "zlib: {}", zError(status));
    out.resize(size);
    return out;
}

Result<std::string> compress_lz4(std::string_view bytes, int level) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.contentSize = bytes.size();
    preferences.compressionLevel = level;
    std::string out(LZ4F_compressFrameBound(bytes.size(), &preferences), '\0');
    const std::size_t size =
        LZ4F_compressFrame(out.data(), out.size(), bytes.data(), bytes.size(), &preferences);
    if (LZ4F_isError(size) != 0) return fail(Errc::kInternal, "LZ4: {}", LZ4F_getErrorName(size));
    out.resize(size);
    return out;
}

Result<std::string> compress_zstd(std::string_view bytes, int level) {
    std::string out(ZSTD_compressBound(bytes.size()), '\0');
    const std::size_t size =
        ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level);
    if (ZSTD_isError(size) != 0) return fail(Errc::kInternal, "zstd: {}", ZSTD_getErrorName(size));
    out.resize(size);
    return out;
}

}  // namespace

Result<std::string> compress(Compression format, std::string_view bytes, int level) {
    switch (format) {
        case Compression::kZlib: return compress_zlib(bytes, level);
        case Compression::kLz4: return compress_lz4(bytes, level);
        case Compression::kZstd: return compress_zstd(bytes, level);
    }
    return fail(Errc::kUnsupported, "compression format {} is unknown", static_cast<int>(format));
}

Result<std::string> decompress(Compression format, std::string_view bytes, std::size_t bytes_max) {
    switch (format) {
        case Compression::kZlib: return inflate_zlib(bytes, bytes_max);
        case Compression::kLz4: return decompress_lz4(bytes, bytes_max);
        case Compression::kZstd: return decompress_zstd(bytes, bytes_max);
    }
    return fail(Errc::kUnsupported, "compression format {} is unknown", static_cast<int>(format));
}

}  // namespace kx
