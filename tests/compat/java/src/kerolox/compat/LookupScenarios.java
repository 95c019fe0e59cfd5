// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.List;
import org.apache.rocketmq.client.QueryResult;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.apache.rocketmq.remoting.protocol.RemotingSysResponseCode;
import org.apache.rocketmq.remoting.protocol.RequestCode;
import org.apache.rocketmq.remoting.protocol.header.QueryMessageRequestHeader;

/** Finding single messages again: by their place in the log, by key, by unique id. */
final class LookupScenarios {
    static final List<Scenario> ROWS = List.of(
        Scenario.core("view_by_offset_id", LookupScenarios::byOffsetId),
        Scenario.full("query_by_key", LookupScenarios::byKey),
        Scenario.full("view_by_unique_id", LookupScenarios::byUniqueId));

    private LookupScenarios() {}

    private static void byOffsetId(World world) throws Exception {
        String topic = world.topic("all");
        DefaultMQProducer producer = world.producer();
        for (int i = 0; i < 5; i++) {
            SendResult sent = producer.send(Texts.message(topic, "tag", "key" + i, "viewed " + i));
            MessageExt viewed = producer.viewMessage(topic, sent.getOffsetMsgId());
            Expect.equal("viewed " + i, Texts.body(viewed), "body");
            Expect.equal("key" + i, viewed.getKeys(), "keys");
            Expect.equal(sent.getQueueOffset(), viewed.getQueueOffset(), "queue offset");
            Expect.equal(sent.getMessageQueue().getQueueId(), viewed.getQueueId(), "queue");
        }
    }

    private static void byKey(World world) throws Exception {
        String topic = world.topic("all");
        requireKeyIndex(world, topic);
        for (int i = 0; i < 10; i++) {
            world.producer().send(Texts.message(topic, null, "shared own" + i, "keyed " + i));
        }
        long now = System.currentTimeMillis();
        Await.until("all ten are indexed", () -> found(world, topic, "shared", now).size() == 10);
        Expect.equal(List.of("keyed 7"), Texts.bodies(found(world, topic, "own7", now)), "own key");
    }

    private static void requireKeyIndex(World world, String topic) throws Exception {
        if (!servesKeyIndex(world, topic)) {
            throw new Later("QUERY_MESSAGE is not served yet");
        }
    }

    /** Whether the broker knows QUERY_MESSAGE at all; the client's own call hides that answer. */
    static boolean servesKeyIndex(World world, String topic) throws Exception {
        SendResult sent = world.producer().send(Texts.message(topic, "asks for the key index"));
        QueryMessageRequestHeader header = new QueryMessageRequestHeader();
        header.setTopic(topic);
        header.setKey("none");
        header.setMaxNum(1);
        header.setBeginTimestamp(0L);
        header.setEndTimestamp(1L);
        String broker = world.client().findBrokerAddressInPublish(
            sent.getMessageQueue().getBrokerName());
        RemotingCommand answer = world.client().getMQClientAPIImpl().getRemotingClient().invokeSync(
            broker, RemotingCommand.createRequestCommand(RequestCode.QUERY_MESSAGE, header),
            World.TIMEOUT_MS);
        return answer.getCode() != RemotingSysResponseCode.REQUEST_CODE_NOT_SUPPORTED;
    }

    /** Messages with the key, stored within some minutes of the time. */
    static List<MessageExt> found(World world, String topic, String key, long time)
            throws Exception {
        long near = 300_000;
        QueryResult result =
            world.producer().queryMessage(topic, key, 64, time - near, time + near);
        return result.getMessageList();
    }

    private static void byUniqueId(World world) throws Exception {
        String topic = world.topic("all");
        requireKeyIndex(world, topic);
        SendResult sent = world.producer().send(Texts.message(topic, "unique"));
        Await.until("the message is found by its unique id", () ->
            "unique".equals(Texts.body(world.producer().viewMessage(topic, sent.getMsgId()))));
    }
}
