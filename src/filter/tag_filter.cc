// SPDX-License-Identifier: Apache-2.0
#include "filter/tag_filter.h"

#include <algorithm>

#include "model/java_hash.h"

namespace kx::filter {
namespace {

/// Java's trim(): everything up to and with the space goes, at both ends.
std::string_view trim(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    return text;
}

}  // namespace

std::vector<std::string> tags_of(std::string_view expression) {
    std::vector<std::string> tags;
    if (expression == "*") return tags;
    while (true) {
        const std::size_t end = expression.find("||");
        const std::string_view tag = trim(expression.substr(0, end));
        if (!tag.empty()) tags.emplace_back(tag);
        if (end == std::string_view::npos) return tags;
        expression.remove_prefix(end + 2);
    }
}

TagFilter TagFilter::parse(std::string_view expression) {
    std::vector<std::int32_t> codes;
    for (const std::string& tag : tags_of(expression)) codes.push_back(model::java_hash(tag));
    return of_codes(std::move(codes));
}

TagFilter TagFilter::of_codes(std::vector<std::int32_t> codes) {
    std::sort(codes.begin(), codes.end());
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
    TagFilter filter;
    filter.codes_ = std::move(codes);
    return filter;
}

bool TagFilter::matches(std::int64_t tags_code) const {
    if (codes_.empty()) return true;
    if (tags_code < INT32_MIN || tags_code > INT32_MAX) return false;
    return std::binary_search(codes_.begin(), codes_.end(), static_cast<std::int32_t>(tags_code));
}

}  // namespace kx::filter
