// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.apache.rocketmq.client.exception.MQBrokerException;

/** Statements that must hold; a broken one says what it was about. */
final class Expect {
    private Expect() {}

    static void that(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("not so: " + what);
        }
    }

    static void equal(Object expected, Object actual, String what) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError(what + ": expected " + expected + ", got " + actual);
        }
    }

    /** The broker itself must refuse, with this code and a remark that contains the words. */
    static void refused(int code, String words, Callable<?> attempt) throws Exception {
        try {
            attempt.call();
        } catch (MQBrokerException e) {
            String remark = String.valueOf(e.getErrorMessage());
            equal(code, e.getResponseCode(), "response code of the refusal (" + remark + ")");
            that(remark.contains(words), "\"" + remark + "\" contains \"" + words + "\"");
            return;
        }
        throw new AssertionError("the broker accepted what it must refuse with code " + code);
    }
}
