// SPDX-License-Identifier: Apache-2.0
#include "net/out_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace kx::net {
namespace {
constexpr std::size_t kVectorMax = 256;
constexpr std::size_t kKeepBytes = 256 << 10;
constexpr std::size_t kCompactBytes = 256 << 10;
constexpr std::size_t kCompactPieces = 1024;
/// Shorter slices are copied: that costs less than what comes with a piece of its own.
constexpr std::size_t kCopyBytes = 512;
}  // namespace

void OutQueue::close_piece() {
    if (buffer_.size() == cut_) return;
    pieces_.push_back({cut_, buffer_.size(), {}});
    cut_ = buffer_.size();
}

void OutQueue::push(Slice slice) {
    if (slice.bytes.size() <= kCopyBytes) return buffer_.append(slice.bytes);
    close_piece();
    queued_slices_ += slice.bytes.size();
    if (!slice.pin) slice.pin = std::make_shared<int>();  // static bytes: nothing to hold
    pieces_.push_back({0, 0, std::move(slice)});
}

OutQueue::Sent OutQueue::send(int socket, std::int64_t& bytes, int& failed_errno) {
    close_piece();
    while (first_ < pieces_.size()) {
        std::array<iovec, kVectorMax> vectors;
        std::size_t count = 0;
        std::size_t offset = first_sent_;
        for (std::size_t i = first_; i < pieces_.size() && count < kVectorMax; ++i) {
            const Piece& piece = pieces_[i];
            const char* from =
                piece.slice.pin ? piece.slice.bytes.data() : buffer_.data() + piece.begin;
            vectors[count++] = {const_cast<char*>(from) + offset, piece.size() - offset};
            offset = 0;
        }
        msghdr message{};
        message.msg_iov = vectors.data();
        message.msg_iovlen = count;
        const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) {
                compact();
                return Sent::kWouldBlock;
            }
            failed_errno = errno;
            return Sent::kFailed;
        }
        bytes += sent;
        consume(static_cast<std::size_t>(sent));
    }
    clear();
    return Sent::kAll;
}

std::string_view OutQueue::front() {
    close_piece();
    if (first_ == pieces_.size()) return {};
    const Piece& piece = pieces_[first_];
    const char* from = piece.slice.pin ? piece.slice.bytes.data() : buffer_.data() + piece.begin;
    return {from + first_sent_, piece.size() - first_sent_};
}

void OutQueue::pop(std::size_t bytes) {
    consume(bytes);
    if (first_ == pieces_.size() && buffer_.size() == cut_) return clear();
    compact();
}

void OutQueue::consume(std::size_t bytes) {
    while (bytes > 0) {
        Piece& piece = pieces_[first_];
        const std::size_t step = std::min(bytes, piece.size() - first_sent_);
        if (piece.slice.pin)
            queued_slices_ -= step;
        else
            sent_in_order_ += step;
        first_sent_ += step;
        bytes -= step;
        if (first_sent_ == piece.size()) {
            piece.slice = {};  // the pin drops as soon as the socket has the bytes
            piece.begin = piece.end = 0;
            ++first_;
            first_sent_ = 0;
        }
    }
}

/// Forgets what is out. A peer that never quite catches up must not let the queue grow by all
/// that was ever sent.
void OutQueue::compact() {
    if (first_ >= kCompactPieces && first_ >= pieces_.size() / 2) {
        pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
    // Buffer bytes go out in order, so the sent ones are all in front.
    const std::size_t sent = sent_in_order_;
    if (sent < kCompactBytes || sent < buffer_.size() / 2) return;
    const std::size_t left = buffer_.size() - sent;
    if (left > 0) std::memmove(buffer_.data(), buffer_.data() + sent, left);
    buffer_.resize_down(left);
    for (std::size_t i = first_; i < pieces_.size(); ++i) {
        Piece& piece = pieces_[i];
        if (piece.slice.pin) continue;
        if (i == first_) {
            piece.begin += first_sent_;
            first_sent_ = 0;
        }
        piece.begin -= sent;
        piece.end -= sent;
    }
    cut_ -= sent;
    sent_in_order_ = 0;
}

void OutQueue::clear() {
    pieces_.clear();
    buffer_.clear();
    buffer_.trim(kKeepBytes);
    first_ = first_sent_ = cut_ = queued_slices_ = sent_in_order_ = 0;
}

}  // namespace kx::net
