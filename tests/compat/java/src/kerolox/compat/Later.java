// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

/**
 * The server says that it does not serve this request yet: the scenario is told as LATER and turns
 * itself on when the server answers.
 */
final class Later extends Exception {
    private static final long serialVersionUID = 1L;

    Later(String reason) {
        super(reason);
    }
}
