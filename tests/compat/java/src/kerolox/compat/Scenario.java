// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

/** One row of the suite: a name to select it by, when it runs, and what it does. */
record Scenario(String name, Kind kind, Body body) {
    /** Throws to fail; returning is the pass. */
    interface Body {
        void run(World world) throws Exception;
    }

    enum Kind {
        /** What every client needs: runs with both header encodings and in mixed deployments. */
        CORE,
        /** The rest of what a client may ask. */
        FULL,
        /** Measures time, so nothing else may run beside it. */
        TIMED,
        /** Has the broker restarted under it. */
        RESTART
    }

    static Scenario core(String name, Body body) {
        return new Scenario(name, Kind.CORE, body);
    }

    static Scenario full(String name, Body body) {
        return new Scenario(name, Kind.FULL, body);
    }

    static Scenario timed(String name, Body body) {
        return new Scenario(name, Kind.TIMED, body);
    }

    static Scenario restart(String name, Body body) {
        return new Scenario(name, Kind.RESTART, body);
    }
}
