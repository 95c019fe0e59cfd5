// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits for a condition nobody notifies about, at most until a deadline. */
final class Await {
    static final int DEADLINE_S = 60;
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private Await() {}

    static void until(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        Exception last = null;
        while (true) {
            try {
                if (condition.call()) {
                    return;
                }
                last = null;
            } catch (Exception e) {
                // A route that is not there yet throws; only its staying so is an error.
                last = e;
            }
            if (Thread.interrupted()) {
                throw new InterruptedException(what);
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within " + DEADLINE_S + " s: " + what
                    + (last == null ? "" : " (" + last.getMessage() + ")"));
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }
}
