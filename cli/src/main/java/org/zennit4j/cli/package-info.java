/** The command line: one class for each subcommand, and the options that they share. */
package org.zennit4j.cli;
