// SPDX-License-Identifier: Apache-2.0
import java.nio.charset.StandardCharsets;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageClientExt;

/** A consumer that is online: what admin_tour.py needs beside its servers. Ends with its input. */
public final class LiveConsumer {
    public static void main(String[] arguments) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("tour-java");
        producer.setNamesrvAddr(arguments[0]);
        producer.start();
        byte[] body = "live".getBytes(StandardCharsets.UTF_8);
        producer.send(new Message("TourLive", "A", "live-key", body));
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("tour-live");
        consumer.setNamesrvAddr(arguments[0]);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe("TourLive", "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message ->
                System.out.println("got " + ((MessageClientExt) message).getOffsetMsgId()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        System.out.println("online");
        while (System.in.read() >= 0) {
        }
        consumer.shutdown();
        producer.shutdown();
    }
}
