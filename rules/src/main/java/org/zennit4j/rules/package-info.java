/** Rules: how the relevance of a layer's outputs becomes the relevance of its inputs. */
package org.zennit4j.rules;
