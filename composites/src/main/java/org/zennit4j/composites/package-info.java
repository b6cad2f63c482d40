/**
 * Composites give rules to layers, canonizers bring networks into a form that rules can explain, a
 * plan is both.
 */
package org.zennit4j.composites;
