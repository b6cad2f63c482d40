/** Attributors: a plan, an input and a target become relevance. */
package org.zennit4j.attribution;
