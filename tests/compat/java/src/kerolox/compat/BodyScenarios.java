// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.compression.CompressionType;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.sysflag.MessageSysFlag;

/** What is in a message comes back as it was: bodies, properties, flags, times, addresses. */
final class BodyScenarios {
    static final List<Scenario> ROWS = List.of(
        Scenario.core("every_field_comes_back", BodyScenarios::everyField),
        Scenario.core("zlib_body", world -> compressed(world, CompressionType.ZLIB)),
        Scenario.full("lz4_body", world -> compressed(world, CompressionType.LZ4)),
        Scenario.full("zstd_body", world -> compressed(world, CompressionType.ZSTD)),
        Scenario.core("random_big_body", BodyScenarios::randomBig),
        Scenario.full("four_megabytes_less_some", BodyScenarios::nearLimit));

    private BodyScenarios() {}

    private static void everyField(World world) throws Exception {
        String topic = world.topic("all");
        Message message = Texts.message(topic, "标签", "клю́ч key2", "тело 正文 \u0000 😀");
        message.putUserProperty("city", "北京");
        message.putUserProperty("spaced", " a b ");
        message.putUserProperty("equals", "a=b&c");
        message.setFlag(12345);
        message.setWaitStoreMsgOK(true);
        SendResult result = world.producer().send(message);

        MessageExt stored = world.read(topic, 1).get(0);
        Expect.equal("тело 正文 \u0000 😀", Texts.body(stored), "body");
        Expect.equal("标签", stored.getTags(), "tag");
        Expect.equal("клю́ч key2", stored.getKeys(), "keys");
        Expect.equal("北京", stored.getUserProperty("city"), "property city");
        Expect.equal(" a b ", stored.getUserProperty("spaced"), "property spaced");
        Expect.equal("a=b&c", stored.getUserProperty("equals"), "property equals");
        Expect.equal(12345, stored.getFlag(), "flag");
        Expect.equal(0, stored.getReconsumeTimes(), "reconsume times");
        Expect.equal(topic, stored.getTopic(), "topic");
        Expect.equal(result.getMsgId(), stored.getMsgId(), "unique id");
        String offsetId = ((MessageClientExt) stored).getOffsetMsgId();
        Expect.equal(result.getOffsetMsgId(), offsetId, "offset id");
        Expect.equal(result.getQueueOffset(), stored.getQueueOffset(), "queue offset");
        Expect.equal("127.0.0.1", stored.getBornHostString(), "born host");
        long age = System.currentTimeMillis() - stored.getStoreTimestamp();
        Expect.that(age >= 0 && age < 60_000, "the store time is now, not " + age + " ms ago");
        Expect.that(stored.getBornTimestamp() <= stored.getStoreTimestamp(), "born before stored");
    }

    private static void compressed(World world, CompressionType type) throws Exception {
        String topic = world.topic("all");
        DefaultMQProducer producer = world.ownProducer();
        producer.setCompressType(type);
        String body = "0123456789abcdef".repeat(8192);
        producer.send(Texts.message(topic, body));

        MessageExt stored = world.read(topic, 1).get(0);
        Expect.equal(body, Texts.body(stored), "body");
        // The client takes back the compressed flag when it unpacks; the type's bits it leaves.
        Expect.equal(type, MessageSysFlag.getCompressionType(stored.getSysFlag()), "compression");
        Expect.that(stored.getStoreSize() < body.length() / 10, "stored small");
    }

    private static void randomBig(World world) throws Exception {
        sendAndCompare(world, 300_000);
    }

    /** Just under the broker's maxMessageSize, default 4 MiB; random bytes do not compress. */
    private static void nearLimit(World world) throws Exception {
        sendAndCompare(world, (4 << 20) - 2048);
    }

    private static void sendAndCompare(World world, int size) throws Exception {
        String topic = world.topic("all");
        byte[] body = new byte[size];
        new Random(size).nextBytes(body);
        DefaultMQProducer producer = world.ownProducer();
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.send(new Message(topic, body));
        Expect.that(Arrays.equals(body, world.read(topic, 1).get(0).getBody()), "body came back");
    }
}
