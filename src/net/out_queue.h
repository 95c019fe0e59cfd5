// SPDX-License-Identifier: Apache-2.0
//
// What a connection still has to send: frames and headers in one buffer, bodies as slices that
// stay where they are. One gather-write sends as much as the socket takes.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/slice.h"

namespace kx::net {

class OutQueue {
public:
    /// Frames are appended here; push() puts a slice behind what is there.
    Buffer& buffer() { return buffer_; }
    /// Queues `slice` behind everything appended so far.
    void push(Slice slice);

    /// Bytes not sent yet.
    std::size_t pending() const { return queued_slices_ + buffer_.size() - sent_in_order_; }
    bool empty() const { return pending() == 0; }

    enum class Sent : char { kAll, kWouldBlock, kFailed };
    /// Sends until empty or the socket is full. `bytes` is raised by what went out; `failed_errno`
    /// tells the reason of kFailed.
    Sent send(int socket, std::int64_t& bytes, int& failed_errno);

    /// For who does not send as it is: the bytes that come next, and that they are taken.
    std::string_view front();
    void pop(std::size_t bytes);

    void clear();

private:
    struct Piece {
        std::size_t begin = 0;  ///< in buffer_, when slice.pin is null
        std::size_t end = 0;
        Slice slice;
        std::size_t size() const { return slice.pin ? slice.bytes.size() : end - begin; }
    };
    void close_piece();
    void consume(std::size_t bytes);
    void compact();

    Buffer buffer_;
    std::vector<Piece> pieces_;
    std::size_t first_ = 0;          ///< index of the piece that is sent next
    std::size_t first_sent_ = 0;     ///< bytes of it that are out
    std::size_t cut_ = 0;            ///< buffer_ before this is in pieces_
    std::size_t queued_slices_ = 0;  ///< slice bytes queued, minus those sent
    std::size_t sent_in_order_ = 0;  ///< buffer bytes sent
};

}  // namespace kx::net
