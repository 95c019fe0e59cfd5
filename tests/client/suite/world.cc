// SPDX-License-Identifier: Apache-2.0
#include "suite/world.h"

#include <algorithm>

namespace suite {

Texts numbered(std::string_view what, int count) {
    Texts texts;
    for (int i = 0; i < count; ++i) texts.push_back(std::string(what) + "-" + std::to_string(i));
    return texts;
}

std::set<std::string> as_set(const Texts& texts) { return {texts.begin(), texts.end()}; }

void Inbox::put(const MessageBatch& batch) {
    const std::lock_guard guard(lock_);
    for (const MessageView& message : batch) messages_.push_back(message);
    arrived_.notify_all();
}

void Inbox::put(const MessageView& message) {
    const std::lock_guard guard(lock_);
    messages_.push_back(message);
    arrived_.notify_all();
}

std::size_t Inbox::size() const {
    const std::lock_guard guard(lock_);
    return messages_.size();
}

Texts Inbox::texts() const {
    const std::lock_guard guard(lock_);
    Texts texts;
    for (const MessageView& message : messages_) texts.emplace_back(message.text());
    return texts;
}

std::vector<MessageView> Inbox::messages() const {
    const std::lock_guard guard(lock_);
    return messages_;
}

::testing::AssertionResult Inbox::gets(const Texts& expected,
                                       std::chrono::milliseconds limit) const {
    std::set<std::string> missing = as_set(expected);
    std::size_t seen = 0;
    std::unique_lock guard(lock_);
    const bool all = arrived_.wait_for(guard, limit, [&] {
        for (; seen < messages_.size(); ++seen) missing.erase(std::string(messages_[seen].text()));
        return missing.empty();
    });
    if (all) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << missing.size() << " of " << expected.size() << " messages did not arrive, among them "
           << *missing.begin();
}

::testing::AssertionResult Inbox::gets_exactly(const Texts& expected,
                                               std::chrono::milliseconds limit) const {
    if (auto all = gets(expected, limit); !all) return all;
    Texts arrived = texts();
    Texts wanted = expected;
    std::ranges::sort(arrived);
    std::ranges::sort(wanted);
    if (arrived == wanted) return ::testing::AssertionSuccess();
    Texts more;
    std::ranges::set_difference(arrived, wanted, std::back_inserter(more));
    return ::testing::AssertionFailure() << arrived.size() << " messages arrived instead of "
                                         << wanted.size() << ", too much is " << more.front();
}

kerolox::TlsOptions own_tls() {
    const std::string& directory = setting().certificates;
    return {.trust_certificates = directory + "/root.pem",
            .certificate = directory + "/client.pem",
            .private_key = directory + "/client.key",
            .private_key_password = setting().key_password};
}

kerolox::Credentials credentials_of(const User& user) {
    return {.access_key = user.name, .secret_key = user.password};
}

ClientOptions World::options() {
    ClientOptions options;
    options.name_servers(setting().name_servers)
        .client_ip("127.0.0.1")
        .route_refresh(1s)
        .api_timeout(10s);
    if (setting().secured()) {
        options.tls(own_tls()).credentials(credentials_of(setting().user));
        // A young JVM shakes hands slowly.
        options.connect_timeout(10s);
    }
    return options;
}

Client& World::client() {
    if (!client_) {
        Result<Client> made = Client::create(options());
        if (!made) throw std::runtime_error(made.error().describe());
        client_.emplace(std::move(*made));
    }
    return *client_;
}

std::string World::name(std::string_view what) {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    return "kxs_" + std::string(info->test_suite_name()) + "_" + info->name() + "_" +
           std::string(what) + "_" + setting().run;
}

std::string World::topic(std::string_view what, int queues) {
    std::string made = name(what);
    if (setting().secured())
        make_topic_as_user(made, queues);
    else
        make_topic(made, queues);
    return made;
}

/// Where no raw request gets through.
void World::make_topic_as_user(const std::string& topic, int queues) {
    const Result<Client> client = Client::create(options());
    if (!client) throw std::runtime_error(client.error().describe());
    const kerolox::Admin admin = client->admin();
    const kerolox::TopicConfig config{.name = topic, .read_queues = queues, .write_queues = queues};
    const bool in_time = eventually([&] {
        const auto made =
            admin.create_topic(config, kerolox::Target::broker(setting().broker)).get();
        return made && made->front().result && admin.route(topic).get();
    });
    if (!in_time) throw std::runtime_error("topic " + topic + " cannot be made");
}

ProducerOptions World::producer_options() const {
    ProducerOptions options(name("producers"));
    // A busy test machine is no reason to fail.
    options.send_timeout(15s);
    return options;
}

Producer World::producer() { return producer(producer_options()); }

Producer World::producer(const ProducerOptions& options) {
    Result<Producer> made = client().producer(options);
    if (!made) throw std::runtime_error(made.error().describe());
    return std::move(*made);
}

void World::send_all(Producer& producer, const std::string& topic, const Texts& texts) {
    std::vector<kerolox::Async<SendReceipt>> sends;
    sends.reserve(texts.size());
    for (const std::string& text : texts) sends.push_back(producer.send(Message(topic, text)));
    for (auto& send : sends) {
        const Result<SendReceipt> receipt = std::move(send).get();
        if (!receipt) throw std::runtime_error(receipt.error().describe());
    }
}

void World::send_all(const std::string& topic, const Texts& texts) {
    if (!producer_) {
        ProducerOptions options(name("senders"));
        options.send_timeout(15s);
        producer_.emplace(producer(options));
    }
    // One after the other: what lies in one queue is then in this order on any broker.
    for (const std::string& text : texts) {
        const Result<SendReceipt> receipt = producer_->send(Message(topic, text)).get();
        if (!receipt) throw std::runtime_error(receipt.error().describe());
    }
}

std::vector<MessageView> World::read(const std::string& topic, std::size_t count) {
    if (!reader_) {
        auto made = client().pull_consumer(kerolox::PullOptions(name("readers")));
        if (!made) throw std::runtime_error(made.error().describe());
        reader_.emplace(std::move(*made));
    }
    std::vector<MessageView> found;
    std::string trouble;
    eventually([&] {
        found.clear();
        auto queues = reader_->queues(topic).get();
        if (!queues) return trouble = queues.error().describe(), false;
        for (const Queue& queue : *queues) {
            std::int64_t offset = 0;
            while (true) {
                auto pulled = reader_->pull({.queue = queue, .offset = offset}).get();
                if (!pulled) return trouble = pulled.error().describe(), false;
                if (pulled->status != kerolox::PullStatus::found) break;
                for (const MessageView& message : pulled->messages) found.push_back(message);
                offset = pulled->next_offset;
            }
        }
        return found.size() >= count;
    });
    EXPECT_EQ(found.size(), count) << "messages in " << topic << " " << trouble;
    return found;
}

Texts World::read_texts(const std::string& topic, std::size_t count) {
    Texts texts;
    for (const MessageView& message : read(topic, count)) texts.emplace_back(message.text());
    return texts;
}

std::set<std::string> World::read_set(const std::string& topic, std::size_t count) {
    return as_set(read_texts(topic, count));
}

}  // namespace suite
