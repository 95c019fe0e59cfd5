// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.List;
import java.util.Random;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.impl.CommunicationMode;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.ResponseCode;
import org.apache.rocketmq.remoting.protocol.header.SendMessageRequestHeader;

/** What the broker must refuse, with the code and the words that clients know. */
final class RefusalScenarios {
    static final List<Scenario> ROWS = List.of(
        Scenario.core("body_over_the_limit", RefusalScenarios::bodyTooBig),
        Scenario.full("properties_over_the_limit", RefusalScenarios::propertiesTooBig),
        Scenario.full("illegal_topic_names", RefusalScenarios::illegalTopics),
        Scenario.full("unknown_queue", RefusalScenarios::unknownQueue),
        Scenario.full("pull_from_unknown_topic", RefusalScenarios::unknownTopic),
        Scenario.full("view_beyond_the_log", RefusalScenarios::viewBeyond));

    private RefusalScenarios() {}

    private static void bodyTooBig(World world) throws Exception {
        String topic = world.topic("all");
        DefaultMQProducer producer = world.ownProducer();
        producer.setMaxMessageSize(16 << 20);
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        byte[] body = new byte[5 << 20];
        new Random(1).nextBytes(body);
        Expect.refused(ResponseCode.MESSAGE_ILLEGAL, "the message is illegal", () ->
            producer.send(new Message(topic, body)));
        producer.send(Texts.message(topic, "small"));
        Expect.equal(List.of("small"), Texts.bodies(world.read(topic, 1)), "bodies");
    }

    private static void propertiesTooBig(World world) throws Exception {
        String topic = world.topic("all");
        Message message = Texts.message(topic, "much luggage");
        message.putUserProperty("long", "p".repeat(40_000));
        Expect.refused(ResponseCode.MESSAGE_ILLEGAL, "the message is illegal", () ->
            world.producer().send(message));
        world.send(topic, List.of("light"));
        Expect.equal(List.of("light"), Texts.bodies(world.read(topic, 1)), "bodies");
    }

    /** The producer checks names itself, so these go out beneath it. */
    private static void illegalTopics(World world) throws Exception {
        MessageQueue queue = world.queues(world.topic("all")).get(0);
        Expect.refused(ResponseCode.INVALID_PARAMETER, "illegal characters", () ->
            sendRaw(world, queue, "no spaces allowed", 0));
        Expect.refused(ResponseCode.INVALID_PARAMETER, "illegal characters", () ->
            sendRaw(world, queue, "ünïcode", 0));
        Expect.refused(ResponseCode.INVALID_PARAMETER, "blank", () ->
            sendRaw(world, queue, "", 0));
        Expect.refused(ResponseCode.INVALID_PARAMETER, "max length", () ->
            sendRaw(world, queue, "t".repeat(300), 0));
        Expect.equal(0, sendRaw(world, queue, queue.getTopic(), 0).getMessageQueue().getQueueId(),
            "the same request with a good name");
    }

    private static void unknownQueue(World world) throws Exception {
        MessageQueue queue = world.queues(world.topic("all")).get(0);
        Expect.refused(ResponseCode.INVALID_PARAMETER, "queueId", () ->
            sendRaw(world, queue, queue.getTopic(), 99));
        MessageQueue missing = new MessageQueue(queue.getTopic(), queue.getBrokerName(), 99);
        Expect.refused(ResponseCode.INVALID_PARAMETER, "queueId", () ->
            world.session.reader().pull(missing, "*", 0, 1));
    }

    private static void unknownTopic(World world) throws Exception {
        MessageQueue known = world.queues(world.topic("known")).get(0);
        DefaultMQPullConsumer consumer = world.pullConsumer("group");
        Expect.equal(0L, consumer.minOffset(known), "min offset of a known queue");
        MessageQueue missing = new MessageQueue(world.name("never"), known.getBrokerName(), 0);
        Expect.refused(ResponseCode.TOPIC_NOT_EXIST, "not exist", () ->
            consumer.pull(missing, "*", 0, 1));
    }

    private static void viewBeyond(World world) throws Exception {
        String topic = world.topic("all");
        SendResult sent = world.producer().send(Texts.message(topic, "last"));
        long last = MessageDecoder.decodeMessageId(sent.getOffsetMsgId()).getOffset();
        long beyond = last + (1L << 40);
        Expect.refused(ResponseCode.SYSTEM_ERROR, "can not find message", () ->
            world.client().getMQClientAPIImpl().viewMessage(
                brokerAddress(world, sent.getMessageQueue()), topic, beyond, World.TIMEOUT_MS));
    }

    private static SendResult sendRaw(World world, MessageQueue route, String topic, int queueId)
            throws Exception {
        Message message = new Message();
        message.setBody("raw".getBytes());
        SendMessageRequestHeader header = new SendMessageRequestHeader();
        header.setProducerGroup(world.name("raw"));
        header.setTopic(topic);
        header.setDefaultTopic("TBW102");
        header.setDefaultTopicQueueNums(World.QUEUES);
        header.setQueueId(queueId);
        header.setSysFlag(0);
        header.setBornTimestamp(System.currentTimeMillis());
        header.setFlag(0);
        header.setProperties("");
        header.setReconsumeTimes(0);
        header.setUnitMode(false);
        header.setBatch(false);
        message.setTopic(topic);
        return world.client().getMQClientAPIImpl().sendMessage(brokerAddress(world, route),
            route.getBrokerName(), message, header, World.TIMEOUT_MS, CommunicationMode.SYNC, null,
            world.producer().getDefaultMQProducerImpl());
    }

    private static String brokerAddress(World world, MessageQueue queue) throws Exception {
        return world.client().findBrokerAddressInPublish(queue.getBrokerName());
    }
}
