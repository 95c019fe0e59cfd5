// SPDX-License-Identifier: Apache-2.0
#include "broker/tables/table_file.h"

#include "base/log.h"

namespace kx::broker {

Status TableFile::persist(std::uint64_t generation, const Picture& picture) {
    MutexLock lock(writing_);
    if (written_ >= generation) return {};
    const Image image = picture();
    KX_CHECK(persist_with_backup(files_, path_, image.text));
    written_ = image.generation;
    return {};
}

void TableFile::persist_soon(net::Workers& workers, Picture picture) {
    if (posted_.exchange(true)) return;
    const bool posted = workers.post([this, picture = std::move(picture)] {
        posted_.store(false);
        if (const Status written = persist(~std::uint64_t{0}, picture); !written)
            KX_LOG_LIMITED(error, "broker", "{} could not be written: {}", path_,
                           written.error().text);
    });
    if (!posted) posted_.store(false);
}

}  // namespace kx::broker
