/** Fixtures for the tests of all modules: models from text, seeded weights, assertions, leaks. */
package org.zennit4j.testing;
