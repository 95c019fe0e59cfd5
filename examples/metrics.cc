// SPDX-License-Identifier: Apache-2.0
//
// Figures of the library for your own metrics system.
#include <map>
#include <mutex>

#include "example.h"

using namespace kerolox;

namespace {

class Sums : public MetricsSink {
public:
    void record(const Metric& metric) override {
        const std::lock_guard guard(mutex_);
        double& sum = sums_[std::string(metric.name)];
        sum = metric.kind == Metric::Kind::gauge ? metric.value : sum + metric.value;
    }
    void print() {
        const std::lock_guard guard(mutex_);
        for (const auto& [name, sum] : sums_) std::printf("%s %g\n", name.c_str(), sum);
    }

private:
    std::mutex mutex_;
    std::map<std::string, double> sums_;
};

}  // namespace

int main(int argc, char** argv) {
    const auto sums = std::make_shared<Sums>();
    Client client = example::must(Client::create(
        ClientOptions().name_servers(example::name_servers(argc, argv)).metrics(sums)));
    Producer producer = example::must(client.producer(ProducerOptions("example_producer")));
    for (int i = 0; i < 100; ++i)
        example::must(producer.send(Message("ExampleTopic", "counted")).get());
    sums->print();
}
