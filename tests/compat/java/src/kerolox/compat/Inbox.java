// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.common.message.MessageExt;

/** Messages as a listener got them, in order of arrival. Thread-safe. */
final class Inbox {
    private final List<MessageExt> messages = new ArrayList<>();

    synchronized void put(Collection<MessageExt> arrived) {
        for (MessageExt message : arrived) {
            if (!Texts.isPrimer(message)) {
                messages.add(message);
            }
        }
        notifyAll();
    }

    synchronized List<MessageExt> all() {
        return new ArrayList<>(messages);
    }

    synchronized int size() {
        return messages.size();
    }

    synchronized Set<String> bodies() {
        Set<String> bodies = new LinkedHashSet<>();
        messages.forEach(message -> bodies.add(Texts.body(message)));
        return bodies;
    }

    /** Waits until each of the bodies has arrived at least once. */
    synchronized void awaitBodies(Collection<String> expected) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Await.DEADLINE_S);
        Set<String> missing = new HashSet<>(expected);
        int seen = 0;
        while (true) {
            for (; seen < messages.size(); seen++) {
                missing.remove(Texts.body(messages.get(seen)));
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (missing.isEmpty()) {
                return;
            }
            if (left <= 0) {
                throw new AssertionError(missing.size() + " of " + expected.size()
                    + " messages did not arrive, among them " + missing.iterator().next());
            }
            wait(left);
        }
    }

    /** As awaitBodies, and nothing came twice, and nothing else came. */
    void awaitExactly(Collection<String> expected) throws InterruptedException {
        awaitBodies(expected);
        Expect.equal(new HashSet<>(expected), new HashSet<>(bodies()), "the bodies that arrived");
        Expect.equal(expected.size(), size(), "messages that arrived, duplicates counted");
    }
}
