// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.TreeSet;
import java.util.UUID;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.impl.factory.MQClientInstance;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.header.QueryConsumerOffsetRequestHeader;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** What one scenario works with: names of its own, and clients that end with it. */
final class World implements AutoCloseable {
    /** Queues that a topic made by the first send gets: the client's default. */
    static final int QUEUES = 4;
    static final long TIMEOUT_MS = 10_000;
    private static final int PULL_BATCH = 32;

    final Session session;
    private final String scenario;
    private final Deque<AutoCloseable> clients = new ArrayDeque<>();

    World(Session session, String scenario) {
        this.session = session;
        this.scenario = scenario;
    }

    String name(String what) {
        return "compat_" + scenario + "_" + what + "_" + session.run;
    }

    DefaultMQProducer producer() throws Exception {
        return session.producer();
    }

    DefaultMQProducer ownProducer() throws Exception {
        DefaultMQProducer producer = session.newProducer(name("producers"));
        clients.push(producer::shutdown);
        return producer;
    }

    DefaultMQAdminExt admin() throws Exception {
        DefaultMQAdminExt admin = new DefaultMQAdminExt(TIMEOUT_MS);
        session.configure(admin);
        admin.setInstanceName(name("admin"));
        admin.start();
        clients.push(admin::shutdown);
        return admin;
    }

    /** A topic made by a first send (queue 0, offset 0), whose queues every client can look up. */
    String topic(String what) throws Exception {
        String topic = name(what);
        producer().send(Texts.message(topic, Texts.PRIMER), (queues, message, ignored) ->
            queues.stream().filter(q -> q.getQueueId() == 0).findFirst().orElseThrow(), null);
        awaitRoute(topic);
        return topic;
    }

    void awaitRoute(String topic) throws Exception {
        Await.until("the route of " + topic + " has " + QUEUES + " queues", () ->
            session.reader().fetchSubscribeMessageQueues(topic).size() == QUEUES);
    }

    /** Its queues in order of their ids. */
    List<MessageQueue> queues(String topic) throws Exception {
        return new ArrayList<>(new TreeSet<>(session.reader().fetchSubscribeMessageQueues(topic)));
    }

    void send(String topic, Collection<String> bodies) throws Exception {
        for (String body : bodies) {
            SendResult result = producer().send(Texts.message(topic, body));
            Expect.equal(SendStatus.SEND_OK, result.getSendStatus(), "status of sending " + body);
        }
    }

    /** Sends to one queue, in order. */
    void send(MessageQueue queue, Collection<String> bodies) throws Exception {
        for (String body : bodies) {
            producer().send(Texts.message(queue.getTopic(), body), queue);
        }
    }

    /** A consumer that reads each new queue from its begin; the caller subscribes and starts it. */
    DefaultMQPushConsumer pushConsumer(String group) {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(name(group));
        session.configure(consumer);
        // Two broadcasting consumers of a process would otherwise be one client, and refused.
        consumer.setInstanceName(UUID.randomUUID().toString());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeThreadMin(4);
        consumer.setConsumeThreadMax(4);
        clients.push(consumer::shutdown);
        return consumer;
    }

    /** A running consumer of everything in the topic. */
    DefaultMQPushConsumer collect(String group, String topic, Inbox inbox) throws Exception {
        DefaultMQPushConsumer consumer = pushConsumer(group);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener(into(inbox));
        consumer.start();
        return consumer;
    }

    static MessageListenerConcurrently into(Inbox inbox) {
        return (messages, context) -> {
            inbox.put(messages);
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        };
    }

    DefaultMQPullConsumer pullConsumer(String group) throws Exception {
        DefaultMQPullConsumer consumer = new DefaultMQPullConsumer(name(group));
        session.configure(consumer);
        consumer.start();
        clients.push(consumer::shutdown);
        return consumer;
    }

    DefaultLitePullConsumer litePullConsumer(String group) {
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer(name(group));
        session.configure(consumer);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        clients.push(consumer::shutdown);
        return consumer;
    }

    /**
     * Waits until the broker keeps exactly so many messages as consumed by the group.
     * Asks beneath the consumers: one more consumer of the group would take queues from the others.
     */
    void awaitProgress(String group, String topic, long consumed) throws Exception {
        Await.until("the broker keeps " + consumed + " as consumed by " + group, () ->
            progress(name(group), topic) == consumed);
    }

    /** The same of a running consumer; its own timer would write the offsets after 10 s only. */
    void persistProgress(DefaultMQPushConsumer consumer, String topic, long consumed)
            throws Exception {
        Await.until("the broker keeps " + consumed + " as consumed", () -> {
            consumer.getDefaultMQPushConsumerImpl().persistConsumerOffset();
            return progress(consumer.getConsumerGroup(), topic) == consumed;
        });
    }

    private long progress(String group, String topic) throws Exception {
        long sum = 0;
        for (MessageQueue queue : queues(topic)) {
            sum += storedOffset(group, queue);
        }
        return sum;
    }

    private long storedOffset(String group, MessageQueue queue) throws Exception {
        QueryConsumerOffsetRequestHeader question = new QueryConsumerOffsetRequestHeader();
        question.setConsumerGroup(group);
        question.setTopic(queue.getTopic());
        question.setQueueId(queue.getQueueId());
        String broker = client().findBrokerAddressInPublish(queue.getBrokerName());
        return client().getMQClientAPIImpl().queryConsumerOffset(broker, question, TIMEOUT_MS);
    }

    /** The machinery beneath the shared producer, for requests that no client class would send. */
    MQClientInstance client() throws Exception {
        return producer().getDefaultMQProducerImpl().getMqClientFactory();
    }

    /** Everything in the topic but the primer, queue by queue, once there are `count`. */
    List<MessageExt> read(String topic, int count) throws Exception {
        List<MessageExt> found = new ArrayList<>();
        Await.until(count + " messages can be read from " + topic, () -> {
            found.clear();
            for (MessageQueue queue : queues(topic)) {
                found.addAll(read(queue));
            }
            return found.size() >= count;
        });
        Expect.equal(count, found.size(), "messages in " + topic);
        return found;
    }

    private List<MessageExt> read(MessageQueue queue) throws Exception {
        List<MessageExt> found = new ArrayList<>();
        long offset = session.reader().minOffset(queue);
        while (true) {
            PullResult result = session.reader().pull(queue, "*", offset, PULL_BATCH);
            if (result.getPullStatus() != PullStatus.FOUND) {
                return found;
            }
            result.getMsgFoundList().stream().filter(m -> !Texts.isPrimer(m)).forEach(found::add);
            Expect.that(result.getNextBeginOffset() > offset, "a pull moves forward in " + queue);
            offset = result.getNextBeginOffset();
        }
    }

    @Override
    public void close() throws Exception {
        while (!clients.isEmpty()) {
            clients.pop().close();
        }
    }
}
