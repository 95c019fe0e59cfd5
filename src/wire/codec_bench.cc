// SPDX-License-Identifier: Apache-2.0
//
// What a SEND_MESSAGE_V2 costs before and after the handler: decoding its header, reading the
// fields into the struct, writing the answer.
#include <benchmark/benchmark.h>

#include <string>

#include "base/bytes.h"
#include "wire/codec.h"
#include "wire/requests/pull.h"
#include "wire/requests/send.h"

namespace kx::wire {
namespace {

/// As a Java producer sent it (tests/data/wire-5.4.0.jsonl.gz).
constexpr std::string_view kSendHeader =
    R"({"code":310,"extFields":{"a":"fill_producer","b":"Plain","c":"TBW102","d":"4","e":"1",)"
    R"("f":"0","g":"1795268464238","h":"0","i":"UNIQ_KEY\u0001FD00000000000000000000000000000204)"
    R"(FF30946E0969EEE66E0000\u0002WAIT\u0001true\u0002","j":"0","k":"false","m":"false",)"
    R"("n":"broker-a"},"flag":0,"language":"JAVA","opaque":40,"serializeTypeCurrentRPC":"JSON",)"
    R"("version":493})";

constexpr std::string_view kPullHeader =
    R"({"code":11,"extFields":{"queueId":"0","maxMsgNums":"32","sysFlag":"2",)"
    R"("suspendTimeoutMillis":"15000","commitOffset":"0","topic":"Plain","queueOffset":"1024",)"
    R"("expressionType":"TAG","subVersion":"1795268464238","consumerGroup":"fill_consumer",)"
    R"("maxMsgBytes":"2147483647","bname":"broker-a"},"flag":0,"language":"JAVA","opaque":41,)"
    R"("serializeTypeCurrentRPC":"JSON","version":493})";

std::string framed(std::string_view header, std::string_view body) {
    std::string frame;
    put_be(frame, static_cast<std::int32_t>(4 + header.size() + body.size()));
    put_be(frame, static_cast<std::int32_t>(header.size()));
    return frame.append(header).append(body);
}

void decode_send(benchmark::State& state) {
    const std::string frame = framed(kSendHeader, "plain 0");
    HeaderDecoder decoder;
    for (auto step : state) {
        Command command;
        if (!decoder.decode(frame, command)) state.SkipWithError("the frame does not decode");
        benchmark::DoNotOptimize(command);
    }
}
BENCHMARK(decode_send);

void decode_send_and_read_fields(benchmark::State& state) {
    const std::string frame = framed(kSendHeader, "plain 0");
    HeaderDecoder decoder;
    for (auto step : state) {
        Command command;
        if (!decoder.decode(frame, command)) state.SkipWithError("the frame does not decode");
        auto header = read_header<SendMessage>(command.fields, Names::kShort);
        if (!header) state.SkipWithError("the fields do not parse");
        benchmark::DoNotOptimize(header);
    }
}
BENCHMARK(decode_send_and_read_fields);

void decode_pull_and_read_fields(benchmark::State& state) {
    const std::string frame = framed(kPullHeader, "");
    HeaderDecoder decoder;
    for (auto step : state) {
        Command command;
        if (!decoder.decode(frame, command)) state.SkipWithError("the frame does not decode");
        auto header = read_header<PullMessage>(command.fields);
        if (!header) state.SkipWithError("the fields do not parse");
        benchmark::DoNotOptimize(header);
    }
}
BENCHMARK(decode_pull_and_read_fields);

void encode_answer(benchmark::State& state, Encoding encoding) {
    SendAnswer answer;
    answer.msg_id = "7F00000100002A9F000000000000ABCD";
    answer.queue_id = 1;
    answer.queue_offset = 123'456;
    answer.transaction_id = "FD00000000000000000000000000000204FF30946E0969EEE66E0000";
    const std::array<ExtField, 2> extra{ExtField{"MSG_REGION", "DefaultRegion"},
                                        ExtField{"TRACE_ON", "true"}};
    Buffer out;
    for (auto step : state) {
        HeaderParts parts;
        parts.encoding = encoding;
        parts.flag = 1;
        parts.opaque = 40;
        parts.extra = extra;
        parts.with(answer);
        out.clear();
        if (!append_frame_head(out, parts, 0)) state.SkipWithError("the answer does not encode");
        benchmark::DoNotOptimize(out.data());
    }
}

void encode_send_answer(benchmark::State& state) { encode_answer(state, Encoding::kJson); }
BENCHMARK(encode_send_answer);

void encode_binary_send_answer(benchmark::State& state) { encode_answer(state, Encoding::kBinary); }
BENCHMARK(encode_binary_send_answer);

}  // namespace
}  // namespace kx::wire
