// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Messages made of text. */
final class Texts {
    /** Sent first to make a topic; inboxes and readers leave it out. */
    static final String PRIMER = "primer";

    private Texts() {}

    static Message message(String topic, String body) {
        return new Message(topic, body.getBytes(StandardCharsets.UTF_8));
    }

    static Message message(String topic, String tag, String keys, String body) {
        return new Message(topic, tag, keys, body.getBytes(StandardCharsets.UTF_8));
    }

    static String body(MessageExt message) {
        return new String(message.getBody(), StandardCharsets.UTF_8);
    }

    static boolean isPrimer(MessageExt message) {
        return PRIMER.equals(body(message));
    }

    static List<String> numbered(String word, int from, int to) {
        List<String> bodies = new ArrayList<>();
        for (int i = from; i < to; i++) {
            bodies.add(word + " " + i);
        }
        return bodies;
    }

    static List<String> bodies(List<MessageExt> messages) {
        return messages.stream().map(Texts::body).toList();
    }
}
